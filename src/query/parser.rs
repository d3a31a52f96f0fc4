//! Tokens to the tree of a filter. Recursion is bounded by [`DEPTH_MAX`].

use super::FilterError;
use super::ast::{Comparison, Expr, Operand};
use super::lexer::{Lexer, Token, syntax};

/// Bytes of a client's filter.
pub(super) const CLIENT_TEXT_MAX: usize = 3500;
/// Comparisons in one filter or rule.
pub(super) const COMPARISONS_MAX: usize = 200;
/// Groups within groups.
const DEPTH_MAX: usize = 100;
/// Function calls within function calls.
const FUNCTION_DEPTH_MAX: usize = 3;

/// Parses a filter or rule.
pub(super) fn parse(text: &str) -> Result<Expr, FilterError> {
    let mut parser = Parser::new(text)?;
    let expr = parser.or(0)?;
    if parser.token != Token::End {
        return Err(syntax("expected && or || or the end", parser.at));
    }
    Ok(expr)
}

struct Parser<'a> {
    lexer: Lexer<'a>,
    token: Token,
    at: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Result<Self, FilterError> {
        let mut lexer = Lexer::new(text);
        let (token, at) = lexer.next()?;
        Ok(Self { lexer, token, at, comparisons: 0 })
    }

    /// Takes the current token and reads the next one.
    fn take(&mut self) -> Result<Token, FilterError> {
        let (next, at) = self.lexer.next()?;
        self.at = at;
        Ok(std::mem::replace(&mut self.token, next))
    }

    fn or(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let mut parts = vec![self.and(depth)?];
        while self.token == Token::Or {
            self.take()?;
            parts.push(self.and(depth)?);
        }
        Ok(joined(parts, Expr::Or))
    }

    fn and(&mut self, depth: usize) -> Result<Expr, FilterError> {
        let mut parts = vec![self.item(depth)?];
        while self.token == Token::And {
            self.take()?;
            parts.push(self.item(depth)?);
        }
        Ok(joined(parts, Expr::And))
    }

    fn item(&mut self, depth: usize) -> Result<Expr, FilterError> {
        if self.token != Token::Open {
            return self.comparison();
        }
        if depth >= DEPTH_MAX {
            return Err(FilterError::Limit(format!("more than {DEPTH_MAX} nested groups")));
        }
        self.take()?;
        let expr = self.or(depth + 1)?;
        self.expect_close()?;
        Ok(expr)
    }

    fn comparison(&mut self) -> Result<Expr, FilterError> {
        self.comparisons += 1;
        if self.comparisons > COMPARISONS_MAX {
            return Err(FilterError::Limit(format!("more than {COMPARISONS_MAX} comparisons")));
        }
        let left = self.operand(0)?;
        let at = self.at;
        let Token::Operator { operator, any } = self.take()? else {
            return Err(syntax("expected an operator", at));
        };
        let right = self.operand(0)?;
        Ok(Expr::Compare(Comparison { left, operator, any, right }))
    }

    fn operand(&mut self, depth: usize) -> Result<Operand, FilterError> {
        let at = self.at;
        match self.take()? {
            Token::Identifier(name) => Ok(Operand::Identifier(name)),
            Token::Number(number) => Ok(Operand::Number(number)),
            Token::Text(text) => Ok(Operand::Text(text)),
            Token::Function(name) => {
                let arguments = self.arguments(depth + 1)?;
                Ok(Operand::Function { name, arguments })
            }
            _ => Err(syntax("expected a name, a number, a text or a function", at)),
        }
    }

    fn arguments(&mut self, depth: usize) -> Result<Vec<Operand>, FilterError> {
        if depth > FUNCTION_DEPTH_MAX {
            let message = format!("more than {FUNCTION_DEPTH_MAX} nested function calls");
            return Err(FilterError::Limit(message));
        }
        let mut arguments = Vec::new();
        while self.token != Token::Close {
            arguments.push(self.operand(depth)?);
            if self.token != Token::Comma {
                break;
            }
            self.take()?;
        }
        self.expect_close()?;
        Ok(arguments)
    }

    fn expect_close(&mut self) -> Result<(), FilterError> {
        let at = self.at;
        match self.take()? {
            Token::Close => Ok(()),
            _ => Err(syntax("expected )", at)),
        }
    }
}

fn joined(mut parts: Vec<Expr>, join: fn(Vec<Expr>) -> Expr) -> Expr {
    if parts.len() == 1 { parts.remove(0) } else { join(parts) }
}

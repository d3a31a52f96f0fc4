//! The condition of a partial index, from SQL to [`Condition`].

use super::index_text::column;
use super::index_token::{Token, TokenKind, tokens};
use super::{Comparison, Condition, Constant, Field};

/// How deep parentheses may nest.
const MAX_DEPTH: usize = 16;

/// Reads what follows `WHERE`. The error is the reason why it is not understood.
pub(super) fn parse(source: &str, fields: &[Field]) -> Result<Condition, String> {
    let tokens = tokens(source).ok_or("the condition is malformed")?;
    let mut parser = Parser { source, tokens: &tokens, at: 0, fields };
    let condition = parser.any(0)?;
    match parser.tokens.get(parser.at) {
        None => Ok(condition),
        Some(token) => Err(parser.unsupported(token)),
    }
}

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    fields: &'a [Field],
}

/// One side of a comparison.
enum Side<'a> {
    Column(&'a Field),
    Constant(Constant),
}

impl<'a> Parser<'a> {
    fn unsupported(&self, token: &Token) -> String {
        format!("the condition is not supported near {}", &self.source[token.span.clone()])
    }

    fn next(&mut self) -> Result<&'a Token, String> {
        let token = self.tokens.get(self.at).ok_or("the condition is incomplete")?;
        self.at += 1;
        Ok(token)
    }

    fn keyword(&mut self, keyword: &str) -> bool {
        let found = self.tokens.get(self.at).is_some_and(|token| token.is(keyword));
        self.at += usize::from(found);
        found
    }

    fn any(&mut self, depth: usize) -> Result<Condition, String> {
        let mut any = vec![self.all(depth)?];
        while self.keyword("OR") {
            any.push(self.all(depth)?);
        }
        Ok(one_or(any, Condition::Any))
    }

    fn all(&mut self, depth: usize) -> Result<Condition, String> {
        let mut all = vec![self.single(depth)?];
        while self.keyword("AND") {
            all.push(self.single(depth)?);
        }
        Ok(one_or(all, Condition::All))
    }

    fn single(&mut self, depth: usize) -> Result<Condition, String> {
        if self.tokens.get(self.at).is_some_and(|token| token.is_sign("(")) {
            if depth == MAX_DEPTH {
                return Err("the condition nests too deep".to_owned());
            }
            self.at += 1;
            let inner = self.any(depth + 1)?;
            let close = self.next()?;
            return if close.is_sign(")") { Ok(inner) } else { Err(self.unsupported(close)) };
        }
        let left = self.side()?;
        let operator = self.next()?;
        if operator.is("IS") {
            let not = self.keyword("NOT");
            let null = self.next()?;
            return match left {
                Side::Column(field) if null.is("NULL") && not => {
                    Ok(Condition::IsNotNull(field.slot))
                }
                Side::Column(field) if null.is("NULL") => Ok(Condition::IsNull(field.slot)),
                _ => Err(self.unsupported(null)),
            };
        }
        let comparison = comparison(operator).ok_or_else(|| self.unsupported(operator))?;
        match (left, self.side()?) {
            (Side::Column(field), Side::Constant(constant)) => {
                Ok(Condition::Compare(field.slot, comparison, constant))
            }
            (Side::Constant(constant), Side::Column(field)) => {
                Ok(Condition::Compare(field.slot, mirrored(comparison), constant))
            }
            _ => Err("the condition must compare columns with constants".to_owned()),
        }
    }

    fn side(&mut self) -> Result<Side<'a>, String> {
        let token = self.next()?;
        let number = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
        let constant = match token.kind {
            TokenKind::Text => Some(Constant::Text(token.text.clone())),
            TokenKind::Number => number(&token.text).map(Constant::Number),
            TokenKind::Sign if token.is_sign("-") || token.is_sign("+") => {
                let digits = self.next()?;
                let sign = if token.is_sign("-") { -1.0 } else { 1.0 };
                let unsigned = number(&digits.text).filter(|_| digits.kind == TokenKind::Number);
                unsigned.map(|unsigned| Constant::Number(sign * unsigned))
            }
            TokenKind::Sign => None,
            TokenKind::Word | TokenKind::Name | TokenKind::DoubleQuoted => {
                return self.named(token);
            }
        };
        constant.map(Side::Constant).ok_or_else(|| self.unsupported(token))
    }

    /// A column, or what else a name can mean.
    fn named(&self, token: &Token) -> Result<Side<'a>, String> {
        if let Some(field) = column(self.fields, &token.text) {
            return Ok(Side::Column(field));
        }
        match token.kind {
            TokenKind::Word if token.is("TRUE") => Ok(Side::Constant(Constant::Number(1.0))),
            TokenKind::Word if token.is("FALSE") => Ok(Side::Constant(Constant::Number(0.0))),
            TokenKind::Word if token.is("NOT") || token.is("NULL") => Err(self.unsupported(token)),
            TokenKind::DoubleQuoted => Ok(Side::Constant(Constant::Text(token.text.clone()))),
            _ => Err(format!("no such column: {}", token.text)),
        }
    }
}

fn one_or(mut list: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => many(list),
    }
}

fn comparison(token: &Token) -> Option<Comparison> {
    if token.kind != TokenKind::Sign {
        return None;
    }
    Some(match token.text.as_str() {
        "=" | "==" => Comparison::Equal,
        "!=" | "<>" => Comparison::NotEqual,
        "<" => Comparison::Less,
        "<=" => Comparison::LessEqual,
        ">" => Comparison::Greater,
        ">=" => Comparison::GreaterEqual,
        _ => return None,
    })
}

/// The comparison with its sides exchanged.
fn mirrored(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Less => Comparison::Greater,
        Comparison::LessEqual => Comparison::GreaterEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterEqual => Comparison::LessEqual,
        same => same,
    }
}

//! Filter text to tokens.

use super::FilterError;
use super::ast::Operator;

/// One token.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Token {
    Open,
    Close,
    Comma,
    And,
    Or,
    Operator {
        operator: Operator,
        any: bool,
    },
    Identifier(String),
    /// An identifier directly followed by `(`, which it swallows.
    Function(String),
    Number(f64),
    Text(String),
    End,
}

/// Reads tokens one after another.
#[derive(Debug)]
pub(super) struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

/// A filter with `?` in the place of each value, and without comments: what it asks, and not for
/// what. One that cannot be read is `?` as a whole.
pub fn shape(filter: &str) -> String {
    let mut lexer = Lexer::new(filter);
    let (mut shape, mut end) = (String::new(), 0);
    loop {
        let Ok((token, start)) = lexer.next() else { return "?".to_owned() };
        if start > end && !shape.is_empty() && token != Token::End {
            shape.push(' ');
        }
        end = lexer.at;
        match token {
            Token::End => return shape,
            Token::Text(_) | Token::Number(_) => shape.push('?'),
            _ => shape.push_str(&filter[start..end]),
        }
    }
}

impl<'a> Lexer<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token and the byte offset where it begins.
    pub(super) fn next(&mut self) -> Result<(Token, usize), FilterError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(first) = self.peek() else {
            return Ok((Token::End, start));
        };
        let token = match first {
            b'(' => self.single(Token::Open),
            b')' => self.single(Token::Close),
            b',' => self.single(Token::Comma),
            b'\'' | b'"' => self.quoted(first)?,
            b'0'..=b'9' | b'-' => self.number()?,
            b'=' | b'?' | b'!' | b'>' | b'<' | b'~' => self.operator()?,
            b'&' | b'|' => self.join()?,
            _ if first.is_ascii_alphabetic() || matches!(first, b'_' | b'@' | b'#') => {
                self.identifier()?
            }
            _ => return Err(syntax("unexpected character", start)),
        };
        Ok((token, start))
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a str {
        let rest = &self.text[self.at..];
        let length = rest.bytes().position(|byte| !accept(byte)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn skip_blanks(&mut self) -> Result<(), FilterError> {
        loop {
            self.take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r'));
            if self.peek() != Some(b'/') {
                return Ok(());
            }
            if !self.text[self.at..].starts_with("//") {
                return Err(syntax("a comment begins with //", self.at));
            }
            // A line feed is a single byte in UTF-8, so cutting there is always fine.
            self.take_while(|byte| byte != b'\n');
        }
    }

    fn quoted(&mut self, quote: u8) -> Result<Token, FilterError> {
        let start = self.at;
        let mut text = String::new();
        let mut chars = self.text[start + 1..].char_indices();
        while let Some((offset, char)) = chars.next() {
            match char {
                '\\' => match chars.next() {
                    Some((_, 'n')) => text.push('\n'),
                    Some((_, 't')) => text.push('\t'),
                    Some((_, 'r')) => text.push('\r'),
                    Some((_, escaped @ ('\\' | '\'' | '"'))) => text.push(escaped),
                    Some((_, other)) => text.extend(['\\', other]),
                    None => break,
                },
                _ if char == char::from(quote) => {
                    self.at = start + 1 + offset + 1;
                    return Ok(Token::Text(text));
                }
                _ => text.push(char),
            }
        }
        Err(syntax("the text is not closed", start))
    }

    fn number(&mut self) -> Result<Token, FilterError> {
        let start = self.at;
        self.at += 1;
        self.take_while(|byte| byte.is_ascii_digit() || byte == b'.');
        let literal = &self.text[start..self.at];
        let digits = literal.strip_prefix('-').unwrap_or(literal);
        let shaped = digits.starts_with(|c: char| c.is_ascii_digit()) && !digits.ends_with('.');
        // Two dots do not parse as a number.
        match literal.parse::<f64>() {
            Ok(number) if shaped && number.is_finite() => Ok(Token::Number(number)),
            _ => Err(syntax("invalid number", start)),
        }
    }

    fn operator(&mut self) -> Result<Token, FilterError> {
        let start = self.at;
        let literal =
            self.take_while(|byte| matches!(byte, b'=' | b'?' | b'!' | b'>' | b'<' | b'~'));
        let plain = literal.strip_prefix('?');
        let operator = match plain.unwrap_or(literal) {
            "=" => Operator::Equal,
            "!=" => Operator::NotEqual,
            "<" => Operator::Less,
            "<=" => Operator::LessEqual,
            ">" => Operator::Greater,
            ">=" => Operator::GreaterEqual,
            "~" => Operator::Like,
            "!~" => Operator::NotLike,
            _ => return Err(syntax("unknown operator", start)),
        };
        Ok(Token::Operator { operator, any: plain.is_some() })
    }

    fn join(&mut self) -> Result<Token, FilterError> {
        let start = self.at;
        match self.take_while(|byte| matches!(byte, b'&' | b'|')) {
            "&&" => Ok(Token::And),
            "||" => Ok(Token::Or),
            _ => Err(syntax("expected && or ||", start)),
        }
    }

    fn identifier(&mut self) -> Result<Token, FilterError> {
        let start = self.at;
        self.at += 1;
        self.take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b':'));
        let name = &self.text[start..self.at];
        if name.ends_with(['.', ':']) || matches!(name, "@" | "#") {
            return Err(syntax("invalid identifier", start));
        }
        if self.peek() == Some(b'(') {
            self.at += 1;
            return Ok(Token::Function(name.to_owned()));
        }
        Ok(Token::Identifier(name.to_owned()))
    }
}

pub(super) fn syntax(message: &str, at: usize) -> FilterError {
    FilterError::Syntax { message: message.to_owned(), at }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shape_of_a_filter_has_no_values() {
        for (filter, expected) in [
            ("", ""),
            ("a = 'secret' &&\n  (b.c ?~ -1.5||d!=true)", "a = ? && (b.c ?~ ?||d!=true)"),
            ("geoDistance(a, 1, \"x\") < 2 // secret", "geoDistance(a, ?, ?) < ?"),
            ("a = 'not closed", "?"),
        ] {
            assert_eq!(shape(filter), expected, "{filter}");
        }
    }
}

//! The words and signs of `CREATE INDEX` statements.

use std::ops::Range;

/// What a [`Token`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword, or a name without quotes.
    Word,
    /// A name in back-quotes or brackets.
    Name,
    /// A name in double quotes; text, where no such name exists.
    DoubleQuoted,
    /// Text in single quotes.
    Text,
    /// A number without a sign.
    Number,
    /// An operator, a comma, a dot, a semicolon or a parenthesis.
    Sign,
}

/// One word or sign.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    /// Without its quotes.
    pub(super) text: String,
    /// Where it stands, quotes included.
    pub(super) span: Range<usize>,
}

impl Token {
    /// Whether this is `keyword`, in any case.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(keyword)
    }

    pub(super) fn is_sign(&self, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text == sign
    }

    /// Whether this can name a column.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Name | TokenKind::DoubleQuoted)
    }
}

/// Takes `source` apart; `None` when a quote is not closed or a sign means nothing.
pub(super) fn tokens(source: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, text, length) = next(&source[at..], first)?;
        tokens.push(Token { kind, text, span: at..at + length });
        at += length;
    }
    Some(tokens)
}

/// The token at the start of `rest`, and how many bytes it takes.
fn next(rest: &str, first: char) -> Option<(TokenKind, String, usize)> {
    let run = |belongs: fn(char) -> bool| rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    match first {
        '`' => quoted(rest, '`', TokenKind::Name),
        '[' => quoted(rest, ']', TokenKind::Name),
        '"' => quoted(rest, '"', TokenKind::DoubleQuoted),
        '\'' => quoted(rest, '\'', TokenKind::Text),
        '0'..='9' => {
            let length = run(|c| c.is_ascii_alphanumeric() || c == '.');
            rest[..length].parse::<f64>().ok()?;
            Some((TokenKind::Number, rest[..length].to_owned(), length))
        }
        _ if first == '_' || first.is_alphanumeric() => {
            let length = run(|c| c == '_' || c.is_alphanumeric());
            Some((TokenKind::Word, rest[..length].to_owned(), length))
        }
        _ => {
            const SIGNS: [&str; 22] = [
                "==", "!=", "<>", "<=", ">=", "||", "=", "<", ">", "(", ")", ",", ".", ";", "+",
                "-", "*", "/", "%", "&", "|", "~",
            ];
            let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign))?;
            Some((TokenKind::Sign, (*sign).to_owned(), sign.len()))
        }
    }
}

/// What stands between the quote at the start of `rest` and `close`, which doubled means itself.
fn quoted(rest: &str, close: char, kind: TokenKind) -> Option<(TokenKind, String, usize)> {
    let mut text = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != close {
            text.push(c);
        } else if close != ']' && chars.peek().is_some_and(|(_, next)| *next == close) {
            chars.next();
            text.push(c);
        } else {
            return Some((kind, text, at + close.len_utf8()));
        }
    }
    None
}

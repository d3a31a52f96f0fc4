//! The words of a query.

/// A word, name, literal or symbol; white space and comments are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// As written, quotes included.
    pub(super) text: &'a str,
    /// Where it starts in the query.
    pub(super) start: usize,
    /// How many parentheses are open around it. A parenthesis counts as outside of itself.
    pub(super) depth: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A bare name or keyword.
    Word,
    /// A name in double quotes, backquotes or brackets.
    Quoted,
    /// A text in single quotes.
    Text,
    /// Anything that starts with a digit.
    Number,
    /// One character of anything else.
    Symbol,
}

impl Token<'_> {
    /// Where it ends in the query.
    pub(super) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether this is the bare word `word`, in any case.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// Whether this is one of the bare `words`, in any case.
    pub(super) fn is_any(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether this is the symbol `symbol`.
    pub(super) fn is(&self, symbol: &str) -> bool {
        self.kind == TokenKind::Symbol && self.text == symbol
    }

    /// Whether it can stand for a table or a column.
    pub(super) fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::Quoted)
    }

    /// The text without its quotes.
    pub(super) fn name(&self) -> String {
        let Some(quote) = self.text.chars().next().filter(|_| self.is_in_quotes()) else {
            return self.text.to_owned();
        };
        let closing = if quote == '[' { ']' } else { quote };
        let inner = self.text.get(1..).unwrap_or_default();
        let inner = inner.strip_suffix(closing).unwrap_or(inner);
        if quote == '[' {
            inner.to_owned()
        } else {
            inner.replace(&format!("{quote}{quote}"), &quote.to_string())
        }
    }

    /// Whether its name is `name`, in any case.
    pub(super) fn names(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name)
    }

    /// Whether its quote is closed; true for what has none.
    pub(super) fn is_closed(&self) -> bool {
        let Some(quote) = self.text.chars().next().filter(|_| self.is_in_quotes()) else {
            return true;
        };
        if quote == '[' {
            return self.text.ends_with(']');
        }
        // Quotes inside are doubled, so an even number of them is needed in all.
        self.text.matches(quote).count().is_multiple_of(2)
    }

    fn is_in_quotes(&self) -> bool {
        matches!(self.kind, TokenKind::Quoted | TokenKind::Text)
    }
}

/// The tokens of `query`. Never fails: what is left open ends with the text.
pub(super) fn tokens(query: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let (mut at, mut depth) = (0, 0usize);
    while let Some(first) = query[at..].chars().next() {
        let rest = &query[at..];
        let (kind, length) = match first {
            c if c.is_whitespace() => (None, c.len_utf8()),
            '-' if rest.starts_with("--") => (None, rest.find('\n').unwrap_or(rest.len())),
            '/' if rest.starts_with("/*") => {
                (None, rest[2..].find("*/").map_or(rest.len(), |end| end + 4))
            }
            '\'' => (Some(TokenKind::Text), quoted_len(rest, '\'')),
            '"' | '`' => (Some(TokenKind::Quoted), quoted_len(rest, first)),
            '[' => (Some(TokenKind::Quoted), rest.find(']').map_or(rest.len(), |end| end + 1)),
            c if c.is_ascii_digit() => (Some(TokenKind::Number), word_len(rest, true)),
            c if is_part(c) => (Some(TokenKind::Word), word_len(rest, false)),
            c => (Some(TokenKind::Symbol), c.len_utf8()),
        };
        if let Some(kind) = kind {
            if kind == TokenKind::Symbol && first == ')' {
                depth = depth.saturating_sub(1);
            }
            found.push(Token { kind, text: &rest[..length], start: at, depth });
            if kind == TokenKind::Symbol && first == '(' {
                depth += 1;
            }
        }
        at += length;
    }
    found
}

/// Whether `query` speaks of `name`, bare or in quotes and in any case.
pub fn mentions(query: &str, name: &str) -> bool {
    tokens(query).iter().any(|token| token.names(name))
}

fn is_part(c: char) -> bool {
    c == '_' || c == '$' || c.is_alphanumeric()
}

fn word_len(text: &str, number: bool) -> usize {
    text.find(|c| !(is_part(c) || number && c == '.')).unwrap_or(text.len())
}

/// The length of the quoted text that `text` starts with; a doubled quote is part of it.
fn quoted_len(text: &str, quote: char) -> usize {
    let mut at = 1;
    while let Some(end) = text[at..].find(quote) {
        at += end + 1;
        if !text[at..].starts_with(quote) {
            return at;
        }
        at += 1;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn texts(query: &str) -> Vec<&str> {
        tokens(query).iter().map(|token| token.text).collect()
    }

    #[test]
    fn comments_are_no_tokens_and_quotes_hide_what_is_inside() {
        let query = "select a.\"b\"\"c\", 'it''s -- ;' /* ; */ from [x y]-- ;\n where `t`.d>=1.5";
        assert_eq!(
            texts(query),
            [
                "select",
                "a",
                ".",
                "\"b\"\"c\"",
                ",",
                "'it''s -- ;'",
                "from",
                "[x y]",
                "where",
                "`t`",
                ".",
                "d",
                ">",
                "=",
                "1.5"
            ]
        );
        assert_eq!(tokens("\"b\"\"c\"")[0].name(), "b\"c");
        assert_eq!(tokens("[x y]")[0].name(), "x y");
        assert_eq!(tokens("'it''s'")[0].name(), "it's");
        assert_eq!(texts("a /* open"), ["a"]);
        assert_eq!(texts("'open"), ["'open"]);
    }

    #[test]
    fn a_parenthesis_counts_as_outside_of_itself() {
        let depths: Vec<_> = tokens("a(b(c))d)e").iter().map(|token| token.depth).collect();
        assert_eq!(depths, [0, 0, 1, 1, 2, 1, 0, 0, 0, 0]);
    }

    #[test]
    fn a_name_is_mentioned_as_a_whole() {
        assert!(mentions("select 1 from \"Posts\"", "posts"));
        assert!(mentions("select posts.id from x", "posts"));
        assert!(!mentions("select my_posts.id from x -- posts", "posts"));
    }

    proptest! {
        #[test]
        fn tokens_lie_in_order_within_any_text(query in ".{0,60}") {
            let mut end = 0;
            for token in tokens(&query) {
                prop_assert!(token.start >= end && !token.text.is_empty());
                end = token.end();
                prop_assert_eq!(&query[token.start..end], token.text);
                token.name();
            }
        }
    }
}

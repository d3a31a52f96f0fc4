//! The `~` operator: patterns with `%`, `_` and `\`, blind to the case of A to Z.

/// A compiled pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pattern {
    /// `%text%` without other wildcards: the text in lower case.
    Contains(Box<str>),
    /// Anything else.
    Parts(Vec<Part>),
    /// An escape with nothing behind it matches nothing.
    Never,
}

/// One part of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Part {
    /// `%`
    Any,
    /// `_`
    One,
    /// One character, in lower case.
    Char(char),
}

impl Pattern {
    /// The pattern of a literal or request value: wrapped in `%` unless it brings its own.
    pub(super) fn of_literal(text: &str) -> Self {
        if has_wildcard(text) {
            Self::parse(text)
        } else {
            Self::parse(&format!("%{}%", escaped(text)))
        }
    }

    /// The pattern of a column's value: wrapped in `%`, its own wildcards alive.
    pub(super) fn of_column(text: &str) -> Self {
        Self::parse(&format!("%{text}%"))
    }

    /// A pattern as written.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            match char {
                '%' if parts.last() == Some(&Part::Any) => {}
                '%' => parts.push(Part::Any),
                '_' => parts.push(Part::One),
                '\\' => match chars.next() {
                    Some(escaped) => parts.push(Part::Char(escaped.to_ascii_lowercase())),
                    None => return Self::Never,
                },
                _ => parts.push(Part::Char(char.to_ascii_lowercase())),
            }
        }
        contained(&parts).map_or(Self::Parts(parts), Self::Contains)
    }

    /// Whether `text` as a whole fits.
    pub(super) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Contains(needle) => contains(text.as_bytes(), needle.as_bytes()),
            Self::Parts(parts) => fits(parts, text),
            Self::Never => false,
        }
    }
}

fn contained(parts: &[Part]) -> Option<Box<str>> {
    let [Part::Any, middle @ .., Part::Any] = parts else {
        return None;
    };
    let text: Option<String> = middle
        .iter()
        .map(|part| match part {
            Part::Char(char) => Some(*char),
            _ => None,
        })
        .collect();
    text.map(String::into_boxed_str)
}

/// `needle` is in lower case.
fn contains(text: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else {
        return true;
    };
    let starts = |from: usize| {
        text[from..].iter().position(|byte| byte.to_ascii_lowercase() == *first).map(|at| from + at)
    };
    let mut next = starts(0);
    while let Some(at) = next {
        let Some(tail) = text.get(at + 1..at + 1 + rest.len()) else {
            return false;
        };
        if tail.eq_ignore_ascii_case(rest) {
            return true;
        }
        next = starts(at + 1);
    }
    false
}

/// Matches greedily and goes back to the last `%` only, which is enough.
fn fits(parts: &[Part], text: &str) -> bool {
    let (mut part, mut at) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    loop {
        let char = text[at..].chars().next();
        match (parts.get(part), char) {
            (Some(Part::Any), _) => {
                retry = Some((part + 1, at));
                part += 1;
                continue;
            }
            (Some(Part::One), Some(char)) => {
                (part, at) = (part + 1, at + char.len_utf8());
                continue;
            }
            (Some(Part::Char(wanted)), Some(char)) if char.to_ascii_lowercase() == *wanted => {
                (part, at) = (part + 1, at + char.len_utf8());
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        let Some((after, from)) = retry else {
            return false;
        };
        let Some(skipped) = text[from..].chars().next() else {
            return false;
        };
        let from = from + skipped.len_utf8();
        retry = Some((after, from));
        (part, at) = (after, from);
    }
}

fn has_wildcard(text: &str) -> bool {
    let mut escaped = false;
    for char in text.chars() {
        if char == '%' && !escaped {
            return true;
        }
        escaped = char == '\\' && !escaped;
    }
    false
}

/// Puts `\` before every `\`, `%` and `_` that has none. Read from the end, a `\` directly before
/// one of the three counts as its escape.
fn escaped(text: &str) -> String {
    let mut reversed = Vec::with_capacity(text.len() + 2);
    let mut needs_escape = false;
    for char in text.chars().rev() {
        if needs_escape {
            if char != '\\' {
                reversed.push('\\');
            }
            needs_escape = false;
        } else {
            needs_escape = matches!(char, '\\' | '%' | '_');
        }
        reversed.push(char);
    }
    if needs_escape {
        reversed.push('\\');
    }
    reversed.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_match_as_the_contract_says() {
        let cases = [
            ("abc", "xABCx", true),
            ("ab%c", "abxxc", true),
            ("ab%c", "xabc", false),
            ("ab\\%c", "xab%cx", true),
            ("ab\\%c", "abxc", false),
            ("ab_c", "xab_cx", true),
            ("ab_c", "abxc", false),
            ("%ab_c", "xxabxc", true),
            ("ab\\c", "xab\\cx", true),
            ("", "", true),
            ("", "anything", true),
            ("ä", "Ä", false),
            ("%", "", true),
            ("%aab", "aaab", true),
            ("_%", "", false),
            ("%_", "ü", true),
        ];
        for (literal, text, expected) in cases {
            assert_eq!(Pattern::of_literal(literal).matches(text), expected, "{text} ~ {literal}");
        }
    }

    #[test]
    fn wildcards_of_columns_are_alive() {
        assert!(Pattern::of_column("a_c").matches("xxabcxx"));
        assert!(!Pattern::of_column("a\\").matches("ab"));
        assert_eq!(Pattern::parse("a\\"), Pattern::Never);
    }
}

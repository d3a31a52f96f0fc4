//! Regular expressions of field options, compiled once.
//!
//! Patterns are written in RE2 syntax, which is nearly the syntax of the regex crate. What differs
//! is rewritten: `\d`, `\s`, `\w` and `\b` are about ASCII, and `[`, `&`, `~` are plain in classes.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use regex::{Regex, RegexBuilder};

/// Bytes that a compiled pattern may take.
const SIZE_MAX: usize = 1 << 20;
/// Patterns that stay compiled.
const CACHED_MAX: usize = 256;

static CACHE: RwLock<Option<HashMap<String, Arc<Regex>>>> = RwLock::new(None);

/// The compiled form of `pattern`.
///
/// Fails with the words of the compiler when it is malformed or needs more than 1 MiB.
pub fn compile(pattern: &str) -> Result<Arc<Regex>, String> {
    let cached =
        |cache: &Option<HashMap<String, Arc<Regex>>>| cache.as_ref()?.get(pattern).cloned();
    if let Some(found) = cached(&CACHE.read().unwrap_or_else(PoisonError::into_inner)) {
        return Ok(found);
    }
    let compiled = RegexBuilder::new(&from_re2(pattern))
        .size_limit(SIZE_MAX)
        .dfa_size_limit(SIZE_MAX)
        .build()
        .map_err(|error| error.to_string())?;
    let compiled = Arc::new(compiled);
    let mut cache = CACHE.write().unwrap_or_else(PoisonError::into_inner);
    let cache = cache.get_or_insert_default();
    if cache.len() >= CACHED_MAX {
        // Any one will do: a server with this many patterns compiles one now and then.
        if let Some(other) = cache.keys().next().cloned() {
            cache.remove(&other);
        }
    }
    cache.insert(pattern.to_owned(), Arc::clone(&compiled));
    Ok(compiled)
}

/// The same pattern in the syntax of the regex crate.
pub(super) fn from_re2(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        rest = match first {
            '\\' => escape(&mut out, rest, false),
            '[' => class(&mut out, rest),
            '{' if !begins_repetition(rest) => {
                out.push_str("\\{");
                &rest[1..]
            }
            other => {
                out.push(other);
                &rest[other.len_utf8()..]
            }
        };
    }
    out
}

/// Rewrites the escape that `rest` begins with; returns what follows it.
fn escape<'a>(out: &mut String, rest: &'a str, in_class: bool) -> &'a str {
    let Some(escaped) = rest[1..].chars().next() else {
        out.push('\\');
        return "";
    };
    let after = &rest[1 + escaped.len_utf8()..];
    match escaped {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        'b' if !in_class => out.push_str(r"(?-u:\b)"),
        '<' | '>' => out.push(escaped),
        'Q' if !in_class => {
            let (literal, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(literal));
            return after;
        }
        other => {
            out.push('\\');
            out.push(other);
        }
    }
    after
}

/// Rewrites the class in brackets that `rest` begins with; returns what follows it.
fn class<'a>(out: &mut String, rest: &'a str) -> &'a str {
    let mut rest = &rest[1..];
    out.push('[');
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    let mut is_first = true;
    while let Some(first) = rest.chars().next() {
        let after = &rest[first.len_utf8()..];
        rest = match first {
            ']' if !is_first => {
                out.push(']');
                return after;
            }
            '\\' => escape(out, rest, true),
            '[' => match rest.find(":]").filter(|_| after.starts_with(':')) {
                Some(end) => {
                    out.push_str(&rest[..end + 2]);
                    &rest[end + 2..]
                }
                None => {
                    out.push_str("\\[");
                    after
                }
            },
            ']' | '&' | '~' => {
                out.push('\\');
                out.push(first);
                after
            }
            '-' if out.ends_with('-') => {
                out.push_str("\\-");
                after
            }
            other => {
                out.push(other);
                after
            }
        };
        is_first = false;
    }
    rest
}

/// Whether `rest` begins with `{3}`, `{3,}` or `{3,5}`.
fn begins_repetition(rest: &str) -> bool {
    let Some((inside, _)) = rest[1..].split_once('}') else {
        return false;
    };
    let (min, max) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !min.is_empty() && is_number(min) && is_number(max)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn classes_are_about_ascii() {
        let pattern = compile(r"^\w[\d[&-]*\<{$").unwrap();
        assert!(pattern.is_match("a1[&-<{"));
        for text in ["aé", "é1<{", "a\u{663}<{", "a1"] {
            assert!(!pattern.is_match(text), "{text}");
        }
    }

    #[test]
    fn re2_syntax_is_understood() {
        for (pattern, text) in [
            (r"^[\w][\w\.\-]*$", "a.b-c"),
            (r"^[^[]+$", "abc"),
            (r"^[]a]+$", "]a"),
            (r"^[a&&b~~]+$", "a&b~"),
            (r"^[[:alpha:]_]+$", "ab_"),
            (r"^\Qa.b\E+$", "a.bb"),
            (r"^a{$", "a{"),
            (r"^{}$", "{}"),
            (r"^a{2,}$", "aaa"),
            (r"^(?P<year>\d{4})$", "2024"),
            (r"\bfoo\b", "a foo b"),
            (r"^\pL+$", "é"),
            (r"^(?i)abc$", "ABC"),
            (r"^[+--]+$", "+,-"),
        ] {
            assert!(compile(pattern).unwrap().is_match(text), "{pattern} on {text}");
        }
    }

    #[test]
    fn patterns_that_are_malformed_or_too_large_are_errors() {
        for pattern in ["(", "[a", "a**", r"(?=x)", r"\1", r"\", "((a{1000}){1000}){1000}"] {
            assert!(compile(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn the_cache_is_bounded() {
        for number in 0..2 * CACHED_MAX {
            compile(&format!("bounded{number}")).unwrap();
        }
        let cache = CACHE.read().unwrap();
        assert!(cache.as_ref().unwrap().len() <= CACHED_MAX);
    }

    proptest! {
        #[test]
        fn rewriting_never_panics(pattern in r"([\[\](){}^&~\-\\,:dDsSwWbQE<>aé0-9?+*|]{0,20}|\PC{0,20})") {
            let _ = compile(&pattern);
        }
    }
}

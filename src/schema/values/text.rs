//! Text: lengths, patterns, and what may not be a record id.

use super::super::{TextOptions, Violation};
use super::pattern;

/// The pattern of ids that is safe by itself.
const PLAIN_ID_PATTERN: &str = "^[a-z0-9]+$";
/// Code points when the field says nothing.
const DEFAULT_MAX: i64 = 5000;
/// Ids become names of folders and parts of URLs.
const FORBIDDEN_IN_IDS: &str = "./\\|\"'`<>:?*%$\0\t\n\r ";

/// Empty text passes, except for an id.
pub(super) fn check(options: &TextOptions, text: &str) -> Result<(), Violation> {
    if text.is_empty() {
        return if options.primary_key { Err(Violation::required()) } else { Ok(()) };
    }
    // Counting stops mattering past the limit, but a text is no longer than its request.
    let length = text.chars().count() as i64;
    if options.min > 0 && length < options.min {
        return Err(Violation::new(
            "validation_min_text_constraint",
            format!("Must be at least {} character(s).", options.min),
        )
        .with("min", options.min));
    }
    let max = if options.max == 0 { DEFAULT_MAX } else { options.max };
    if length > max {
        return Err(Violation::new(
            "validation_max_text_constraint",
            format!("Must be no more than {max} character(s)."),
        )
        .with("max", max));
    }
    check_pattern(&options.pattern, text)?;
    if options.primary_key && options.pattern != PLAIN_ID_PATTERN { check_id(text) } else { Ok(()) }
}

/// Whether `text` matches `pattern`; an empty pattern matches, one that does not compile never.
pub(super) fn check_pattern(pattern: &str, text: &str) -> Result<(), Violation> {
    let matches = pattern.is_empty()
        || pattern::compile(pattern).is_ok_and(|compiled| compiled.is_match(text));
    if matches {
        Ok(())
    } else {
        Err(Violation::new("validation_invalid_format", "Invalid value format."))
    }
}

fn check_id(id: &str) -> Result<(), Violation> {
    if let Some(forbidden) = FORBIDDEN_IN_IDS.chars().find(|forbidden| id.contains(*forbidden)) {
        return Err(Violation::new(
            "validation_forbidden_pk_character",
            format!("'{forbidden}' is not a valid primary key character."),
        )
        .with("ch", forbidden.to_string()));
    }
    match reserved_name(id) {
        Some(reserved) => Err(Violation::new(
            "validation_reserved_pk",
            format!("The primary key '{reserved}' is reserved and cannot be used."),
        )
        .with("reserved", reserved)),
        None => Ok(()),
    }
}

/// The device name of Windows that `id` is, in capitals.
fn reserved_name(id: &str) -> Option<String> {
    let name = id.to_ascii_uppercase();
    let is_reserved = match name.as_bytes() {
        b"CON" | b"PRN" | b"AUX" | b"NUL" => true,
        [b'C', b'O', b'M', digit] | [b'L', b'P', b'T', digit] => matches!(digit, b'1'..=b'9'),
        _ => false,
    };
    is_reserved.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(options: &TextOptions, text: &str) -> Result<(), &'static str> {
        check(options, text).map_err(|violation| violation.code)
    }

    #[test]
    fn lengths_count_code_points() {
        let options = TextOptions { min: 2, max: 3, ..TextOptions::default() };
        assert_eq!(code(&options, ""), Ok(()));
        assert_eq!(code(&options, "éé"), Ok(()));
        assert_eq!(code(&options, "é"), Err("validation_min_text_constraint"));
        assert_eq!(code(&options, "éééé"), Err("validation_max_text_constraint"));
        let violation = check(&options, "abcd").unwrap_err();
        assert_eq!(violation.message, "Must be no more than 3 character(s).");
        assert_eq!(violation.params["max"], 3);
    }

    #[test]
    fn without_a_maximum_it_is_five_thousand() {
        let options = TextOptions::default();
        assert_eq!(code(&options, &"x".repeat(5000)), Ok(()));
        assert_eq!(code(&options, &"x".repeat(5001)), Err("validation_max_text_constraint"));
    }

    #[test]
    fn patterns_are_unanchored() {
        let options = TextOptions { pattern: "b+".into(), ..TextOptions::default() };
        assert_eq!(code(&options, "abc"), Ok(()));
        assert_eq!(code(&options, "xyz"), Err("validation_invalid_format"));
        let broken = TextOptions { pattern: "(".into(), ..TextOptions::default() };
        assert_eq!(code(&broken, "x"), Err("validation_invalid_format"));
    }

    #[test]
    fn ids_with_a_pattern_of_their_own_are_checked_as_file_names() {
        let id = |pattern: &str| TextOptions {
            pattern: pattern.into(),
            primary_key: true,
            ..TextOptions::default()
        };
        assert_eq!(code(&id(".+"), "a b"), Err("validation_forbidden_pk_character"));
        assert_eq!(code(&id(".+"), "a.b"), Err("validation_forbidden_pk_character"));
        assert_eq!(code(&id(".+"), "cOn"), Err("validation_reserved_pk"));
        assert_eq!(code(&id(".+"), "lpt9"), Err("validation_reserved_pk"));
        assert_eq!(code(&id(".+"), "lpt0"), Ok(()));
        assert_eq!(code(&id(PLAIN_ID_PATTERN), "con"), Ok(()));
        assert_eq!(code(&id(PLAIN_ID_PATTERN), ""), Err("validation_required"));
    }
}

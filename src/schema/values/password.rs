//! Rules for plain passwords. Stored ones are hashes, about which nothing can be said.

use super::super::{Field, FieldKind, Violation};
use super::text;

/// Code points when the field says nothing, and the most it can say.
const DEFAULT_MAX: i64 = 71;

/// Checks a newly given plain password against the options of `field`.
///
/// Empty passes, for it means "no password", as does any `field` that is not a password field.
pub fn check_plain(field: &Field, plain: &str) -> Result<(), Violation> {
    let FieldKind::Password(options) = &field.kind else {
        return Ok(());
    };
    if plain.is_empty() {
        return Ok(());
    }
    let length = plain.chars().count() as i64;
    if length < options.min {
        return Err(Violation::new(
            "validation_min_text_constraint",
            format!("Must be at least {} character(s).", options.min),
        ));
    }
    let max = if options.max > 0 { options.max } else { DEFAULT_MAX };
    if length > max {
        return Err(Violation::new(
            "validation_max_text_constraint",
            format!("Must be less than {max} character(s)."),
        ));
    }
    text::check_pattern(&options.pattern, plain)
}

//! The checks that many parts of a definition share.

use crate::schema::{Violation, Violations};

/// The greatest whole number that every JSON reader keeps exact.
pub(super) const MAX_SAFE_INT: i64 = 9_007_199_254_740_991;

/// The outcome of one check.
pub(super) type Checked = Result<(), Violation>;

impl Violations {
    /// Records what a check found under `name`.
    pub(super) fn note(&mut self, name: &str, checked: Checked) {
        if let Err(violation) = checked {
            self.add(name, violation);
        }
    }
}

pub(super) fn required(empty: bool) -> Checked {
    if empty { Err(Violation::required()) } else { Ok(()) }
}

/// Must be blank.
pub(super) fn blank(empty: bool) -> Checked {
    if empty { Ok(()) } else { Err(Violation::new("validation_empty", "Must be blank.")) }
}

/// Between `min` and `max` bytes; empty passes.
pub(super) fn length(text: &str, min: usize, max: usize) -> Checked {
    if text.is_empty() || (min..=max).contains(&text.len()) {
        return Ok(());
    }
    Err(Violation::new(
        "validation_length_out_of_range",
        format!("The length must be between {min} and {max}."),
    )
    .with("min", min)
    .with("max", max))
}

pub(super) fn too_long(max: usize) -> Violation {
    Violation::new("validation_length_too_long", format!("The length must be no more than {max}."))
        .with("max", max)
}

/// Letters, digits and underscores only; empty passes.
pub(super) fn word(text: &str) -> Checked {
    format(text.is_empty() || text.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric()))
}

pub(super) fn format(valid: bool) -> Checked {
    let refused = || Violation::new("validation_match_invalid", "Must be in a valid format.");
    if valid { Ok(()) } else { Err(refused()) }
}

/// Names that would read as a back-relation.
pub(super) fn no_via(text: &str) -> Checked {
    if text.to_ascii_lowercase().contains("_via_") {
        return Err(Violation::new("validation_found_via", "The value cannot contain \"_via_\"."));
    }
    Ok(())
}

/// `min` at least; zero passes.
pub(super) fn at_least(value: i64, min: i64) -> Checked {
    if value == 0 || value >= min {
        return Ok(());
    }
    Err(Violation::new(
        "validation_min_greater_equal_than_required",
        format!("Must be no less than {min}."),
    )
    .with("threshold", min))
}

/// `max` at most; zero passes.
pub(super) fn at_most(value: i64, max: i64) -> Checked {
    if value == 0 || value <= max {
        return Ok(());
    }
    Err(Violation::new(
        "validation_max_less_equal_than_required",
        format!("Must be no greater than {max}."),
    )
    .with("threshold", max))
}

/// Within both bounds; zero passes.
pub(super) fn within(value: i64, min: i64, max: i64) -> Checked {
    at_least(value, min)?;
    at_most(value, max)
}

//! Checking what clients fill in.

use crate::ops::Failure;
use crate::schema::{Violation, Violations, values};

use super::Error;

/// Longest email, identity, id and password, in bytes.
pub(super) const TEXT_BYTES_MAX: usize = 255;

/// A form that is being checked: the first mistake of each entry counts.
#[derive(Debug, Default)]
pub(super) struct Form(Violations);

impl Form {
    /// A text that must be given, of `min` to `max` bytes.
    pub(super) fn required(&mut self, name: &str, text: &str, min: usize, max: usize) {
        if text.is_empty() {
            self.add(name, Violation::required());
        } else {
            self.length(name, text, min, max);
        }
    }

    /// A text that may be empty, otherwise of `min` to `max` bytes.
    pub(super) fn length(&mut self, name: &str, text: &str, min: usize, max: usize) {
        if !text.is_empty() && !(min..=max).contains(&text.len()) {
            let message = format!("The length must be between {min} and {max}.");
            let violation = Violation::new("validation_length_out_of_range", message);
            self.add(name, violation.with("min", min).with("max", max));
        }
    }

    /// A text of at most `max` bytes.
    pub(super) fn at_most(&mut self, name: &str, text: &str, max: usize) {
        if text.len() > max {
            let message = format!("The length must be no more than {max}.");
            let violation = Violation::new("validation_length_too_long", message);
            self.add(name, violation.with("max", max).with("min", 0));
        }
    }

    /// An address that must be given.
    pub(super) fn email(&mut self, name: &str, email: &str) {
        self.required(name, email, 1, TEXT_BYTES_MAX);
        if !email.is_empty() && !values::is_email(email) {
            let message = "Must be a valid email address.";
            self.add(name, Violation::new("validation_is_email", message));
        }
    }

    /// A mistake.
    pub(super) fn add(&mut self, name: &str, violation: Violation) {
        self.0.add(name, violation);
    }

    /// Fails when there is any mistake.
    pub(super) fn check(self) -> Result<(), Error> {
        self.check_as(Failure::Form)
    }

    /// Fails as `failure` when there is any mistake.
    pub(super) fn check_as(self, failure: Failure) -> Result<(), Error> {
        self.0.into_result().map_err(|violations| Error::Rejected(failure, violations))
    }
}

/// A form of which an address is all.
pub(super) fn check_email(name: &str, email: &str) -> Result<(), Error> {
    let mut form = Form::default();
    form.email(name, email);
    form.check()
}

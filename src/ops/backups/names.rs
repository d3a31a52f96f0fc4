//! What backups are called.

use crate::model::Timestamp;
use crate::ops::{Error, Failure};
use crate::schema::{Violation, Violations};

/// Letters of a name that somebody chose.
const NAME_MAX: usize = 150;
/// Letters of the application's name in a name.
const APP_MAX: usize = 50;
const EXTENSION: &str = ".zip";

/// The name of a backup that is made by hand: `name`, or when that is empty, one that tells the
/// application and the time.
pub fn key(
    name: &str,
    app_name: &str,
    is_taken: impl FnOnce(&str) -> bool,
) -> Result<String, Error> {
    check_name(name, is_taken)?;
    Ok(if name.is_empty() {
        automatic("pb_backup_", app_name, Timestamp::now())
    } else {
        name.to_owned()
    })
}

/// Refuses a chosen name that is malformed or `is_taken`; an empty one is none.
fn check_name(name: &str, is_taken: impl FnOnce(&str) -> bool) -> Result<(), Error> {
    if name.is_empty() {
        return Ok(());
    }
    let letters = name.chars().count();
    let stem = name.strip_suffix(EXTENSION).unwrap_or_default();
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-');
    let violation = if letters > NAME_MAX {
        let message = format!("The length must be between 1 and {NAME_MAX}.");
        Violation::new("validation_length_out_of_range", message)
            .with("max", NAME_MAX)
            .with("min", 1)
    } else if stem.is_empty() || !stem.bytes().all(is_plain) {
        Violation::new("validation_match_invalid", "Must be in a valid format.")
    } else if is_taken(name) {
        let message = "The backup file name is invalid or already exists.";
        Violation::new("validation_backup_name_exists", message)
    } else {
        return Ok(());
    };
    Err(Error::Rejected(Failure::Form, Violations::of("name", violation)))
}

/// `<prefix><application>_<moment>.zip`
pub(super) fn automatic(prefix: &str, app_name: &str, now: Timestamp) -> String {
    let now = now.to_string();
    let digits: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
    let app = snake_case(app_name);
    let gap = if app.is_empty() { "" } else { "_" };
    format!("{prefix}{app}{gap}{digits}{EXTENSION}")
}

/// Words in small letters, of ASCII only, because not every file system takes all others.
fn snake_case(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphanumeric() {
            out.push(c.to_ascii_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(APP_MAX);
    out.trim_end_matches('_').to_owned()
}

//! Headers that make browsers careful.

use http::header::{HeaderMap, HeaderValue};

/// Adds the headers that a handler has not set itself. One that it has set to nothing is left out.
pub(super) fn add(headers: &mut HeaderMap) {
    for (name, value) in [
        ("x-xss-protection", "1; mode=block"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
    ] {
        if headers.entry(name).or_insert(HeaderValue::from_static(value)).is_empty() {
            headers.remove(name);
        }
    }
}

//! Headers that make browsers careful.

use http::header::{
    HeaderMap, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS, X_XSS_PROTECTION,
};

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (X_XSS_PROTECTION, HeaderValue::from_static("1; mode=block")),
    (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
];

/// Adds the headers that a handler has not set itself. One that it has set to nothing is left out.
pub(super) fn add(headers: &mut HeaderMap) {
    for (name, value) in HEADERS {
        if headers.entry(&name).or_insert(value).is_empty() {
            headers.remove(&name);
        }
    }
}

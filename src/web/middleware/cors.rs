//! Which pages of other origins may read answers.

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_REQUEST_HEADERS, HeaderMap, HeaderValue, ORIGIN, VARY,
};
use http::{Response, StatusCode};

use super::super::Payload;

const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");

/// What a request's origin may do.
pub(super) struct Cors {
    /// The value that allows the origin; `None` when it is missing or not allowed.
    allowed: Option<HeaderValue>,
    wanted_headers: Option<HeaderValue>,
}

impl Cors {
    /// Compares the origin in `headers` with the patterns in `origins`.
    pub(super) fn new(origins: &[String], headers: &HeaderMap) -> Self {
        Self {
            allowed: headers.get(ORIGIN).and_then(|origin| allowed(origins, origin)),
            wanted_headers: headers.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
        }
    }

    /// The answer to an OPTIONS request, whatever its path.
    pub(super) fn preflight(&self) -> Response<Payload> {
        let mut response = Response::new(Payload::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if self.allowed.is_some() {
            let headers = response.headers_mut();
            let vary = "Access-Control-Request-Method, Access-Control-Request-Headers";
            headers.insert(VARY, HeaderValue::from_static(vary));
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
            if let Some(wanted) = &self.wanted_headers {
                headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wanted.clone());
            }
        }
        response
    }

    /// Adds the headers of every answer.
    pub(super) fn add(&self, headers: &mut HeaderMap) {
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(allowed) = &self.allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed.clone());
        }
    }
}

fn allowed(origins: &[String], origin: &HeaderValue) -> Option<HeaderValue> {
    let text = origin.to_str().ok().filter(|text| !text.is_empty())?;
    origins
        .iter()
        .find(|pattern| matches(pattern.as_bytes(), text.as_bytes()))
        .map(|pattern| if pattern == "*" { HeaderValue::from_static("*") } else { origin.clone() })
}

/// Whether `text` fits `pattern`, where `*` is any run of characters and `?` any single one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where to go on after a mismatch: behind the last star, one character further.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t + 1));
                p += 1;
            }
            Some(byte) if *byte == b'?' || byte.eq_ignore_ascii_case(&text[t]) => {
                (p, t) = (p + 1, t + 1);
            }
            _ => match retry {
                Some((after_star, next)) => {
                    (p, t) = (after_star, next);
                    retry = Some((after_star, next + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_fit_exact_and_wildcard_patterns() {
        for (pattern, origin, expected) in [
            ("*", "https://a.b", true),
            ("https://a.b", "https://a.b", true),
            ("https://A.b", "https://a.b", true),
            ("https://a.b", "https://a.b.c", false),
            ("https://*.example.com", "https://x.y.example.com", true),
            ("https://*.example.com", "https://example.com", false),
            ("https://*.example.com", "https://x.example.com.evil.org", false),
            ("http://localhost:?", "http://localhost:1", true),
            ("http://localhost:?", "http://localhost:12", false),
            ("http://*:*", "http://a:1", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), origin.as_bytes()), expected, "{pattern}");
        }
    }

    #[test]
    fn an_allowed_origin_is_named_and_a_star_stays_a_star() {
        let origin = HeaderValue::from_static("https://a.b");
        let list = |patterns: &[&str]| patterns.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>();
        assert_eq!(allowed(&list(&["https://?.b"]), &origin), Some(origin.clone()));
        assert_eq!(allowed(&list(&["*"]), &origin).unwrap(), "*");
        assert_eq!(allowed(&list(&["https://c.d"]), &origin), None);
    }
}

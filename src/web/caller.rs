//! From a request to the caller that rules see.

use std::sync::Arc;

use super::{ApiError, Request};
use crate::access::Caller;
use crate::ops::Error;
use crate::query::{self, AuthRow, Context, Texts};

/// Who sends `request`, with everything that rules may ask about it but the body.
pub(super) fn caller_of(request: &Request) -> Arc<Caller> {
    Arc::new(Caller::new(request_of(request)))
}

/// What rules may ask about `request`, but the body.
pub(super) fn request_of(request: &Request) -> query::Request {
    query::Request {
        method: request.method.as_str().to_owned(),
        context: Context::Default,
        query: request.query.texts().clone(),
        headers: headers_of(request),
        body: serde_json::Map::new(),
        auth: auth_of(request).cloned(),
        path: request.path.clone(),
        address: request.address,
        remote: Some(request.remote),
    }
}

/// The first value of each header that is text, as rules see them.
pub(super) fn headers_of(request: &Request) -> Texts {
    // Their names are in lower case already.
    let headers = request.headers.iter();
    let texts = headers.filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let texts: Vec<(&str, &str)> = texts.collect();
    Texts::respelled(&texts, '-', "_")
}

/// The name of a header as rules see it.
pub(super) fn header_key(name: &str) -> String {
    name.to_lowercase().replace('-', "_")
}

/// The record that `request` is authenticated as.
pub(super) fn auth_of(request: &Request) -> Option<&AuthRow> {
    request.extensions.get()
}

/// The caller of a route that only superusers may use.
pub(super) fn superuser_of(request: &Request) -> Result<Arc<Caller>, ApiError> {
    let caller = caller_of(request);
    if caller.key().is_some() {
        Err(Error::OutOfScope.into())
    } else if caller.is_superuser() {
        Ok(caller)
    } else if caller.auth().is_some() {
        Err(Error::Forbidden.into())
    } else {
        Err(Error::Unauthenticated.into())
    }
}

/// The token in the `Authorization` header, with or without `Bearer` before it.
pub(super) fn bearer_token(request: &Request) -> Option<&str> {
    const SCHEME: &str = "bearer ";
    without_scheme(request.header("authorization")?, SCHEME)
}

fn without_scheme<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let token = match header.split_at_checked(scheme.len()) {
        Some((start, token)) if start.eq_ignore_ascii_case(scheme) && !token.is_empty() => token,
        _ => header,
    };
    (!token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_is_optional_and_in_any_case() {
        for (header, expected) in [
            ("abc", Some("abc")),
            ("Bearer abc", Some("abc")),
            ("bEARER abc", Some("abc")),
            ("Bearer", Some("Bearer")),
            ("Basic x", Some("Basic x")),
            ("", None),
        ] {
            assert_eq!(without_scheme(header, "bearer "), expected, "{header}");
        }
    }
}

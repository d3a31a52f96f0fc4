//! Where API keys may go. Everything else is closed to them, routes that are added later too.

use http::Method;

use super::super::ApiError;
use super::super::Request;
use super::super::caller::auth_of;
use super::super::router::Route;
use crate::ops::Error;

/// The routes on which a key's scope is asked about, by the gate that every operation on records goes
/// through, and those that give the same to everybody.
const OPEN: [(Method, &str); 13] = [
    (Method::GET, "/api/collections/{collection}/records"),
    (Method::POST, "/api/collections/{collection}/records"),
    (Method::GET, "/api/collections/{collection}/records/{id}"),
    (Method::PATCH, "/api/collections/{collection}/records/{id}"),
    (Method::PUT, "/api/collections/{collection}/records/{id}"),
    (Method::DELETE, "/api/collections/{collection}/records/{id}"),
    (Method::POST, "/api/batch"),
    (Method::GET, "/api/realtime"),
    (Method::POST, "/api/realtime"),
    (Method::GET, "/api/files/{collection}/{record}/{filename}"),
    (Method::GET, "/api/collections/{collection}/auth-methods"),
    (Method::GET, "/api/health"),
    // The public folder.
    (Method::GET, "/"),
];

/// Fails with 403 when `request` comes with an API key and `route` is none for keys.
pub(super) fn check(request: &Request, route: &Route) -> Result<(), ApiError> {
    let has_key = auth_of(request).is_some_and(|auth| auth.credential.key().is_some());
    let is_open = || OPEN.iter().any(|(m, path)| *m == request.method && **path == *route.pattern);
    if has_key && !is_open() { Err(Error::OutOfScope.into()) } else { Ok(()) }
}

//! Finds out who is asking.

use super::super::{ApiError, BoxFuture, Request, State};

/// Knows who a token belongs to.
pub trait Authenticate: Send + Sync {
    /// Puts whoever `token` belongs to into `request.extensions`.
    ///
    /// A token that is no good leaves the request a guest's; an error ends the request, for
    /// what no guest should get either, such as an address that is not allowed.
    fn authenticate<'a>(
        &'a self,
        token: &'a str,
        request: &'a mut Request,
    ) -> BoxFuture<'a, Result<(), ApiError>>;
}

/// Runs the hook when the request carries a token.
pub(super) async fn load(state: &State, request: &mut Request) -> Result<(), ApiError> {
    let Some(hook) = &state.authenticate else {
        return Ok(());
    };
    let Some(token) = request.header("authorization").and_then(token) else {
        return Ok(());
    };
    let token = token.to_owned();
    hook.authenticate(&token, request).await
}

/// The token in an `Authorization` header: the value, without `Bearer ` in any case.
fn token(header: &str) -> Option<&str> {
    const SCHEME: &str = "bearer ";
    let scheme = header.get(..SCHEME.len()).unwrap_or_default();
    let bare = scheme.eq_ignore_ascii_case(SCHEME) && header.len() > SCHEME.len();
    let token = if bare { &header[SCHEME.len()..] } else { header };
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
            assert_eq!(token(header), expected, "{header}");
        }
    }
}

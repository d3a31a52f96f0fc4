//! Every route of the server.

use http::Method;

use super::super::{RouteError, Router};
use super::health;

/// All routes, each with its handler.
///
/// Fails only when two of them collide.
pub fn routes() -> Result<Router, RouteError> {
    let mut router = Router::new();
    router.add(Method::GET, "/api/health", health::check)?;
    #[cfg(feature = "admin-ui")]
    {
        use super::super::admin_ui;
        router.add(Method::GET, "/_", admin_ui::redirect)?;
        router.add(Method::GET, "/_/", admin_ui::index)?;
        router.add(Method::GET, "/_/{*path}", admin_ui::asset)?;
    }
    Ok(router)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_collide() {
        assert!(routes().is_ok());
    }
}

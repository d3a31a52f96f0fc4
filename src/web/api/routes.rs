//! Every route of the server.

use http::Method;

use super::super::{RouteError, Router};
use super::{auth, collections, health, realtime, records};

/// All routes, each with its handler.
///
/// Fails only when two of them collide.
pub fn routes() -> Result<Router, RouteError> {
    let mut router = Router::new();
    router.add(Method::GET, "/api/health", health::check)?;
    router.add(Method::GET, "/api/realtime", realtime::connect)?;
    router.add(Method::POST, "/api/realtime", realtime::subscribe)?;
    router.add(Method::GET, "/api/collections", collections::list)?;
    router.add(Method::POST, "/api/collections", collections::create)?;
    router.add(Method::GET, "/api/collections/meta/scaffolds", collections::scaffolds)?;
    router.add(Method::PUT, "/api/collections/import", collections::import)?;
    let collection_path = "/api/collections/{collection}";
    router.add(Method::GET, collection_path, collections::get)?;
    router.add(Method::PATCH, collection_path, collections::update)?;
    router.add(Method::DELETE, collection_path, collections::delete)?;
    router.add(Method::DELETE, "/api/collections/{collection}/truncate", collections::truncate)?;
    let records_path = "/api/collections/{collection}/records";
    let record_path = "/api/collections/{collection}/records/{id}";
    router.add(Method::GET, records_path, records::list)?;
    router.add(Method::POST, records_path, records::create)?;
    router.add(Method::GET, record_path, records::get)?;
    router.add(Method::PATCH, record_path, records::update)?;
    router.add(Method::PUT, record_path, records::replace)?;
    router.add(Method::DELETE, record_path, records::delete)?;
    let auth_path = |action: &str| format!("/api/collections/{{collection}}/{action}");
    router.add(Method::GET, &auth_path("auth-methods"), auth::methods)?;
    router.add(Method::POST, &auth_path("auth-with-password"), auth::with_password)?;
    router.add(Method::POST, &auth_path("auth-refresh"), auth::refreshed)?;
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

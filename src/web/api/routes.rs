//! Every route of the server.

use http::Method;

use super::super::{RouteError, Router};
use super::{auth, collections, health, records, settings};

/// All routes, each with its handler. Routes that do something to a collection say what rate limits
/// call it.
///
/// Fails only when two of them collide.
pub fn routes() -> Result<Router, RouteError> {
    let mut router = Router::new();
    router.add(Method::GET, "/api/health", health::check)?;
    router.add(Method::GET, "/api/collections", collections::list)?;
    router.add(Method::POST, "/api/collections", collections::create)?;
    router.add(Method::GET, "/api/collections/meta/scaffolds", collections::scaffolds)?;
    let collection_path = "/api/collections/{collection}";
    router.add(Method::GET, collection_path, collections::get)?;
    router.add(Method::PATCH, collection_path, collections::update)?;
    router.add(Method::DELETE, collection_path, collections::delete)?;
    router.add(Method::DELETE, "/api/collections/{collection}/truncate", collections::truncate)?;
    let records_path = "/api/collections/{collection}/records";
    let record_path = "/api/collections/{collection}/records/{id}";
    router.add_action(Method::GET, records_path, &["list"], records::list)?;
    router.add_action(Method::POST, records_path, &["create"], records::create)?;
    router.add_action(Method::GET, record_path, &["view"], records::get)?;
    router.add_action(Method::PATCH, record_path, &["update"], records::update)?;
    router.add_action(Method::PUT, record_path, &["update"], records::replace)?;
    router.add_action(Method::DELETE, record_path, &["delete"], records::delete)?;
    let auth_path = |action: &str| format!("/api/collections/{{collection}}/{action}");
    let action = &["listAuthMethods"];
    router.add_action(Method::GET, &auth_path("auth-methods"), action, auth::methods)?;
    let action = &["authWithPassword", "auth"];
    router.add_action(
        Method::POST,
        &auth_path("auth-with-password"),
        action,
        auth::with_password,
    )?;
    router.add_action(
        Method::POST,
        &auth_path("auth-refresh"),
        &["authRefresh"],
        auth::refreshed,
    )?;
    router.add(Method::GET, "/api/settings", settings::get)?;
    router.add(Method::PATCH, "/api/settings", settings::update)?;
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

//! Every route of the server.

use http::Method;

use super::super::{Actions, RouteError, Router};
use super::{
    accounts, api_keys, auth, backups, batch, collections, crons, explain, files, health, logs,
    oauth2, passkeys, realtime, records, sessions, settings, sql, totp, uploads,
};

/// All routes, each with its handler.
///
/// Fails only when two of them collide.
pub fn routes() -> Result<Router, RouteError> {
    let mut router = Router::with_actions(actions_of);
    router.add(Method::GET, "/api/health", health::check)?;
    router.add(Method::GET, "/api/realtime", realtime::connect)?;
    router.add(Method::POST, "/api/realtime", realtime::subscribe)?;
    router.add(Method::GET, "/api/collections", collections::list)?;
    router.add(Method::POST, "/api/collections", collections::create)?;
    router.add(Method::GET, "/api/collections/meta/scaffolds", collections::scaffolds)?;
    router.add(Method::GET, "/api/collections/meta/oauth2-providers", oauth2::providers)?;
    router.add(Method::POST, "/api/collections/meta/dry-run-view", collections::dry_run_view)?;
    router.add(Method::PUT, "/api/collections/import", collections::import)?;
    router.add(Method::POST, "/api/sql", sql::run)?;
    let collection_path = "/api/collections/{collection}";
    router.add(Method::GET, collection_path, collections::get)?;
    router.add(Method::PATCH, collection_path, collections::update)?;
    router.add(Method::DELETE, collection_path, collections::delete)?;
    router.add(Method::DELETE, "/api/collections/{collection}/truncate", collections::truncate)?;
    router.add(Method::GET, "/api/collections/{collection}/explain", explain::list)?;
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
    router.add(Method::POST, &auth_path("auth-with-oauth2"), oauth2::login)?;
    router.add(Method::GET, "/api/oauth2-redirect", oauth2::redirect)?;
    router.add(Method::POST, "/api/oauth2-redirect", oauth2::redirect)?;
    router.add(Method::POST, &auth_path("auth-with-otp"), auth::with_otp)?;
    router.add(Method::POST, &auth_path("auth-anonymous"), auth::anonymously)?;
    router.add(Method::POST, &auth_path("auth-promote"), auth::promoted)?;
    router.add(Method::POST, &auth_path("auth-refresh"), auth::refreshed)?;
    router.add(Method::POST, &auth_path("impersonate/{id}"), auth::impersonate)?;
    router.add(Method::POST, &auth_path("request-otp"), accounts::request_otp)?;
    let verification = &auth_path("request-verification");
    router.add(Method::POST, verification, accounts::request_verification)?;
    let verification = &auth_path("confirm-verification");
    router.add(Method::POST, verification, accounts::confirm_verification)?;
    let reset = &auth_path("request-password-reset");
    router.add(Method::POST, reset, accounts::request_password_reset)?;
    let reset = &auth_path("confirm-password-reset");
    router.add(Method::POST, reset, accounts::confirm_password_reset)?;
    let change = &auth_path("request-email-change");
    router.add(Method::POST, change, accounts::request_email_change)?;
    let change = &auth_path("confirm-email-change");
    router.add(Method::POST, change, accounts::confirm_email_change)?;
    router.add(Method::POST, &auth_path("auth-logout"), sessions::log_out)?;
    router.add(Method::GET, &auth_path("sessions"), sessions::list)?;
    router.add(Method::DELETE, &auth_path("sessions"), sessions::end_others)?;
    router.add(Method::DELETE, &auth_path("sessions/{id}"), sessions::end_one)?;
    router.add(Method::GET, &auth_path("api-keys"), api_keys::list)?;
    router.add(Method::POST, &auth_path("api-keys"), api_keys::create)?;
    router.add(Method::DELETE, &auth_path("api-keys/{id}"), api_keys::end)?;
    router.add(Method::POST, &auth_path("auth-with-totp"), totp::log_in)?;
    router.add(Method::POST, &auth_path("totp/enroll"), totp::enroll)?;
    router.add(Method::POST, &auth_path("totp/confirm"), totp::confirm)?;
    router.add(Method::POST, &auth_path("totp/recovery-codes"), totp::renew)?;
    router.add(Method::GET, &auth_path("totp"), totp::show)?;
    router.add(Method::DELETE, &auth_path("totp"), totp::disable)?;
    router.add(Method::GET, &auth_path("records/{id}/totp"), totp::show_of)?;
    router.add(Method::DELETE, &auth_path("records/{id}/totp"), totp::reset)?;
    router.add(Method::POST, &auth_path("passkeys/login-begin"), passkeys::begin_login)?;
    router.add(Method::POST, &auth_path("passkeys/login-finish"), passkeys::log_in)?;
    router.add(Method::POST, &auth_path("passkeys/register-begin"), passkeys::begin)?;
    router.add(Method::POST, &auth_path("passkeys/register-finish"), passkeys::finish)?;
    router.add(Method::GET, &auth_path("passkeys"), passkeys::list)?;
    router.add(Method::PATCH, &auth_path("passkeys/{passkey}"), passkeys::rename)?;
    router.add(Method::DELETE, &auth_path("passkeys/{passkey}"), passkeys::remove)?;
    router.add(Method::GET, &auth_path("records/{id}/passkeys"), passkeys::list_of)?;
    let passkey_of = &auth_path("records/{id}/passkeys/{passkey}");
    router.add(Method::DELETE, passkey_of, passkeys::remove_of)?;
    router.add(Method::POST, "/api/batch", batch::run)?;
    router.add(Method::GET, "/api/crons", crons::list)?;
    router.add(Method::GET, "/api/logs", logs::list)?;
    router.add(Method::GET, "/api/logs/stats", logs::stats)?;
    router.add(Method::GET, "/api/logs/{id}", logs::get)?;
    router.add(Method::POST, "/api/crons/{id}", crons::start)?;
    router.add(Method::GET, "/api/settings", settings::get)?;
    router.add(Method::PATCH, "/api/settings", settings::update)?;
    router.add(Method::POST, "/api/settings/test/s3", settings::test_s3)?;
    let apple_secret = "/api/settings/apple/generate-client-secret";
    router.add(Method::POST, apple_secret, oauth2::apple_secret)?;
    router.add(Method::GET, "/api/backups", backups::list)?;
    router.add(Method::POST, "/api/backups", backups::create)?;
    router.add(Method::POST, "/api/backups/upload", backups::upload)?;
    router.add(Method::GET, "/api/backups/{key}", backups::download)?;
    router.add(Method::DELETE, "/api/backups/{key}", backups::delete)?;
    router.add(Method::POST, "/api/backups/{key}/restore", backups::restore)?;
    router.add(Method::POST, "/api/settings/test/email", settings::test_email)?;
    router.add(Method::POST, "/api/files/token", files::token)?;
    router.add(Method::POST, "/api/files/uploads", uploads::create)?;
    router.add(Method::GET, "/api/files/uploads/{id}", uploads::status)?;
    router.add(Method::PATCH, "/api/files/uploads/{id}", uploads::append)?;
    router.add(Method::DELETE, "/api/files/uploads/{id}", uploads::remove)?;
    router.add(Method::GET, "/api/files/{collection}/{record}/{filename}", files::download)?;
    #[cfg(feature = "admin-ui")]
    {
        use super::super::admin_ui;
        router.add(Method::GET, "/_", admin_ui::redirect)?;
        router.add(Method::GET, "/_/", admin_ui::index)?;
        router.add(Method::GET, "/_/{*path}", admin_ui::asset)?;
    }
    Ok(router)
}

/// What rate limits call what a route does to a collection, the most telling name first. Routes that
/// are not listed are known to rate limits by their path only.
fn actions_of(method: &Method, path: &str) -> Actions {
    if path.starts_with("/api/files/{collection}/") {
        return &["file"];
    }
    let Some(action) = path.strip_prefix("/api/collections/{collection}/") else { return &[] };
    match (method.as_str(), action) {
        ("GET", "records") => &["list"],
        ("GET", "records/{id}") => &["view"],
        ("POST", "records") => &["create"],
        ("PATCH" | "PUT", "records/{id}") => &["update"],
        ("DELETE", "records/{id}") => &["delete"],
        ("GET", "auth-methods") => &["listAuthMethods"],
        ("POST", "auth-refresh") => &["authRefresh"],
        ("POST", "auth-with-password") => &["authWithPassword", "auth"],
        ("POST", "auth-with-oauth2") => &["authWithOAuth2", "auth"],
        ("POST", "auth-with-otp") => &["authWithOTP", "auth"],
        ("POST", "auth-logout") => &["authLogout"],
        ("GET", "sessions") => &["listSessions"],
        ("DELETE", "sessions" | "sessions/{id}") => &["endSessions"],
        ("GET", "api-keys") => &["listApiKeys"],
        ("POST", "api-keys") => &["createApiKey"],
        ("DELETE", "api-keys/{id}") => &["endApiKey"],
        ("POST", "auth-anonymous") => &["authAnonymous", "auth"],
        ("POST", "auth-promote") => &["authPromote"],
        ("POST", "auth-with-totp") => &["authWithTOTP", "auth"],
        ("POST", "passkeys/login-begin") => &["requestPasskey"],
        ("POST", "passkeys/login-finish") => &["authWithPasskey", "auth"],
        ("POST", "request-otp") => &["requestOTP"],
        ("POST", "request-password-reset") => &["requestPasswordReset"],
        ("POST", "confirm-password-reset") => &["confirmPasswordReset"],
        ("POST", "request-verification") => &["requestVerification"],
        ("POST", "confirm-verification") => &["confirmVerification"],
        ("POST", "request-email-change") => &["requestEmailChange"],
        ("POST", "confirm-email-change") => &["confirmEmailChange"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_collide() {
        assert!(routes().is_ok());
    }
}

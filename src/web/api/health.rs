//! Whether the server is up.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::ops::Error;

use super::super::caller::superuser_of;
use super::super::real_ip::real_ip;
use super::super::{ApiError, Reply, Request, State};

/// `GET /api/health`
pub(super) async fn check(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let data = match superuser_of(&request) {
        Ok(_) => about(&state, &request)?,
        Err(_) => json!({}),
    };
    let body = json!({"message": "API is healthy.", "code": 200, "data": data});
    Ok(Reply::json(StatusCode::OK, body))
}

/// What superusers want to know: whether a backup can be made now, what their address is, and whether
/// the secrets in the data folder are encrypted.
fn about(state: &State, request: &Request) -> Result<Json, ApiError> {
    const USUAL: [&str; 3] = ["CF-Connecting-IP", "Fly-Client-IP", "X-Forwarded-For"];
    let settings = state.backend.settings();
    let trusted = settings.trusted_proxy.headers.iter().map(String::as_str);
    let header = trusted
        .chain(USUAL)
        .find(|name| request.header(&name.to_lowercase()).is_some_and(|value| !value.is_empty()));
    let size = state.backend.store_load().file_bytes;
    let encrypted = state.backend.snapshot().is_sealed().map_err(Error::from)?;
    Ok(json!({
        "canBackup": !state.backups.is_busy(),
        "realIP": real_ip(request, &settings).to_string(),
        "possibleProxyHeader": header.unwrap_or_default(),
        "version": env!("CARGO_PKG_VERSION"),
        "uptimeSeconds": state.metrics.uptime().as_secs(),
        "storeBytes": size.unwrap_or_default(),
        "secretsEncrypted": encrypted,
    }))
}

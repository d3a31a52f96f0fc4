//! Logging in: `/api/collections/{collection}/auth-with-password` and `…/auth-refresh`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value as Json};

use crate::ops::Error;
use crate::ops::auth::{LoggedIn, PasswordLogin, refresh};
use crate::ops::records::collection_of;
use crate::query::Rows;
use crate::schema::{Collection, PasswordAuth};
use crate::web::caller::{bearer_token, caller_of};
use crate::web::middleware::limits::superusers_may_come_from;
use crate::web::{ApiError, Reply, Request, State, real_ip};

use super::records::expand_of;

/// `GET …/auth-methods`
pub(crate) async fn methods(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let snapshot = state.backend.snapshot();
    let collection = auth_collection(&*snapshot, request.params.get("collection"))?;
    let options = collection.auth().ok_or(Error::NotAuthCollection)?;
    let password = &options.password_auth;
    let identity_fields = |auth: &PasswordAuth| {
        if auth.enabled { auth.identity_fields.clone() } else { Vec::new() }
    };
    let has = |name: &str| password.enabled && password.identity_fields.iter().any(|f| f == name);
    let duration = |enabled: bool, seconds: i64| if enabled { seconds } else { 0 };
    Ok(Reply::json(
        StatusCode::OK,
        serde_json::json!({
            "password": { "identityFields": identity_fields(password), "enabled": password.enabled },
            "oauth2": { "providers": [], "enabled": false },
            "mfa": {
                "enabled": options.mfa.enabled,
                "duration": duration(options.mfa.enabled, options.mfa.duration),
            },
            "otp": { "enabled": false, "duration": 0 },
            "authProviders": [],
            "usernamePassword": has("username"),
            "emailPassword": has("email"),
        }),
    ))
}

/// `POST …/auth-with-password`
pub(crate) async fn with_password(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    let name = request.params.get("collection").to_owned();
    let known = state.backend.snapshot().catalog().find(&name).is_some();
    if !known {
        return Err(ApiError::not_found("Missing or invalid collection context."));
    }
    let body = request.body_object().await?;
    let login = PasswordLogin {
        identity: text(&body, "identity"),
        password: text(&body, "password"),
        identity_field: text(&body, "identityField"),
        expand: expand_of(&request).to_owned(),
    };
    let caller = caller_of(&request);
    let backend = state.backend.clone();
    let logged_in = state.hashing.run(move || login.run(&backend, &caller, &name)).await?;
    check_superuser_address(&state, &request, &logged_in.record.collection)?;
    Ok(reply(&state, &logged_in))
}

/// `POST …/auth-refresh`
pub(crate) async fn refreshed(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let snapshot = state.backend.snapshot();
    let caller = caller_of(&request);
    let logged_in = refresh(
        &*snapshot,
        state.backend.rules(),
        &caller,
        request.params.get("collection"),
        bearer_token(&request).unwrap_or(""),
        expand_of(&request),
    )
    .map_err(|error| match error {
        Error::NoCollection => ApiError::not_found("Missing or invalid collection context."),
        other => other.into(),
    })?;
    Ok(reply(&state, &logged_in))
}

/// Fails with 403 when a login made a superuser of somebody from where none may come.
fn check_superuser_address(
    state: &State,
    request: &Request,
    collection: &Collection,
) -> Result<(), ApiError> {
    let settings = state.backend.settings();
    if collection.is_superusers()
        && !superusers_may_come_from(&settings, real_ip(request, &settings))
    {
        return Err(ApiError::forbidden("").with_cause("no address for superusers"));
    }
    Ok(())
}

fn reply(state: &State, logged_in: &LoggedIn) -> Reply {
    let mut out = b"{\"record\":".to_vec();
    state.records.push(&mut out, &logged_in.record);
    // Tokens are base64 and dots, which need no escaping.
    out.extend_from_slice(format!(",\"token\":\"{}\"}}", logged_in.token).as_bytes());
    Reply::json_text(StatusCode::OK, out)
}

fn text(body: &Map<String, Json>, name: &str) -> String {
    match body.get(name) {
        Some(Json::String(text)) => text.clone(),
        Some(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string(),
        _ => String::new(),
    }
}

fn auth_collection(rows: &dyn Rows, name: &str) -> Result<Arc<Collection>, ApiError> {
    let collection = collection_of(rows, name)
        .map_err(|_| ApiError::not_found("Missing or invalid collection context."))?;
    if collection.is_auth() { Ok(collection) } else { Err(Error::NotAuthCollection.into()) }
}

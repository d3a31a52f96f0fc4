//! Logins through providers: `…/auth-with-oauth2`, the list of providers, `/api/oauth2-redirect`,
//! and the secret that Apple wants.

use std::sync::Arc;

use http::header::{HeaderValue, LOCATION};
use http::{Method, StatusCode};
use serde_json::{Map, Value as Json, json};

use crate::hooks::AuthAction;
use crate::oauth2::{AppleSecret, Offer, catalogue};
use crate::ops::auth::{self, OAuth2Login};
use crate::schema::Collection;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State, real_ip};

use super::auth::{Body, attempt_of, collection_name, login_reply, unreadable};

/// What a stream has to be subscribed to for a code to be passed on to it.
const TOPIC: &str = "@oauth2";

/// `GET /api/collections/meta/oauth2-providers`
pub(crate) async fn providers(_: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let providers: Vec<Json> = catalogue()
        .iter()
        .map(|entry| {
            json!({
                "name": entry.key, "displayName": entry.display_name, "logo": entry.logo(),
            })
        })
        .collect();
    Ok(Reply::json(StatusCode::OK, Json::Array(providers)))
}

/// The providers of `collection` as `auth-methods` lists them.
pub(super) async fn offers(state: &Arc<State>, collection: &Arc<Collection>) -> Vec<Json> {
    let offers = if let Some(offers) = auth::oauth2_offers(&state.backend, collection, false) {
        offers
    } else {
        let (backend, collection) = (state.backend.clone(), collection.clone());
        let ask = move || auth::oauth2_offers(&backend, &collection, true);
        state.outbound.run(ask).await.unwrap_or_default()
    };
    offers.iter().map(offer_json).collect()
}

fn offer_json(offer: &Offer) -> Json {
    let method = if offer.code_challenge.is_empty() { "" } else { "S256" };
    json!({
        "name": offer.name,
        "displayName": offer.display_name,
        "logo": offer.logo,
        "state": offer.state,
        "authURL": offer.auth_url,
        "authUrl": offer.auth_url,
        "codeVerifier": offer.code_verifier,
        "codeChallenge": offer.code_challenge,
        "codeChallengeMethod": method,
    })
}

/// `POST …/auth-with-oauth2`
pub(crate) async fn login(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let mut body = body.heeding(&state, &request, AuthAction::OAuth2).await?;
    let create_data = object(body.value("createData"));
    if create_data.is_none() {
        body.fail(unreadable());
    }
    let redirect_url = match body.text("redirectURL") {
        url if url.is_empty() => body.text("redirectUrl"),
        url => url,
    };
    let login = OAuth2Login {
        provider: body.text("provider"),
        code: body.text("code"),
        code_verifier: body.text("codeVerifier"),
        redirect_url,
        nonce: body.text("nonce"),
        create_data: create_data.unwrap_or_default(),
        attempt: attempt_of(&state, &request, &body),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let outcome = state.outbound.run(move || login.run(&backend, &name)).await;
    let (login, meta) = body.judge(outcome)?;
    Ok(login_reply(&state, &login, Some(&meta)))
}

/// An object, which forms send as text; nothing is an empty one.
fn object(json: Option<&Json>) -> Option<Map<String, Json>> {
    match json {
        None | Some(Json::Null) => Some(Map::new()),
        Some(Json::Object(object)) => Some(object.clone()),
        Some(Json::String(text)) => serde_json::from_str(text).ok(),
        Some(_) => None,
    }
}

/// `GET` and `POST /api/oauth2-redirect`: where providers send people back to. Passes the code on to
/// the stream that waits for it.
pub(crate) async fn redirect(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let is_post = request.method == Method::POST;
    let body = if is_post { Some(Body::of(&mut request).await) } else { None };
    let text = |name: &str| match &body {
        Some(body) => body.text(name),
        None => request.query.get(name).unwrap_or_default().to_owned(),
    };
    let (client_id, code, error) = (text("state"), text("code"), text("error"));
    let ip = real_ip(&request, &state.backend.settings());
    let hub = state.realtime.hub();
    let waits = hub.client(&client_id).is_some_and(|client| client.ip() == ip);
    if waits && error.is_empty() {
        // It has to be there before the client hears of the code.
        state.backend.providers().keep_name(&code, &text("user"));
    }
    let mut data = json!({ "state": client_id, "code": code });
    if !error.is_empty() {
        data["error"] = error.as_str().into();
    }
    let is_passed_on = hub.send_once(&client_id, ip, TOPIC, &data.to_string());
    let is_success = is_passed_on && error.is_empty() && !code.is_empty();
    Ok(closing_page(is_post, is_success))
}

/// A page of the dashboard that closes its window, or what it would say when there is none.
fn closing_page(is_post: bool, is_success: bool) -> Reply {
    if cfg!(feature = "admin-ui") {
        let status = if is_post { StatusCode::SEE_OTHER } else { StatusCode::TEMPORARY_REDIRECT };
        let page = HeaderValue::from_static(if is_success {
            "../_/#/auth/oauth2-redirect-success"
        } else {
            "../_/#/auth/oauth2-redirect-failure"
        });
        return Reply::empty(status).with_header(LOCATION, page);
    }
    let (kind, text) = if is_success {
        ("text/html; charset=utf-8", "You are logged in. You can close this window.")
    } else {
        ("text/plain; charset=utf-8", "The login failed. Close this window and try again.")
    };
    Reply::bytes(StatusCode::OK, HeaderValue::from_static(kind), text)
}

/// `POST /api/settings/apple/generate-client-secret`
pub(crate) async fn apple_secret(_: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = Body::of(&mut request).await;
    let duration = match body.value("duration") {
        None | Some(Json::Null) => Some(0),
        Some(Json::String(text)) => text.parse().ok(),
        Some(json) => json.as_i64(),
    };
    let secret = AppleSecret {
        client_id: body.text("clientId"),
        team_id: body.text("teamId"),
        key_id: body.text("keyId"),
        private_key: body.text("privateKey"),
        duration: duration.ok_or_else(unreadable)?,
    };
    let secret = match body.into_failure() {
        Some(failure) => return Err(failure),
        None => auth::apple_client_secret(&secret)?,
    };
    Ok(Reply::json(StatusCode::OK, json!({ "secret": secret })))
}

//! Codes of authenticator apps: `/api/collections/{collection}/totp…`, `…/auth-with-totp` and, for
//! superusers, `…/records/{id}/totp`.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde_json::json;

use crate::hooks::AuthAction;
use crate::ops::auth::{self, ConfirmTotp, Proof, TotpLogin, TotpState};
use crate::web::caller::{bearer_token, caller_of};
use crate::web::{ApiError, Reply, Request, State, real_ip};

use super::auth::{Body, attempt_of, collection_name, in_context, login_reply};

/// `POST …/auth-with-totp`
pub(crate) async fn log_in(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::Totp).await?;
    let attempt = attempt_of(&state, &request, &body);
    let login = TotpLogin { code: body.text("code"), attempt };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login = state.hashing.run(move || login.run(&backend, &name)).await;
    Ok(login_reply(&state, &body.judge(login)?, None))
}

/// `POST …/totp/enroll`
pub(crate) async fn enroll(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let proof = proof_of(&state, &request, &body);
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let begin = move || auth::begin_totp(&backend, &caller, &name, &proof);
    let enrolment = body.judge(state.hashing.run(begin).await)?;
    let answer = json!({ "secret": enrolment.secret, "otpauthURL": enrolment.link });
    Ok(secret_reply(Reply::json(StatusCode::OK, answer)))
}

/// `POST …/totp/confirm`
pub(crate) async fn confirm(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let form = ConfirmTotp {
        code: body.text("code"),
        address: real_ip(&request, &state.backend.settings()),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let codes = state.hashing.run(move || form.run(&backend, &caller, &name)).await;
    let answer = json!({ "recoveryCodes": body.judge(codes)? });
    Ok(secret_reply(Reply::json(StatusCode::OK, answer)))
}

/// `POST …/totp/recovery-codes`
pub(crate) async fn renew(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let (code, address) = (body.text("code"), real_ip(&request, &state.backend.settings()));
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let renew = move || auth::renew_recovery_codes(&backend, &caller, &name, &code, address);
    let answer = json!({ "recoveryCodes": body.judge(state.hashing.run(renew).await)? });
    Ok(secret_reply(Reply::json(StatusCode::OK, answer)))
}

/// `GET …/totp`
pub(crate) async fn show(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let name = collection_name(&request);
    let shown = auth::totp_state(&state.backend, &caller_of(&request), &name);
    Ok(state_reply(&shown.map_err(in_context)?))
}

/// `DELETE …/totp`
pub(crate) async fn disable(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let (code, address) = (body.text("code"), real_ip(&request, &state.backend.settings()));
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let disable = move || auth::disable_totp(&backend, &caller, &name, &code, address);
    body.judge(state.hashing.run(disable).await)?;
    Ok(Reply::no_content())
}

/// `GET …/records/{id}/totp`
pub(crate) async fn show_of(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (name, id) = (collection_name(&request), request.params.get("id"));
    let shown = auth::totp_state_of(&state.backend, &caller_of(&request), &name, id);
    Ok(state_reply(&shown.map_err(in_context)?))
}

/// `DELETE …/records/{id}/totp`
pub(crate) async fn reset(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (name, id) = (collection_name(&request), request.params.get("id").to_owned());
    let (backend, caller) = (state.backend.clone(), caller_of(&request));
    let reset = move || auth::reset_totp(&backend, &caller, &name, &id);
    state.hashing.run(reset).await.map_err(in_context)?;
    Ok(Reply::no_content())
}

/// What `request` proves with a body that has a password, or a token of a login just now.
pub(super) fn proof_of(state: &State, request: &Request, body: &Body) -> Proof {
    Proof {
        password: body.text("password"),
        token: bearer_token(request).unwrap_or("").to_owned(),
        address: real_ip(request, &state.backend.settings()),
    }
}

fn state_reply(state: &TotpState) -> Reply {
    let confirmed = state.confirmed.map_or_else(String::new, |at| at.to_string());
    let answer = json!({
        "enabled": state.enabled,
        "confirmed": confirmed,
        "recoveryCodesLeft": state.recovery_codes,
    });
    Reply::json(StatusCode::OK, answer)
}

/// What nobody may keep on the way.
fn secret_reply(reply: Reply) -> Reply {
    reply.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

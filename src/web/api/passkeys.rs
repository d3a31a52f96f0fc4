//! Passkeys: `/api/collections/{collection}/passkeys…` and, for superusers,
//! `…/records/{id}/passkeys…`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::hooks::AuthAction;
use crate::ops::auth::{self, FinishPasskey, PasskeyLogin, PasskeyOffer, ShownPasskey};
use crate::web::caller::caller_of;
use crate::web::{ApiError, Reply, Request, State, real_ip};

use super::auth::{Body, attempt_of, collection_name, in_context, login_reply};
use super::totp::proof_of;

/// `POST …/passkeys/login-begin`
pub(crate) async fn begin_login(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let address = real_ip(&request, &state.backend.settings());
    let offer = auth::begin_passkey_login(&state.backend, &collection_name(&request), address);
    Ok(offer_reply(&offer.map_err(in_context)?))
}

/// `POST …/passkeys/login-finish`
pub(crate) async fn log_in(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let body = body.heeding(&state, &request, AuthAction::Passkey).await?;
    let login = PasskeyLogin {
        challenge_id: body.text("challengeId"),
        credential: body.json("credential"),
        attempt: attempt_of(&state, &request, &body),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let login = state.hashing.run(move || login.run(&backend, &name)).await;
    Ok(login_reply(&state, &body.judge(login)?, None))
}

/// `POST …/passkeys/register-begin`
pub(crate) async fn begin(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let proof = proof_of(&state, &request, &body);
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let begin = move || auth::begin_passkey(&backend, &caller, &name, &proof);
    Ok(offer_reply(&body.judge(state.hashing.run(begin).await)?))
}

/// `POST …/passkeys/register-finish`
pub(crate) async fn finish(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let form = FinishPasskey {
        challenge_id: body.text("challengeId"),
        name: body.text("name"),
        credential: body.json("credential"),
    };
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let added = state.hashing.run(move || form.run(&backend, &caller, &name)).await;
    Ok(Reply::json(StatusCode::OK, to_json(&body.judge(added)?)))
}

/// `GET …/passkeys`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let name = collection_name(&request);
    let list = auth::list_passkeys(&state.backend, &caller_of(&request), &name);
    Ok(list_reply(&list.map_err(in_context)?))
}

/// `PATCH …/passkeys/{passkey}`
pub(crate) async fn rename(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = Body::of(&mut request).await;
    let (new_name, passkey) = (body.text("name"), request.params.get("passkey").to_owned());
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let rename = move || auth::rename_passkey(&backend, &caller, &name, &passkey, &new_name);
    let renamed = state.hashing.run(rename).await;
    Ok(Reply::json(StatusCode::OK, to_json(&body.judge(renamed)?)))
}

/// `DELETE …/passkeys/{passkey}`
pub(crate) async fn remove(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let passkey = request.params.get("passkey").to_owned();
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let remove = move || auth::remove_passkey(&backend, &caller, &name, &passkey);
    state.hashing.run(remove).await.map_err(in_context)?;
    Ok(Reply::no_content())
}

/// `GET …/records/{id}/passkeys`
pub(crate) async fn list_of(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (name, id) = (collection_name(&request), request.params.get("id"));
    let list = auth::list_passkeys_of(&state.backend, &caller_of(&request), &name, id);
    Ok(list_reply(&list.map_err(in_context)?))
}

/// `DELETE …/records/{id}/passkeys/{passkey}`
pub(crate) async fn remove_of(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let param = |name| request.params.get(name).to_owned();
    let (id, passkey) = (param("id"), param("passkey"));
    let (backend, name) = (state.backend.clone(), collection_name(&request));
    let caller = caller_of(&request);
    let remove = move || auth::remove_passkey_of(&backend, &caller, &name, &id, &passkey);
    state.hashing.run(remove).await.map_err(in_context)?;
    Ok(Reply::no_content())
}

fn offer_reply(offer: &PasskeyOffer) -> Reply {
    let answer = json!({ "challengeId": offer.challenge_id, "publicKey": offer.options });
    Reply::json(StatusCode::OK, answer)
}

/// An account has few enough passkeys to show them all.
fn list_reply(list: &[ShownPasskey]) -> Reply {
    let items: Vec<Json> = list.iter().map(to_json).collect();
    Reply::json(StatusCode::OK, json!({ "items": items, "totalItems": list.len() }))
}

fn to_json(passkey: &ShownPasskey) -> Json {
    json!({
        "id": passkey.id,
        "name": passkey.name,
        "credentialId": passkey.credential_id,
        "created": passkey.created.to_string(),
        "lastUsed": passkey.last_used.map_or_else(String::new, |at| at.to_string()),
    })
}

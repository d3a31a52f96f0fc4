//! `/api/webhooks`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderValue};
use serde_json::{Value as Json, json};

use crate::model::Timestamp;
use crate::ops::Error;
use crate::ops::webhooks::{self, Attempt, Delivery, DeliveryState, Webhook, WebhookForm};
use crate::query::Rows;
use crate::schema::Catalog;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State, committed};

use super::sessions::page;

/// `GET /api/webhooks`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let snapshot = state.backend.snapshot();
    let hooks = webhooks::list(&snapshot)?;
    Ok(page(&request.query, &hooks, |(hook, waiting)| to_json(hook, *waiting, snapshot.catalog())))
}

/// `POST /api/webhooks`
pub(crate) async fn create(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let form = WebhookForm::new(request.body_object().await?, state.backend.outbound());
    let hook = told(
        &state,
        committed(|done| state.backend.submit(move |tx| webhooks::create(tx, &form), done)).await,
    )?;
    let mut json = to_json(&hook, 0, state.backend.snapshot().catalog());
    json["secret"] = hook.secret.expose().into();
    Ok(secret_reply(&json))
}

/// `GET /api/webhooks/{id}`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let snapshot = state.backend.snapshot();
    let (hook, waiting) = webhooks::webhook(&snapshot, request.params.get("id"))?;
    Ok(Reply::json(StatusCode::OK, to_json(&hook, waiting, snapshot.catalog())))
}

/// `PATCH /api/webhooks/{id}`
pub(crate) async fn update(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let form = WebhookForm::new(request.body_object().await?, state.backend.outbound());
    let id = id_of(&request);
    let (hook, waiting) = told(
        &state,
        committed(|done| state.backend.submit(move |tx| webhooks::update(tx, &id, &form), done))
            .await,
    )?;
    let json = to_json(&hook, waiting, state.backend.snapshot().catalog());
    Ok(Reply::json(StatusCode::OK, json))
}

/// `DELETE /api/webhooks/{id}`
pub(crate) async fn delete(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let id = id_of(&request);
    told(
        &state,
        committed(|done| state.backend.submit(move |tx| webhooks::delete(tx, &id), done)).await,
    )?;
    Ok(Reply::no_content())
}

/// `POST /api/webhooks/{id}/rotate-secret`
pub(crate) async fn rotate(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let id = id_of(&request);
    let secret = told(
        &state,
        committed(|done| state.backend.submit(move |tx| webhooks::rotate_secret(tx, &id), done))
            .await,
    )?;
    Ok(secret_reply(&json!({ "secret": secret.expose() })))
}

/// `POST /api/webhooks/{id}/test`
pub(crate) async fn test(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let id = id_of(&request);
    let posted = told(
        &state,
        committed(|done| state.backend.submit(move |tx| webhooks::send_test(tx, &id), done)).await,
    )?;
    Ok(Reply::json(StatusCode::OK, delivery_json(&posted)))
}

/// `GET /api/webhooks/{id}/deliveries`
pub(crate) async fn deliveries(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let found = webhooks::list_deliveries(&state.backend.snapshot(), request.params.get("id"))?;
    Ok(page(&request.query, &found, delivery_json))
}

/// `POST /api/webhooks/{id}/deliveries/{delivery}/replay`
pub(crate) async fn replay(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let (id, delivery) = (id_of(&request), request.params.get("delivery").to_owned());
    let posted = told(
        &state,
        committed(|done| {
            state.backend.submit(move |tx| webhooks::replay(tx, &id, &delivery), done);
        })
        .await,
    )?;
    Ok(Reply::json(StatusCode::OK, delivery_json(&posted)))
}

/// What came of a change, once whoever sends knows of it.
fn told<T>(state: &State, outcome: Result<T, Error>) -> Result<T, ApiError> {
    let done = outcome?;
    state.backend.webhooks().ring();
    Ok(done)
}

fn id_of(request: &Request) -> String {
    request.params.get("id").to_owned()
}

/// What nobody may keep on the way.
fn secret_reply(json: &Json) -> Reply {
    let reply = Reply::json(StatusCode::OK, json.clone());
    reply.with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
}

fn to_json(hook: &Webhook, waiting: u64, catalog: &Catalog) -> Json {
    let collection = catalog.by_id(&hook.collection);
    json!({
        "id": hook.id,
        "name": hook.name,
        "collection": collection.map_or("", |collection| &collection.name),
        "events": hook.events,
        "url": hook.url,
        "filter": hook.filter,
        "headers": hook.headers,
        "enabled": hook.enabled,
        "disabledReason": hook.disabled_reason,
        "waiting": waiting,
        "created": date(hook.created),
        "updated": date(hook.updated),
    })
}

fn delivery_json((delivery, state): &(Delivery, DeliveryState)) -> Json {
    let (status, due) = match state {
        DeliveryState::Waiting(due) => ("waiting", due.to_string()),
        DeliveryState::Delivered => ("delivered", String::new()),
        DeliveryState::Failed => ("failed", String::new()),
    };
    json!({
        "id": delivery.id,
        "event": delivery.event,
        "recordId": delivery.record,
        "status": status,
        "nextAttempt": due,
        "created": date(delivery.created),
        "attempts": delivery.attempts.iter().map(attempt_json).collect::<Vec<_>>(),
    })
}

fn attempt_json(attempt: &Attempt) -> Json {
    json!({
        "at": date(attempt.at),
        "latency": attempt.latency,
        "status": attempt.status,
        "response": attempt.response,
        "error": attempt.error,
    })
}

fn date(millis: i64) -> String {
    Timestamp::from_millis(millis).to_string()
}

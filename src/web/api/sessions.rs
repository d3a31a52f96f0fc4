//! Who is logged in from where: `/api/collections/{collection}/sessions` and `…/auth-logout`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::ops::Error;
use crate::ops::auth::{self, EndSessions, Session};
use crate::query::Rows;
use crate::web::caller::caller_of;
use crate::web::{ApiError, Query, Reply, Request, State, committed};

use super::auth::{collection_name, in_context};

/// Items on one page when the client does not say, and at most.
const PER_PAGE: (usize, usize) = (30, 1000);

/// `GET …/sessions`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (snapshot, caller) = (state.backend.snapshot(), caller_of(&request));
    let (collection, record) = (request.params.get("collection"), record_of(&request));
    let sessions =
        auth::list_sessions(&snapshot, state.backend.rules(), &caller, collection, &record)
            .map_err(in_context)?;
    let current = caller.auth().and_then(|auth| auth.credential.session());
    let collection = snapshot.catalog().find(collection).ok_or(Error::NoCollection)?;
    let record = match (record.as_str(), caller.auth()) {
        ("", Some(auth)) => auth.row.as_row().id(),
        (record, _) => record,
    };
    let item = |session: &Session| {
        json!({
            "id": session.id,
            "collectionId": collection.id.as_str(),
            "collectionName": collection.name,
            "recordId": record,
            "method": session.method,
            "address": session.address,
            "userAgent": session.user_agent,
            "created": session.created.to_string(),
            "lastUsed": session.last_used.to_string(),
            "expires": session.expires.to_string(),
            "current": current == Some(session.id.as_str()),
        })
    };
    Ok(page(&request.query, &sessions, item))
}

/// `DELETE …/sessions/{id}`
pub(crate) async fn end_one(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let id = request.params.get("id").to_owned();
    end(state, request, Some(id)).await
}

/// `DELETE …/sessions`
pub(crate) async fn end_others(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    end(state, request, None).await
}

async fn end(state: Arc<State>, request: Request, id: Option<String>) -> Result<Reply, ApiError> {
    let command = EndSessions {
        caller: caller_of(&request),
        rules: Arc::clone(state.backend.rules()),
        collection: collection_name(&request),
        record: record_of(&request),
        id,
    };
    committed(|done| state.backend.submit(move |tx| command.run(tx), done))
        .await
        .map_err(in_context)?;
    Ok(Reply::no_content())
}

/// `POST …/auth-logout`
pub(crate) async fn log_out(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (caller, collection) = (caller_of(&request), collection_name(&request));
    committed(|done| {
        state.backend.submit(move |tx| auth::log_out(tx, &caller, &collection), done);
    })
    .await
    .map_err(in_context)?;
    Ok(Reply::no_content())
}

/// The account that a request is about, if it is not the caller's own.
pub(super) fn record_of(request: &Request) -> String {
    request.query.get("recordId").unwrap_or("").to_owned()
}

/// The page of `items` that `query` asks for, in the shape of all lists.
pub(super) fn page<T>(query: &Query, items: &[T], to_json: impl Fn(&T) -> Json) -> Reply {
    let number = |name: &str| query.get(name).and_then(|text| text.parse::<usize>().ok());
    let (default, max) = PER_PAGE;
    let page = number("page").unwrap_or(1).max(1);
    let per_page = number("perPage").filter(|count| *count > 0).unwrap_or(default).min(max);
    let skipped = (page - 1).saturating_mul(per_page);
    let shown: Vec<Json> = items.iter().skip(skipped).take(per_page).map(to_json).collect();
    Reply::json(
        StatusCode::OK,
        json!({
            "page": page,
            "perPage": per_page,
            "totalItems": items.len(),
            "totalPages": items.len().div_ceil(per_page),
            "items": shown,
        }),
    )
}

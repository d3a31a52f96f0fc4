//! `/api/collections`, for superusers only.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Map, Value as Json, json};

use crate::hooks::CollectionAction;
use crate::ops::collections::{self, CreateCollection, ImportCollections, UpdateCollection};
use crate::ops::views::dry_run;
use crate::ops::{Error, automigrate};
use crate::query::Rows;
use crate::schema::{Collection, Field, Secrets, scaffolds_json};
use crate::web::asking;
use crate::web::caller::superuser_of;
use crate::web::{ApiError, Reply, Request, State, committed};

use super::records::list_params;

/// `GET /api/collections`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    asking::about_collections(&state, &request, CollectionAction::List, Map::new()).await?;
    let snapshot = state.backend.snapshot();
    let page = collections::list(snapshot.catalog(), &list_params(&request)?)?;
    let (total, pages) = match page.total {
        None => (-1, -1),
        Some(total) => (total as i64, total.div_ceil(page.per_page) as i64),
    };
    let items: Vec<Json> = page.collections.iter().map(|c| c.to_json(Secrets::Hide)).collect();
    let body = json!({
        "items": items,
        "page": page.page,
        "perPage": page.per_page,
        "totalItems": total,
        "totalPages": pages,
    });
    Ok(Reply::json(StatusCode::OK, body).into_page())
}

/// `POST /api/collections`
pub(crate) async fn create(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await?;
    let asked = asking::about_collections(&state, &request, CollectionAction::Create, body);
    let create = CreateCollection::new(asked.await?);
    let made =
        committed(|done| automigrate::submit(&state.backend, move |tx| create.run(tx), one, done))
            .await?;
    Ok(reply(&made))
}

/// `GET /api/collections/{collection}`
pub(crate) async fn get(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    asking::about_collections(&state, &request, CollectionAction::View, Map::new()).await?;
    let snapshot = state.backend.snapshot();
    let found = snapshot.catalog().find(request.params.get("collection"));
    Ok(reply(found.ok_or(Error::NotFound)?))
}

/// `PATCH /api/collections/{collection}`
pub(crate) async fn update(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await?;
    let asked = asking::about_collections(&state, &request, CollectionAction::Update, body);
    let body = asked.await?;
    let update = UpdateCollection::new(request.params.get("collection"), body);
    let saved =
        committed(|done| automigrate::submit(&state.backend, move |tx| update.run(tx), one, done))
            .await?;
    Ok(reply(&saved))
}

/// `DELETE /api/collections/{collection}`
pub(crate) async fn delete(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    asking::about_collections(&state, &request, CollectionAction::Delete, Map::new()).await?;
    let name = request.params.get("collection").to_owned();
    committed(|done| {
        automigrate::submit(&state.backend, move |tx| collections::delete(tx, &name), one, done);
    })
    .await?;
    state.backend.sweep_soon();
    Ok(Reply::no_content())
}

/// `DELETE /api/collections/{collection}/truncate`
pub(crate) async fn truncate(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let name = request.params.get("collection").to_owned();
    committed(|done| state.backend.submit(move |tx| collections::truncate(tx, &name), done))
        .await?;
    state.backend.sweep_soon();
    Ok(Reply::no_content())
}

/// `PUT /api/collections/import`
pub(crate) async fn import(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let malformed = || ApiError::bad_request("An error occurred while loading the submitted data.");
    let body = request.body_object().await.map_err(|error| {
        if error.status() == StatusCode::BAD_REQUEST { malformed() } else { error }
    })?;
    let asked = asking::about_collections(&state, &request, CollectionAction::Import, body);
    let mut body = asked.await?;
    let delete_missing = match body.get("deleteMissing") {
        None | Some(Json::Null) => false,
        Some(Json::Bool(on)) => *on,
        Some(_) => return Err(malformed()),
    };
    let definitions = match body.remove("collections") {
        None | Some(Json::Null) => Vec::new(),
        Some(Json::Array(items)) => items
            .into_iter()
            .map(|item| match item {
                Json::Object(definition) => Ok(definition),
                _ => Err(malformed()),
            })
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(malformed()),
    };
    let import = ImportCollections::new(definitions, delete_missing);
    committed(|done| automigrate::submit(&state.backend, move |tx| import.run(tx), |_| None, done))
        .await?;
    Ok(Reply::no_content())
}

/// `GET /api/collections/meta/scaffolds`
pub(crate) async fn scaffolds(_state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    Ok(Reply::json(StatusCode::OK, scaffolds_json()))
}

/// `POST /api/collections/meta/dry-run-view`
pub(crate) async fn dry_run_view(
    state: Arc<State>,
    mut request: Request,
) -> Result<Reply, ApiError> {
    superuser_of(&request)?;
    let body = request.body_object().await?;
    let query = body.get("query").and_then(Json::as_str).unwrap_or_default().to_owned();
    let reading = state.backend.reading();
    let tried = state.blocking.run(move || dry_run(&**reading.snapshot(), &query)).await?;
    let fields: Vec<Json> = tried.view.fields.iter().map(Field::to_json).collect();
    let mut text = format!("{{\"fields\":{},\"sample\":[", Json::from(fields)).into_bytes();
    for (at, record) in tried.sample.iter().enumerate() {
        if at > 0 {
            text.push(b',');
        }
        state.records.push(&mut text, record);
    }
    text.extend_from_slice(b"]}");
    Ok(Reply::json_text(StatusCode::OK, text))
}

/// The collection that a request is about, for migrations.
#[expect(clippy::unnecessary_wraps, reason = "the shape that automigrate asks for")]
fn one(collection: &Arc<Collection>) -> Option<&Collection> {
    Some(collection)
}

fn reply(collection: &Collection) -> Reply {
    Reply::json(StatusCode::OK, collection.to_json(Secrets::Hide))
}

//! Keys for programs: `/api/collections/{collection}/api-keys`.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value as Json, json};

use crate::model::Timestamp;
use crate::ops::auth::{ApiKey, ApiKeyForm, CreateApiKey, EndApiKey, list_api_keys};
use crate::query::Rows;
use crate::schema::Catalog;
use crate::web::caller::caller_of;
use crate::web::{ApiError, Reply, Request, State, committed};

use super::auth::{collection_name, in_context};
use super::sessions::{page, record_of};

/// `GET …/api-keys`
pub(crate) async fn list(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let (snapshot, caller) = (state.backend.snapshot(), caller_of(&request));
    let (collection, record) = (request.params.get("collection"), record_of(&request));
    let keys = list_api_keys(&snapshot, state.backend.rules(), &caller, collection, &record)
        .map_err(in_context)?;
    Ok(page(&request.query, &keys, |key| to_json(key, snapshot.catalog())))
}

/// `POST …/api-keys`
pub(crate) async fn create(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = request.body_object().await?;
    let command = CreateApiKey {
        caller: caller_of(&request),
        rules: Arc::clone(state.backend.rules()),
        collection: collection_name(&request),
        record: record_of(&request),
        form: ApiKeyForm::new(body),
    };
    let (key, text) = committed(|done| state.backend.submit(move |tx| command.run(tx), done))
        .await
        .map_err(in_context)?;
    let mut json = to_json(&key, state.backend.snapshot().catalog());
    json["key"] = text.into();
    Ok(Reply::json(StatusCode::OK, json))
}

/// `DELETE …/api-keys/{id}`
pub(crate) async fn end(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let command = EndApiKey {
        caller: caller_of(&request),
        rules: Arc::clone(state.backend.rules()),
        collection: collection_name(&request),
        record: record_of(&request),
        id: request.params.get("id").to_owned(),
    };
    committed(|done| state.backend.submit(move |tx| command.run(tx), done))
        .await
        .map_err(in_context)?;
    Ok(Reply::no_content())
}

fn to_json(key: &ApiKey, catalog: &Catalog) -> Json {
    let date = |date: Option<Timestamp>| date.map(|date| date.to_string()).unwrap_or_default();
    let scope = |(collection, actions): (String, Vec<&str>)| json!({ "collection": collection, "actions": actions });
    json!({
        "id": key.scope.id,
        "name": key.name,
        "prefix": key.prefix,
        "scopes": key.grants(catalog).into_iter().map(scope).collect::<Vec<_>>(),
        "addresses": key.addresses,
        "created": key.created.to_string(),
        "lastUsed": date(key.last_used),
        "expires": date(key.scope.expires),
    })
}

//! What bodies become, and why others are refused.

mod arbitrary;
mod create;
mod refusals;
mod system;
mod update;

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::model::Timestamp;
use crate::schema::system::initial_collections;
use crate::schema::{Catalog, Collection, DefinitionError, create_from_body, update_from_body};

pub(super) fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

#[expect(clippy::needless_pass_by_value, reason = "callers hand over what json! made")]
pub(super) fn object(json: Json) -> Map<String, Json> {
    json.as_object().unwrap().clone()
}

/// Rules that start with `bad` do not compile.
pub(super) fn check_rule(_: &Collection, rule: &str) -> Result<(), String> {
    if rule.starts_with("bad") { Err("unknown field \"bad\"".to_owned()) } else { Ok(()) }
}

pub(super) fn catalog_with(more: Vec<Collection>) -> Catalog {
    Catalog::new(1, initial_collections(now()).into_iter().chain(more).map(Arc::new).collect())
}

pub(super) fn create_in(catalog: &Catalog, body: Json) -> Result<Collection, DefinitionError> {
    create_from_body(catalog, &object(body), now(), &check_rule)
}

pub(super) fn created(body: Json) -> Collection {
    create_in(&catalog_with(Vec::new()), body).unwrap()
}

pub(super) fn updated(old: &Collection, body: Json) -> Result<Collection, DefinitionError> {
    let catalog = catalog_with(vec![old.clone()]);
    update_from_body(&catalog, old, &object(body), now(), &check_rule)
}

pub(super) fn violations<T: std::fmt::Debug>(result: Result<T, DefinitionError>) -> Json {
    match result.unwrap_err() {
        DefinitionError::Invalid(violations) => violations.to_json(),
        DefinitionError::Format(error) => panic!("wrong format: {error}"),
    }
}

/// Asserts that `data` has this violation at a path such as `fields.1.name`, and nothing else.
#[track_caller]
pub(super) fn assert_only(data: &Json, path: &str, code: &str, message: &str) {
    let mut expected = json!({ "code": code, "message": message });
    let mut at = data;
    for name in path.split('.') {
        assert_eq!(at.as_object().map(Map::len), Some(1), "{data}");
        at = &at[name];
    }
    if let Some(params) = at.get("params") {
        expected["params"] = params.clone();
    }
    assert_eq!(at, &expected, "{data}");
}

#[expect(clippy::needless_pass_by_value, reason = "callers hand over what json! made")]
pub(super) fn with_field(field: Json) -> Json {
    json!({ "name": "things", "fields": [field] })
}

pub(super) fn field_json(collection: &Collection, name: &str) -> Json {
    collection.field(name).unwrap().to_json()
}
/// A collection with a bit of everything.
/// A collection with a bit of everything.
pub(super) fn posts() -> Collection {
    created(json!({
        "name": "posts", "listRule": "title != ''", "fields": [
            { "name": "title", "type": "text", "max": 100, "id": "t1" },
            { "name": "state", "type": "select", "values": ["a", "b"], "id": "s1" },
            { "name": "stamp", "type": "autodate", "onCreate": true, "system": true, "id": "d1" },
            { "name": "author", "type": "relation", "collectionId": "_pb_users_auth_" },
        ],
        "indexes": [
            "CREATE INDEX idx_posts_title ON posts (title COLLATE NOCASE) WHERE state != 'b'",
            "create unique index idx_posts_state on posts (state)",
        ],
    }))
}

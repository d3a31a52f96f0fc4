//! What `$app` asks of collections and records.

use serde_json::{Map, Value as Json, json};

use crate::hooks::{Data, Find, Mail, Rejection};
use crate::schema::{Collection, Record, Secrets};

use super::accounts;

/// Records that one call may return.
const LIST_MAX: u64 = 100_000;

/// Answers `data.<verb>`; without any hook, if it is to be quiet.
pub(super) fn ask_as(
    data: &dyn Data,
    verb: &str,
    values: &[Json],
    is_quiet: bool,
) -> Result<Option<Json>, Rejection> {
    if is_quiet { ask(&*data.silently(), verb, values) } else { ask(data, verb, values) }
}

fn ask(data: &dyn Data, verb: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
    if let Some(answer) = accounts::ask(data, verb, values) {
        return answer;
    }
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    let answer = match verb {
        "find" => data.find(text(0), text(1))?.map(|record| stored(&record)).unwrap_or_default(),
        "list" => {
            let whole = |at: usize| values.get(at).and_then(Json::as_u64).unwrap_or_default();
            let limit = match whole(3) {
                0 => LIST_MAX,
                some => some.min(LIST_MAX),
            };
            let find = find_of(values.get(1)).sort(text(2)).limit(limit).offset(whole(4));
            data.list(text(0), &find)?.iter().map(stored).collect()
        }
        "count" => data.count(text(0), &find_of(values.get(1)))?.into(),
        "collection" => collection_json(&*data.collection(text(0))?),
        "collections" => data.collections().iter().map(|c| collection_json(c)).collect(),
        "save" => save(data, values.first().unwrap_or(&Json::Null))?,
        "saveCollection" => {
            let definition = values.first().cloned().unwrap_or_default();
            collection_json(&*data.save_collection(definition)?)
        }
        "createCollection" => {
            let definition = values.first().cloned().unwrap_or_default();
            let text = |name: &str| definition[name].as_str().unwrap_or_default().to_lowercase();
            let (id, name) = (text("id"), text("name"));
            let is_taken = |other: &std::sync::Arc<Collection>| {
                other.id.as_str().to_lowercase() == id || other.name.to_lowercase() == name
            };
            if data.collections().iter().any(is_taken) {
                let message = "Collection name must be unique (case insensitive).";
                return Err(Rejection::field("name", "validation_collection_name_exists", message));
            }
            collection_json(&*data.save_collection(definition)?)
        }
        "importCollections" => {
            let definitions = values.first().and_then(Json::as_array).cloned().unwrap_or_default();
            let delete_missing = values.get(1) == Some(&Json::Bool(true));
            return data.import_collections(definitions, delete_missing).map(|()| None);
        }
        "delete" => return data.delete(text(0), text(1)).map(|()| None),
        "deleteCollection" => return data.delete_collection(text(0)).map(|()| None),
        "settings" => data.settings()?,
        "saveSettings" => data.save_settings(values.first().cloned().unwrap_or_default())?,
        "truncate" => return data.truncate(text(0)).map(|()| None),
        "select" => data.select(text(0))?.into_iter().map(Json::Object).collect(),
        "mail" => return mail(data, values.first().unwrap_or(&Json::Null)),
        _ => return Err(Rejection::new(500, format!("$app cannot {verb}"))),
    };
    Ok(Some(answer))
}

/// A record that is stored, as `js/record.js` takes it.
pub(super) fn stored(record: &Record) -> Json {
    json!({ "collection": record.collection().id.as_str(), "data": values_of(record), "isNew": false })
}

/// A record beside what it was before.
pub(super) fn record_json(record: &Record, old: Option<&Record>, is_new: bool) -> Json {
    json!({
        "collection": record.collection().id.as_str(), "data": values_of(record),
        "old": old.map(values_of), "isNew": is_new,
    })
}

fn values_of(record: &Record) -> Map<String, Json> {
    let mut values = record.to_json();
    values.shift_remove("tokenKey");
    values
}

/// A collection without its secrets.
pub(super) fn collection_json(collection: &Collection) -> Json {
    collection.to_json(Secrets::Hide)
}

fn find_of(filter: Option<&Json>) -> Find {
    let Some(filter) = filter else { return Find::all() };
    let find = Find::filter(filter["filter"].as_str().unwrap_or_default());
    let params = filter["params"].as_object().into_iter().flatten();
    params.fold(find, |find, (name, value)| find.bind(name, value.clone()))
}

fn save(data: &dyn Data, changes: &Json) -> Result<Json, Rejection> {
    let collection = changes["collection"].as_str().unwrap_or_default();
    let mut body = changes["body"].clone();
    if let Some(password) = body.get("password").cloned() {
        body["passwordConfirm"] = password;
    }
    let saved: Record = if changes["isNew"] == json!(true) {
        data.create(collection, body)?
    } else {
        data.update(collection, changes["id"].as_str().unwrap_or_default(), body)?
    };
    Ok(stored(&saved))
}

fn mail(data: &dyn Data, mail: &Json) -> Result<Option<Json>, Rejection> {
    let text = |name: &str| mail[name].as_str().unwrap_or_default().to_owned();
    for to in mail["to"].as_array().into_iter().flatten().filter_map(Json::as_str) {
        data.send_mail(Mail { to: to.to_owned(), subject: text("subject"), html: text("html") })?;
    }
    Ok(None)
}

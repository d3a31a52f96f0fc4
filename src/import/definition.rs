//! Definitions of collections, from the rows of the source.

use std::collections::HashSet;

use rusqlite::Row;
use serde_json::{Map, Value as Json};

use crate::model::{Timestamp, Value};
use crate::schema::values::normalise;
use crate::schema::{
    Collection, DateOptions, Field, FieldKind, IndexError, IndexNumber, index_from_text,
};

use super::column;
use super::error::ImportError;
use super::is_usable_id;
use super::source::Source;
use super::summary::Summary;

/// As many columns as a table of the source can have.
const FIELDS_MAX: usize = 2000;

/// The collections of the source in the order of their making. What is left out is told.
pub(super) fn read_all(
    source: &Source,
    summary: &mut Summary,
) -> Result<Vec<Collection>, ImportError> {
    let mut statement =
        source.connection().prepare("SELECT * FROM _collections ORDER BY _rowid_")?;
    let mut rows = statement.query(())?;
    let mut collections: Vec<Collection> = Vec::new();
    while let Some(row) = rows.next()? {
        let definition = Definition::from_row(row);
        let name = definition.text("name");
        let taken = collections.iter().any(|other| {
            other.id.as_str() == definition.text("id")
                || other.name.to_lowercase() == name.to_lowercase()
        });
        let read = if taken {
            Err("another collection has the same id or name".to_owned())
        } else {
            read(&definition, summary)
        };
        match read {
            Ok(collection) => collections.push(collection),
            Err(why) => {
                let what = format!("the collection was left out with its records: {why}");
                summary.problem(&name, None, None, what);
            }
        }
    }
    Ok(collections)
}

/// One row of the table of collections: its texts by the name of the column.
struct Definition(Map<String, Json>);

impl Definition {
    /// Columns that are null are left out; rules that are null mean that.
    fn from_row(row: &Row<'_>) -> Self {
        let names = row.as_ref().column_names();
        let texts = names.enumerate().filter_map(|(at, name)| {
            let (text, _) = column::text(row.get_ref(at).ok()?)?;
            Some((name.to_owned(), Json::from(text)))
        });
        Self(texts.collect())
    }

    fn text(&self, key: &str) -> String {
        let text = self.0.get(key).and_then(Json::as_str);
        text.unwrap_or_default().to_owned()
    }

    /// The document that the text of a column spells; null when the text is empty.
    fn document(&self, key: &str) -> Result<Json, String> {
        match self.text(key).as_str() {
            "" => Ok(Json::Null),
            text => serde_json::from_str(text).map_err(|error| format!("{key}: {error}")),
        }
    }
}

/// Reads one collection. The error says why that is impossible.
fn read(definition: &Definition, summary: &mut Summary) -> Result<Collection, String> {
    let name = definition.text("name");
    let mut json = match definition.document("options")? {
        Json::Object(options) => options,
        _ => Map::new(),
    };
    for key in
        ["id", "name", "type", "listRule", "viewRule", "createRule", "updateRule", "deleteRule"]
    {
        let value = definition.0.get(key).cloned();
        json.insert(key.to_owned(), value.unwrap_or(Json::Null));
    }
    let is_system = matches!(definition.text("system").as_str(), "1" | "true" | "TRUE");
    json.insert("system".to_owned(), is_system.into());
    for key in ["created", "updated"] {
        let date = date(&definition.text(key)).unwrap_or_else(|| {
            let what = format!("the collection has no date {key}; it became the current one");
            summary.problem(&name, None, None, what);
            Timestamp::now()
        });
        json.insert(key.to_owned(), date.to_string().into());
    }
    json.insert("fields".to_owned(), fields(definition, summary)?);
    json.insert("indexes".to_owned(), Json::Null);
    let mut collection = Collection::from_stored_json(&Json::Object(json))?;
    if !is_usable_id(collection.id.as_str()) {
        return Err("its id is empty or cannot name a folder".to_owned());
    }
    if collection.name.is_empty() {
        return Err("it has no name".to_owned());
    }
    add_indexes(&mut collection, definition, summary)?;
    Ok(collection)
}

/// The definitions of fields that can be read, that of the id first.
fn fields(definition: &Definition, summary: &mut Summary) -> Result<Json, String> {
    let Json::Array(all) = definition.document("fields")? else {
        return Err("it has no list of fields".to_owned());
    };
    if all.len() > FIELDS_MAX {
        return Err(format!("it has more than {FIELDS_MAX} fields"));
    }
    let collection = definition.text("name");
    let (mut ids, mut names) = (HashSet::new(), HashSet::new());
    let mut fields: Vec<Json> = Vec::with_capacity(all.len());
    for mut json in all {
        let fault = match json.as_object().map(Field::from_json) {
            None => Some("is no object".to_owned()),
            Some(Err(error)) => Some(error.to_string()),
            Some(Ok(field)) if field.name.is_empty() => Some("has no name".to_owned()),
            Some(Ok(field)) if !names.insert(field.name.to_lowercase()) => {
                Some("has the name of another".to_owned())
            }
            Some(Ok(field)) => {
                // Only identity across renames hangs on it.
                let mut id = field.id;
                while id.is_empty() || ids.contains(&id) {
                    id = format!("{}{}", field.name, ids.len());
                    json["id"] = id.as_str().into();
                }
                ids.insert(id);
                None
            }
        };
        match fault {
            Some(fault) => {
                let name = json["name"].as_str().unwrap_or("?");
                let what = format!("the field was left out with its values: {fault}");
                summary.problem(&collection, None, Some(name), what);
            }
            None => fields.push(json),
        }
    }
    let id = fields.iter().position(|json| json["name"] == "id" && json["type"] == "text");
    let id = fields.remove(id.ok_or("it has no field id")?);
    fields.insert(0, id);
    Ok(fields.into())
}

/// Adds the indexes that are understood, their text as it is.
fn add_indexes(
    collection: &mut Collection,
    definition: &Definition,
    summary: &mut Summary,
) -> Result<(), String> {
    let texts = definition.document("indexes")?;
    for json in texts.as_array().into_iter().flatten() {
        let text = json.as_str().unwrap_or_default();
        let number = IndexNumber(collection.next_index);
        match index_from_text(text, &collection.fields, number) {
            Ok(index) => {
                collection.indexes.push(index);
                collection.next_index += 1;
            }
            Err(error) => {
                let why = match error {
                    IndexError::Unsupported { reason, .. } => reason,
                    IndexError::Invalid => "it is no CREATE INDEX statement".to_owned(),
                };
                let what = format!("the index {text:?} was left out: {why}");
                summary.problem(&collection.name, None, None, what);
            }
        }
    }
    Ok(())
}

fn date(text: &str) -> Option<Timestamp> {
    let field = Field::new("date", FieldKind::Date(DateOptions::default()));
    match normalise(&field, &Json::from(text)) {
        Value::Date(date) => date,
        _ => None,
    }
}

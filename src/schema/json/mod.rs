//! The JSON form of definitions, the same on the wire and on disk but for the secrets.

mod auth;
mod field;
mod members;
mod reader;
mod writer;

use serde_json::{Map, Value as Json};

use crate::model::{Slot, Timestamp};

use super::index_text::index_from_text;
use super::{Collection, CollectionKind, Field, IndexNumber, Rules};
use members::Members;
pub use reader::FormatError;
use reader::Reader;
use writer::Writer;

/// The most fields of one collection.
pub(super) const MAX_FIELDS: usize = 1000;

/// Whether token secrets and client secrets are part of the JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrets {
    /// For clients.
    Hide,
    /// For the store.
    Show,
}

impl Collection {
    /// The API's JSON. Fields have their keys in alphabetical order; the options of the kind stand
    /// at the same level. Secrets are the members `secret` and `clientSecret` of their objects.
    pub fn to_json(&self, secrets: Secrets) -> Json {
        // The walk that reads also writes, hence wants to be able to change what it visits.
        let mut rules = self.rules.clone();
        let mut kind = self.kind.clone();
        let mut writer = Writer::new(secrets);
        writer.object.insert("id".to_owned(), self.id.as_str().into());
        let Ok(()) = rules.members(&mut writer);
        let mut put = |key: &str, value: Json| {
            writer.object.insert(key.to_owned(), value);
        };
        put("name", self.name.as_str().into());
        put("type", self.type_name().into());
        put("fields", self.fields.iter().map(Field::to_json).collect());
        put("indexes", self.indexes.iter().map(|index| index.text.as_str()).collect());
        put("created", self.created.to_string().into());
        put("updated", self.updated.to_string().into());
        put("system", self.system.into());
        let Ok(()) = kind.members(&mut writer);
        Json::Object(writer.object)
    }

    /// Reads what `to_json(Secrets::Show)` wrote.
    ///
    /// Slots and index numbers are set by position; whoever keeps the real ones hands them to
    /// [`Collection::renumber`] next. The error says what is damaged.
    pub fn from_stored_json(json: &Json) -> Result<Self, String> {
        let object = json.as_object().ok_or("not an object")?;
        Self::read_stored(object).map_err(|error| error.to_string())
    }

    fn read_stored(object: &Map<String, Json>) -> Result<Self, FormatError> {
        let text = |key: &str| {
            let text = object.get(key).and_then(Json::as_str);
            text.ok_or_else(|| FormatError::new(key, "a string"))
        };
        let date = |key: &str| {
            Timestamp::parse(text(key)?).ok_or_else(|| FormatError::new(key, "a date as text"))
        };
        let kind = CollectionKind::from_type_name(text("type")?);
        let mut collection = Self {
            id: text("id")?.into(),
            name: text("name")?.to_owned(),
            system: object.get("system") == Some(&Json::Bool(true)),
            kind: kind.ok_or_else(|| FormatError::new("type", "the type of a collection"))?,
            rules: Rules::default(),
            fields: read_fields(object)?.unwrap_or_default(),
            indexes: Vec::new(),
            created: date("created")?,
            updated: date("updated")?,
            next_slot: 0,
            next_index: 0,
        };
        let mut reader = Reader::new(object);
        collection.rules.members(&mut reader)?;
        collection.kind.members(&mut reader)?;
        for (at, field) in collection.fields.iter_mut().enumerate() {
            field.slot = Slot(at as u16);
        }
        collection.next_slot = collection.fields.len() as u16;
        for (at, text) in read_index_texts(object)?.unwrap_or_default().iter().enumerate() {
            let index = index_from_text(text, &collection.fields, IndexNumber(at as u32));
            let broken = |_| FormatError::new(format!("indexes.{at}"), "an index definition");
            collection.indexes.push(index.map_err(broken)?);
        }
        collection.next_index = collection.indexes.len() as u32;
        Ok(collection)
    }
}

/// The member `fields`, each from zero values; `None` when it is missing or null.
pub(super) fn read_fields(object: &Map<String, Json>) -> Result<Option<Vec<Field>>, FormatError> {
    let Some(json) = object.get("fields").filter(|json| !json.is_null()) else {
        return Ok(None);
    };
    let list = json.as_array().ok_or_else(|| FormatError::new("fields", "a list"))?;
    if list.len() > MAX_FIELDS {
        return Err(FormatError::new("fields", "no more than 1000 fields"));
    }
    let field = |(at, json): (usize, &Json)| {
        let path = format!("fields.{at}");
        let object = json.as_object().ok_or_else(|| FormatError::new(&path, "an object"))?;
        Field::from_json(object).map_err(|error| error.under(&path))
    };
    list.iter().enumerate().map(field).collect::<Result<_, _>>().map(Some)
}

/// The member `indexes`; `None` when it is missing or null.
pub(super) fn read_index_texts(
    object: &Map<String, Json>,
) -> Result<Option<Vec<String>>, FormatError> {
    let mut texts = None;
    let given = object.get("indexes").is_some_and(|json| !json.is_null());
    if given {
        Reader::new(object).optional_texts("indexes", &mut texts)?;
    }
    Ok(texts)
}

/// Reads the rules and the options of the kind over those of `collection`.
pub(super) fn read_rules_and_options(
    object: &Map<String, Json>,
    collection: &mut Collection,
) -> Result<(), FormatError> {
    let mut reader = Reader::new(object);
    collection.rules.members(&mut reader)?;
    collection.kind.members(&mut reader)
}

/// Reads a member that is text over `value`.
pub(super) fn read_text(
    object: &Map<String, Json>,
    key: &str,
    value: &mut String,
) -> Result<(), FormatError> {
    Reader::new(object).text(key, value)
}

/// Reads a member that is a boolean over `value`.
pub(super) fn read_bool(
    object: &Map<String, Json>,
    key: &str,
    value: &mut bool,
) -> Result<(), FormatError> {
    Reader::new(object).bool(key, value)
}

impl Rules {
    fn members<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        members.rule("listRule", &mut self.list)?;
        members.rule("viewRule", &mut self.view)?;
        members.rule("createRule", &mut self.create)?;
        members.rule("updateRule", &mut self.update)?;
        members.rule("deleteRule", &mut self.delete)
    }
}

impl CollectionKind {
    /// The kind called `type_name` with every option zero; `None` when there is no such kind.
    pub(super) fn from_type_name(type_name: &str) -> Option<Self> {
        match type_name {
            "base" => Some(Self::Base),
            "auth" => Some(Self::Auth(Box::default())),
            "view" => Some(Self::View { query: String::new() }),
            _ => None,
        }
    }

    fn members<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        match self {
            Self::Base => Ok(()),
            Self::Auth(options) => options.members(members),
            Self::View { query } => members.text("viewQuery", query),
        }
    }
}

/// A number as JSON has it: whole ones without a fraction.
fn number_json(number: f64) -> Json {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT {
        (number as i64).into()
    } else {
        number.into()
    }
}

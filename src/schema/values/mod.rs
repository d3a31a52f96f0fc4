//! Values of fields: from submitted JSON to typed values and back, and the checks on them.
//!
//! Owns: [`normalise`], [`to_json`], [`check`], and [`apply`], which puts a submitted body into a
//! record. Knows nothing of other records, of storage or of who is asking.
//! Invariant: normalising never fails; what cannot be understood becomes the field's zero value,
//! and only [`check`] refuses. Every length and size is bounded there.
//! Start reading at [`normalise`].

pub mod autogenerate;
mod body;
mod cast;
pub(super) mod date;
mod domains;
mod editor;
mod email;
mod geo;
mod json;
mod list;
mod number;
mod password;
pub mod pattern;
mod record_id;
mod text;
mod url;

use serde_json::{Map, Value as Json};

use super::{Field, FieldKind, Violation};
use crate::model::Value;

pub use body::{Submission, WriteAccess, apply};
pub use date::parse as parse_date;
pub use email::is_email;
pub use password::check_plain as check_plain_password;
pub use record_id::new_record_id;
pub use url::is_url;

/// The pattern of generated record ids unless a collection says otherwise. Such ids are made by
/// [`new_record_id`], which keeps the pattern and adds an order in time.
pub const DEFAULT_ID_PATTERN: &str = "[a-z0-9]{15}";

/// The typed value that `json` means for `field`. What cannot be understood becomes the zero value.
///
/// A password gives its plain text: hashing it is the caller's business. A number may come out as
/// infinite or NaN, which [`check`] refuses.
pub fn normalise(field: &Field, json: &Json) -> Value {
    match &field.kind {
        FieldKind::Text(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Editor(_)
        | FieldKind::Password(_) => Value::Text(cast::to_text(json)),
        FieldKind::Number(_) => Value::Number(cast::to_number(json)),
        FieldKind::Bool => Value::Bool(cast::to_bool(json)),
        FieldKind::Date(_) | FieldKind::Autodate(_) => {
            Value::Date(json.as_str().and_then(date::parse))
        }
        FieldKind::Select(_) | FieldKind::Relation(_) => {
            list::value_of(&field.kind, cast::to_texts(json))
        }
        FieldKind::File(_) => list::value_of(&field.kind, cast::to_file_names(json)),
        FieldKind::Json(_) => json::normalise(json),
        FieldKind::GeoPoint => Value::Geo(geo::normalise(json)),
    }
}

/// The names that `json` means for a field of files, without repetitions.
pub fn file_names(json: &Json) -> Vec<String> {
    cast::to_file_names(json)
}

/// `value` as rules and clients see it: dates as text, documents parsed, `3` rather than `3.0`.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Text(text) => Json::String(text.clone()),
        Value::Number(number) => number::to_json(*number),
        Value::Bool(on) => Json::Bool(*on),
        Value::Date(date) => Json::String(date.map_or_else(String::new, |date| date.to_string())),
        Value::List(items) => items.iter().map(String::as_str).collect(),
        Value::Geo(point) => {
            let mut object = Map::new();
            object.insert("lon".to_owned(), number::to_json(point.lon));
            object.insert("lat".to_owned(), number::to_json(point.lat));
            Json::Object(object)
        }
        Value::Json(text) => serde_json::from_str(text.as_str()).unwrap_or(Json::Null),
    }
}

/// Checks `value` against the options of `field`, as far as the two alone can tell.
///
/// Left to the caller: uniqueness, whether related records exist, uploaded files, plain passwords
/// ([`check_plain_password`]) and that the id of a stored record never changes.
pub fn check(field: &Field, value: &Value) -> Result<(), Violation> {
    if field.required && value.is_zero() && !matches!(field.kind, FieldKind::Autodate(_)) {
        return Err(Violation::required());
    }
    match (&field.kind, value) {
        (FieldKind::Text(options), Value::Text(text)) => text::check(options, text),
        (FieldKind::Email(options), Value::Text(text)) => email::check(options, text),
        (FieldKind::Url(options), Value::Text(text)) => url::check(options, text),
        (FieldKind::Editor(options), Value::Text(text)) => editor::check(options, text),
        (FieldKind::Number(options), Value::Number(number)) => number::check(options, *number),
        (FieldKind::Date(options), Value::Date(date)) => date::check(options, *date),
        (FieldKind::Json(options), Value::Json(document)) => json::check(options, document),
        (FieldKind::GeoPoint, Value::Geo(point)) => geo::check(*point),
        (FieldKind::Select(options), Value::Text(_) | Value::List(_)) => {
            list::check_select(options, value.items())
        }
        (FieldKind::Relation(options), Value::Text(_) | Value::List(_)) => {
            list::check_relation(options, value.items())
        }
        (FieldKind::File(options), Value::Text(_) | Value::List(_)) => {
            list::check_file(options, value.items())
        }
        (FieldKind::Bool, Value::Bool(_))
        | (FieldKind::Autodate(_), Value::Date(_))
        | (FieldKind::Json(_), Value::Null)
        | (FieldKind::Password(_), Value::Text(_)) => Ok(()),
        _ => Err(Violation::new(
            "validation_unsupported_value_type",
            "Invalid or unsupported value type.",
        )),
    }
}

#[cfg(test)]
mod tests;

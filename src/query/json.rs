//! Values inside JSON documents as the filter language sees them.

use std::borrow::Cow;
use std::collections::HashMap;

use serde_json::Value as Json;
use serde_json::value::RawValue;

use crate::model::Scalar;

use super::bound::Step;

/// The value at `path` of a document: text, numbers and bools as such, objects and arrays as
/// their text, null for JSON null and for what is not there.
pub(super) fn extract<'a>(document: &'a str, path: &[Step]) -> Scalar<'a> {
    let found = path.iter().try_fold(document, |text, step| child(text, step));
    found.map_or(Scalar::Null, scalar_of)
}

fn child<'a>(text: &'a str, step: &Step) -> Option<&'a str> {
    let trimmed = text.trim_start();
    match step {
        Step::Key(key) if trimmed.starts_with('{') => {
            let object: HashMap<Cow<'a, str>, &'a RawValue> = serde_json::from_str(text).ok()?;
            object.get(key.as_str()).map(|value| value.get())
        }
        Step::Index(index) if trimmed.starts_with('[') => {
            let array: Vec<&'a RawValue> = serde_json::from_str(text).ok()?;
            array.get(*index).map(|value| value.get())
        }
        _ => None,
    }
}

/// The scalar of a whole document.
fn scalar_of(text: &str) -> Scalar<'_> {
    let text = text.trim();
    match text.as_bytes().first() {
        Some(b'"') => match serde_json::from_str::<Cow<'_, str>>(text) {
            Ok(text) => Scalar::Text(text),
            Err(_) => Scalar::Null,
        },
        Some(b'{' | b'[') => Scalar::text(text),
        Some(b't') => Scalar::Int(1),
        Some(b'f') => Scalar::Int(0),
        Some(b'-' | b'0'..=b'9') => match text.parse() {
            Ok(int) => Scalar::Int(int),
            Err(_) => text.parse().map_or(Scalar::Null, Scalar::Real),
        },
        _ => Scalar::Null,
    }
}

/// The scalar of a JSON value from a request: every number is a double, objects and arrays are
/// their text.
pub(super) fn scalar_of_value(value: &Json) -> Scalar<'static> {
    match value {
        Json::Null => Scalar::Null,
        Json::Bool(on) => Scalar::Int((*on).into()),
        Json::Number(number) => number.as_f64().map_or(Scalar::Null, Scalar::Real),
        Json::String(text) => Scalar::Text(text.clone().into()),
        Json::Array(_) | Json::Object(_) => Scalar::Text(value.to_string().into()),
    }
}

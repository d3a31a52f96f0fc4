//! Columns of the source: what `SQLite` kept, read as the value of a field.

use std::borrow::Cow;

use rusqlite::types::ValueRef;
use serde_json::{Map, Value as Json};

use crate::model::Value;
use crate::schema::values::normalise;
use crate::schema::{Field, FieldKind};

/// A value, and what was wrong with the column it came from.
#[derive(Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) value: Value,
    pub(super) fault: Option<&'static str>,
}

/// The text in `column`; numbers as they are written. `None` for null, and true when bytes that
/// are no text were replaced.
pub(super) fn text(column: ValueRef<'_>) -> Option<(Cow<'_, str>, bool)> {
    let bytes = match column {
        ValueRef::Null => return None,
        ValueRef::Integer(int) => return Some((int.to_string().into(), false)),
        ValueRef::Real(real) => return Some((real.to_string().into(), false)),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
    };
    Some(match std::str::from_utf8(bytes) {
        Ok(text) => (text.into(), false),
        Err(_) => (String::from_utf8_lossy(bytes), true),
    })
}

/// The value of `field` in `column`, as the source itself would read it. Its declared type does not
/// matter. What cannot be read is the zero value, with the fault told.
pub(super) fn value(field: &Field, column: ValueRef<'_>) -> Reading {
    let Some((text, is_damaged)) = text(column) else {
        return Reading { value: field.kind.zero(), fault: None };
    };
    let (value, fault) = match &field.kind {
        FieldKind::Text(_)
        | FieldKind::Email(_)
        | FieldKind::Url(_)
        | FieldKind::Editor(_)
        | FieldKind::Password(_) => (Value::Text(text.into_owned()), None),
        _ => of_kind(field, &text),
    };
    let damage = is_damaged.then_some("has bytes that are no text, which were replaced");
    Reading { value, fault: fault.or(damage) }
}

fn of_kind(field: &Field, text: &str) -> (Value, Option<&'static str>) {
    let value = normalise(field, &Json::String(text.to_owned()));
    let fault = match (&field.kind, &value) {
        _ if text.is_empty() => None,
        (FieldKind::Number(_), Value::Number(number)) => {
            let is_zero = || text.parse::<f64>().is_ok_and(|number| number == 0.0);
            let is_fine = number.is_finite() && (*number != 0.0 || is_zero());
            (!is_fine).then_some("is no number; it became 0")
        }
        (FieldKind::Bool, Value::Bool(on)) => {
            let is_false = || matches!(text, "0" | "0.0" | "f" | "F" | "FALSE" | "false" | "False");
            (!on && !is_false()).then_some("is neither true nor false; it became false")
        }
        (FieldKind::Date(_) | FieldKind::Autodate(_), Value::Date(None)) => {
            // The first instant of year 1 stands for no date.
            (!text.starts_with("0001-01-01")).then_some("is no date; it became empty")
        }
        (FieldKind::GeoPoint, _) => serde_json::from_str::<Map<String, Json>>(text)
            .is_err()
            .then_some("is no geo point; it became 0, 0"),
        (FieldKind::Json(_), _) => {
            let is_broken =
                text.starts_with(['[', '{']) && serde_json::from_str::<Json>(text).is_err();
            is_broken.then_some("is no JSON document; it became a string")
        }
        (FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_), Value::List(_)) => {
            let is_list = || serde_json::from_str::<Vec<Option<String>>>(text).is_ok();
            (text.starts_with('[') && !is_list()).then_some("is no list; it became empty")
        }
        _ => None,
    };
    match (&field.kind, fault) {
        // Broken documents are still texts.
        (_, None) | (FieldKind::Json(_), _) => (value, fault),
        _ => (field.kind.zero(), fault),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{GeoPoint, Timestamp};

    fn kind(type_name: &str, max_select: i64) -> FieldKind {
        let mut kind = FieldKind::from_type_name(type_name).unwrap();
        match &mut kind {
            FieldKind::Select(options) => options.max_select = max_select,
            FieldKind::File(options) => options.max_select = max_select,
            FieldKind::Relation(options) => options.max_select = max_select,
            _ => {}
        }
        kind
    }

    fn read(type_name: &str, max_select: i64, column: ValueRef<'_>) -> Reading {
        value(&Field::new("f", kind(type_name, max_select)), column)
    }

    fn fine(type_name: &str, max_select: i64, column: ValueRef<'_>) -> Value {
        let reading = read(type_name, max_select, column);
        assert_eq!(reading.fault, None, "{type_name} {column:?}");
        reading.value
    }

    fn list(items: &[&str]) -> Value {
        Value::List(items.iter().map(|item| (*item).to_owned()).collect())
    }

    #[test]
    fn null_is_the_zero_value_of_every_kind() {
        for type_name in [
            "text", "number", "bool", "email", "url", "editor", "date", "autodate", "select",
            "file", "relation", "json", "geoPoint", "password",
        ] {
            for max_select in [1, 2] {
                let value = fine(type_name, max_select, ValueRef::Null);
                assert_eq!(value, kind(type_name, max_select).zero(), "{type_name}");
            }
        }
    }

    #[test]
    fn what_sqlite_made_of_a_value_does_not_matter() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        assert_eq!(fine("number", 0, ValueRef::Real(1.5)), Value::Number(1.5));
        assert_eq!(fine("number", 0, ValueRef::Integer(-7)), Value::Number(-7.0));
        assert_eq!(fine("number", 0, text("0.0")), Value::Number(0.0));
        assert_eq!(fine("number", 0, ValueRef::Real(1e300)), Value::Number(1e300));
        for (column, on) in [
            (ValueRef::Integer(1), true),
            (text("true"), true),
            (ValueRef::Integer(0), false),
            (text("false"), false),
            (text(""), false),
        ] {
            assert_eq!(fine("bool", 0, column), Value::Bool(on));
        }
        assert_eq!(fine("text", 0, ValueRef::Integer(12)), Value::Text("12".into()));
        assert_eq!(fine("text", 0, ValueRef::Blob(b"ab")), Value::Text("ab".into()));
        let Value::Json(json) = fine("json", 0, ValueRef::Integer(5)) else {
            panic!("no document");
        };
        assert_eq!(json.as_str(), "5");
        let Value::Json(json) = fine("json", 0, text("{\"b\": 1.50,\r\n \"a\": \" \"}")) else {
            panic!("no document");
        };
        assert_eq!(json.as_str(), r#"{"b":1.50,"a":" "}"#);
        assert_eq!(fine("json", 0, text("null")), Value::Null);
        let date = Timestamp::parse("2022-10-01 12:00:00.000Z");
        assert_eq!(fine("date", 0, text("2022-10-01 12:00:00.000Z")), Value::Date(date));
        assert_eq!(fine("date", 0, text("2022-10-01T12:00:00Z")), Value::Date(date));
        let point = GeoPoint { lon: 2.0, lat: 1.0 };
        assert_eq!(fine("geoPoint", 0, text("{\"lat\":1,\"lon\":2}")), Value::Geo(point));
    }

    #[test]
    fn fields_that_were_multiple_or_single_before_are_read_alike() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        assert_eq!(fine("relation", 1, text("[\"a\",\"b\"]")), Value::Text("b".into()));
        assert_eq!(fine("relation", 2, text("a")), list(&["a"]));
        assert_eq!(fine("file", 2, text("[\"b\",\"\",\"a\",\"b\"]")), list(&["b", "a"]));
        assert_eq!(fine("select", 2, text("")), list(&[]));
    }

    #[test]
    fn what_cannot_be_read_is_zero_and_told() {
        let text = |text: &'static str| ValueRef::Text(text.as_bytes());
        for (type_name, column) in [
            ("number", text("abc")),
            ("number", ValueRef::Real(f64::INFINITY)),
            ("bool", text("maybe")),
            ("date", text("yesterday")),
            ("date", ValueRef::Integer(5)),
            ("geoPoint", text("[1,2]")),
            ("select", text("[1,{}]")),
        ] {
            let reading = read(type_name, 2, column);
            assert!(reading.fault.is_some(), "{type_name}");
            assert_eq!(reading.value, kind(type_name, 2).zero(), "{type_name}");
        }
        let reading = read("json", 0, text("{broken"));
        assert!(reading.fault.is_some());
        assert!(matches!(reading.value, Value::Json(json) if json.as_str() == "\"{broken\""));
        let reading = read("text", 0, ValueRef::Text(b"a\xffb"));
        assert!(reading.fault.is_some());
        assert_eq!(reading.value, Value::Text("a\u{fffd}b".into()));
        assert_eq!(fine("date", 0, text("0001-01-01 00:00:00.000Z")), Value::Date(None));
    }
}

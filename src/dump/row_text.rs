//! A row as the JSON object of its values, as long as the same row comes of it again.

use std::collections::HashMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::model::{GeoPoint, JsonText, Row, RowBuf, RowWriter, Slot, Timestamp, Value};
use crate::schema::Collection;

/// The fields of a collection by name and by slot.
#[derive(Debug)]
pub(super) struct RowText {
    slots: u16,
    by_name: HashMap<String, (Slot, Value)>,
    by_slot: HashMap<Slot, (String, Value)>,
}

impl RowText {
    pub(super) fn new(collection: &Collection) -> Self {
        let fields = || collection.fields.iter().map(|f| (f.slot, f.name.clone(), f.kind.zero()));
        Self {
            slots: collection.next_slot,
            by_name: fields().map(|(slot, name, zero)| (name, (slot, zero))).collect(),
            by_slot: fields().map(|(slot, name, zero)| (slot, (name, zero))).collect(),
        }
    }

    /// How many slots a row has that does not say otherwise.
    pub(super) fn slots(&self) -> u16 {
        self.slots
    }

    /// The values of the row as a JSON object from which [`Self::read`] makes the same bytes; `None`
    /// when that does not work: for a row that still has values of removed fields, for one.
    pub(super) fn write(&self, row: Row<'_>) -> Option<String> {
        let mut text = String::from("{");
        for slot in row.slots_in_order() {
            let (name, zero) = self.by_slot.get(&slot)?;
            if text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::to_string(name).ok()?);
            text.push(':');
            text.push_str(&value_text(&row.value(slot, zero.clone()))?);
        }
        text.push('}');
        // A line break may stand between the tokens of a document that came from elsewhere.
        let is_same = !text.contains('\n')
            && self.read(&text, row.slot_count()).is_ok_and(|it| it.as_bytes() == row.bytes());
        is_same.then_some(text)
    }

    /// The row of so many slots with these values. The error says what is wrong.
    pub(super) fn read(&self, json: &str, slots: u16) -> Result<RowBuf, String> {
        let Members(members) = serde_json::from_str(json).map_err(|error| error.to_string())?;
        let mut writer = RowWriter::new(slots);
        let mut seen = vec![false; usize::from(slots)];
        for (name, json) in members {
            let (slot, zero) =
                self.by_name.get(&*name).ok_or_else(|| format!("there is no field {name:?}"))?;
            match seen.get_mut(usize::from(slot.0)) {
                Some(seen) if !*seen => *seen = true,
                _ => return Err(format!("there is no slot for the value of {name:?}")),
            }
            let value = value(zero, json)
                .ok_or_else(|| format!("the value of {name:?} is not of the field's kind"))?;
            writer.set(*slot, &value);
        }
        Ok(writer.finish())
    }
}

fn value_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Null => return None,
        Value::Text(text) => serde_json::to_string(text),
        Value::Number(number) => serde_json::to_string(number),
        Value::Bool(on) => serde_json::to_string(on),
        Value::Date(date) => return date.map(|date| format!("\"{date}\"")),
        Value::List(items) => serde_json::to_string(items),
        Value::Geo(point) => serde_json::to_string(&[point.lon, point.lat]),
        Value::Json(json) => return Some(json.as_str().to_owned()),
    };
    text.ok()
}

/// The value that the text stands for in a field with this zero value.
fn value(zero: &Value, json: &RawValue) -> Option<Value> {
    let text = json.get();
    Some(match zero {
        Value::Null | Value::Json(_) => Value::Json(JsonText::trusted(text)),
        Value::Text(_) => Value::Text(serde_json::from_str(text).ok()?),
        Value::Number(_) => Value::Number(serde_json::from_str(text).ok()?),
        Value::Bool(_) => Value::Bool(serde_json::from_str(text).ok()?),
        Value::Date(_) => {
            let text: String = serde_json::from_str(text).ok()?;
            Value::Date(Some(Timestamp::parse(&text)?))
        }
        Value::List(_) => Value::List(serde_json::from_str(text).ok()?),
        Value::Geo(_) => {
            let [lon, lat] = serde_json::from_str(text).ok()?;
            Value::Geo(GeoPoint { lon, lat })
        }
    })
}

/// The members of an object in order, their values as they are spelled.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    /// A collection with a field of each sort of value, in slots 0 to 7.
    fn collection() -> Collection {
        let kinds = ["text", "number", "bool", "date", "json", "geoPoint", "select", "text"];
        let field = |(at, kind): (usize, &&str)| json!({"id": format!("f{at}"), "name": format!("n\"{at}"), "type": kind, "maxSelect": 5});
        let fields: Vec<_> = kinds.iter().enumerate().map(field).collect();
        let json = json!({
            "id": "c", "name": "c", "type": "base", "fields": fields, "indexes": [],
            "created": "2022-10-10 09:49:46.145Z", "updated": "2022-10-10 09:49:46.145Z",
        });
        Collection::from_stored_json(&json).unwrap()
    }

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<String>().prop_map(Value::Text),
            any::<f64>().prop_map(Value::Number),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(|ms| Value::Date(Some(Timestamp::from_millis(ms)))),
            ".{0,100}".prop_map(|text| Value::Json(JsonText::trusted(text))),
            any::<String>().prop_map(|text| {
                let text = serde_json::to_string(&json!({"a": [text, 1.0]})).unwrap();
                Value::Json(JsonText::trusted(text))
            }),
            any::<(f64, f64)>().prop_map(|(lon, lat)| Value::Geo(GeoPoint { lon, lat })),
            proptest::collection::vec(".{0,90}", 0..5).prop_map(Value::List),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_reads_as_the_same_bytes(
            values in proptest::collection::vec((0u16..12, any_value()), 0..12),
            slots in 8u16..12,
        ) {
            let collection = collection();
            let shape = RowText::new(&collection);
            let mut writer = RowWriter::new(slots);
            let (mut seen, mut all_fit) = (vec![false; 12], true);
            for (slot, value) in values {
                if slot < slots && !std::mem::replace(&mut seen[usize::from(slot)], true) {
                    writer.set(Slot(slot), &value);
                    let zero = collection.field_at(Slot(slot)).map(|field| field.kind.zero());
                    all_fit &= match (zero, &value) {
                        (Some(Value::Text(_)), Value::Text(_))
                        | (Some(Value::Bool(_)), Value::Bool(_))
                        | (Some(Value::Date(_)), Value::Date(_))
                        | (Some(Value::List(_)), Value::List(_)) => true,
                        (Some(Value::Number(_)), Value::Number(number)) => number.is_finite(),
                        _ => false,
                    };
                }
            }
            let row = writer.finish();
            let text = shape.write(row.as_row());
            if let Some(text) = &text {
                let again = shape.read(text, slots).unwrap();
                prop_assert_eq!(again.as_bytes(), row.as_bytes());
                prop_assert!(!text.contains('\n'));
            }
            prop_assert!(text.is_some() || !all_fit, "a good row was not written as text");
        }

        #[test]
        fn garbage_never_panics(text in ".{0,60}", slots in 0u16..12) {
            let shape = RowText::new(&collection());
            let _ = shape.read(&text, slots);
            let _ = shape.read(&format!("{{\"n\\\"1\":{text}}}"), slots);
        }

        #[test]
        fn damaged_rows_are_not_taken_for_good_ones(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let shape = RowText::new(&collection());
            let row = Row::new(&bytes);
            if let Some(text) = shape.write(row) {
                let again = shape.read(&text, row.slot_count()).unwrap();
                prop_assert_eq!(again.as_bytes(), &bytes[..]);
            }
        }
    }
}

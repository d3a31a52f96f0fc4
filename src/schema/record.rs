//! A record in memory: one value per field of its collection.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::{Row, RowBuf, RowWriter, Value};

use super::{Collection, Field, FieldKind, values};

/// A record in memory. Every field has a value; fields never set hold their zero value.
#[derive(Debug, Clone)]
pub struct Record {
    collection: Arc<Collection>,
    /// Parallel to `collection.fields`.
    values: Vec<Value>,
}

impl Record {
    /// A record whose values are all zero.
    pub fn new(collection: Arc<Collection>) -> Self {
        let values = collection.fields.iter().map(|field| field.kind.zero()).collect();
        Self { collection, values }
    }

    /// The record that `row` encodes.
    pub fn from_row(collection: Arc<Collection>, row: Row<'_>) -> Self {
        let value = |field: &Field| row.value(field.slot, field.kind.zero());
        let values = collection.fields.iter().map(value).collect();
        Self { collection, values }
    }

    /// The record as a row.
    pub fn to_row(&self) -> RowBuf {
        let mut writer = RowWriter::new(self.collection.next_slot);
        for (field, value) in self.fields() {
            writer.set(field.slot, value);
        }
        writer.finish()
    }

    /// Its collection.
    pub fn collection(&self) -> &Arc<Collection> {
        &self.collection
    }

    /// Its id; empty when not yet given.
    pub fn id(&self) -> &str {
        self.text("id")
    }

    /// The value of the field called `name`.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.position(name).map(|at| &self.values[at])
    }

    /// The text of the field called `name`; empty when there is none.
    pub fn text(&self, name: &str) -> &str {
        self.get(name).and_then(Value::as_text).unwrap_or("")
    }

    /// Whether the bool field called `name` is true.
    pub fn is_true(&self, name: &str) -> bool {
        matches!(self.get(name), Some(Value::Bool(true)))
    }

    /// Sets the field called `name`; false when there is no such field. Nothing is checked: a value
    /// of another kind than the field's is refused when the record is saved.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> bool {
        let position = self.position(name);
        if let Some(at) = position {
            self.values[at] = value.into();
        }
        position.is_some()
    }

    /// Sets the field called `name` to what `json` means for it; false when there is no such field.
    pub fn set_json(&mut self, name: &str, json: &Json) -> bool {
        let position = self.position(name);
        if let Some(at) = position {
            self.values[at] = values::normalise(&self.collection.fields[at], json);
        }
        position.is_some()
    }

    /// All fields as JSON, hidden ones too, in the order of the collection; no passwords.
    pub fn to_json(&self) -> Map<String, Json> {
        let shown = |(field, _): &(&Field, &Value)| !matches!(field.kind, FieldKind::Password(_));
        let member =
            |(field, value): (&Field, &Value)| (field.name.clone(), values::to_json(value));
        self.fields().filter(shown).map(member).collect()
    }

    /// What a body has to say for `old` to become this record; without `old`, for this record to be
    /// made. Dates that the server sets are left out.
    pub fn changes_from(&self, old: Option<&Self>) -> Map<String, Json> {
        let differs = |(field, value): &(&Field, &Value)| match old {
            _ if matches!(field.kind, FieldKind::Autodate(_)) => false,
            Some(old) => old.get(&field.name) != Some(*value),
            None => !value.is_zero(),
        };
        let member =
            |(field, value): (&Field, &Value)| (field.name.clone(), values::to_json(value));
        self.fields().filter(differs).map(member).collect()
    }

    /// Fields and values in the order of the collection.
    pub fn fields(&self) -> impl Iterator<Item = (&Field, &Value)> {
        self.collection.fields.iter().zip(&self.values)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.collection.fields.iter().position(|field| field.name == name)
    }
}

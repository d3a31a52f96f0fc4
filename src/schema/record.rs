//! A record in memory: one value per field of its collection.

use std::sync::Arc;

use crate::model::{Row, RowBuf, RowWriter, Value};

use super::{Collection, Field};

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

    /// Sets the field called `name`; false when there is no such field.
    pub fn set(&mut self, name: &str, value: Value) -> bool {
        let position = self.position(name);
        if let Some(at) = position {
            self.values[at] = value;
        }
        position.is_some()
    }

    /// Fields and values in the order of the collection.
    pub fn fields(&self) -> impl Iterator<Item = (&Field, &Value)> {
        self.collection.fields.iter().zip(&self.values)
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.collection.fields.iter().position(|field| field.name == name)
    }
}

//! What hooks hear of writes that came to nothing.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::schema::Collection;

use super::{Action, CollectionChange, Payload, RecordChange, Rejection};
use crate::schema::Record;

/// A write of a record that was begun and of which nothing is kept: because a check, a hook or the
/// store said no, or because what it was a part of was taken back.
#[derive(Debug, Clone)]
pub struct RecordFailure {
    /// What was to be done.
    pub action: Action,
    /// The record as it was to be.
    pub record: Record,
    /// The record as it is stored, when it was to be changed.
    pub old: Option<Arc<Record>>,
    /// Whose request it was.
    pub caller: Arc<Caller>,
    /// Why, without what only the log says.
    pub error: Arc<Rejection>,
}

impl RecordFailure {
    /// A change that was made and then taken back.
    pub fn taken_back(change: &RecordChange, error: Arc<Rejection>) -> Self {
        let RecordChange { action, record, old, caller } = change.clone();
        Self { action, record, old, caller, error }
    }
}

/// A write of a collection that was begun and of which nothing is kept.
#[derive(Debug, Clone)]
pub struct CollectionFailure {
    /// What was to be done.
    pub action: Action,
    /// What was sent; empty when it was to be removed, or was made and then taken back.
    pub definition: Map<String, Json>,
    /// The collection as it is stored; as it was to be, when it was made and then taken back.
    pub collection: Option<Arc<Collection>>,
    /// Why, without what only the log says.
    pub error: Arc<Rejection>,
}

impl CollectionFailure {
    /// A change that was made and then taken back.
    pub fn taken_back(change: &CollectionChange, error: Arc<Rejection>) -> Self {
        let CollectionChange { action, collection } = change.clone();
        Self { action, definition: Map::new(), collection: Some(collection), error }
    }
}

impl Payload for RecordFailure {
    fn collection(&self) -> Option<&Collection> {
        Some(self.record.collection())
    }
}

impl Payload for CollectionFailure {
    fn collection(&self) -> Option<&Collection> {
        self.collection.as_deref()
    }
}

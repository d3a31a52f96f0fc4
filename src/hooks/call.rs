//! What hooks get to see of requests about collections and settings, and of batches.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::schema::Collection;

use super::Payload;

/// What a request asks of collections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CollectionAction {
    /// A page of collections.
    List,
    /// One collection.
    View,
    /// A new collection.
    Create,
    /// A change.
    Update,
    /// A delete.
    Delete,
    /// Many definitions at once.
    Import,
}

impl CollectionAction {
    pub(super) const COUNT: usize = Self::Import as usize + 1;
}

/// A request of a superuser about collections, before anything is done about it.
#[derive(Debug)]
pub struct CollectionCall {
    /// What it asks.
    pub action: CollectionAction,
    /// The collection, where the request names one that is there.
    pub collection: Option<Arc<Collection>>,
    /// What was sent: a definition; for imports `collections` and `deleteMissing`. Changes count.
    pub body: Map<String, Json>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A batch about to be run, before any of its steps is looked at.
#[derive(Debug)]
pub struct BatchCall {
    /// The steps as they were sent: `method`, `url`, `headers` and `body` each. Changes count, but the
    /// number of steps stays.
    pub requests: Vec<Json>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// Settings about to be shown.
#[derive(Debug)]
pub struct SettingsRead {
    /// The settings without secrets. Changes count for this answer.
    pub settings: Map<String, Json>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// Settings that were changed and are in force now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsReload {
    /// The settings without secrets.
    pub settings: Json,
}

macro_rules! about_no_collection {
    ($($payload:ty)*) => {$(
        impl Payload for $payload {
            fn collection(&self) -> Option<&Collection> {
                None
            }
        }
    )*};
}

about_no_collection! { BatchCall SettingsRead SettingsReload }

impl Payload for CollectionCall {
    fn collection(&self) -> Option<&Collection> {
        self.collection.as_deref()
    }
}

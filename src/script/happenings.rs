//! What scripts see of failures, and of requests about collections, settings and batches.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::access::Caller;
use crate::hooks::{
    Action, BatchCall, CollectionAction, CollectionCall, CollectionFailure, Data, RecordFailure,
    Rejection, SettingsRead, SettingsReload,
};

use super::data::{collection_json, record_json};
use super::members::{Scripted, kind_of};

/// Why something failed, as `e.error` shows it.
fn told(error: &Arc<Rejection>) -> Json {
    let message = match error.message() {
        "" => "Something went wrong.",
        message => message,
    };
    json!({ "status": error.status(), "message": message, "data": error.fields() })
}

impl Scripted for RecordFailure {
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        let is_new = self.action == Action::Create;
        Some(record_json(&self.record, self.old.as_deref(), is_new))
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        match name {
            "error" => Some(told(&self.error)),
            "type" => Some(kind_of(self.action)),
            _ => None,
        }
    }
}

impl Scripted for CollectionFailure {
    /// As it was to be.
    fn collection_shown(&self) -> Option<Json> {
        let mut shown = match self.collection.as_deref().map(collection_json) {
            Some(Json::Object(members)) => members,
            _ => Map::new(),
        };
        shown.extend(self.definition.clone());
        Some(shown.into())
    }

    fn member(&self, name: &str) -> Option<Json> {
        match name {
            "error" => Some(told(&self.error)),
            "type" => Some(kind_of(self.action)),
            "definition" => Some(self.definition.clone().into()),
            _ => None,
        }
    }
}

impl Scripted for CollectionCall {
    fn collection_shown(&self) -> Option<Json> {
        let mut shown = match self.collection.as_deref().map(collection_json) {
            Some(Json::Object(members)) => members,
            _ if self.action == CollectionAction::Create => Map::new(),
            _ => return None,
        };
        shown.extend(self.body.clone());
        Some(shown.into())
    }

    fn set_collection(&mut self, definition: Map<String, Json>) {
        if matches!(self.action, CollectionAction::Create | CollectionAction::Update) {
            self.body = definition;
        }
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn body(&self) -> Option<&Map<String, Json>> {
        Some(&self.body)
    }

    fn member(&self, name: &str) -> Option<Json> {
        match (self.action, name) {
            (CollectionAction::Import, "collectionsData") => self.body.get("collections").cloned(),
            (CollectionAction::Import, "deleteMissing") => {
                Some(self.body.get(name).cloned().unwrap_or(Json::Bool(false)))
            }
            _ => None,
        }
    }

    fn set_member(&mut self, name: &str, value: Json) {
        let key = match name {
            "collectionsData" => "collections",
            "deleteMissing" => "deleteMissing",
            _ => return,
        };
        if self.action == CollectionAction::Import {
            self.body.insert(key.to_owned(), value);
        }
    }
}

impl Scripted for BatchCall {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "batch").then(|| self.requests.clone().into())
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("batch", Json::Array(requests)) = (name, value) {
            self.requests = requests;
        }
    }
}

impl Scripted for SettingsRead {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "settings").then(|| self.settings.clone().into())
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("settings", Json::Object(settings)) = (name, value) {
            self.settings = settings;
        }
    }
}

impl Scripted for SettingsReload {
    fn member(&self, name: &str) -> Option<Json> {
        (name == "settings").then(|| self.settings.clone())
    }
}

//! What the payloads of hooks show to scripts, and let them change.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::access::Caller;
use crate::hooks::{
    Action, AuthCall, BackupCall, CollectionChange, CollectionWrite, Data, Enrichment,
    FileDownload, FileToken, MailSend, Payload, RealtimeConnect, RealtimeMessage,
    RealtimeSubscribe, RecordChange, RecordWrite, RequestAction, RequestCall, ServerCall,
    SettingsWrite,
};
use crate::schema::{Collection, FieldKind, Record};

use super::accounts;
use super::data::{collection_json, record_json, stored};

/// A payload that scripts can see.
pub(super) trait Scripted: Payload {
    /// Whether it happens inside a transaction.
    const IN_TRANSACTION: bool = false;

    /// The record that it is about.
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        None
    }

    /// Changes the record.
    fn set_record(&mut self, _changes: &Map<String, Json>) {}

    /// The collection that it is about.
    fn collection_shown(&self) -> Option<Json> {
        self.collection().map(collection_json)
    }

    /// Who asks.
    fn caller(&self) -> Option<&Caller> {
        None
    }

    /// What was sent.
    fn body(&self) -> Option<&Map<String, Json>> {
        None
    }

    /// Another member.
    fn member(&self, name: &str) -> Option<Json> {
        self.body()?.get(name).cloned()
    }

    /// Changes another member.
    fn set_member(&mut self, _name: &str, _value: Json) {}

    /// Changes the collection: what it shall be.
    fn set_collection(&mut self, _definition: Map<String, Json>) {}

    /// Has fields left out or shown.
    fn show(&mut self, _hide: &[&str], _show: &[&str]) {}
}

/// Whether a value is for a file field and more than names.
fn brings_files(record: &Record, name: &str, value: &Json) -> bool {
    let is_new = |value: &Json| value.is_object();
    let field = record.collection().field(name);
    field.is_some_and(|field| matches!(field.kind, FieldKind::File(_)))
        && (is_new(value) || value.as_array().is_some_and(|items| items.iter().any(is_new)))
}

/// What an action is called in `e.type`.
pub(super) fn kind_of(action: Action) -> Json {
    format!("{action:?}").to_lowercase().into()
}

fn set_fields(record: &mut Record, changes: &Map<String, Json>) {
    for (name, value) in changes {
        record.set_json(name, value);
    }
}

impl Scripted for RecordWrite {
    const IN_TRANSACTION: bool = true;

    fn record(&self, _data: &dyn Data) -> Option<Json> {
        let is_new = self.action == Action::Create;
        Some(record_json(&self.record, self.old.as_deref(), is_new))
    }

    fn set_record(&mut self, changes: &Map<String, Json>) {
        for (name, value) in changes {
            self.brought.shift_remove(name);
            if brings_files(&self.record, name, value) {
                self.brought.insert(name.clone(), value.clone());
            } else {
                self.record.set_json(name, value);
            }
        }
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "type").then(|| kind_of(self.action))
    }
}

impl Scripted for RecordChange {
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        Some(record_json(&self.record, self.old.as_deref(), false))
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "type").then(|| kind_of(self.action))
    }
}

impl Scripted for CollectionWrite {
    const IN_TRANSACTION: bool = true;

    /// As it shall be: what it is, with what was sent over it.
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
            "definition" => Some(self.definition.clone().into()),
            "type" => Some(kind_of(self.action)),
            _ => None,
        }
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("definition", Json::Object(definition)) = (name, value) {
            self.definition = definition;
        }
    }

    fn set_collection(&mut self, definition: Map<String, Json>) {
        if self.action != Action::Delete {
            self.definition = definition;
        }
    }
}

impl Scripted for CollectionChange {
    fn member(&self, name: &str) -> Option<Json> {
        (name == "type").then(|| kind_of(self.action))
    }
}

impl Scripted for RequestCall {
    fn record(&self, data: &dyn Data) -> Option<Json> {
        let new = || Record::new(Arc::clone(&self.collection));
        let (mut record, old) = match self.action {
            RequestAction::List => return None,
            RequestAction::Create => (new(), None),
            RequestAction::View | RequestAction::Update | RequestAction::Delete => {
                let found = data.find(self.collection.id.as_str(), &self.id).ok()??;
                (found.clone(), Some(found))
            }
        };
        set_fields(&mut record, &self.body);
        Some(record_json(&record, old.as_ref(), old.is_none()))
    }

    fn set_record(&mut self, changes: &Map<String, Json>) {
        for (name, value) in changes {
            self.body.insert(name.clone(), value.clone());
            // What a handler sets is not what a modifier in the body is for.
            self.body.shift_remove(&format!("{name}+"));
            self.body.shift_remove(&format!("{name}-"));
            self.body.shift_remove(&format!("+{name}"));
            if name == "password" {
                self.body.insert("passwordConfirm".to_owned(), value.clone());
            }
        }
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn body(&self) -> Option<&Map<String, Json>> {
        Some(&self.body)
    }
}

impl Scripted for AuthCall {
    fn record(&self, data: &dyn Data) -> Option<Json> {
        accounts::subject(self, data).as_ref().map(stored)
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn body(&self) -> Option<&Map<String, Json>> {
        Some(&self.body)
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if self.body.contains_key(name) {
            self.body.insert(name.to_owned(), value);
        }
    }
}

impl Scripted for Enrichment {
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        Some(stored(&self.record))
    }

    fn set_record(&mut self, changes: &Map<String, Json>) {
        for (name, value) in changes {
            self.add(name, value.clone());
        }
    }

    fn show(&mut self, hide: &[&str], show: &[&str]) {
        for name in show {
            Self::show(self, name);
        }
        for name in hide {
            self.hide(name);
        }
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }
}

impl Scripted for MailSend {
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        self.about.as_ref().map(|about| stored(&about.record))
    }

    fn member(&self, name: &str) -> Option<Json> {
        if name == "meta" {
            return Some(self.about.as_ref()?.meta.clone().into());
        }
        let to = json!([{ "address": self.to, "name": "" }]);
        (name == "message").then(|| json!({ "to": to, "subject": self.subject, "html": self.html }))
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if name != "message" {
            return;
        }
        let text = |value: &Json| value.as_str().map(str::to_owned);
        if let Some(to) = text(&value["to"][0]["address"]).or_else(|| text(&value["to"][0])) {
            self.to = to;
        }
        self.subject = text(&value["subject"]).unwrap_or_default();
        self.html = text(&value["html"]).unwrap_or_default();
    }
}

impl Scripted for FileDownload {
    fn record(&self, data: &dyn Data) -> Option<Json> {
        let found = data.find(self.collection.id.as_str(), &self.record_id).ok()??;
        Some(stored(&found))
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "servedName").then(|| self.name.clone().into())
    }
}

impl Scripted for FileToken {
    fn record(&self, _data: &dyn Data) -> Option<Json> {
        self.record.as_ref().map(stored)
    }

    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }
}

impl Scripted for RealtimeConnect {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "address").then(|| self.address.to_string().into())
    }
}

impl Scripted for RealtimeSubscribe {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn member(&self, name: &str) -> Option<Json> {
        match name {
            "subscriptions" => Some(json!(self.topics)),
            "clientId" => Some(self.client_id.clone().into()),
            _ => None,
        }
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("subscriptions", Some(topics)) = (name, value.as_array()) {
            let texts = topics.iter().filter_map(Json::as_str).map(str::to_owned);
            self.topics = texts.collect();
        }
    }
}

impl Scripted for RealtimeMessage {
    fn member(&self, name: &str) -> Option<Json> {
        match name {
            "message" => Some(json!({ "name": self.topic, "data": self.data })),
            "clientId" => Some(self.client_id.clone().into()),
            _ => None,
        }
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if name == "message" {
            value["name"].as_str().unwrap_or_default().clone_into(&mut self.topic);
            value["data"].as_str().unwrap_or_default().clone_into(&mut self.data);
        }
    }
}

impl Scripted for SettingsWrite {
    fn caller(&self) -> Option<&Caller> {
        Some(&self.caller)
    }

    fn body(&self) -> Option<&Map<String, Json>> {
        Some(&self.body)
    }

    fn member(&self, name: &str) -> Option<Json> {
        (name == "newSettings").then(|| self.body.clone().into())
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("newSettings", Json::Object(body)) = (name, value) {
            self.body = body;
        }
    }
}

impl Scripted for BackupCall {
    fn member(&self, name: &str) -> Option<Json> {
        (name == "name").then(|| self.name.clone().into())
    }

    fn set_member(&mut self, name: &str, value: Json) {
        if let ("name", Json::String(value)) = (name, value) {
            self.name = value;
        }
    }
}

impl Scripted for ServerCall {
    fn member(&self, name: &str) -> Option<Json> {
        (name == "address").then(|| self.address.map(|address| address.to_string()).into())
    }
}

/// What `e.requestInfo()` shows of a caller.
pub(super) fn info(caller: Option<&Caller>, body: Option<&Map<String, Json>>) -> Json {
    let Some(caller) = caller else { return Json::Null };
    let request = caller.request();
    let auth = caller.auth().map(|auth| {
        let collection: &Arc<Collection> = &auth.collection;
        stored(&Record::from_row(Arc::clone(collection), auth.row.as_row()))
    });
    let text = |address: Option<std::net::IpAddr>| address.map(|address| address.to_string());
    json!({
        "path": request.path, "ip": text(request.address), "remote": text(request.remote),
        "method": request.method, "context": request.context.as_str(), "query": request.query,
        "headers": request.headers, "body": body.unwrap_or(&request.body), "auth": auth,
        "isSuperuser": caller.is_superuser() && caller.auth().is_some(),
    })
}

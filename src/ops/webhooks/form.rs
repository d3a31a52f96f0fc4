//! What superusers send to set up a webhook.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::outbound::{Outbound, Reach};
use crate::query::{Filter, Scope};
use crate::schema::{Catalog, Violation, Violations};

use super::hook::Webhook;
use super::{Error, Failure};

/// Longest name, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Longest URL, in bytes.
const URL_BYTES_MAX: usize = 2000;
/// Longest filter, in bytes.
const FILTER_BYTES_MAX: usize = 3500;
/// Headers of one hook.
const HEADERS_MAX: usize = 20;
/// Longest name or value of a header, in bytes.
const HEADER_BYTES_MAX: usize = 1024;
/// What a hook can hear of.
const EVENTS: [&str; 3] = ["create", "update", "delete"];
/// Headers that are ours or the connection's.
const RESERVED_HEADERS: [&str; 7] = [
    "host",
    "content-length",
    "content-type",
    "connection",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// What superusers send to set up a webhook: `name`, `collection`, `events`, `url`, `filter`, `headers`
/// and `enabled`.
#[derive(Debug, Clone)]
pub struct WebhookForm {
    body: Map<String, Json>,
    url_fault: Option<String>,
}

impl WebhookForm {
    /// The form in this body; `outbound` says which addresses may be called.
    pub fn new(body: Map<String, Json>, outbound: &Outbound) -> Self {
        let url = body.get("url").and_then(Json::as_str).filter(|url| !url.is_empty());
        let checked = url.map(|url| outbound.check(Reach::Public, url));
        let url_fault = checked.and_then(Result::err).map(|error| error.to_string());
        Self { body, url_fault }
    }

    /// Puts what was sent into `hook`; what was left out stays. `is_new` says that it has nothing yet.
    pub(super) fn fill(
        &self,
        hook: &mut Webhook,
        catalog: &Arc<Catalog>,
        is_new: bool,
    ) -> Result<(), Error> {
        let mut found = Violations::new();
        let required = |name: &str| is_new || self.body.contains_key(name);
        if required("name") {
            hook.name = self.text("name", NAME_BYTES_MAX, true, &mut found);
        }
        if required("collection") {
            self.fill_collection(hook, catalog, is_new, &mut found);
        }
        if required("events") {
            self.fill_events(hook, &mut found);
        }
        if required("url") {
            hook.url = self.text("url", URL_BYTES_MAX, true, &mut found);
            if let Some(fault) = &self.url_fault {
                let message = format!("Must be the address of a web server: {fault}.");
                found.add("url", Violation::new("validation_invalid_url", message));
            }
        }
        if self.body.contains_key("filter") {
            hook.filter = self.text("filter", FILTER_BYTES_MAX, false, &mut found);
        }
        if self.body.contains_key("headers") {
            self.fill_headers(hook, &mut found);
        }
        match self.body.get("enabled") {
            None => {}
            Some(Json::Bool(enabled)) => {
                hook.enabled = *enabled;
                hook.disabled_reason.clear();
            }
            Some(_) => found.add("enabled", Violation::invalid_value()),
        }
        if found.is_empty()
            && !hook.filter.is_empty()
            && let Some(collection) = catalog.by_id(&hook.collection)
        {
            let scope = Scope::Client { superuser: true };
            if let Err(error) = Filter::compile(catalog, collection, &hook.filter, scope) {
                let message = format!("Invalid filter: {error}.");
                found.add("filter", Violation::new("validation_invalid_filter", message));
            }
        }
        found.into_result().map_err(|violations| Error::Rejected(Failure::Form, violations))
    }

    fn text(&self, name: &str, max: usize, is_required: bool, found: &mut Violations) -> String {
        match self.body.get(name) {
            Some(Json::String(text)) if text.len() > max => {
                let message = format!("The length must be no more than {max}.");
                let violation = Violation::new("validation_length_too_long", message);
                found.add(name, violation.with("max", max).with("min", 0));
            }
            Some(Json::String(text)) if !text.is_empty() => return text.clone(),
            None | Some(Json::Null | Json::String(_)) => {
                if is_required {
                    found.add(name, Violation::required());
                }
            }
            Some(_) => found.add(name, Violation::invalid_value()),
        }
        String::new()
    }

    fn fill_collection(
        &self,
        hook: &mut Webhook,
        catalog: &Catalog,
        is_new: bool,
        found: &mut Violations,
    ) {
        let name = match self.body.get("collection") {
            Some(Json::String(name)) if !name.is_empty() => name,
            _ => return found.add("collection", Violation::required()),
        };
        match catalog.find(name) {
            // Records of views are never written, and those of system collections are ours.
            Some(known) if !known.system && !known.is_view() => {
                if is_new {
                    known.id.as_str().clone_into(&mut hook.collection);
                } else if hook.collection != known.id.as_str() {
                    let message = "The collection of a webhook cannot be changed.";
                    let code = "validation_collection_change";
                    found.add("collection", Violation::new(code, message));
                }
            }
            _ => {
                let message = "Missing or invalid collection.";
                found.add("collection", Violation::new("validation_invalid_collection", message));
            }
        }
    }

    fn fill_events(&self, hook: &mut Webhook, found: &mut Violations) {
        let Some(Json::Array(items)) = self.body.get("events") else {
            return found.add("events", Violation::required());
        };
        let is_sent = |event: &&str| items.iter().any(|item| item == *event);
        let known: Vec<String> =
            EVENTS.iter().copied().filter(is_sent).map(str::to_owned).collect();
        let is_known = |item: &Json| item.as_str().is_some_and(|item| EVENTS.contains(&item));
        if !items.iter().all(is_known) {
            let message = "Must be some of create, update and delete.";
            found.add("events", Violation::new("validation_in_invalid", message));
        } else if known.is_empty() {
            found.add("events", Violation::required());
        }
        hook.events = known;
    }

    fn fill_headers(&self, hook: &mut Webhook, found: &mut Violations) {
        hook.headers = BTreeMap::new();
        let headers = match self.body.get("headers") {
            None | Some(Json::Null) => return,
            Some(Json::Object(headers)) => headers,
            Some(_) => return found.add("headers", Violation::invalid_value()),
        };
        if headers.len() > HEADERS_MAX {
            let message = format!("Must be no more than {HEADERS_MAX}.");
            let violation = Violation::new("validation_length_too_long", message);
            return found.add("headers", violation.with("max", HEADERS_MAX).with("min", 0));
        }
        for (name, value) in headers {
            let name = name.to_ascii_lowercase();
            let value = value.as_str().filter(|value| is_header_value(value));
            match value {
                Some(value) if is_header_name(&name) => {
                    hook.headers.insert(name, value.to_owned());
                }
                _ => found.add_at(&["headers", &name], Violation::invalid_value()),
            }
        }
    }
}

fn is_header_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    !name.is_empty()
        && name.len() <= HEADER_BYTES_MAX
        && name.bytes().all(is_token)
        && !name.starts_with("webhook-")
        && !RESERVED_HEADERS.contains(&name)
}

fn is_header_value(value: &str) -> bool {
    value.len() <= HEADER_BYTES_MAX && value.bytes().all(|b| matches!(b, b' '..=b'~'))
}

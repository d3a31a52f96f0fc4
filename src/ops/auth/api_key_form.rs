//! What a client sends to get an API key.

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::ops::Failure;
use crate::query::{KeyGrant, Verb};
use crate::schema::{Catalog, Violation, Violations, values};
use crate::settings::is_address_or_subnet;

use super::Error;
use super::api_keys::EVERY_COLLECTION;

/// Longest name of a key, in bytes.
const NAME_BYTES_MAX: usize = 100;
/// Collections that a key can be for, one by one.
const GRANTS_MAX: usize = 50;
/// Addresses that a key can be bound to.
const ADDRESSES_MAX: usize = 50;
/// Stands for every action.
const EVERY_ACTION: &str = "*";

/// What a client sends to get an API key.
#[derive(Debug, Clone)]
pub struct ApiKeyForm {
    body: Map<String, Json>,
}

/// A form that was found to be in order.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) name: String,
    pub(super) grants: Vec<KeyGrant>,
    pub(super) addresses: Vec<String>,
    pub(super) expires: Option<Timestamp>,
}

impl ApiKeyForm {
    /// The form in this body: `name`, `scopes`, `addresses` and `expires`.
    pub fn new(body: Map<String, Json>) -> Self {
        Self { body }
    }

    /// What it asks for, or everything that is wrong with it.
    pub(super) fn check(&self, catalog: &Catalog, now: Timestamp) -> Result<Checked, Error> {
        let mut found = Violations::new();
        let checked = Checked {
            name: self.name(&mut found),
            grants: self.grants(catalog, &mut found),
            addresses: self.addresses(&mut found),
            expires: self.expires(now, &mut found),
        };
        found.into_result().map_err(|violations| Error::Rejected(Failure::Form, violations))?;
        Ok(checked)
    }

    fn name(&self, found: &mut Violations) -> String {
        match self.body.get("name") {
            Some(Json::String(name)) if name.len() > NAME_BYTES_MAX => {
                found.add("name", too_long(NAME_BYTES_MAX));
            }
            Some(Json::String(name)) if !name.is_empty() => return name.clone(),
            None | Some(Json::Null | Json::String(_)) => found.add("name", Violation::required()),
            Some(_) => found.add("name", invalid()),
        }
        String::new()
    }

    fn grants(&self, catalog: &Catalog, found: &mut Violations) -> Vec<KeyGrant> {
        let Some(scopes) = list(&self.body, "scopes", GRANTS_MAX, found) else { return Vec::new() };
        if scopes.is_empty() {
            found.add("scopes", Violation::required());
        }
        let mut grants = Vec::new();
        for (at, scope) in scopes.iter().enumerate() {
            let at = at.to_string();
            let mut note = |member, violation| found.add_at(&["scopes", &at, member], violation);
            let name = scope.get("collection").and_then(Json::as_str).unwrap_or("");
            let collection = match name {
                "" => {
                    note("collection", Violation::required());
                    continue;
                }
                EVERY_COLLECTION => None,
                name => match catalog.find(name) {
                    // Nobody gets into system collections with a key.
                    Some(collection) if !collection.system => Some(collection.id.clone()),
                    _ => {
                        let message = "Missing or invalid collection.";
                        let code = "validation_invalid_collection";
                        note("collection", Violation::new(code, message));
                        continue;
                    }
                },
            };
            match verbs(scope.get("actions")) {
                Ok(verbs) => grants.push(KeyGrant { collection, verbs }),
                Err(violation) => note("actions", violation),
            }
        }
        grants
    }

    fn addresses(&self, found: &mut Violations) -> Vec<String> {
        let items = list(&self.body, "addresses", ADDRESSES_MAX, found).unwrap_or_default();
        let mut addresses = Vec::new();
        for (at, item) in items.iter().enumerate() {
            if let Some(text) = item.as_str().filter(|text| is_address_or_subnet(text)) {
                addresses.push(text.to_owned());
            } else {
                let message = "Must be an IP address or a subnet.";
                let violation = Violation::new("validation_invalid_ip", message);
                found.add_at(&["addresses", &at.to_string()], violation);
            }
        }
        addresses
    }

    fn expires(&self, now: Timestamp, found: &mut Violations) -> Option<Timestamp> {
        let json = match self.body.get("expires") {
            None | Some(Json::Null) => return None,
            Some(Json::String(text)) if text.is_empty() => return None,
            Some(json) => json,
        };
        let instant = json.as_str().and_then(values::parse_date);
        match instant {
            None => {
                let message = "Must be a valid date.";
                found.add("expires", Violation::new("validation_invalid_date", message));
            }
            Some(instant) if instant <= now => {
                let message = "Must be in the future.";
                found.add("expires", Violation::new("validation_past_date", message));
            }
            Some(instant) => return Some(instant),
        }
        None
    }
}

fn verbs(json: Option<&Json>) -> Result<Vec<Verb>, Violation> {
    let names = json.and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    if names.is_empty() {
        return Err(Violation::required());
    }
    let mut wanted = Vec::new();
    for name in names {
        match name.as_str() {
            Some(EVERY_ACTION) => wanted.extend(Verb::ALL),
            Some(name) => match Verb::ALL.into_iter().find(|verb| verb.as_str() == name) {
                Some(verb) => wanted.push(verb),
                None => return Err(in_invalid()),
            },
            None => return Err(in_invalid()),
        }
    }
    Ok(Verb::ALL.into_iter().filter(|verb| wanted.contains(verb)).collect())
}

/// A list that may be missing; `None` when it is none or too long.
fn list<'a>(
    body: &'a Map<String, Json>,
    name: &str,
    max: usize,
    found: &mut Violations,
) -> Option<&'a [Json]> {
    match body.get(name) {
        None | Some(Json::Null) => Some(&[]),
        Some(Json::Array(items)) if items.len() <= max => Some(items),
        Some(Json::Array(_)) => {
            found.add(name, too_long(max));
            None
        }
        Some(_) => {
            found.add(name, invalid());
            None
        }
    }
}

fn too_long(max: usize) -> Violation {
    let message = format!("The length must be no more than {max}.");
    Violation::new("validation_length_too_long", message).with("max", max).with("min", 0)
}

fn in_invalid() -> Violation {
    Violation::new("validation_in_invalid", "Must be a valid value.")
}

fn invalid() -> Violation {
    Violation::new("validation_invalid_value", "Invalid value.")
}

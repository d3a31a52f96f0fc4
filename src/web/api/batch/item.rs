//! One item of a batch: what was sent, and the step that it is.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Map, Value as Json};

use crate::access::{Caller, RuleCache};
use crate::hooks::RequestAction;
use crate::ops::batch::{Refusal, Step, Upsert, Write, exists};
use crate::ops::files::Upload;
use crate::ops::records::{DeleteRecord, Expand, Intent, Precondition, WriteRecord};
use crate::query::{self, AuthRow, Context, Rows, Texts};
use crate::schema::{Violation, Violations};
use crate::web::api::records::takes_file;
use crate::web::caller::{auth_of, header_key, headers_of};
use crate::web::middleware::limits::Limits;
use crate::web::{FieldsPicker, Query, Request};

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];
const URL_BYTES_MAX: usize = 2000;

/// An item as it was sent.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Item {
    method: Option<String>,
    url: Option<String>,
    headers: Option<HashMap<String, Option<String>>>,
    pub(super) body: Option<Map<String, Json>>,
    /// Files that came beside the items, with keys as in a form of this item alone.
    #[serde(skip)]
    pub(super) uploads: Vec<Upload>,
}

impl Item {
    fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("")
    }

    /// A header that was sent with the item itself.
    fn own_header(&self, name: &str) -> Option<&str> {
        let mut all = self.headers.iter().flatten();
        let (_, value) = all.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        value.as_deref()
    }

    fn url(&self) -> &str {
        self.url.as_deref().unwrap_or("")
    }

    /// The item as it was sent, without files.
    pub(super) fn to_json(&self) -> Json {
        serde_json::json!({
            "method": self.method(), "url": self.url(), "headers": self.headers, "body": self.body,
        })
    }

    /// Takes over what `json` says, but the files.
    pub(super) fn become_like(&mut self, json: Json) -> Result<(), serde_json::Error> {
        let uploads = std::mem::take(&mut self.uploads);
        *self = Self { uploads, ..serde_json::from_value(json)? };
        Ok(())
    }

    /// The collection, what is asked of it, and the record; `None` when it is no known action.
    pub(super) fn aim(&self) -> Option<(&str, RequestAction, &str)> {
        let target = Target::of(self.method(), self.url())?;
        let (action, id) = match target.action {
            Action::Create | Action::Upsert => (RequestAction::Create, ""),
            Action::Update(id) => (RequestAction::Update, id),
            Action::Delete(id) => (RequestAction::Delete, id),
        };
        Some((target.collection, action, id))
    }

    /// Whether it is an update when the record is there.
    pub(super) fn is_upsert(&self) -> bool {
        let target = Target::of(self.method(), self.url());
        target.is_some_and(|target| target.action == Action::Upsert)
    }
}

/// Reads the list of items; what is null is as if it was not sent.
pub(super) fn decode(json: Json) -> Result<Vec<Item>, serde_json::Error> {
    if let Some(items) = json.as_array()
        && items.iter().any(Json::is_array)
    {
        // The decoder would take a list for the members of an item in order.
        return Err(serde::de::Error::custom("an item is no object"));
    }
    let items: Option<Vec<Option<Item>>> = serde_json::from_value(json)?;
    Ok(items.unwrap_or_default().into_iter().map(Option::unwrap_or_default).collect())
}

/// Gives each item the files that came for it, under keys such as `requests.0.document`. Others
/// are dropped.
pub(super) fn distribute(items: &mut [Item], files: Vec<Upload>) {
    for mut file in files {
        let Some((at, key)) = target_of_file(&file.key) else { continue };
        let key = key.to_owned();
        if let Some(item) = items.get_mut(at) {
            file.key = key;
            item.uploads.push(file);
        }
    }
}

/// The position of the item and the key in its form that the key of a file names.
pub(super) fn target_of_file(key: &str) -> Option<(usize, &str)> {
    let (at, key) = key.strip_prefix("requests.")?.split_once('.')?;
    Some((at.parse().ok()?, key))
}

/// What is wrong with the items themselves, whatever they would do.
pub(super) fn check(items: &[Item], count_max: i64) -> Result<(), Violations> {
    let too_long = |max: i64| {
        let message = format!("The length must be no more than {max}.");
        Violation::new("validation_length_too_long", message).with("max", max).with("min", 0)
    };
    if items.is_empty() {
        return Err(Violations::of("requests", Violation::required()));
    }
    if items.len() as i64 > count_max {
        return Err(Violations::of("requests", too_long(count_max)));
    }
    let mut found = Violations::new();
    for (at, item) in items.iter().enumerate() {
        let at = at.to_string();
        if item.method().is_empty() {
            found.add_at(&["requests", &at, "method"], Violation::required());
        } else if !METHODS.contains(&item.method()) {
            let violation = Violation::new("validation_in_invalid", "Must be a valid value.");
            found.add_at(&["requests", &at, "method"], violation);
        }
        if item.url().is_empty() {
            found.add_at(&["requests", &at, "url"], Violation::required());
        } else if item.url().len() > URL_BYTES_MAX {
            found.add_at(&["requests", &at, "url"], too_long(URL_BYTES_MAX as i64));
        }
    }
    found.into_result()
}

/// What all items share with the request that brought them.
pub(super) struct Outer<'a> {
    headers: Texts,
    auth: Option<AuthRow>,
    address: Option<IpAddr>,
    remote: IpAddr,
    rules: &'a Arc<RuleCache>,
    rows: &'a dyn Rows,
    limits: &'a Limits<'a>,
}

impl<'a> Outer<'a> {
    pub(super) fn new(
        request: &Request,
        rules: &'a Arc<RuleCache>,
        rows: &'a dyn Rows,
        limits: &'a Limits<'a>,
    ) -> Self {
        Self {
            headers: headers_of(request),
            auth: auth_of(request).cloned(),
            address: request.address,
            remote: request.remote,
            rules,
            rows,
            limits,
        }
    }

    /// The step that `item` is, and what its answer is to be cut down to.
    pub(super) fn step(&self, mut item: Item) -> (Step, Option<FieldsPicker>) {
        let body = item.body.take().unwrap_or_default();
        let mut uploads = std::mem::take(&mut item.uploads);
        let refused = |refusal| (Step::Refused(refusal), None);
        let Some(target) = Target::of(item.method(), item.url()) else {
            return refused(Refusal::UnknownAction);
        };
        let query = Query::parse(target.query);
        let Ok(picker) = query.get("fields").map(FieldsPicker::parse).transpose() else {
            return refused(Refusal::Unusable("Invalid fields parameter."));
        };
        let collection = self.rows.catalog().find(target.collection);
        uploads.retain(|upload| {
            let fields = collection.iter().filter(|found| !found.is_view());
            fields.flat_map(|found| &found.fields).any(|field| takes_file(field, &upload.key))
        });
        if item.own_header("idempotency-key").is_some() {
            let why = "The header Idempotency-Key is not supported inside of a batch.";
            return refused(Refusal::Unusable(why));
        }
        // That of the request as a whole says nothing about this record.
        let precondition = Precondition::parse(item.own_header("if-match"));
        let headers = self.merged_headers(item.headers.as_ref());
        let caller = |method: &str| self.caller((method, target.path), &query, &headers);
        let write = |method: &str, intent: Intent, body: Map<String, Json>| {
            let caller = caller(method);
            let rules = Arc::clone(self.rules);
            Write {
                record: WriteRecord::new(caller.clone(), rules, target.collection, intent, body)
                    .with_uploads(uploads.clone())
                    .only_if(precondition.clone()),
                caller,
                expand: Expand::parse(query.get("expand").unwrap_or("")),
            }
        };
        let path = target.path;
        let (admitted, step) = match target.action {
            Action::Create => (
                self.admits(&target, "create", ("POST", path)),
                Step::Write(Box::new(write("POST", Intent::Create, body))),
            ),
            Action::Update(id) => (
                self.admits(&target, "update", ("PATCH", path)),
                Step::Write(Box::new(write("PATCH", Intent::Update { id: id.to_owned() }, body))),
            ),
            Action::Delete(id) => {
                let rules = Arc::clone(self.rules);
                let delete = DeleteRecord::new(caller("DELETE"), rules, target.collection, id)
                    .only_if(precondition.clone());
                (self.admits(&target, "delete", ("DELETE", path)), Step::Delete(delete))
            }
            Action::Upsert => {
                let id = text_of(body.get("id"));
                // A record that an earlier item makes is counted as a create, too.
                let admitted = if exists(self.rows, target.collection, &id).unwrap_or(false) {
                    self.admits(&target, "update", ("PATCH", &format!("{path}/{id}")))
                } else {
                    self.admits(&target, "create", ("POST", path))
                };
                let update = write("PATCH", Intent::Update { id: id.clone() }, body.clone());
                let create = write("POST", Intent::Create, body);
                let collection = target.collection.to_owned();
                (admitted, Step::Upsert(Box::new(Upsert { collection, id, update, create })))
            }
        };
        if admitted { (step, picker) } else { refused(Refusal::TooManyRequests) }
    }

    /// Counts the item; true also when there is no such collection, which its turn will tell.
    fn admits(&self, target: &Target<'_>, action: &str, place: (&str, &str)) -> bool {
        let collection = self.rows.catalog().find(target.collection);
        collection.is_none_or(|found| self.limits.admit_action(found, &[action], "", place))
    }

    /// The headers of the request, with those of the item over them. Who asks cannot change.
    fn merged_headers(&self, own: Option<&HashMap<String, Option<String>>>) -> Texts {
        let Some(own) = own.filter(|own| !own.is_empty()) else { return self.headers.clone() };
        let own =
            own.iter().map(|(name, value)| (header_key(name), value.as_deref().unwrap_or("")));
        let own: Vec<_> = own.filter(|(key, _)| key != "authorization").collect();
        // The first of a name counts.
        let own = own.iter().map(|(name, value)| (name.as_str(), *value));
        own.chain(self.headers.iter()).collect()
    }

    fn caller(&self, (method, path): (&str, &str), query: &Query, headers: &Texts) -> Arc<Caller> {
        Arc::new(Caller::new(query::Request {
            method: method.to_owned(),
            context: Context::Batch,
            query: query.texts().clone(),
            headers: headers.clone(),
            body: Map::new(),
            auth: self.auth.clone(),
            path: path.to_owned(),
            address: self.address,
            remote: Some(self.remote),
        }))
    }
}

/// What an item is aimed at.
#[derive(Debug, PartialEq)]
struct Target<'a> {
    collection: &'a str,
    action: Action<'a>,
    path: &'a str,
    query: &'a str,
}

/// What an item does; with the id of its record.
#[derive(Debug, PartialEq)]
enum Action<'a> {
    Create,
    Upsert,
    Update(&'a str),
    Delete(&'a str),
}

impl<'a> Target<'a> {
    /// Reads method and URL. Nothing in them is decoded.
    fn of(method: &str, url: &'a str) -> Option<Self> {
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let parts: Vec<&str> = path.strip_prefix("/api/collections/")?.split('/').collect();
        if parts.contains(&"") {
            return None;
        }
        let (collection, action) = match (method, &parts[..]) {
            ("POST", [collection, "records"]) => (collection, Action::Create),
            ("PUT", [collection, "records"]) => (collection, Action::Upsert),
            ("PATCH", [collection, "records", id]) => (collection, Action::Update(id)),
            ("DELETE", [collection, "records", id]) => (collection, Action::Delete(id)),
            _ => return None,
        };
        Some(Self { collection, action, path, query })
    }
}

/// The text that an id was meant to be.
fn text_of(json: Option<&Json>) -> String {
    match json {
        Some(Json::String(text)) => text.clone(),
        Some(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn four_actions_are_known_and_nothing_is_decoded() {
        let target = |collection, action, path, query| Target { collection, action, path, query };
        let (many, one) = ("/api/collections/a%20b/records", "/api/collections/a/records/x.y");
        assert_eq!(
            Target::of("POST", "/api/collections/a%20b/records?x=/1?2"),
            Some(target("a%20b", Action::Create, many, "x=/1?2"))
        );
        assert_eq!(Target::of("PUT", many), Some(target("a%20b", Action::Upsert, many, "")));
        assert_eq!(Target::of("PATCH", one), Some(target("a", Action::Update("x.y"), one, "")));
        assert_eq!(Target::of("DELETE", one), Some(target("a", Action::Delete("x.y"), one, "")));
        for (method, url) in [
            ("GET", many),
            ("GET", one),
            ("PUT", one),
            ("POST", one),
            ("PATCH", many),
            ("post", many),
            ("POST", "/api/collections/a/records/"),
            ("POST", "/api/collections//records"),
            ("POST", "http://h/api/collections/a/records"),
            ("POST", "api/collections/a/records"),
            ("DELETE", "/api/collections/a"),
            ("DELETE", "/api/collections/a/records/b/c"),
            ("POST", "/api/batch"),
        ] {
            assert_eq!(Target::of(method, url), None, "{method} {url}");
        }
    }

    #[test]
    fn items_are_checked_one_by_one() {
        let refusals = |json: Json, max| match check(&decode(json).unwrap(), max) {
            Ok(()) => json!({}),
            Err(violations) => violations.to_json()["requests"].clone(),
        };
        for empty in [json!(null), json!([])] {
            assert_eq!(refusals(empty, 5)["code"], "validation_required");
        }
        assert_eq!(refusals(json!([{}, {}]), 1)["code"], "validation_length_too_long");
        let long = "x".repeat(2001);
        let found = refusals(
            json!([{"method": "GET", "url": "/"}, null, {"method": "get", "url": long}]),
            5,
        );
        assert!(found.get("0").is_none());
        assert_eq!(found["1"]["method"]["code"], "validation_required");
        assert_eq!(found["1"]["url"]["code"], "validation_required");
        assert_eq!(found["2"]["method"]["code"], "validation_in_invalid");
        assert_eq!(found["2"]["url"]["code"], "validation_length_too_long");
    }

    #[test]
    fn what_is_not_shaped_like_items_cannot_be_read() {
        for json in [
            json!({}),
            json!("x"),
            json!([1]),
            json!([["POST", "/"]]),
            json!([{"method": 1}]),
            json!([{"headers": {"a": 1}}]),
            json!([{"body": []}]),
        ] {
            assert!(decode(json.clone()).is_err(), "{json}");
        }
    }
}

//! Changes of collections as JavaScript, in the form of the original's migration files: servers of
//! both kinds can run them.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::schema::system::initial_collections;
use crate::schema::{Collection, Secrets};

use super::difference;

/// The file that makes `collection`.
pub(super) fn creation(collection: &Collection) -> String {
    migration(&making(collection), &removing(collection))
}

/// The file that removes `collection`. The way back makes it anew, without its records.
pub(super) fn deletion(collection: &Collection) -> String {
    migration(&removing(collection), &making(collection))
}

/// The file that makes `new` of `old`; `None` when they differ in nothing that counts.
pub(super) fn update(old: &Collection, new: &Collection) -> Option<String> {
    let (before, after) = (definition(old), definition(new));
    let (up, down) =
        (difference::statements(&before, &after), difference::statements(&after, &before));
    let body = |collection: &Collection, statements: &[String]| {
        let (id, steps) = (quoted(collection.id.as_str()), statements.join("\n\n  "));
        format!(
            "const collection = app.findCollectionByNameOrId({id})\n\n  {steps}\n\n  return \
             app.save(collection)"
        )
    };
    (!up.is_empty()).then(|| migration(&body(old, &up), &body(new, &down)))
}

/// The file that makes all collections be like `after` when they are like `before`: for changes
/// that depend on each other. The way up leaves alone what nothing happened to.
pub(super) fn import(before: &[Arc<Collection>], after: &[Arc<Collection>]) -> String {
    let twin = |all: &[Arc<Collection>], one: &Collection| {
        all.iter().find(|other| other.id == one.id).cloned()
    };
    let has_shrunk = before.iter().any(|old| {
        twin(after, old).is_none_or(|new| {
            old.fields.iter().any(|field| new.fields.iter().all(|other| other.id != field.id))
        })
    });
    let is_changed = |new: &&Arc<Collection>| {
        twin(before, new).is_none_or(|old| definition(&old) != definition(new))
    };
    let up = if has_shrunk {
        importing(after.iter(), true)
    } else {
        importing(after.iter().filter(is_changed), false)
    };
    migration(&up, &importing(before.iter(), true))
}

/// The file that gives a new data folder these collections. There is no way back.
pub(super) fn snapshot(collections: &[Arc<Collection>]) -> String {
    let mut up = importing(collections.iter(), false);
    // What a new folder has and this one has not. Nothing else is taken away anywhere.
    for initial in initial_collections(crate::model::Timestamp::now()) {
        let id = quoted(initial.id.as_str());
        let find = format!("app.findAllCollections().find((one) => one.id === {id})");
        let Some(kept) = collections.iter().find(|one| one.id == initial.id) else {
            let _ = write!(up, "\n\n  const gone = {find};\n  if (gone) app.delete(gone);");
            continue;
        };
        let is_gone = |name: &str| kept.fields.iter().all(|field| field.name != name);
        let gone: Vec<_> =
            initial.fields.iter().filter(|field| !field.system && is_gone(&field.name)).collect();
        if gone.is_empty() {
            continue;
        }
        let _ = write!(up, "\n\n  const kept = {find};");
        for field in gone {
            let _ = write!(up, "\n  kept.fields.removeById({});", quoted(field.id.as_str()));
        }
        up.push_str("\n  app.save(kept);");
    }
    migration(&up, "return null;")
}

/// A definition as files have it: without dates, secrets and login providers, as those have secrets.
fn definition(collection: &Collection) -> Map<String, Json> {
    let mut json = collection.to_json(Secrets::Hide);
    if let Some(oauth2) = json.get_mut("oauth2").and_then(Json::as_object_mut) {
        oauth2.remove("providers");
    }
    let Json::Object(mut members) = sorted(json) else { return Map::new() };
    members.retain(|name, _| name != "created" && name != "updated");
    members
}

/// The same with the members of all objects in the order of their names.
fn sorted(json: Json) -> Json {
    match json {
        Json::Object(members) => {
            let mut members: Vec<_> = members.into_iter().collect();
            members.sort_by(|a, b| a.0.cmp(&b.0));
            members.into_iter().map(|(name, value)| (name, sorted(value))).collect()
        }
        Json::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

fn making(collection: &Collection) -> String {
    let definition = pretty(&definition(collection).into());
    format!("const collection = new Collection({definition});\n\n  return app.save(collection);")
}

fn removing(collection: &Collection) -> String {
    let id = quoted(collection.id.as_str());
    format!(
        "const collection = app.findCollectionByNameOrId({id});\n\n  return app.delete(collection);"
    )
}

fn importing<'a>(
    collections: impl Iterator<Item = &'a Arc<Collection>>,
    delete_missing: bool,
) -> String {
    let definitions = collections.map(|one| Json::Object(definition(one))).collect();
    let last = format!("app.importCollections(snapshot, {delete_missing});");
    format!("const snapshot = {};\n\n  {last}", pretty(&definitions))
}

fn migration(up: &str, down: &str) -> String {
    format!("migrate((app) => {{\n  {up}\n}}, (app) => {{\n  {down}\n}})\n")
}

/// JSON as it stands two spaces deep in a file.
pub(super) fn pretty(json: &Json) -> String {
    // No line break of a text is in the way: JSON has them escaped.
    format!("{json:#}").replace('\n', "\n  ")
}

/// A text as JavaScript.
pub(super) fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}

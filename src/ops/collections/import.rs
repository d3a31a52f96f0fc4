//! Bringing many collections to what a list of definitions says.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::hooks::Action;
use crate::model::{CollectionId, Timestamp};
use crate::ops::hooked::collections as hooked;
use crate::ops::settings;
use crate::query::Rows;
use crate::schema::{Catalog, Collection, Draft, FormatError, Violation, Violations};
use crate::store::{Tx, WriteError};

use super::delete::remove;
use super::rename::RenameAll;
use super::rules::RuleCheck;
use super::{Error, Failure, views};

/// Definitions in one import. Each is checked against all others.
const DEFINITIONS_MAX: usize = 1000;

/// An import of definitions: all of them or none. May run more than once; only one run is
/// committed.
#[derive(Debug)]
pub struct ImportCollections {
    definitions: Vec<Map<String, Json>>,
    delete_missing: bool,
    now: Timestamp,
}

impl ImportCollections {
    /// An import of `definitions`, each found by its id or else its name. Fields that a definition
    /// leaves out stay, unless `delete_missing`: then they go, and so do collections that are not
    /// in the list; what is part of the system stays always.
    pub fn new(definitions: Vec<Map<String, Json>>, delete_missing: bool) -> Self {
        Self { definitions, delete_missing, now: Timestamp::now() }
    }

    /// Checks all definitions, then makes and changes collections. Returns those that were deleted,
    /// as their files are still there.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Vec<Arc<Collection>>, Error> {
        if self.definitions.is_empty() {
            let violations = Violations::of("collections", Violation::required());
            return Err(Error::Rejected(Failure::Form, violations));
        }
        if self.definitions.len() > DEFINITIONS_MAX {
            return Err(raw(&format!("more than {DEFINITIONS_MAX} collections")));
        }
        let deleted = self.delete_missing(tx)?;
        let catalog = Arc::clone(tx.catalog());
        let definitions = self.heeded(tx, &catalog)?;
        let mut drafts =
            self.drafts(&catalog, &definitions).map_err(|error| raw(&error.to_string()))?;
        let renames = RenameAll::of(&catalog, &drafts);
        let blocked = |names: Vec<&str>| {
            raw(&format!("a rename would break what is used in {}", names.join(", ")))
        };
        for draft in &mut drafts {
            if let Some(old) = catalog.by_id(draft.collection().id.as_str()) {
                renames.follow_own(draft, old).map_err(blocked)?;
            }
        }
        let listed: HashSet<CollectionId> =
            drafts.iter().map(|draft| draft.collection().id.clone()).collect();
        if listed.len() < drafts.len() {
            return Err(raw("a collection is listed twice"));
        }
        let others = renames
            .follow_others(|other| !listed.contains(&other.id), self.now)
            .map_err(blocked)?;
        // Views come last, as their queries may speak of what is new.
        drafts.sort_by_key(|draft| draft.collection().is_view());
        let collections = checked(tx, &catalog, drafts)?;
        let only_views = collections.iter().all(Collection::is_view);
        for collection in collections {
            let (saved, action) = match catalog.by_id(collection.id.as_str()) {
                None => (tx.create_collection(collection), Action::Create),
                Some(_) => (tx.update_collection(collection), Action::Update),
            };
            let saved = saved.map_err(|error| match error {
                WriteError::DuplicateKeys { .. } => raw(&error.to_string()),
                other => other.into(),
            })?;
            hooked::tell_later(tx, action, &saved);
        }
        for other in others {
            tx.update_collection(other)?;
        }
        let listed: Vec<&CollectionId> = listed.iter().collect();
        if let Err(broken) = views::refresh(tx, &catalog, &listed, self.now)?
            && !only_views
        {
            return Err(raw(&format!("it would break the views {}", broken.0.join(", "))));
        }
        settings::follow_renames(tx, &catalog)?;
        Ok(deleted)
    }

    fn delete_missing(&self, tx: &mut Tx<'_>) -> Result<Vec<Arc<Collection>>, Error> {
        let catalog = Arc::clone(tx.catalog());
        if !self.delete_missing {
            return Ok(Vec::new());
        }
        let listed: HashSet<&CollectionId> =
            self.definitions.iter().filter_map(|d| find(&catalog, d)).map(|c| &c.id).collect();
        let missing =
            |collection: &&Arc<Collection>| !collection.system && !listed.contains(&collection.id);
        let missing: Vec<_> = catalog.all().iter().filter(missing).cloned().collect();
        for collection in &missing {
            remove(tx, collection)?;
        }
        Ok(missing)
    }

    /// The definitions as hooks let them through.
    fn heeded(&self, tx: &mut Tx<'_>, catalog: &Catalog) -> Result<Vec<Map<String, Json>>, Error> {
        let heed = |definition| {
            let known = find(catalog, definition);
            let action = if known.is_some() { Action::Update } else { Action::Create };
            hooked::ask(tx, action, definition, known)
        };
        self.definitions.iter().map(heed).collect()
    }

    fn drafts<'a>(
        &self,
        catalog: &'a Catalog,
        definitions: &[Map<String, Json>],
    ) -> Result<Vec<Draft<'a>>, FormatError> {
        let mut drafts = Vec::with_capacity(definitions.len());
        // New ones take ids that later ones must not take again.
        let mut planned = catalog.clone();
        for definition in definitions {
            let draft = match find(catalog, definition) {
                None => Draft::create(&planned, definition, self.now)?,
                Some(old) => Draft::update(old, &self.completed(definition, old), self.now)?,
            };
            planned = with(&planned, draft.collection().clone());
            drafts.push(draft);
        }
        Ok(drafts)
    }

    /// `definition` with the fields of `old` that it leaves out and that stay. A field that comes
    /// under another id, but with name and type of one that is left out, is that one.
    fn completed(&self, definition: &Map<String, Json>, old: &Collection) -> Map<String, Json> {
        let mut completed = definition.clone();
        if !self.delete_missing && !definition.contains_key("fields") {
            return completed;
        }
        let fields = completed.entry("fields").or_insert_with(|| Json::Array(Vec::new()));
        let Json::Array(fields) = fields else { return completed };
        for field in &old.fields {
            if fields.iter().any(|json| json["id"] == field.id.as_str()) {
                continue;
            }
            let twin = fields.iter_mut().find(|json| {
                json["name"] == field.name.as_str() && json["type"] == field.kind.type_name()
            });
            match twin {
                // Without an id it is this field with new options.
                Some(twin) if twin["id"].as_str().unwrap_or_default().is_empty() => {}
                Some(twin) => *twin = field.to_json(),
                None if field.system || !self.delete_missing => fields.push(field.to_json()),
                None => {}
            }
        }
        completed
    }
}

/// The stored collection that a definition is about.
fn find<'a>(catalog: &'a Catalog, definition: &Map<String, Json>) -> Option<&'a Arc<Collection>> {
    let text = |key: &str| definition.get(key).and_then(Json::as_str).filter(|t| !t.is_empty());
    catalog.find(text("id").or_else(|| text("name"))?)
}

/// Checks every draft against all the others as they shall be.
fn checked(
    rows: &dyn Rows,
    catalog: &Catalog,
    drafts: Vec<Draft<'_>>,
) -> Result<Vec<Collection>, Error> {
    let mut planned = catalog.clone();
    for draft in &drafts {
        planned = with(&planned, draft.collection().clone());
    }
    let mut collections = Vec::with_capacity(drafts.len());
    for mut draft in drafts {
        views::define(rows, &planned, &mut draft);
        let (id, name) = (draft.collection().id.clone(), draft.collection().name.clone());
        let is_new = catalog.by_id(id.as_str()).is_none();
        let others = if is_new { without(&planned, &id) } else { planned.clone() };
        let rules = RuleCheck::new(&planned);
        let check_rule = |collection: &Collection, rule: &str| rules.check(collection, rule);
        let collection = draft.check(&others, &check_rule).map_err(|violations| {
            let errors = serde_json::to_string_pretty(&violations.to_json()).unwrap_or_default();
            failed(&format!("Data validations failed for collection \"{name}\" ({id}):\n{errors}"))
        })?;
        planned = with(&planned, collection.clone());
        collections.push(collection);
    }
    Ok(collections)
}

fn with(catalog: &Catalog, collection: Collection) -> Catalog {
    let mut all = catalog.all().to_vec();
    match all.iter_mut().find(|other| other.id == collection.id) {
        Some(other) => *other = Arc::new(collection),
        None => all.push(Arc::new(collection)),
    }
    Catalog::new(catalog.version() + 1, all)
}

fn without(catalog: &Catalog, id: &CollectionId) -> Catalog {
    let all = catalog.all().iter().filter(|other| other.id != *id).cloned().collect();
    Catalog::new(catalog.version() + 1, all)
}

fn raw(error: &str) -> Error {
    failed(&format!("Failed to import the collections configuration. Raw error:\n{error}"))
}

fn failed(message: &str) -> Error {
    let violation = Violation::new("validation_collections_import_failure", message);
    Error::Rejected(Failure::ImportCollections, Violations::of("collections", violation))
}

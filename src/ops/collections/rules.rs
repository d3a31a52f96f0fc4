//! Rules as definitions need them: compiled to see whether they can be.

use std::cell::OnceCell;
use std::sync::Arc;

use crate::query::{Filter, Scope};
use crate::schema::{Catalog, Collection};

/// Compiles rules against a collection that is not part of the catalog yet.
pub(super) struct RuleCheck<'a> {
    catalog: &'a Catalog,
    /// The catalog as it will be, made for the first rule.
    planned: OnceCell<(Arc<Catalog>, Arc<Collection>)>,
}

impl<'a> RuleCheck<'a> {
    pub(super) fn new(catalog: &'a Catalog) -> Self {
        Self { catalog, planned: OnceCell::new() }
    }

    /// What is wrong with `rule` of `collection`, which must be the same in every call.
    pub(super) fn check(&self, collection: &Collection, rule: &str) -> Result<(), String> {
        let (catalog, collection) = self.planned.get_or_init(|| planned(self.catalog, collection));
        let compiled = Filter::compile(catalog, collection, rule, Scope::Rule);
        compiled.map(|_| ()).map_err(|error| error.to_string())
    }
}

fn planned(catalog: &Catalog, collection: &Collection) -> (Arc<Catalog>, Arc<Collection>) {
    let collection = Arc::new(collection.clone());
    let mut all = catalog.all().to_vec();
    match all.iter_mut().find(|other| other.id == collection.id) {
        Some(other) => *other = Arc::clone(&collection),
        None => all.push(Arc::clone(&collection)),
    }
    (Arc::new(Catalog::new(catalog.version() + 1, all)), collection)
}

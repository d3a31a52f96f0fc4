//! All collections at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::CollectionId;

use super::{Collection, Field};

/// All collections at one moment, found by id or name. Immutable; a change makes a new one.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// Grows with every change, so that what was compiled against one version is not used with
    /// another.
    version: u64,
    /// In the order of their making.
    collections: Vec<Arc<Collection>>,
    by_id: HashMap<CollectionId, usize>,
    by_lower_name: HashMap<String, usize>,
}

impl Catalog {
    /// A catalog of `collections`, given in the order of their making.
    pub fn new(version: u64, collections: Vec<Arc<Collection>>) -> Self {
        let by_id = collections.iter().enumerate().map(|(at, c)| (c.id.clone(), at)).collect();
        let by_lower_name =
            collections.iter().enumerate().map(|(at, c)| (c.name.to_lowercase(), at)).collect();
        Self { version, collections, by_id, by_lower_name }
    }

    /// The version of this catalog.
    pub fn version(&self) -> u64 {
        self.version
    }

    /// All collections in the order of their making.
    pub fn all(&self) -> &[Arc<Collection>] {
        &self.collections
    }

    /// The collection with this id.
    pub fn by_id(&self, id: &str) -> Option<&Arc<Collection>> {
        self.by_id.get(id).map(|at| &self.collections[*at])
    }

    /// The collection with this name, without regard to case.
    pub fn by_name(&self, name: &str) -> Option<&Arc<Collection>> {
        // Most lookups are by the exact name; lower-casing costs an allocation only when needed.
        let found = match self.by_lower_name.get(name) {
            Some(at) => Some(at),
            None => self.by_lower_name.get(&name.to_lowercase()),
        };
        found.map(|at| &self.collections[*at])
    }

    /// The collection with this id, or else with this name.
    pub fn find(&self, id_or_name: &str) -> Option<&Arc<Collection>> {
        self.by_id(id_or_name).or_else(|| self.by_name(id_or_name))
    }

    /// Every relation field that points to `target`, with its collection, views left out, by name
    /// of collection.
    pub fn referrers<'a>(
        &'a self,
        target: &'a Collection,
    ) -> impl Iterator<Item = (&'a Arc<Collection>, &'a Field)> {
        let mut by_name: Vec<_> = self.collections.iter().filter(|c| !c.is_view()).collect();
        by_name.sort_by(|a, b| a.name.cmp(&b.name));
        by_name.into_iter().flat_map(move |collection| {
            let points_here = |field: &&Field| {
                field.relation().is_some_and(|relation| relation.collection_id == target.id)
            };
            collection.fields.iter().filter(points_here).map(move |field| (collection, field))
        })
    }
}

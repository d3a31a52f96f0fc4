//! Compiled rules and queries, kept while the schema they were compiled against is current.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::model::CollectionId;
use crate::query::{Filter, FilterError, ListQuery, ListSpec, Scope};
use crate::schema::{Catalog, Collection};

/// Entries per kind; reaching it empties the cache. Client filters are chosen by strangers.
const ENTRIES_MAX: usize = 2048;

/// A bounded cache of compiled rules and list queries. Cheap to share.
#[derive(Debug, Default)]
pub struct RuleCache {
    filters: RwLock<Generation<FilterKey, Filter>>,
    queries: RwLock<Generation<QueryKey, ListQuery>>,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct FilterKey {
    collection: CollectionId,
    text: Box<str>,
    scope: Scope,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct QueryKey {
    collection: CollectionId,
    rule: Option<Box<str>>,
    filter: Option<Box<str>>,
    sort: Option<Box<str>>,
    superuser: bool,
}

/// What was compiled against one version of the catalog.
#[derive(Debug)]
struct Generation<K, V> {
    version: u64,
    entries: HashMap<K, Arc<V>>,
}

impl<K, V> Default for Generation<K, V> {
    fn default() -> Self {
        Self { version: 0, entries: HashMap::new() }
    }
}

impl RuleCache {
    /// The rule `text` of `collection`, compiled.
    pub fn rule(
        &self,
        catalog: &Arc<Catalog>,
        collection: &Arc<Collection>,
        text: &str,
    ) -> Result<Arc<Filter>, FilterError> {
        self.filter(catalog, collection, text, Scope::Rule)
    }

    /// A filter of whoever `scope` says, compiled.
    pub fn filter(
        &self,
        catalog: &Arc<Catalog>,
        collection: &Arc<Collection>,
        text: &str,
        scope: Scope,
    ) -> Result<Arc<Filter>, FilterError> {
        let key = FilterKey { collection: collection.id.clone(), text: text.into(), scope };
        cached(&self.filters, catalog.version(), key, || {
            Filter::compile(catalog, collection, text, scope)
        })
    }

    /// A list query, compiled.
    pub fn list(
        &self,
        catalog: &Arc<Catalog>,
        collection: &Arc<Collection>,
        spec: &ListSpec<'_>,
    ) -> Result<Arc<ListQuery>, FilterError> {
        let key = QueryKey {
            collection: collection.id.clone(),
            rule: spec.rule.map(Into::into),
            filter: spec.filter.map(Into::into),
            sort: spec.sort.map(Into::into),
            superuser: spec.superuser,
        };
        cached(&self.queries, catalog.version(), key, || {
            ListQuery::compile(catalog, collection, spec)
        })
    }
}

fn cached<K: Eq + std::hash::Hash, V>(
    cache: &RwLock<Generation<K, V>>,
    version: u64,
    key: K,
    compile: impl FnOnce() -> Result<V, FilterError>,
) -> Result<Arc<V>, FilterError> {
    {
        let generation = cache.read().unwrap_or_else(PoisonError::into_inner);
        if generation.version == version
            && let Some(found) = generation.entries.get(&key)
        {
            return Ok(found.clone());
        }
    }
    let compiled = Arc::new(compile()?);
    let mut generation = cache.write().unwrap_or_else(PoisonError::into_inner);
    // An older snapshot must not throw away what newer ones compiled.
    if generation.version < version {
        *generation = Generation { version, entries: HashMap::new() };
    }
    if generation.version == version {
        if generation.entries.len() >= ENTRIES_MAX {
            generation.entries.clear();
        }
        generation.entries.insert(key, compiled.clone());
    }
    Ok(compiled)
}

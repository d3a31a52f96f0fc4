//! Renames, and what the rules of all collections say about them.

use crate::model::{CollectionId, Timestamp};
use crate::query::Renaming;
use crate::schema::{Catalog, Collection, CollectionKind, Draft, Renames};
use crate::sql;

/// The names of collections that a rename would leave with old names in them.
pub(super) type Blocked<'a> = Vec<&'a str>;

/// The renames of several drafts, seen from before them.
#[derive(Debug)]
pub(super) struct RenameAll<'a> {
    catalog: &'a Catalog,
    changes: Vec<(CollectionId, Renames)>,
}

impl<'a> RenameAll<'a> {
    /// What `drafts` of collections of `catalog` call differently.
    pub(super) fn of<'d, 'o: 'd>(
        catalog: &'a Catalog,
        drafts: impl IntoIterator<Item = &'d Draft<'o>>,
    ) -> Self {
        let changes = drafts.into_iter().filter_map(|draft| {
            let renames = draft.renames();
            (!renames.is_empty()).then(|| (draft.collection().id.clone(), renames))
        });
        Self { catalog, changes: changes.collect() }
    }

    /// Whether nothing is called differently.
    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Whether only collections are renamed, no fields.
    pub(super) fn spares_fields(&self) -> bool {
        self.changes.iter().all(|(_, renames)| renames.fields.is_empty())
    }

    /// Puts new names into the rules of a draft of `old`. A rule that was sent changed may speak of
    /// the new names already: there, only names that no field has any more are old ones.
    pub(super) fn follow_own(
        &self,
        draft: &mut Draft<'_>,
        old: &'a Collection,
    ) -> Result<(), Blocked<'a>> {
        if self.changes.is_empty() {
            return Ok(());
        }
        let mut before = old.clone();
        let stored: Vec<String> = before.rules_mut().map(|rule| rule.clone()).collect();
        let mut stale = self.changes.clone();
        for (id, renames) in &mut stale {
            if *id == old.id {
                renames.fields.retain(|(name, _)| draft.collection().field(name).is_none());
            }
        }
        for rule in draft.rules_mut() {
            let changes = if stored.contains(rule) { &self.changes } else { &stale };
            let renaming = Renaming { catalog: self.catalog, changes };
            *rule = renaming.apply(old, rule).map_err(|_| vec![old.name.as_str()])?;
        }
        Ok(())
    }

    /// The collections for which `untouched` holds that have to change with the names.
    pub(super) fn follow_others(
        &self,
        untouched: impl Fn(&Collection) -> bool,
        now: Timestamp,
    ) -> Result<Vec<Collection>, Blocked<'a>> {
        if self.changes.is_empty() {
            return Ok(Vec::new());
        }
        let renaming = self.renaming();
        let rewrites = self.rewrites();
        let mut blocked: Blocked<'_> = Vec::new();
        let mut changed = Vec::new();
        for other in self.catalog.all().iter().filter(|other| untouched(other)) {
            let mut new = Collection::clone(other);
            let mut differs = false;
            for rule in new.rules_mut() {
                match renaming.apply(other, rule) {
                    Ok(renamed) => {
                        differs |= renamed != *rule;
                        *rule = renamed;
                    }
                    Err(_) => blocked.push(&other.name),
                }
            }
            if let CollectionKind::View { query } = &mut new.kind {
                match sql::rewrite(self.catalog, query, &rewrites) {
                    Ok(renamed) => {
                        differs |= renamed != *query;
                        *query = renamed;
                    }
                    Err(sql::Unclear) => blocked.push(&other.name),
                }
            }
            if differs {
                new.updated = now;
                changed.push(new);
            }
        }
        blocked.dedup();
        if blocked.is_empty() { Ok(changed) } else { Err(blocked) }
    }

    /// The renames as filters need them.
    pub(super) fn renaming(&self) -> Renaming<'_> {
        Renaming { catalog: self.catalog, changes: &self.changes }
    }

    /// The renames as queries need them.
    fn rewrites(&self) -> Vec<sql::Rewrite> {
        let rewrites = self.changes.iter().filter_map(|(id, renames)| {
            let collection = self.catalog.by_id(id.as_str())?;
            Some(sql::Rewrite {
                collection: collection.name.clone(),
                new_name: renames.collection.as_ref().map(|(_, new)| new.clone()),
                fields: renames.fields.clone(),
            })
        });
        rewrites.collect()
    }
}

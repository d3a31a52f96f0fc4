//! Renames, and what the rules of all collections say about them.

use crate::model::{CollectionId, Timestamp};
use crate::query::Renaming;
use crate::schema::{Catalog, Collection, Draft, Renames};

use super::mentions;

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
        let renaming = Renaming { catalog: self.catalog, changes: &self.changes };
        let mut blocked = self.views_in_the_way(&untouched);
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
            if differs {
                new.updated = now;
                changed.push(new);
            }
        }
        blocked.dedup();
        if blocked.is_empty() { Ok(changed) } else { Err(blocked) }
    }

    /// The views whose queries name what changes; they are SQL, which nothing here rewrites.
    fn views_in_the_way(&self, untouched: impl Fn(&Collection) -> bool) -> Blocked<'a> {
        let names = |query: &str, (id, renames): &(CollectionId, Renames)| {
            let Some(collection) = self.catalog.by_id(id.as_str()) else { return false };
            mentions::word(query, &collection.name)
                && (renames.collection.is_some()
                    || renames.fields.iter().any(|(old, _)| mentions::word(query, old)))
        };
        let views = mentions::views(self.catalog).filter(|(view, _)| untouched(view));
        let in_the_way =
            views.filter(|(_, query)| self.changes.iter().any(|change| names(query, change)));
        in_the_way.map(|(view, _)| view.name.as_str()).collect()
    }
}

//! Changing a collection, and what the others say about it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::query::{Renaming, Rows};
use crate::schema::{Catalog, Collection, Draft, Renames, Violation, Violations};
use crate::store::Tx;

use super::rules::RuleCheck;
use super::{Error, Failure, mentions, save_error};

/// Changes a collection by a body. May run more than once; only one run is committed.
#[derive(Debug)]
pub struct UpdateCollection {
    collection: String,
    body: Map<String, Json>,
    now: Timestamp,
}

impl UpdateCollection {
    /// A change of `collection`, an id or a name, to what `body` says.
    pub fn new(collection: &str, body: Map<String, Json>) -> Self {
        Self { collection: collection.to_owned(), body, now: Timestamp::now() }
    }

    /// Checks the body, changes the collection, and makes the rules of all collections follow what
    /// is called differently now.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Arc<Collection>, Error> {
        let catalog = Arc::clone(tx.catalog());
        let old = catalog.find(&self.collection).ok_or(Error::NotFound)?;
        let mut draft = Draft::update(old, &self.body, self.now)
            .map_err(|_| Error::Rejected(Failure::CollectionFormat, Violations::new()))?;
        let refused = |violations| Error::Rejected(Failure::UpdateCollection, violations);
        let renames = draft.renames();
        let renaming = Renaming { catalog: &catalog, changed: old, renames: &renames };
        let others = if renames.is_empty() {
            Vec::new()
        } else {
            rename_own(&mut draft, old, renaming).map_err(refused)?;
            renamed_others(renaming, self.now).map_err(refused)?
        };
        let rules = RuleCheck::new(&catalog);
        let check_rule = |collection: &Collection, rule: &str| rules.check(collection, rule);
        let new = draft.check(&catalog, &check_rule).map_err(refused)?;
        let failed = |error| save_error(error, &new, Failure::UpdateCollection);
        let saved = tx.update_collection(new.clone()).map_err(failed)?;
        for other in others {
            tx.update_collection(other)?;
        }
        Ok(saved)
    }
}

/// Puts new names into the rules of the draft. A rule that was sent changed may speak of the new
/// names already: there, only names that no field has any more are old ones.
fn rename_own(
    draft: &mut Draft<'_>,
    old: &Collection,
    renaming: Renaming<'_>,
) -> Result<(), Violations> {
    let stored: Vec<String> = {
        let mut old = old.clone();
        old.rules_mut().map(|rule| rule.clone()).collect()
    };
    let is_gone = |name: &str| draft.collection().field(name).is_none();
    let stale = Renames {
        collection: renaming.renames.collection.clone(),
        fields: renaming.renames.fields.iter().filter(|(old, _)| is_gone(old)).cloned().collect(),
    };
    let sent = Renaming { renames: &stale, ..renaming };
    for rule in draft.rules_mut() {
        let renaming = if stored.contains(rule) { renaming } else { sent };
        *rule = renaming.apply(old, rule).map_err(|_| blocked(&renaming, &[&old.name]))?;
    }
    Ok(())
}

/// The other collections that have to change with the names.
fn renamed_others(renaming: Renaming<'_>, now: Timestamp) -> Result<Vec<Collection>, Violations> {
    let mut changed = Vec::new();
    let mut unclear: Vec<&str> = views_in_the_way(renaming);
    let others = renaming.catalog.all().iter().filter(|other| other.id != renaming.changed.id);
    for other in others {
        let mut new = Collection::clone(other);
        let mut differs = false;
        for rule in new.rules_mut() {
            match renaming.apply(other, rule) {
                Ok(renamed) => {
                    differs |= renamed != *rule;
                    *rule = renamed;
                }
                Err(_) => unclear.push(&other.name),
            }
        }
        if differs {
            new.updated = now;
            changed.push(new);
        }
    }
    if unclear.is_empty() { Ok(changed) } else { Err(blocked(&renaming, &unclear)) }
}

/// The views whose queries name what changes; they are SQL, which nothing here rewrites.
fn views_in_the_way(renaming: Renaming<'_>) -> Vec<&str> {
    let Renaming { catalog, changed, renames } = renaming;
    let in_the_way = |query: &str| {
        mentions::word(query, &changed.name)
            && (renames.collection.is_some()
                || renames.fields.iter().any(|(old, _)| mentions::word(query, old)))
    };
    names(catalog, in_the_way)
}

fn names(catalog: &Catalog, in_the_way: impl Fn(&str) -> bool) -> Vec<&str> {
    mentions::views(catalog).filter(|(_, query)| in_the_way(query)).map(|(name, _)| name).collect()
}

/// A rename that would leave the collections called `names` with old names in them.
fn blocked(renaming: &Renaming<'_>, names: &[&str]) -> Violations {
    let mut names = names.to_vec();
    names.dedup();
    let message = format!("Cannot be renamed because it is used in {}.", names.join(", "));
    let field = if renaming.renames.fields.is_empty() { "name" } else { "fields" };
    Violations::of(field, Violation::new("validation_rename_in_use", message))
}

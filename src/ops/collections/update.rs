//! Changing a collection, and what the others say about it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::hooks::Action;
use crate::model::Timestamp;
use crate::ops::hooked::collections as hooked;
use crate::ops::{settings, webhooks};
use crate::query::Rows;
use crate::schema::{Collection, Draft, Violation, Violations};
use crate::store::Tx;

use super::rename::RenameAll;
use super::rules::RuleCheck;
use super::{Error, Failure, save_error, views};

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
        let old = tx.catalog().find(&self.collection).cloned().ok_or(Error::NotFound)?;
        hooked::write(tx, Action::Update, &self.body, Some(&old), &mut |tx, body| {
            self.change(tx, body)
        })
    }

    fn change(&self, tx: &mut Tx<'_>, body: &Map<String, Json>) -> Result<Arc<Collection>, Error> {
        let catalog = Arc::clone(tx.catalog());
        let old = catalog.find(&self.collection).ok_or(Error::NotFound)?;
        let write = hooked::Write::new(Action::Update, body, Some(old));
        let mut draft = Draft::update(old, body, self.now)
            .map_err(|_| Error::Rejected(Failure::CollectionFormat, Violations::new()))?;
        let refused = |violations| Error::Rejected(Failure::UpdateCollection, violations);
        let renames = RenameAll::of(&catalog, [&draft]);
        let blocked = |names: Vec<&str>| refused(blocked(&renames, &names.join(", ")));
        renames.follow_own(&mut draft, old).map_err(blocked)?;
        let untouched = |other: &Collection| other.id != old.id;
        let others = renames.follow_others(untouched, self.now).map_err(blocked)?;
        views::define(tx, &catalog, &mut draft);
        let rules = RuleCheck::new(&catalog);
        let check_rule = |collection: &Collection, rule: &str| rules.check(collection, rule);
        let new = write.check(tx, |_| draft.check(&catalog, &check_rule).map_err(refused))?;
        write.execute(tx, |tx| {
            let failed = |error| save_error(error, &new, Failure::UpdateCollection);
            let saved = tx.update_collection(new.clone()).map_err(failed)?;
            for other in others {
                tx.update_collection(other)?;
            }
            if let Err(broken) = views::refresh(tx, &catalog, &[&saved.id], self.now)?
                && !saved.is_view()
            {
                let names = broken.0.join(", ");
                return Err(refused(if renames.is_empty() {
                    in_use(&names)
                } else {
                    self::blocked(&renames, &names)
                }));
            }
            webhooks::follow_renames(tx, &renames.renaming())?;
            settings::follow_renames(tx, &catalog)?;
            Ok(saved)
        })
    }
}

/// A change that takes fields away that the views called `names` need.
fn in_use(names: &str) -> Violations {
    let message = format!("A field cannot be removed because it is used in {names}.");
    Violations::of("fields", Violation::new("validation_field_in_use", message))
}

/// A rename that would leave the collections called `names` with old names in them.
fn blocked(renames: &RenameAll<'_>, names: &str) -> Violations {
    let message = format!("Cannot be renamed because it is used in {names}.");
    let place = if renames.spares_fields() { "name" } else { "fields" };
    Violations::of(place, Violation::new("validation_rename_in_use", message))
}

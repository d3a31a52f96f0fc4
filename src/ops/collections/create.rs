//! Making a collection.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::hooks::Action;
use crate::model::Timestamp;
use crate::ops::hooked::collections as hooked;
use crate::query::Rows;
use crate::schema::{Collection, Draft, FormatError, Violations};
use crate::store::Tx;

use super::rules::RuleCheck;
use super::{Error, Failure, save_error, views};

/// Makes a collection from a body. May run more than once; only one run is committed.
#[derive(Debug)]
pub struct CreateCollection {
    body: Map<String, Json>,
    now: Timestamp,
}

impl CreateCollection {
    /// A collection as `body` describes it, over the scaffold of its type.
    pub fn new(body: Map<String, Json>) -> Self {
        Self { body, now: Timestamp::now() }
    }

    /// Checks the body and makes the collection.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Arc<Collection>, Error> {
        hooked::write(tx, Action::Create, &self.body, None, &mut |tx, body| self.make(tx, body))
    }

    fn make(&self, tx: &mut Tx<'_>, body: &Map<String, Json>) -> Result<Arc<Collection>, Error> {
        let write = hooked::Write::new(Action::Create, body, None);
        let catalog = Arc::clone(tx.catalog());
        let rules = RuleCheck::new(&catalog);
        let check_rule = |collection: &Collection, rule: &str| rules.check(collection, rule);
        let misshapen = |error: FormatError| {
            let is_type = ["type", "name", "id"].contains(&error.path());
            let failure =
                if is_type { Failure::CollectionTypeFormat } else { Failure::CollectionFormat };
            Error::Rejected(failure, Violations::new())
        };
        let mut draft = Draft::create(&catalog, body, self.now).map_err(misshapen)?;
        views::define(tx, &catalog, &mut draft);
        let refused = |violations| Error::Rejected(Failure::CreateCollection, violations);
        let collection =
            write.check(tx, |_| draft.check(&catalog, &check_rule).map_err(refused))?;
        write.execute(tx, |tx| {
            let failed = |error| save_error(error, &collection, Failure::CreateCollection);
            let made = tx.create_collection(collection.clone()).map_err(failed)?;
            // A view may have waited for a collection of this name; none can be broken by it.
            let _ = views::refresh(tx, &catalog, &[&made.id], self.now)?;
            Ok(made)
        })
    }
}

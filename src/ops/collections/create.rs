//! Making a collection.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::{Collection, DefinitionError, Violations, create_from_body};
use crate::store::Tx;

use super::rules::RuleCheck;
use super::{Error, Failure, save_error};

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
        let catalog = Arc::clone(tx.catalog());
        let rules = RuleCheck::new(&catalog);
        let check_rule = |collection: &Collection, rule: &str| rules.check(collection, rule);
        let made = create_from_body(&catalog, &self.body, self.now, &check_rule);
        let collection = made.map_err(|error| match error {
            DefinitionError::Format(error) if ["type", "name", "id"].contains(&error.path()) => {
                Error::Rejected(Failure::CollectionTypeFormat, Violations::new())
            }
            DefinitionError::Format(_) => {
                Error::Rejected(Failure::CollectionFormat, Violations::new())
            }
            DefinitionError::Invalid(violations) => {
                Error::Rejected(Failure::CreateCollection, violations)
            }
        })?;
        let failed = |error| save_error(error, &collection, Failure::CreateCollection);
        tx.create_collection(collection.clone()).map_err(failed)
    }
}

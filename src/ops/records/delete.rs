//! Deleting a record.

use std::sync::Arc;

use crate::access::{Caller, Delete, Gate, Granted, RuleCache};
use crate::model::{RowId, Timestamp};
use crate::ops::Failure;
use crate::ops::hooked::acting_as;
use crate::query::Rows;
use crate::schema::{Collection, Violations};
use crate::store::Tx;

use super::cascade;
use super::precondition::Precondition;
use super::{Error, collection_of};
use crate::ops::views::Writing;

/// A delete of one record.
#[derive(Debug)]
pub struct DeleteRecord {
    caller: Arc<Caller>,
    rules: Arc<RuleCache>,
    collection: String,
    id: String,
    precondition: Precondition,
}

impl DeleteRecord {
    /// A delete of the record `id` of `collection`, which is an id or a name.
    pub fn new(caller: Arc<Caller>, rules: Arc<RuleCache>, collection: &str, id: &str) -> Self {
        Self {
            caller,
            rules,
            collection: collection.to_owned(),
            id: id.to_owned(),
            precondition: Precondition::None,
        }
    }

    /// Lets the delete go through only while the stored record is as expected.
    #[must_use]
    pub fn only_if(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// Runs the delete with all that follows from it. Nothing stays behind when it fails.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        acting_as(tx, &self.caller, |tx| self.run_once(tx))
    }

    fn run_once(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let collection = collection_of(tx, &self.collection)?;
        if collection.is_view() {
            return Err(Error::ViewIsReadOnly);
        }
        let with_views = Writing::over(tx);
        let gate = Gate::new(&with_views, &self.rules, &self.caller);
        gate.has_rule(collection.rules.delete.as_deref())?;
        let rowid = tx.find(&collection, &self.id)?.ok_or(Error::NotFound)?;
        let row = tx.row(&collection, rowid)?.ok_or(Error::NotFound)?;
        let granted = gate.delete(&collection, row.as_row())?;
        if !self.precondition.holds(Some(&row)) {
            return Err(Error::Changed);
        }
        delete(tx, &collection, rowid, granted)
    }
}

fn delete(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    rowid: RowId,
    _granted: Granted<Delete>,
) -> Result<(), Error> {
    delete_unchecked(tx, collection, rowid, Failure::DeleteRecord)
}

/// Deletes a record for the process itself, which no rule binds; `failure` names what was refused
/// when a required relation keeps the record alive.
pub fn delete_unchecked(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    rowid: RowId,
    failure: Failure,
) -> Result<(), Error> {
    if collection.is_superusers() && tx.count(collection)? <= 1 {
        return Err(Error::Rejected(Failure::DeleteLastSuperuser, Violations::new()));
    }
    cascade::delete(tx, collection, rowid, Timestamp::now())?
        .map_err(|cascade::StillRequired| Error::Rejected(failure, Violations::new()))
}

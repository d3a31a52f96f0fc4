//! Deleting every record of a collection.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::ops::records::delete_unchecked;
use crate::query::{Direction, Rows};
use crate::schema::{Collection, Violations};
use crate::store::Tx;

use super::{Error, Failure};

/// Deletes all records of `collection`, an id or a name, one by one with what depends on them.
/// Returns the collection, as the records' files are still there.
pub fn truncate(tx: &mut Tx<'_>, collection: &str) -> Result<Arc<Collection>, Error> {
    let rejected = |failure| Error::Rejected(failure, Violations::new());
    let collection = tx.catalog().find(collection).cloned().ok_or(Error::NotFound)?;
    if collection.is_view() {
        return Err(rejected(Failure::TruncateView));
    }
    let mut rowids = Vec::new();
    let everything = (Bound::Unbounded, Bound::Unbounded);
    tx.scan(&collection, everything, Direction::Forward, &mut |rowid, _| {
        rowids.push(rowid);
        Ok(ControlFlow::Continue(()))
    })?;
    for rowid in rowids {
        // A cascade may have been here before.
        if tx.row(&collection, rowid)?.is_none() {
            continue;
        }
        delete_unchecked(tx, &collection, rowid, Failure::TruncateCollection).map_err(|error| {
            match error {
                Error::Rejected(..) => rejected(Failure::TruncateCollection),
                other => other,
            }
        })?;
    }
    Ok(collection)
}

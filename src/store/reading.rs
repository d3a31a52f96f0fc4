//! Rows and indexes read from an engine: the same for snapshots and transactions.

use std::ops::Bound;

use super::engine::Read;
use super::error::damaged;
use super::seal::Sealer;
use super::{index, names};
use crate::model::key::KeyRange;
use crate::model::{Row, RowBuf, RowId};
use crate::query::{Direction, IndexTree, ReadError, Visit};
use crate::schema::Collection;

pub(super) fn count(read: &dyn Read, collection: &Collection) -> Result<u64, ReadError> {
    read.len(&names::rows(&collection.id))
}

pub(super) fn find(
    read: &dyn Read,
    collection: &Collection,
    id: &str,
) -> Result<Option<RowId>, ReadError> {
    let mut rowid = Ok(None);
    read.get(&names::ids(&collection.id), id.as_bytes(), &mut |bytes| {
        rowid = RowId::from_key(bytes).map(Some).ok_or_else(|| bad_entry(collection, "ids"));
    })?;
    rowid
}

pub(super) fn row(
    read: &dyn Read,
    collection: &Collection,
    rowid: RowId,
) -> Result<Option<RowBuf>, ReadError> {
    let mut row = None;
    with_row(read, collection, rowid, &mut |bytes| {
        row = Some(bytes.to_buf());
    })?;
    Ok(row)
}

pub(super) fn with_row(
    read: &dyn Read,
    collection: &Collection,
    rowid: RowId,
    visit: &mut dyn FnMut(Row<'_>),
) -> Result<bool, ReadError> {
    let key = rowid.to_key();
    read.get(&names::rows(&collection.id), &key, &mut |bytes| {
        visit(Row::new(bytes));
    })
}

pub(super) fn scan(
    read: &dyn Read,
    collection: &Collection,
    range: (Bound<RowId>, Bound<RowId>),
    direction: Direction,
    visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
) -> Result<(), ReadError> {
    let (start, end) = (range.0.map(RowId::to_key), range.1.map(RowId::to_key));
    let keys = (as_slice(&start), as_slice(&end));
    read.range(&names::rows(&collection.id), keys, direction, &mut |key, value| {
        let rowid = RowId::from_key(key).ok_or_else(|| bad_entry(collection, "rows"))?;
        visit(rowid, Row::new(value))
    })
}

pub(super) fn scan_index(
    read: &dyn Read,
    collection: &Collection,
    tree: IndexTree,
    range: &KeyRange,
    direction: Direction,
    visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
) -> Result<(), ReadError> {
    let keys = (as_slice(&range.start), as_slice(&range.end));
    read.range(&names::index(&collection.id, tree), keys, direction, &mut |key, value| {
        let rowid = index::entry_rowid(key, value).ok_or_else(|| bad_entry(collection, "index"))?;
        visit(key, rowid)
    })
}

/// The value of a key in a tree whose entries are sealed.
pub(super) fn sealed(
    read: &dyn Read,
    sealer: &Sealer,
    tree: &str,
    key: &[u8],
) -> Result<Option<Vec<u8>>, ReadError> {
    let stored = read.copy(tree, key)?;
    stored.map(|stored| sealer.open(tree, key, &stored)).transpose()
}

/// The counter called `name`; `None` when it was never set.
pub(super) fn counter(read: &dyn Read, name: &str) -> Result<Option<u64>, ReadError> {
    let Some(bytes) = read.copy(names::COUNTERS, name.as_bytes())? else {
        return Ok(None);
    };
    let bytes = bytes.try_into().map_err(|_| damaged(format!("counter {name}")))?;
    Ok(Some(u64::from_le_bytes(bytes)))
}

fn as_slice<T: AsRef<[u8]>>(bound: &Bound<T>) -> Bound<&[u8]> {
    bound.as_ref().map(AsRef::as_ref)
}

fn bad_entry(collection: &Collection, tree: &str) -> ReadError {
    damaged(format!("an entry in the {tree} of collection {}", collection.id))
}

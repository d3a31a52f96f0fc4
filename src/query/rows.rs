//! How a query reads rows, whoever keeps them.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::model::key::KeyRange;
use crate::model::{Row, RowBuf, RowId, Slot};
use crate::schema::{Catalog, Collection, IndexNumber};

use super::columns::Kept;

/// What a visitor answers after each entry: go on, stop, or fail.
pub type Visit = Result<ControlFlow<()>, ReadError>;

/// A failure of the engine below, or damage found in its data.
#[derive(Debug, thiserror::Error)]
#[error("cannot read the store")]
pub struct ReadError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the least key up.
    Forward,
    /// From the greatest key down.
    Backward,
}

/// A secondary index of a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexTree {
    /// Declared by the user. Keys are the columns in order.
    Declared(IndexNumber),
    /// Kept for every relation field: one entry per related id, keyed by that id.
    Relation(Slot),
    /// Kept for every autodate field set on create only: keyed by the date's text.
    Autodate(Slot),
}

/// Rows and indexes as of one moment: a snapshot, or a write transaction with its own changes.
pub trait Rows {
    /// The collections at that moment.
    fn catalog(&self) -> &Arc<Catalog>;

    /// How many records `collection` has. Costs next to nothing.
    fn count(&self, collection: &Collection) -> Result<u64, ReadError>;

    /// The rowid of the record with this id.
    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError>;

    /// The row at `rowid`, copied out.
    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError>;

    /// Shows the row at `rowid` to `visit` without copying it; false when there is none.
    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError>;

    /// Walks rows in order of rowid within `range`.
    fn scan(
        &self,
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError>;

    /// Walks an index in order of its keys within `range`. The visitor gets the key, a trailing
    /// rowid included where the tree keeps one there, and the rowid.
    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError>;

    /// What is kept in memory between queries, and of which moment these rows are; `None` where
    /// nothing is kept, as inside a write.
    fn kept(&self) -> Option<Kept<'_>> {
        None
    }
}

//! The state that a delete is judged by.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use crate::model::key::KeyRange;
use crate::model::{CollectionId, RecordId, Row, RowBuf, RowId};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::{Catalog, Collection};
use crate::store::Change;

/// Records that a stretch of the log deleted, with what was in them.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    rows: HashMap<(CollectionId, RowId), RowBuf>,
    ids: HashMap<(CollectionId, RecordId), RowId>,
}

impl Deleted {
    pub(super) fn of(changes: &[Change]) -> Self {
        let mut deleted = Self::default();
        for change in changes {
            if let Some(row) = &change.old_row {
                deleted.rows.insert((change.collection.clone(), change.rowid), row.clone());
                let id = (change.collection.clone(), change.record_id.clone());
                deleted.ids.insert(id, change.rowid);
            }
        }
        deleted
    }

    pub(super) fn row(&self, collection: &CollectionId, rowid: RowId) -> Option<&RowBuf> {
        self.rows.get(&(collection.clone(), rowid))
    }
}

/// Rows as they were before some were deleted: those of `base`, and where it has none, the deleted
/// ones. Walks show `base` alone. The collections are those of now, so that rules are, too.
pub(super) struct Before<'a> {
    pub(super) base: &'a dyn Rows,
    pub(super) catalog: &'a Arc<Catalog>,
    pub(super) deleted: &'a Deleted,
}

impl Rows for Before<'_> {
    fn catalog(&self) -> &Arc<Catalog> {
        self.catalog
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        self.base.count(collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        let found = self.base.find(collection, id)?;
        Ok(found.or_else(|| {
            self.deleted.ids.get(&(collection.id.clone(), RecordId::from(id))).copied()
        }))
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        let found = self.base.row(collection, rowid)?;
        Ok(found.or_else(|| self.deleted.row(&collection.id, rowid).cloned()))
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        if self.base.with_row(collection, rowid, visit)? {
            return Ok(true);
        }
        let deleted = self.deleted.row(&collection.id, rowid);
        if let Some(row) = deleted {
            visit(row.as_row());
        }
        Ok(deleted.is_some())
    }

    fn scan(
        &self,
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        self.base.scan(collection, range, direction, visit)
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        self.base.scan_index(collection, tree, range, direction, visit)
    }
}

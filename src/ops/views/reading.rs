//! A snapshot in which views have rows.

use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::key::KeyRange;
use crate::model::{CollectionId, Row, RowBuf, RowId};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::{Catalog, Collection};
use crate::store::Snapshot;

use super::cache::ViewCache;
use super::result::ViewResult;

/// A view would have to be worked out first, which [`Reading::at_leisure`] does.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a view has to be worked out first")]
pub struct NotReady;

/// The committed state at one moment, views included. Clones share everything.
///
/// A view that is not worked out yet fails with [`NotReady`], unless this reads at leisure.
#[derive(Debug, Clone)]
pub struct Reading {
    snapshot: Arc<Snapshot>,
    views: Arc<ViewCache>,
    at_leisure: bool,
    /// What this moment has used, so that newer results cannot push it out of the cache meanwhile.
    used: Arc<Mutex<Vec<(CollectionId, Arc<ViewResult>)>>>,
}

impl Reading {
    /// What is in `snapshot`, with views worked out into `views`.
    pub fn new(snapshot: Arc<Snapshot>, views: Arc<ViewCache>) -> Self {
        Self { snapshot, views, at_leisure: false, used: Arc::default() }
    }

    /// The same, only that views are worked out when needed, which may take seconds.
    pub fn at_leisure(&self) -> Self {
        Self { at_leisure: true, ..self.clone() }
    }

    /// The snapshot below.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    fn result(&self, view: &Collection) -> Result<Arc<ViewResult>, ReadError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, result)) = used.iter().find(|(id, _)| *id == view.id) {
            return Ok(Arc::clone(result));
        }
        let result = if self.at_leisure {
            let result = self.views.get_or_work_out(&self.snapshot, view);
            result.map_err(|error| ReadError(Box::new(error)))?
        } else {
            let result = self.views.get(&self.snapshot, view);
            result.ok_or_else(|| ReadError(Box::new(NotReady)))?
        };
        used.push((view.id.clone(), Arc::clone(&result)));
        Ok(result)
    }
}

impl Rows for Reading {
    fn catalog(&self) -> &Arc<Catalog> {
        self.snapshot.catalog()
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.count());
        }
        self.snapshot.count(collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.find(id));
        }
        self.snapshot.find(collection, id)
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.row(rowid).cloned());
        }
        self.snapshot.row(collection, rowid)
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        if collection.is_view() {
            let result = self.result(collection)?;
            let row = result.row(rowid);
            if let Some(row) = row {
                visit(row.as_row());
            }
            return Ok(row.is_some());
        }
        self.snapshot.with_row(collection, rowid, visit)
    }

    fn scan(
        &self,
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        if collection.is_view() {
            let result = self.result(collection)?;
            return result.scan(range, direction, &mut |rowid, row| visit(rowid, row.as_row()));
        }
        self.snapshot.scan(collection, range, direction, visit)
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        if collection.is_view() {
            let result = self.result(collection)?;
            return result.scan_index(collection, tree, range, direction, visit);
        }
        self.snapshot.scan_index(collection, tree, range, direction, visit)
    }
}

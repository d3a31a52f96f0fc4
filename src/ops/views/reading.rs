//! A state of the data in which views have rows.

use std::ops::{Bound, Deref};
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::key::KeyRange;
use crate::model::{CollectionId, Row, RowBuf, RowId};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::{Catalog, Collection};
use crate::store::Snapshot;

use super::cache::{ViewCache, work_out_in_write};
use super::result::ViewResult;

/// A view would have to be worked out first, which [`Reading::at_leisure`] does.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a view has to be worked out first")]
pub struct NotReady;

/// Results of views by collection.
type Results = Vec<(CollectionId, Arc<ViewResult>)>;

/// A state of the data, with views on top.
#[derive(Debug, Clone)]
pub struct Overlay<B, S> {
    base: B,
    source: S,
    /// What was asked for already: one state has one answer, whatever the cache holds meanwhile.
    used: Arc<Mutex<Results>>,
}

/// The committed state at one moment, views included. Clones share everything.
///
/// A view that is not worked out yet fails with [`NotReady`], unless this reads at leisure.
pub type Reading = Overlay<Arc<Snapshot>, Kept>;

/// The state inside a write, views included: they are worked out anew for each write that asks.
pub(in crate::ops) type Writing<'a> = Overlay<&'a dyn Rows, Anew>;

/// Where the results of views come from.
pub trait Source<B> {
    /// The result of `view` over `base`.
    #[doc(hidden)]
    fn result(&self, base: &B, view: &Collection) -> Result<Arc<ViewResult>, ReadError>;
}

/// From a cache.
#[derive(Debug, Clone)]
pub struct Kept {
    views: Arc<ViewCache>,
    at_leisure: bool,
}

/// From nowhere.
#[derive(Debug, Clone, Copy)]
pub struct Anew;

impl Reading {
    /// What is in `snapshot`, with views worked out into `views`.
    pub fn new(snapshot: Arc<Snapshot>, views: Arc<ViewCache>) -> Self {
        let source = Kept { views, at_leisure: false };
        Self { base: snapshot, source, used: Arc::default() }
    }

    /// The same, only that views are worked out when needed, which may take seconds.
    #[must_use]
    pub fn at_leisure(&self) -> Self {
        let mut leisurely = self.clone();
        leisurely.source.at_leisure = true;
        leisurely
    }

    /// The snapshot below.
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.base
    }
}

impl<'a> Writing<'a> {
    /// What is in `rows`.
    pub(in crate::ops) fn over(rows: &'a dyn Rows) -> Self {
        Self { base: rows, source: Anew, used: Arc::default() }
    }
}

impl Source<Arc<Snapshot>> for Kept {
    fn result(
        &self,
        snapshot: &Arc<Snapshot>,
        view: &Collection,
    ) -> Result<Arc<ViewResult>, ReadError> {
        if self.at_leisure {
            let result = self.views.get_or_work_out(snapshot, view);
            return result.map_err(|error| ReadError(Box::new(error)));
        }
        self.views.get(snapshot, view).ok_or_else(|| ReadError(Box::new(NotReady)))
    }
}

impl<'a> Source<&'a dyn Rows> for Anew {
    fn result(&self, rows: &&'a dyn Rows, view: &Collection) -> Result<Arc<ViewResult>, ReadError> {
        work_out_in_write(*rows, view).map_err(|error| ReadError(Box::new(error)))
    }
}

impl<B: Deref<Target: Rows>, S: Source<B>> Overlay<B, S> {
    fn result(&self, view: &Collection) -> Result<Arc<ViewResult>, ReadError> {
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, result)) = used.iter().find(|(id, _)| *id == view.id) {
            return Ok(Arc::clone(result));
        }
        let result = self.source.result(&self.base, view)?;
        used.push((view.id.clone(), Arc::clone(&result)));
        Ok(result)
    }
}

impl<B: Deref<Target: Rows>, S: Source<B>> Rows for Overlay<B, S> {
    fn catalog(&self) -> &Arc<Catalog> {
        self.base.catalog()
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.count());
        }
        self.base.count(collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.find(id));
        }
        self.base.find(collection, id)
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        if collection.is_view() {
            return Ok(self.result(collection)?.row(rowid).cloned());
        }
        self.base.row(collection, rowid)
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
        self.base.with_row(collection, rowid, visit)
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
        if collection.is_view() {
            let result = self.result(collection)?;
            return result.scan_index(collection, tree, range, direction, visit);
        }
        self.base.scan_index(collection, tree, range, direction, visit)
    }

    fn kept(&self) -> Option<crate::query::Kept<'_>> {
        self.base.kept()
    }
}

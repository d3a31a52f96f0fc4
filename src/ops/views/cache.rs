//! Results of views that are kept as long as they are right.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::model::CollectionId;
use crate::query::Rows;
use crate::schema::{Collection, CollectionKind};
use crate::sql::{Limits, Select, SqlError};
use crate::store::Snapshot;

use super::result::ViewResult;

/// Bytes of all results that are kept.
const BYTES_MAX: usize = 512 << 20;
/// Results that are kept.
const RESULTS_MAX: usize = 64;
/// Changes that are looked through before a result counts as outdated.
const CHANGES_MAX: usize = 512;
/// What working out one view may take.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    rows_read: usize::MAX,
    rows: 1_000_000,
    cut: false,
    bytes: 256 << 20,
};

/// What working out a view that a rule asks may take while a write waits for it.
const LIMITS_IN_WRITE: Limits = Limits { time: Duration::from_secs(1), rows: 100_000, ..LIMITS };

/// The result of `view` over the rows that a write sees.
pub(super) fn work_out_in_write(
    rows: &dyn Rows,
    view: &Collection,
) -> Result<Arc<ViewResult>, SqlError> {
    let CollectionKind::View { query } = &view.kind else { return Err(SqlError::Stale) };
    let select = Select::prepare(rows.catalog(), query, Some(&view.id))?;
    Ok(Arc::new(ViewResult::new(select.records(rows, view, &LIMITS_IN_WRITE)?)))
}

/// Results of views, the ones used last. Bounded in number and in bytes.
#[derive(Debug, Default)]
pub struct ViewCache {
    /// Sorted by use, the latest last.
    kept: Mutex<Vec<Kept>>,
    /// One view is worked out at a time, so that their memory does not add up.
    working: Mutex<()>,
    hits: AtomicU64,
    misses: AtomicU64,
}

#[derive(Debug, Clone)]
struct Kept {
    view: CollectionId,
    catalog_version: u64,
    /// The last change that the result knows of.
    last_change: u64,
    /// The collections whose changes matter.
    sources: Arc<[CollectionId]>,
    bytes: usize,
    result: Arc<ViewResult>,
}

impl ViewCache {
    /// The result of `view` at `snapshot`, if it is here.
    pub(super) fn get(&self, snapshot: &Snapshot, view: &Collection) -> Option<Arc<ViewResult>> {
        let mut kept = self.lock();
        let place = kept.iter().position(|kept| kept.is_for(snapshot, view))?;
        if !kept[place].is_right(snapshot) {
            return None;
        }
        let mut found = kept.remove(place);
        found.last_change = found.last_change.max(snapshot.last_change());
        let result = Arc::clone(&found.result);
        kept.push(found);
        self.hits.fetch_add(1, Relaxed);
        Some(result)
    }

    /// The result of `view` at `snapshot`, worked out when it is not here. May take seconds.
    pub(super) fn get_or_work_out(
        &self,
        snapshot: &Snapshot,
        view: &Collection,
    ) -> Result<Arc<ViewResult>, SqlError> {
        if let Some(result) = self.get(snapshot, view) {
            return Ok(result);
        }
        let _working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have worked it out while we waited.
        if let Some(result) = self.get(snapshot, view) {
            return Ok(result);
        }
        let CollectionKind::View { query } = &view.kind else { return Err(SqlError::Stale) };
        let select = Select::prepare(snapshot.catalog(), query, Some(&view.id))?;
        let result = Arc::new(ViewResult::new(select.records(snapshot, view, &LIMITS)?));
        self.misses.fetch_add(1, Relaxed);
        self.keep(Kept {
            view: view.id.clone(),
            catalog_version: snapshot.catalog().version(),
            last_change: snapshot.last_change(),
            sources: select.sources().into(),
            bytes: result.bytes(),
            result: Arc::clone(&result),
        });
        Ok(result)
    }

    /// How often a result was here, and how often one was worked out.
    pub(in crate::ops) fn uses(&self) -> (u64, u64) {
        (self.hits.load(Relaxed), self.misses.load(Relaxed))
    }

    fn keep(&self, new: Kept) {
        let mut kept = self.lock();
        kept.retain(|old| old.view != new.view);
        kept.push(new);
        let mut bytes: usize = kept.iter().map(|kept| kept.bytes).sum();
        while kept.len() > RESULTS_MAX || bytes > BYTES_MAX && kept.len() > 1 {
            bytes -= kept.remove(0).bytes;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn is_for(&self, snapshot: &Snapshot, view: &Collection) -> bool {
        self.view == view.id && self.catalog_version == snapshot.catalog().version()
    }

    /// Whether nothing that matters has changed since.
    fn is_right(&self, snapshot: &Snapshot) -> bool {
        let (known, last) = (self.last_change, snapshot.last_change());
        if known == last {
            return true;
        }
        if known > last || last - known > CHANGES_MAX as u64 {
            return false;
        }
        let Ok(changes) = snapshot.changes(known, CHANGES_MAX) else { return false };
        // Pruned changes may have mattered.
        changes.len() as u64 == last - known
            && changes.iter().all(|change| !self.sources.contains(&change.collection))
    }
}

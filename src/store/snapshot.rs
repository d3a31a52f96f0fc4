//! The committed state at one moment.

use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::change::{self, Change};
use super::engine::Read;
use super::error::damaged;
use super::history::Recording;
use super::outbox::OutboxKey;
use super::seal::Sealer;
use super::{names, reading};
use crate::model::key::KeyRange;
use crate::model::{Row, RowBuf, RowId};
use crate::query::{Columns, Direction, IndexTree, Kept, Log, ReadError, Rows, Visit};
use crate::schema::{Catalog, Collection};

/// The committed state at one moment. It never changes; while it is held, the space of what was
/// overwritten since cannot be used again, so drop it soon.
pub struct Snapshot {
    pub(super) read: Box<dyn Read + Send + Sync>,
    pub(super) catalog: Arc<Catalog>,
    pub(super) last_change: u64,
    pub(super) commit: u64,
    pub(super) sealer: Arc<Sealer>,
    pub(super) recording: Option<Recording>,
    /// Shared by all snapshots since the engine was opened.
    pub(super) columns: Arc<Columns>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot").field("last_change", &self.last_change).finish_non_exhaustive()
    }
}

impl Snapshot {
    /// The setting called `key`.
    pub fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, ReadError> {
        reading::sealed(&*self.read, &self.sealer, names::SETTINGS, key.as_bytes())
    }

    /// Up to `limit` letters of the outbox that are due at `due` or later, the earliest first.
    pub fn outbox(&self, due: u64, limit: usize) -> Result<Vec<(OutboxKey, Vec<u8>)>, ReadError> {
        let mut letters = Vec::new();
        if limit == 0 {
            return Ok(letters);
        }
        let start = OutboxKey { due, sequence: 0 }.to_bytes();
        let keys = (Bound::Included(start.as_slice()), Bound::Unbounded);
        self.read.range(names::OUTBOX, keys, Direction::Forward, &mut |key, letter| {
            let letter = self.sealer.open(names::OUTBOX, key, letter)?;
            let key = OutboxKey::from_bytes(key).ok_or_else(|| damaged("a key in the outbox"))?;
            letters.push((key, letter));
            let full = letters.len() == limit;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(letters)
    }

    /// How many letters of the outbox are due before `until`.
    pub fn outbox_len(&self, until: u64) -> Result<u64, ReadError> {
        let mut count = 0;
        let end = OutboxKey { due: until, sequence: 0 }.to_bytes();
        let keys = (Bound::Unbounded, Bound::Excluded(end.as_slice()));
        self.read.range(names::OUTBOX, keys, Direction::Forward, &mut |_, _| {
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(count)
    }

    /// Up to `limit` settings whose key begins with `prefix` and comes after `after`, in the order of
    /// their keys.
    pub fn settings(
        &self,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<(String, Vec<u8>)>, ReadError> {
        let mut found = Vec::new();
        let start = if after > prefix {
            Bound::Excluded(after.as_bytes())
        } else {
            Bound::Included(prefix.as_bytes())
        };
        let keys = (start, Bound::Unbounded);
        self.read.range(names::SETTINGS, keys, Direction::Forward, &mut |key, value| {
            if found.len() == limit || !key.starts_with(prefix.as_bytes()) {
                return Ok(ControlFlow::Break(()));
            }
            let value = self.sealer.open(names::SETTINGS, key, value)?;
            let key = std::str::from_utf8(key).map_err(|_| damaged("the key of a setting"))?;
            found.push((key.to_owned(), value));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(found)
    }

    /// Up to `limit` changes whose sequence is above `after`, oldest first. When the first one is
    /// not `after + 1`, changes in between were pruned.
    pub fn changes(&self, after: u64, limit: usize) -> Result<Vec<Change>, ReadError> {
        let mut changes = Vec::new();
        if limit == 0 {
            return Ok(changes);
        }
        let start = change::key(after);
        let keys = (Bound::Excluded(start.as_slice()), Bound::Unbounded);
        self.read.range(names::CHANGES, keys, Direction::Forward, &mut |key, value| {
            let change = change::sequence(key).and_then(|sequence| change::decode(sequence, value));
            changes.push(change.ok_or_else(|| damaged("an entry in the log of changes"))?);
            let full = changes.len() == limit;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(changes)
    }

    /// The number of the commit that made this state; no two states of an open store share one.
    pub fn commit(&self) -> u64 {
        self.commit
    }

    /// The sequence of the last change; 0 when there never was one.
    pub fn last_change(&self) -> u64 {
        self.last_change
    }
}

impl Rows for Snapshot {
    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        reading::count(&*self.read, collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        reading::find(&*self.read, collection, id)
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        reading::row(&*self.read, collection, rowid)
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        reading::with_row(&*self.read, collection, rowid, visit)
    }

    fn scan(
        &self,
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        reading::scan(&*self.read, collection, range, direction, visit)
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        reading::scan_index(&*self.read, collection, tree, range, direction, visit)
    }
    fn kept(&self) -> Option<Kept<'_>> {
        Some(Kept { columns: &self.columns, log: self })
    }
}

impl Log for Snapshot {
    fn last_change(&self) -> u64 {
        self.last_change
    }

    fn changes_after(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, &str, RowId) -> Visit,
    ) -> Result<(), ReadError> {
        let start = change::key(after);
        let keys = (Bound::Excluded(start.as_slice()), Bound::Unbounded);
        self.read.range(names::CHANGES, keys, Direction::Forward, &mut |key, value| {
            let sequence = change::sequence(key);
            match sequence.zip(change::place(value)) {
                Some((sequence, (collection, rowid))) => visit(sequence, collection, rowid),
                None => Err(damaged("an entry in the log of changes")),
            }
        })
    }
}

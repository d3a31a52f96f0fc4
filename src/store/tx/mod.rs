//! A write transaction as a job sees it.

mod collections;
mod records;
mod restore;

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::change;
use super::engine::{ALL_KEYS, Commit, WriteTxn};
use super::error::{WriteError, damaged};
use super::history::{self, Notes, Recording};
use super::seal::Sealer;
use super::wal::Op;
use super::{StoreOptions, names, reading};
use crate::model::key::KeyRange;
use crate::model::{CollectionId, Row, RowBuf, RowId, Timestamp};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::{Catalog, Collection};

/// Old entries of a log removed per batch at most, so that no batch waits long.
const PRUNED_MAX: u64 = 256;

/// What a batch changes besides the trees. A failed job gets back what was before it.
#[derive(Debug, Clone)]
pub(super) struct Staged {
    pub(super) catalog: Arc<Catalog>,
    /// The key of each collection in the tree of collections, parallel to the catalog.
    pub(super) orders: Arc<[u64]>,
    pub(super) last_change: u64,
    /// The history that is kept.
    pub(super) recording: Option<Recording>,
}

/// The next rowid per collection, as far as known. Only grows, so a failed job may leave a gap.
pub(super) type NextRowids = HashMap<CollectionId, NextRowid>;

/// Rowids that a counter on disk covers at once, so that not every batch writes it. Those that are not
/// used when the store closes are a gap.
const ROWIDS_RESERVED: u64 = 64;

/// The next rowid of a collection.
#[derive(Debug, Clone, Copy)]
pub(super) struct NextRowid {
    pub(super) next: u64,
    /// Rowids below this are covered by the counter on disk; 0 when that is not known.
    pub(super) reserved: u64,
}

/// How to take back one step.
enum Undo {
    /// Put the old value back, or remove the key.
    Entry { tree: String, key: Vec<u8>, old: Option<Vec<u8>> },
    /// Give the tree its name back.
    Renamed { from: String, to: String },
    /// Drop the tree, which was filled without further entries in the log.
    Filled { tree: String },
}

/// A moment to go back to.
pub(super) struct Savepoint {
    undo: usize,
    journal: usize,
    notes: usize,
    staged: Staged,
}

/// A write transaction. It implements [`Rows`] and sees its own changes.
///
/// When the job that got it fails or panics, all of its changes are taken back.
pub struct Tx<'a> {
    txn: &'a mut dyn WriteTxn,
    staged: Staged,
    next_rowids: &'a mut NextRowids,
    /// Collections whose counter must be written, and up to where it will cover rowids.
    grown: HashMap<CollectionId, u64>,
    undo: Vec<Undo>,
    /// What the write-ahead log will get; `None` when there is none.
    journal: Option<Vec<Op>>,
    /// What the history will get, when one is kept.
    notes: Option<Notes>,
    /// Trees that go away at the end. They were renamed, which can be taken back.
    dropped: Vec<String>,
    /// Whether some job succeeded in changing something.
    changed: bool,
    /// Whether trees were dropped or filled, which the write-ahead log cannot tell.
    reshaped: bool,
    attachment: Option<Box<dyn Any + Send>>,
    sealer: Arc<Sealer>,
}

impl fmt::Debug for Tx<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("last_change", &self.staged.last_change).finish_non_exhaustive()
    }
}

/// What a finished batch amounts to.
pub(super) struct Finished {
    pub(super) commit: Commit,
    pub(super) staged: Staged,
    /// What counters cover once this is committed.
    pub(super) grown: HashMap<CollectionId, u64>,
    /// The changes for the write-ahead log, if it can tell them all.
    pub(super) journal: Option<Vec<Op>>,
}

impl<'a> Tx<'a> {
    pub(super) fn new(
        txn: &'a mut dyn WriteTxn,
        staged: Staged,
        next_rowids: &'a mut NextRowids,
        journaled: bool,
        sealer: &Arc<Sealer>,
    ) -> Self {
        let notes = staged.recording.map(|recording| Notes::new(recording.epoch));
        Self {
            txn,
            staged,
            next_rowids,
            grown: HashMap::new(),
            undo: Vec::new(),
            journal: journaled.then(Vec::new),
            notes,
            dropped: Vec::new(),
            changed: false,
            reshaped: false,
            attachment: None,
            sealer: Arc::clone(sealer),
        }
    }

    pub(super) fn savepoint(&self) -> Savepoint {
        Savepoint {
            undo: self.undo.len(),
            journal: self.journal.as_ref().map_or(0, Vec::len),
            notes: self.notes.as_ref().map_or(0, Notes::len),
            staged: self.staged.clone(),
        }
    }

    /// Keeps all changes up to here: they cannot be taken back any more.
    pub(super) fn keep(&mut self) {
        self.changed |= !self.undo.is_empty();
        if let Some(notes) = &mut self.notes {
            notes.end_job(self.staged.last_change);
        }
        self.undo.clear();
    }

    /// Takes back all changes since `savepoint`.
    pub(super) fn roll_back(&mut self, savepoint: Savepoint) -> Result<(), ReadError> {
        while self.undo.len() > savepoint.undo {
            let Some(step) = self.undo.pop() else { break };
            match step {
                Undo::Entry { tree, key, old: Some(old) } => {
                    self.txn.put(&tree, &key, &old)?;
                }
                Undo::Entry { tree, key, old: None } => {
                    self.txn.delete(&tree, &key)?;
                }
                Undo::Renamed { from, to } => {
                    // A tree of the old name that was made since is empty by now.
                    self.txn.drop_tree(&from)?;
                    self.txn.rename_tree(&to, &from)?;
                    self.dropped.retain(|name| *name != to);
                }
                Undo::Filled { tree } => self.txn.drop_tree(&tree)?,
            }
        }
        if let Some(journal) = &mut self.journal {
            journal.truncate(savepoint.journal);
        }
        if let Some(notes) = &mut self.notes {
            notes.truncate(savepoint.notes);
        }
        self.staged = savepoint.staged;
        Ok(())
    }

    /// Runs `step` so that nothing of it stays when it fails.
    pub fn attempt<T, E: From<ReadError>>(
        &mut self,
        step: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let savepoint = self.savepoint();
        let result = step(self);
        if result.is_err() {
            self.roll_back(savepoint)?;
        }
        result
    }

    /// Keeps something for the one who runs the job, to be found wherever the transaction goes. It
    /// is gone after the job.
    pub fn attach(&mut self, attachment: Box<dyn Any + Send>) {
        self.attachment = Some(attachment);
    }

    /// What was attached.
    pub fn attachment<T: 'static>(&mut self) -> Option<&mut T> {
        self.attachment.as_mut()?.downcast_mut()
    }

    /// Takes away what was attached.
    pub fn detach<T: 'static>(&mut self) -> Option<Box<T>> {
        self.attachment.take()?.downcast().ok()
    }

    /// Ends the batch: writes counters, prunes old changes, drops what was marked.
    pub(super) fn finish(mut self, options: &StoreOptions) -> Result<Finished, ReadError> {
        if !self.changed {
            return Ok(Finished {
                commit: Commit::Abandon,
                staged: self.staged,
                grown: HashMap::new(),
                journal: None,
            });
        }
        let grown = std::mem::take(&mut self.grown);
        for (collection, reserved) in &grown {
            self.put_counter(&names::rowid_counter(collection), *reserved)?;
        }
        self.write_history(options)?;
        self.prune_changes(options)?;
        for tree in std::mem::take(&mut self.dropped) {
            self.txn.drop_tree(&tree)?;
        }
        let journal = self.journal.filter(|_| !self.reshaped);
        let commit = if journal.is_some() { Commit::Deferred } else { Commit::Durable };
        Ok(Finished { commit, staged: self.staged, grown, journal })
    }

    /// Has the history kept from the next batch on, or keeps it no longer and forgets it. Changes
    /// nothing when that is so already.
    ///
    /// # Errors
    /// What the engine says.
    pub fn set_recording(&mut self, is_on: bool) -> Result<(), WriteError> {
        if is_on == self.staged.recording.is_some() {
            return Ok(());
        }
        if is_on {
            let epoch = rand::random();
            self.put_counter(names::HISTORY_EPOCH, epoch)?;
            self.staged.recording = Some(Recording { epoch, sequence: 0 });
        } else {
            self.delete_entry(names::COUNTERS, names::HISTORY_EPOCH.as_bytes())?;
            self.drop_tree(names::HISTORY.to_owned())?;
            self.staged.recording = None;
        }
        Ok(())
    }

    /// Tells the history, if one is kept since before this batch, what the batch did.
    fn write_history(&mut self, options: &StoreOptions) -> Result<(), ReadError> {
        let Some(mut notes) = self.notes.take() else { return Ok(()) };
        let Some(recording) = self.staged.recording.filter(|it| it.epoch == notes.epoch) else {
            return Ok(());
        };
        notes.end_batch(self.staged.last_change);
        let (entries, sequence) = notes.entries(recording.sequence);
        for (key, piece) in &entries {
            self.put_entry(names::HISTORY, key, piece)?;
        }
        self.staged.recording = Some(Recording { sequence, ..recording });
        let enough = PRUNED_MAX + entries.len() as u64;
        self.prune(names::HISTORY, history::time, enough, options)
    }

    /// Removes the oldest changes that are too old or too many. The last change always stays, so
    /// that sequences go on from it after a restart.
    fn prune_changes(&mut self, options: &StoreOptions) -> Result<(), ReadError> {
        self.prune(names::CHANGES, change::time, PRUNED_MAX, options)
    }

    /// Removes the oldest entries of a log that are too old or too many, `most` of them at most, and
    /// never the last one.
    fn prune(
        &mut self,
        tree: &str,
        time: fn(&[u8]) -> Option<Timestamp>,
        most: u64,
        options: &StoreOptions,
    ) -> Result<(), ReadError> {
        let count = self.txn.len(tree)?;
        let surplus = count.saturating_sub(options.change_count_max.max(1));
        let age_ms = i64::try_from(options.change_age_seconds_max.saturating_mul(1000));
        let oldest = Timestamp::now().millis().saturating_sub(age_ms.unwrap_or(i64::MAX));
        let mut doomed: Vec<Vec<u8>> = Vec::new();
        self.txn.range(tree, ALL_KEYS, Direction::Forward, &mut |key, value| {
            let done = doomed.len() as u64;
            let too_old = time(value).is_none_or(|time| time.millis() < oldest);
            let enough = done == most || done + 1 >= count;
            if enough || (done >= surplus && !too_old) {
                return Ok(ControlFlow::Break(()));
            }
            doomed.push(key.to_vec());
            Ok(ControlFlow::Continue(()))
        })?;
        for key in doomed {
            self.delete_entry(tree, &key)?;
        }
        Ok(())
    }

    /// Sets a key; true when it had a value.
    fn put_entry(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<bool, ReadError> {
        let old = self.txn.put(tree, key, value)?;
        let existed = old.is_some();
        self.note(tree, key, Some(value), old);
        Ok(existed)
    }

    /// Removes a key; true when it had a value.
    fn delete_entry(&mut self, tree: &str, key: &[u8]) -> Result<bool, ReadError> {
        let old = self.txn.delete(tree, key)?;
        let existed = old.is_some();
        if existed {
            self.note(tree, key, None, old);
        }
        Ok(existed)
    }

    fn note(&mut self, tree: &str, key: &[u8], value: Option<&[u8]>, old: Option<Vec<u8>>) {
        if let Some(notes) = &mut self.notes {
            notes.add(tree, key, value);
        }
        if let Some(journal) = &mut self.journal {
            let value = value.map(<[u8]>::to_vec);
            journal.push(Op { tree: tree.to_owned(), key: key.to_vec(), value });
        }
        self.undo.push(Undo::Entry { tree: tree.to_owned(), key: key.to_vec(), old });
    }

    fn put_counter(&mut self, name: &str, value: u64) -> Result<(), ReadError> {
        self.put_entry(names::COUNTERS, name.as_bytes(), &value.to_le_bytes()).map(drop)
    }

    /// Takes a tree away. Its entries go at the end of the batch.
    fn drop_tree(&mut self, tree: String) -> Result<(), ReadError> {
        let grave = format!("dropped/{}", self.dropped.len());
        self.reshaped = true;
        if self.txn.rename_tree(&tree, &grave)? {
            self.dropped.push(grave.clone());
            self.undo.push(Undo::Renamed { from: tree, to: grave });
        }
        Ok(())
    }

    /// Fills a tree that has no entries yet.
    fn fill_tree<'e>(
        &mut self,
        tree: &str,
        entries: impl Iterator<Item = (&'e [u8], &'e [u8])>,
    ) -> Result<(), ReadError> {
        self.reshaped = true;
        self.undo.push(Undo::Filled { tree: tree.to_owned() });
        for (key, value) in entries {
            self.txn.put(tree, key, value)?;
        }
        Ok(())
    }

    /// The collection as it is now; the caller's may be from before a change of the schema.
    fn current(&self, collection: &Collection) -> Result<Arc<Collection>, WriteError> {
        let current = self.staged.catalog.by_id(collection.id.as_str());
        current.cloned().ok_or(WriteError::NoCollection)
    }

    fn take_rowid(&mut self, collection: &CollectionId) -> Result<RowId, ReadError> {
        let next = if let Some(next) = self.next_rowids.get_mut(collection) {
            next
        } else {
            let stored = reading::counter(&*self.txn, &names::rowid_counter(collection))?;
            let next = NextRowid { next: stored.unwrap_or(1), reserved: 0 };
            self.next_rowids.entry(collection.clone()).or_insert(next)
        };
        let rowid = RowId(next.next);
        next.next = next.next.checked_add(1).ok_or_else(|| damaged("no rowid is left"))?;
        if next.next > next.reserved
            && self.grown.get(collection).is_none_or(|reserved| next.next > *reserved)
        {
            let reserved = rowid.0.saturating_add(ROWIDS_RESERVED);
            self.grown.insert(collection.clone(), reserved);
        }
        Ok(rowid)
    }
}

impl Rows for Tx<'_> {
    fn catalog(&self) -> &Arc<Catalog> {
        &self.staged.catalog
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        reading::count(&*self.txn, collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        reading::find(&*self.txn, collection, id)
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        reading::row(&*self.txn, collection, rowid)
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        reading::with_row(&*self.txn, collection, rowid, visit)
    }

    fn scan(
        &self,
        collection: &Collection,
        range: (Bound<RowId>, Bound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        reading::scan(&*self.txn, collection, range, direction, visit)
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        reading::scan_index(&*self.txn, collection, tree, range, direction, visit)
    }
}

//! The narrow interface to whatever keeps the bytes: named trees of ordered keys.
//!
//! A tree that was never written is empty. Nothing above this module knows which engine runs.

mod disk;
mod memory;
mod overlay;
mod redb;

use std::ops::Bound;

#[cfg(test)]
pub(super) use disk::{Faults, Operation};
pub(super) use memory::MemoryEngine;
pub(super) use redb::RedbEngine;
#[cfg(test)]
pub(super) use redb::needs_repair;

use super::StoreError;
use crate::query::{Direction, ReadError, Visit};

/// A range of keys, borrowed.
pub(super) type Keys<'a> = (Bound<&'a [u8]>, Bound<&'a [u8]>);

/// Every key.
pub(super) const ALL_KEYS: Keys<'static> = (Bound::Unbounded, Bound::Unbounded);

/// Reading trees as of one moment. Visitors may read again.
pub(super) trait Read {
    /// Shows the value of `key` to `visit`; false when there is none.
    fn get(&self, tree: &str, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, ReadError>;

    /// Walks the entries within `keys` until the visitor stops.
    fn range(
        &self,
        tree: &str,
        keys: Keys<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Visit,
    ) -> Result<(), ReadError>;

    /// How many entries `tree` has. Costs the same however many there are.
    fn len(&self, tree: &str) -> Result<u64, ReadError>;

    /// The names of the trees that there are, in order.
    fn trees(&self) -> Result<Vec<String>, ReadError>;

    /// A copy of the value of `key`.
    fn copy(&self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let mut value = None;
        self.get(tree, key, &mut |bytes| value = Some(bytes.to_vec()))?;
        Ok(value)
    }
}

/// A write transaction, which sees its own changes.
pub(super) trait WriteTxn: Read {
    /// Sets `key`, and returns the value it had.
    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// Removes `key`, and returns the value it had.
    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError>;

    /// Gives a tree another name, which no tree may have; false when there is no such tree.
    fn rename_tree(&mut self, from: &str, to: &str) -> Result<bool, ReadError>;

    /// Removes a tree with all its entries, if there is one.
    fn drop_tree(&mut self, tree: &str) -> Result<(), ReadError>;
}

/// How a write transaction ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commit {
    /// Nothing is kept.
    Abandon,
    /// Kept in this process; on disk with the next durable commit.
    Deferred,
    /// On disk when the call returns, with all deferred commits before it.
    Durable,
    /// Durable, and the next open after a crash need not walk the whole file.
    QuickRepair,
}

/// An ordered key-value store with snapshots and one writer at a time.
pub(super) trait Engine: Send + Sync {
    /// A snapshot of what is committed.
    fn read(&self) -> Result<Box<dyn Read + Send + Sync>, StoreError>;

    /// Runs `job` in a write transaction, which ends as `job` says, or is abandoned when it fails.
    /// An engine may run `job` again when the transaction must be repeated.
    fn write(
        &self,
        job: &mut dyn FnMut(&mut dyn WriteTxn) -> Result<Commit, StoreError>,
    ) -> Result<(), StoreError>;

    /// Whether something below failed since it was opened, so that it has to be opened anew.
    fn has_failed(&self) -> bool {
        false
    }

    /// Opens it anew with what is on disk. Deferred commits may be gone, and snapshots from before
    /// may not be readable any more. When it fails, so does everything else until it succeeds.
    fn reopen(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

//! An engine that keeps everything in memory, for tests and throw-away stores.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::{Commit, Engine, Keys, Read, WriteTxn};
use crate::query::{Direction, ReadError, Visit};
use crate::store::StoreError;

type Tree = BTreeMap<Arc<[u8]>, Arc<[u8]>>;

/// All trees; clones share them until one is written.
#[derive(Clone, Default)]
struct Trees(HashMap<String, Arc<Tree>>);

/// The engine. Not durable at all.
#[derive(Default)]
pub(in crate::store) struct MemoryEngine {
    committed: Mutex<Trees>,
    fail_next_commit: AtomicBool,
}

impl MemoryEngine {
    /// Makes the next commit fail, as a full disk would.
    #[cfg(test)]
    pub(in crate::store) fn fail_next_commit(&self) {
        self.fail_next_commit.store(true, Ordering::SeqCst);
    }

    fn committed(&self) -> Trees {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Engine for MemoryEngine {
    fn read(&self) -> Result<Box<dyn Read + Send + Sync>, StoreError> {
        Ok(Box::new(self.committed()))
    }

    fn write(
        &self,
        job: &mut dyn FnMut(&mut dyn WriteTxn) -> Result<Commit, StoreError>,
    ) -> Result<(), StoreError> {
        let mut trees = self.committed();
        if job(&mut trees)? == Commit::Abandon {
            return Ok(());
        }
        if self.fail_next_commit.swap(false, Ordering::SeqCst) {
            return Err(StoreError::engine(std::io::Error::other("commit failed on demand")));
        }
        *self.committed.lock().unwrap_or_else(PoisonError::into_inner) = trees;
        Ok(())
    }
}

impl Read for Trees {
    fn get(&self, tree: &str, key: &[u8], visit: &mut dyn FnMut(&[u8])) -> Result<bool, ReadError> {
        let value = self.0.get(tree).and_then(|entries| entries.get(key));
        if let Some(value) = value {
            visit(value);
        }
        Ok(value.is_some())
    }

    fn range(
        &self,
        tree: &str,
        keys: Keys<'_>,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> Visit,
    ) -> Result<(), ReadError> {
        let Some(entries) = self.0.get(tree) else {
            return Ok(());
        };
        if is_empty(keys) {
            return Ok(());
        }
        let mut entries = entries.range::<[u8], _>(keys);
        let mut next = || match direction {
            Direction::Forward => entries.next(),
            Direction::Backward => entries.next_back(),
        };
        while let Some((key, value)) = next() {
            if let ControlFlow::Break(()) = visit(key, value)? {
                break;
            }
        }
        Ok(())
    }

    fn len(&self, tree: &str) -> Result<u64, ReadError> {
        Ok(self.0.get(tree).map_or(0, |entries| entries.len() as u64))
    }

    fn trees(&self) -> Result<Vec<String>, ReadError> {
        let mut names: Vec<String> = self.0.keys().cloned().collect();
        names.sort();
        Ok(names)
    }
}

/// Whether no key can lie within; a `BTreeMap` panics on such ranges.
fn is_empty(keys: Keys<'_>) -> bool {
    match keys {
        (Bound::Unbounded, _) | (_, Bound::Unbounded) => false,
        (Bound::Included(start), Bound::Included(end)) => start > end,
        (
            Bound::Included(start) | Bound::Excluded(start),
            Bound::Included(end) | Bound::Excluded(end),
        ) => start >= end,
    }
}

impl WriteTxn for Trees {
    fn put(&mut self, tree: &str, key: &[u8], value: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let entries = match self.0.get_mut(tree) {
            Some(entries) => entries,
            None => self.0.entry(tree.to_owned()).or_default(),
        };
        let old = Arc::make_mut(entries).insert(Arc::from(key), Arc::from(value));
        Ok(old.map(|value| value.to_vec()))
    }

    fn delete(&mut self, tree: &str, key: &[u8]) -> Result<Option<Vec<u8>>, ReadError> {
        let Some(entries) = self.0.get_mut(tree) else {
            return Ok(None);
        };
        Ok(Arc::make_mut(entries).remove(key).map(|value| value.to_vec()))
    }

    fn rename_tree(&mut self, from: &str, to: &str) -> Result<bool, ReadError> {
        let entries = self.0.remove(from);
        let found = entries.is_some();
        if let Some(entries) = entries {
            self.0.insert(to.to_owned(), entries);
        }
        Ok(found)
    }

    fn drop_tree(&mut self, tree: &str) -> Result<(), ReadError> {
        self.0.remove(tree);
        Ok(())
    }
}

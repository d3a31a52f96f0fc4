//! Everything a snapshot holds in pieces that can be put into another store, where they make the
//! same store: see [`super::Tx::restore_definition`] and what follows it.
//!
//! Indexes and ids follow from the rows, and the log of changes is about this store only.

use std::ops::{Bound, ControlFlow};

use super::engine::ALL_KEYS;
use super::error::damaged;
use super::seal::Sealer;
use super::{Snapshot, catalog_codec, names, reading};
use crate::model::{RowBuf, RowId};
use crate::query::{Direction, ReadError, Rows};
use crate::schema::Collection;

/// Bytes of rows or entries that one slice holds at least, unless there are no more.
const SLICE_BYTES: usize = 1024 * 1024;
/// Rows or entries of one slice at most.
const SLICE_LEN_MAX: usize = 1000;

/// A collection's definition in the store's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its place among the collections: greater than that of those made earlier.
    pub order: u64,
    /// A JSON object without line breaks, with secrets, slots and index numbers.
    pub json: String,
}

impl Definition {
    /// The collection that it defines; secrets that are sealed stay so. The error says what is damaged.
    pub fn collection(&self) -> Result<Collection, String> {
        catalog_codec::decode(self.json.as_bytes(), &Sealer::default())
    }
}

/// Rows in order of rowid; empty behind the last.
pub type RowSlice = Vec<(RowId, RowBuf)>;

/// Keys and values in order of key; empty behind the last.
pub type EntrySlice = Vec<(Vec<u8>, Vec<u8>)>;

impl Snapshot {
    /// The counters by name, such as the next rowid of each collection, those that are gone too.
    /// What concerns only the file of this store is left out.
    pub fn counters(&self) -> Result<Vec<(String, u64)>, ReadError> {
        let mut counters = vec![(names::CHANGE_SEQUENCE.to_owned(), self.last_change)];
        self.read.range(names::COUNTERS, ALL_KEYS, Direction::Forward, &mut |key, value| {
            let name = String::from_utf8(key.to_vec()).map_err(|_| damaged("a counter's name"))?;
            let value = value.try_into().map_err(|_| damaged(format!("counter {name}")))?;
            if !is_of_the_file(&name) && name != names::CHANGE_SEQUENCE {
                counters.push((name, u64::from_le_bytes(value)));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        counters.sort();
        Ok(counters)
    }

    /// Whether values are sealed with a key.
    pub fn is_sealed(&self) -> Result<bool, ReadError> {
        Ok(reading::counter(&*self.read, names::SEALED)?.is_some())
    }

    /// The definitions of the collections in the order of their making.
    pub fn definitions(&self) -> Result<Vec<Definition>, ReadError> {
        let mut definitions = Vec::new();
        self.read.range(names::COLLECTIONS, ALL_KEYS, Direction::Forward, &mut |key, value| {
            let order = key.try_into().map_err(|_| damaged("a key in the tree of collections"))?;
            let json = String::from_utf8(value.to_vec()).map_err(|_| damaged("a definition"))?;
            definitions.push(Definition { order: u64::from_be_bytes(order), json });
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(definitions)
    }

    /// The names of the trees whose entries stand for themselves, such as `settings`.
    pub fn plain_trees(&self) -> Result<Vec<String>, ReadError> {
        let mut trees = self.read.trees()?;
        trees.retain(|tree| names::is_plain(tree));
        Ok(trees)
    }

    /// The next entries of a plain tree behind the key `after`.
    pub fn entries_after(&self, tree: &str, after: Option<&[u8]>) -> Result<EntrySlice, ReadError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut entries, mut bytes) = (EntrySlice::new(), 0);
        self.read.range(
            tree,
            (start, Bound::Unbounded),
            Direction::Forward,
            &mut |key, value| {
                bytes += key.len() + value.len();
                entries.push((key.to_vec(), value.to_vec()));
                Ok(go_on(entries.len(), bytes))
            },
        )?;
        Ok(entries)
    }

    /// The next rows of `collection` behind `after`.
    pub fn rows_after(
        &self,
        collection: &Collection,
        after: Option<RowId>,
    ) -> Result<RowSlice, ReadError> {
        let start = after.map_or(Bound::Unbounded, Bound::Excluded);
        let (mut rows, mut bytes) = (RowSlice::new(), 0);
        let range = (start, Bound::Unbounded);
        self.scan(collection, range, Direction::Forward, &mut |rowid, row| {
            bytes += row.bytes().len();
            rows.push((rowid, row.to_buf()));
            Ok(go_on(rows.len(), bytes))
        })?;
        Ok(rows)
    }
}

/// Whether a counter says something about the file rather than about what is in it.
pub(super) fn is_of_the_file(counter: &str) -> bool {
    [names::FORMAT, names::WAL_SEQUENCE, names::HISTORY_EPOCH].contains(&counter)
}

fn go_on(len: usize, bytes: usize) -> ControlFlow<()> {
    let is_full = len >= SLICE_LEN_MAX || bytes >= SLICE_BYTES;
    if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
}

//! Bringing a store forward by a piece of history: see [`super::history`].
//!
//! Rows, definitions, settings and counters are put as the history tells; what follows from them,
//! ids and indexes, is made anew at the end, for the collections that were touched.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;

use super::engine::{ALL_KEYS, Commit, Engine, RedbEngine, WriteTxn};
use super::error::{StoreError, damaged};
use super::history::{self, Piece};
use super::index::{self, Entry};
use super::seal::Sealer;
use super::wal::Op;
use super::{StoreOptions, catalog_codec, names, open, reading};
use crate::model::{CollectionId, Row, RowId, Timestamp};
use crate::query::{Direction, IndexTree, ReadError, entry};
use crate::schema::Collection;

/// Bytes of operations that go into one transaction at least, unless there are no more.
const BATCH_BYTES: usize = 8 << 20;

/// A moment in the life of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The last transaction that is told.
    End,
    /// The last transaction before the first one that was later than this.
    Time(Timestamp),
    /// The last transaction before the first one with a change beyond this sequence.
    Change(u64),
}

impl Moment {
    /// Whether a transaction is part of the state at this moment, if all before it are.
    fn includes(self, at: Timestamp, last_change: u64) -> bool {
        match self {
            Self::End => true,
            Self::Time(time) => at <= time,
            Self::Change(change) => last_change <= change,
        }
    }
}

/// A store that is being brought forward. What is not [finished](Self::finish) is of no use.
pub struct Replay {
    engine: RedbEngine,
    until: Moment,
    /// The transaction and the piece that come next.
    next: (u64, u32),
    /// Operations of whole transactions, and behind these of the one that is being read.
    ops: Vec<Op>,
    whole: usize,
    bytes: usize,
    last_change: Option<u64>,
    is_over: bool,
    /// Collections that were touched, and their greatest rowid among what was put.
    touched: HashMap<CollectionId, u64>,
}

impl std::fmt::Debug for Replay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("next", &self.next).finish_non_exhaustive()
    }
}

impl Replay {
    /// Opens the store in the folder `dir`, in which the history was told up to the transaction
    /// `sequence`, to bring it forward to `until`.
    ///
    /// # Errors
    /// Those of [`super::Store::open`].
    pub fn open(dir: &Path, sequence: u64, until: Moment) -> Result<Self, StoreError> {
        let path = dir.join("data.redb");
        let engine = RedbEngine::open(&path, StoreOptions::default().cache_bytes)?;
        open::check_format(&engine)?;
        Ok(Self {
            engine,
            until,
            next: (sequence + 1, 0),
            ops: Vec::new(),
            whole: 0,
            bytes: 0,
            last_change: None,
            is_over: false,
            touched: HashMap::new(),
        })
    }

    /// Takes the next piece; false when the moment is reached, and it and all behind it are not
    /// wanted.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when the piece cannot be read or is not the next one, and what the
    /// disk says.
    pub fn apply(&mut self, piece: &Piece) -> Result<bool, StoreError> {
        if (piece.sequence, piece.number) != self.next {
            let (sequence, number) = self.next;
            let what = format!("the history lacks transaction {sequence}, piece {number}");
            return Err(StoreError::Damaged(what));
        }
        let Some(told) = history::decode(&piece.bytes) else {
            let what = format!("transaction {} of the history cannot be read", piece.sequence);
            return Err(StoreError::Damaged(what));
        };
        self.is_over |= !self.until.includes(told.at, told.last_change);
        if self.is_over {
            return Ok(false);
        }
        self.bytes += piece.bytes.len();
        self.ops.extend(told.ops);
        self.next = (piece.sequence, piece.number + 1);
        if told.is_last {
            self.next = (piece.sequence + 1, 0);
            self.whole = self.ops.len();
            self.last_change = Some(told.last_change);
            if self.bytes >= BATCH_BYTES {
                self.flush()?;
            }
        }
        Ok(true)
    }

    /// The sequence of the last transaction that was taken.
    pub fn sequence(&self) -> u64 {
        self.next.0 - 1
    }

    /// Brings everything to disk and into order.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when records contradict each other, and what the disk says.
    pub fn finish(mut self) -> Result<(), StoreError> {
        if self.next.1 != 0 {
            return Err(StoreError::Damaged("the history ends within a transaction".to_owned()));
        }
        self.flush()?;
        let catalog = open::load(&*self.engine.read()?, &Sealer::default())?.catalog;
        for (id, greatest) in &self.touched {
            let Some(collection) = catalog.by_id(id.as_str()) else { continue };
            self.engine.write(&mut |txn| {
                rebuild(txn, collection)?;
                if *greatest > 0 {
                    raise_counter(txn, &names::rowid_counter(id), greatest + 1)?;
                }
                Ok(Commit::Durable)
            })?;
        }
        let last_change = self.last_change;
        self.engine.write(&mut |txn| {
            if let Some(last) = last_change {
                let name = names::CHANGE_SEQUENCE.as_bytes();
                txn.put(names::COUNTERS, name, &last.to_le_bytes())?;
            }
            Ok(Commit::QuickRepair)
        })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let rest = self.ops.split_off(self.whole);
        let ops = std::mem::replace(&mut self.ops, rest);
        (self.whole, self.bytes) = (0, 0);
        let mut touched = HashMap::new();
        self.engine.write(&mut |txn| {
            touched.clear();
            ops.iter().try_for_each(|op| apply(txn, op, &mut touched))?;
            Ok(Commit::Durable)
        })?;
        for (id, greatest) in touched {
            let known = self.touched.entry(id).or_default();
            *known = greatest.max(*known);
        }
        Ok(())
    }
}

fn apply(
    txn: &mut dyn WriteTxn,
    op: &Op,
    touched: &mut HashMap<CollectionId, u64>,
) -> Result<(), ReadError> {
    let old = match &op.value {
        Some(value) => txn.put(&op.tree, &op.key, value)?,
        None => txn.delete(&op.tree, &op.key)?,
    };
    if let Some(id) = names::collection_of_rows(&op.tree) {
        let rowid = RowId::from_key(&op.key).ok_or_else(|| damaged("a rowid in the history"))?;
        let greatest = touched.entry(CollectionId::from(id)).or_default();
        if op.value.is_some() {
            *greatest = rowid.0.max(*greatest);
        }
    }
    if op.tree == names::COLLECTIONS {
        for definition in old.iter().chain(&op.value) {
            let collection = catalog_codec::decode(definition, &Sealer::default())
                .map_err(|what| damaged(format!("a definition in the history: {what}")))?;
            touched.entry(collection.id.clone()).or_default();
            drop_derived(txn, &collection)?;
            if op.value.is_none() {
                txn.drop_tree(&names::rows(&collection.id))?;
            }
        }
    }
    Ok(())
}

/// Removes what follows from the rows of a collection.
fn drop_derived(txn: &mut dyn WriteTxn, collection: &Collection) -> Result<(), ReadError> {
    txn.drop_tree(&names::ids(&collection.id))?;
    for tree in entry::trees(collection) {
        txn.drop_tree(&names::index(&collection.id, tree))?;
    }
    Ok(())
}

/// Makes ids and indexes of the rows of a collection.
fn rebuild(txn: &mut dyn WriteTxn, collection: &Collection) -> Result<(), ReadError> {
    drop_derived(txn, collection)?;
    let ids = names::ids(&collection.id);
    fill(txn, collection, &ids, &|rowid, row| {
        vec![(row.id().as_bytes().to_vec(), rowid.to_key().to_vec())]
    })?;
    // One tree at a time: the entries of all at once might not fit into memory.
    for tree in entry::trees(collection) {
        let pair = |entry: Entry| (entry.key, entry.value);
        let only = |found: IndexTree| found == tree;
        fill(txn, collection, &names::index(&collection.id, tree), &|rowid, row| {
            index::entries(collection, rowid, row, &only).into_iter().map(pair).collect()
        })?;
    }
    Ok(())
}

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn fill(
    txn: &mut dyn WriteTxn,
    collection: &Collection,
    tree: &str,
    entries: &dyn Fn(RowId, Row<'_>) -> Pairs,
) -> Result<(), ReadError> {
    let name = &collection.name;
    let mut all = Pairs::new();
    txn.range(&names::rows(&collection.id), ALL_KEYS, Direction::Forward, &mut |key, row| {
        let rowid = RowId::from_key(key);
        let rowid = rowid.ok_or_else(|| damaged(format!("an entry in the rows of {name}")))?;
        let row = Row::new(row);
        if !row.check() {
            return Err(damaged(format!("row {} of {name} cannot be read", rowid.0)));
        }
        all.extend(entries(rowid, row));
        Ok(ControlFlow::Continue(()))
    })?;
    // Sorted entries fill a tree several times faster.
    all.sort_unstable();
    if all.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        return Err(damaged(format!("records of {name} share a key in the tree {tree}")));
    }
    for (key, value) in &all {
        txn.put(tree, key, value)?;
    }
    Ok(())
}

/// A history that ends before the last job of a batch lacks the counters, which that one brings.
fn raise_counter(txn: &mut dyn WriteTxn, name: &str, least: u64) -> Result<(), ReadError> {
    if reading::counter(txn, name)?.is_none_or(|value| value < least) {
        txn.put(names::COUNTERS, name.as_bytes(), &least.to_le_bytes())?;
    }
    Ok(())
}

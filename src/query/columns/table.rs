//! Columns of one collection as of one moment.

use std::collections::{BTreeMap, HashMap};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use super::dictionary::{Coder, Dictionary};
use crate::model::{Cell, Row, RowId, Slot};
use crate::query::{Direction, ReadError, Rows};
use crate::schema::{Collection, Field, FieldKind};

/// Rows of a chunk: chunk `n` stands for the rowids from `n * CHUNK` on.
pub(in crate::query) const CHUNK: usize = 4096;
/// Words of a mask.
pub(in crate::query) const WORDS: usize = CHUNK / 64;
/// What stands for a date that is not set.
pub(in crate::query) const NO_DATE: i64 = i64::MIN;

/// One bit for each row of a chunk.
pub(in crate::query) type Mask = [u64; WORDS];

/// Some columns of all rows of a collection. Immutable once shared; versions share chunks.
#[derive(Debug, Clone)]
pub(in crate::query) struct Table {
    pub(super) collection: Arc<Collection>,
    /// The last change of the collection that it includes.
    pub(super) version: u64,
    /// The numbers of the chunks, ascending.
    numbers: Vec<u64>,
    /// Which rows there are, by chunk.
    live: Vec<Arc<Mask>>,
    rows: u64,
    columns: BTreeMap<Slot, Column>,
    /// Bytes of chunks that were copied to make this version of the one before.
    pub(super) copied: usize,
}

/// One column.
#[derive(Debug, Clone)]
pub(in crate::query) struct Column {
    lanes: Vec<Arc<Lane>>,
    pub(in crate::query) kind: ColumnKind,
}

/// What the lanes of a column hold.
#[derive(Debug, Clone)]
pub(in crate::query) enum ColumnKind {
    /// Codes.
    Cells(Arc<Dictionary>),
    /// The bits of doubles.
    Numbers,
    /// Milliseconds, or [`NO_DATE`].
    Dates,
}

/// The values of a chunk; those of rows that are not there mean nothing.
#[derive(Debug, Clone)]
pub(in crate::query) enum Lane {
    Codes(Box<[u32]>),
    Words(Box<[u64]>),
}

/// Coders by the slots of their columns.
pub(super) type Coders = HashMap<Slot, Coder>;

/// Whether a column can be kept for `field`. Ids are found by their index and are as many as rows;
/// password hashes stay where they are.
pub(in crate::query) fn can_be_kept(field: &Field) -> bool {
    field.slot != Slot::ID && !matches!(field.kind, FieldKind::Password(_))
}

/// The bytes that a column takes for each row, cells not included.
pub(super) fn width(field: &Field) -> usize {
    match field.kind {
        FieldKind::Number(_) | FieldKind::Date(_) | FieldKind::Autodate(_) => size_of::<u64>(),
        _ => size_of::<u32>(),
    }
}

impl Lane {
    fn new(kind: &ColumnKind) -> Self {
        match kind {
            ColumnKind::Cells(_) => Self::Codes(vec![0; CHUNK].into()),
            ColumnKind::Numbers | ColumnKind::Dates => Self::Words(vec![0; CHUNK].into()),
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Self::Codes(codes) => size_of_val(&**codes),
            Self::Words(words) => size_of_val(&**words),
        }
    }
}

impl Table {
    /// A table without rows; `None` when a column cannot be kept.
    fn empty(
        collection: &Arc<Collection>,
        slots: &[Slot],
        version: u64,
        dictionary_max: usize,
    ) -> Option<(Self, Coders)> {
        let (mut columns, mut coders) = (BTreeMap::new(), Coders::new());
        for slot in slots {
            let field = collection.field_at(*slot).filter(|field| can_be_kept(field))?;
            let kind = match field.kind {
                FieldKind::Number(_) => ColumnKind::Numbers,
                FieldKind::Date(_) | FieldKind::Autodate(_) => ColumnKind::Dates,
                _ => {
                    let coder = coders.entry(*slot).or_insert_with(|| Coder::new(dictionary_max));
                    ColumnKind::Cells(Arc::clone(coder.dictionary()))
                }
            };
            columns.insert(*slot, Column { lanes: Vec::new(), kind });
        }
        let table = Self {
            collection: Arc::clone(collection),
            version,
            numbers: Vec::new(),
            live: Vec::new(),
            rows: 0,
            columns,
            copied: 0,
        };
        Some((table, coders))
    }

    /// Reads columns of all rows of `collection`. The second answer is the slots of columns that
    /// cannot be kept, because their cells take more than `dictionary_max` bytes, or all columns
    /// more than `bytes_max`; then there is no table.
    pub(super) fn read(
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        slots: &[Slot],
        version: u64,
        dictionary_max: usize,
        bytes_max: usize,
    ) -> Result<Result<(Self, Coders), Vec<Slot>>, ReadError> {
        let Some((mut table, mut coders)) = Self::empty(collection, slots, version, dictionary_max)
        else {
            return Ok(Err(slots.to_vec()));
        };
        let (mut unfit, mut chunks) = (Vec::new(), 0);
        let all = (Bound::Unbounded, Bound::Unbounded);
        rows.scan(collection, all, Direction::Forward, &mut |rowid, row| {
            unfit.extend(table.put(rowid, Some(row), &mut coders).err());
            if table.numbers.len() > chunks {
                chunks = table.numbers.len();
                let cells: usize = coders.values().map(Coder::bytes).sum();
                if table.bytes() + cells > bytes_max {
                    let largest = coders.iter().max_by_key(|(_, coder)| coder.bytes());
                    unfit.extend(largest.map(|(slot, _)| *slot).or(slots.first().copied()));
                }
            }
            Ok(if unfit.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) })
        })?;
        if !unfit.is_empty() {
            return Ok(Err(unfit));
        }
        table.take_dictionaries(&coders);
        table.copied = 0;
        Ok(Ok((table, coders)))
    }

    /// This table with the rows at `rowids` as they are in `rows`; `None` when a column cannot be
    /// kept any more.
    pub(super) fn advanced(
        &self,
        rows: &dyn Rows,
        rowids: &[RowId],
        version: u64,
        coders: &mut Coders,
    ) -> Result<Option<Self>, ReadError> {
        let mut table = self.clone();
        (table.version, table.copied) = (version, 0);
        for rowid in rowids {
            let mut fits = true;
            let exists = rows.with_row(&self.collection, *rowid, &mut |row| {
                fits = table.put(*rowid, Some(row), coders).is_ok();
            })?;
            if !exists {
                fits = table.put(*rowid, None, coders).is_ok();
            }
            if !fits {
                return Ok(None);
            }
        }
        table.take_dictionaries(coders);
        Ok(Some(table))
    }

    /// This table with the columns of `other`, which is of the same rows; `None` when it is not.
    pub(super) fn joined(&self, other: &Self, coders: &Coders) -> Option<Self> {
        let mut table = self.clone();
        if table.rows != other.rows || table.version != other.version {
            return None;
        }
        for (slot, column) in &other.columns {
            let empty = Arc::new(Lane::new(&column.kind));
            let mut lanes = Vec::with_capacity(table.numbers.len());
            for (number, live) in table.numbers.iter().zip(&table.live) {
                match other.numbers.binary_search(number) {
                    Ok(at) if other.live[at] == *live => lanes.push(Arc::clone(&column.lanes[at])),
                    Err(_) if live.iter().all(|word| *word == 0) => lanes.push(Arc::clone(&empty)),
                    _ => return None,
                }
            }
            table.columns.insert(*slot, Column { lanes, kind: column.kind.clone() });
        }
        table.take_dictionaries(coders);
        Some(table)
    }

    /// This table without a column.
    pub(super) fn without(&self, slot: Slot) -> Self {
        let mut table = self.clone();
        table.columns.remove(&slot);
        table
    }

    fn take_dictionaries(&mut self, coders: &Coders) {
        for (slot, column) in &mut self.columns {
            if let (ColumnKind::Cells(dictionary), Some(coder)) =
                (&mut column.kind, coders.get(slot))
            {
                *dictionary = Arc::clone(coder.dictionary());
            }
        }
    }

    /// Notes what a row is now. Fails with the slot whose column cannot be kept any more.
    fn put(&mut self, rowid: RowId, row: Option<Row<'_>>, coders: &mut Coders) -> Result<(), Slot> {
        let number = rowid.0 / CHUNK as u64;
        let at = match self.numbers.last() {
            Some(last) if *last == number => self.numbers.len() - 1,
            _ => match self.numbers.binary_search(&number) {
                Ok(at) => at,
                Err(_) if row.is_none() => return Ok(()),
                Err(at) => {
                    self.add_chunk(at, number);
                    at
                }
            },
        };
        let place = (rowid.0 % CHUNK as u64) as usize;
        let bit = 1u64 << (place % 64);
        let was_there = self.live[at][place / 64] & bit != 0;
        if was_there != row.is_some() {
            let live = owned(&mut self.live[at], size_of::<Mask>(), &mut self.copied);
            live[place / 64] ^= bit;
            self.rows = if was_there { self.rows - 1 } else { self.rows + 1 };
        }
        let Some(row) = row else {
            return Ok(());
        };
        for (slot, column) in &mut self.columns {
            let lane_bytes = column.lanes[at].bytes();
            match (&column.kind, &*column.lanes[at]) {
                (ColumnKind::Cells(_), Lane::Codes(codes)) => {
                    let coder = coders.get_mut(slot).ok_or(*slot)?;
                    let code = coder.code(row.cell_bytes(*slot)).ok_or(*slot)?;
                    if codes[place] != code
                        && let Lane::Codes(codes) =
                            owned(&mut column.lanes[at], lane_bytes, &mut self.copied)
                    {
                        codes[place] = code;
                    }
                }
                (kind, Lane::Words(words)) => {
                    let word = match (kind, row.cell(*slot)) {
                        (ColumnKind::Numbers, Cell::Number(number)) => number.to_bits(),
                        (ColumnKind::Numbers, Cell::Zero) => 0,
                        (ColumnKind::Dates, Cell::Date(date)) => date.millis() as u64,
                        (ColumnKind::Dates, Cell::Zero) => NO_DATE as u64,
                        _ => return Err(*slot),
                    };
                    if words[place] != word
                        && let Lane::Words(words) =
                            owned(&mut column.lanes[at], lane_bytes, &mut self.copied)
                    {
                        words[place] = word;
                    }
                }
                (_, Lane::Codes(_)) => return Err(*slot),
            }
        }
        Ok(())
    }

    fn add_chunk(&mut self, at: usize, number: u64) {
        self.numbers.insert(at, number);
        self.live.insert(at, Arc::new([0; WORDS]));
        for column in self.columns.values_mut() {
            let lane = Lane::new(&column.kind);
            self.copied += lane.bytes();
            column.lanes.insert(at, Arc::new(lane));
        }
    }

    /// How many rows there are.
    pub(in crate::query) fn rows(&self) -> u64 {
        self.rows
    }

    /// How many chunks there are.
    pub(in crate::query) fn chunks(&self) -> usize {
        self.numbers.len()
    }

    /// Which rows of a chunk there are.
    pub(in crate::query) fn live(&self, chunk: usize) -> &Mask {
        &self.live[chunk]
    }

    /// The rowid of a place in a chunk.
    pub(in crate::query) fn rowid(&self, chunk: usize, place: usize) -> RowId {
        RowId(self.numbers[chunk] * CHUNK as u64 + place as u64)
    }

    /// The column of a slot, if it is here.
    pub(in crate::query) fn column(&self, slot: Slot) -> Option<&Column> {
        self.columns.get(&slot)
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        self.columns.keys().copied()
    }

    /// The memory that all of it takes, dictionaries not included.
    pub(super) fn bytes(&self) -> usize {
        let columns = self.columns.values().map(Column::bytes).sum::<usize>();
        columns + self.live.len() * size_of::<Mask>()
    }
}

impl Column {
    /// The values of a chunk.
    pub(in crate::query) fn lane(&self, chunk: usize) -> &Lane {
        &self.lanes[chunk]
    }

    fn bytes(&self) -> usize {
        self.lanes.iter().map(|lane| lane.bytes()).sum()
    }
}

/// The value by itself, copied if others have it, too.
fn owned<'a, T: Clone>(shared: &'a mut Arc<T>, bytes: usize, copied: &mut usize) -> &'a mut T {
    if Arc::get_mut(shared).is_none() {
        *copied += bytes;
    }
    Arc::make_mut(shared)
}

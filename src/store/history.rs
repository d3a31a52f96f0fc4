//! The history: what each transaction put where, in order, so that any moment can be had again. It
//! is kept only while the store is told to record.
//!
//! | key, big endian | value, little endian |
//! |---|---|
//! | u64 sequence, u32 piece | u8 version (1), u8 1 when it is the last piece, i64 milliseconds, u64 last change, then operations |
//!
//! An operation is a u8 (1 put, 0 removed) and tree, key and value (for puts), each with u32 length.
//! Ids and indexes follow from the rows, so they are left out, and so are the log of changes, of
//! which the last number is there, and all that is about the file of this store.

use std::ops::{Bound, ControlFlow};

use super::dump::is_of_the_file;
use super::engine::{ALL_KEYS, Read};
use super::error::damaged;
use super::wal::{self, Op};
use super::{Snapshot, names, reading};
use crate::model::Timestamp;
use crate::query::{Direction, ReadError};

const VERSION: u8 = 1;
/// Bytes of operations in one piece, but that one operation is never divided.
const PIECE_BYTES: usize = 1 << 20;
/// Bytes of pieces that one slice holds at least, unless there are no more.
const SLICE_BYTES: usize = 1 << 20;

/// The history that a store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recording {
    /// Tells this history from one that was kept before it or elsewhere.
    pub epoch: u64,
    /// The sequence of its last transaction; 0 before the first.
    pub sequence: u64,
}

/// A part of a transaction as it lies in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The sequence of the transaction.
    pub sequence: u64,
    /// Which of its pieces; the first is 0.
    pub number: u32,
    /// What happened, in the form of the store.
    pub bytes: Vec<u8>,
}

/// A piece, read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) is_last: bool,
    pub(super) at: Timestamp,
    pub(super) last_change: u64,
    pub(super) ops: Vec<Op>,
}

/// What the jobs of a batch did that the history is to tell.
#[derive(Debug)]
pub(super) struct Notes {
    /// The history that it is for.
    pub(super) epoch: u64,
    ops: Vec<Op>,
    /// Where each job ended, when, and with which last change.
    ends: Vec<(usize, Timestamp, u64)>,
}

impl Notes {
    pub(super) fn new(epoch: u64) -> Self {
        Self { epoch, ops: Vec::new(), ends: Vec::new() }
    }

    pub(super) fn len(&self) -> usize {
        self.ops.len()
    }

    pub(super) fn truncate(&mut self, len: usize) {
        self.ops.truncate(len);
    }

    pub(super) fn add(&mut self, tree: &str, key: &[u8], value: Option<&[u8]>) {
        if is_told(tree, key) {
            let (key, value) = (key.to_vec(), value.map(<[u8]>::to_vec));
            self.ops.push(Op { tree: tree.to_owned(), key, value });
        }
    }

    /// A job is over.
    pub(super) fn end_job(&mut self, last_change: u64) {
        if self.ops.len() > self.ends.last().map_or(0, |(end, ..)| *end) {
            self.ends.push((self.ops.len(), Timestamp::now(), last_change));
        }
    }

    /// The batch is over: what came after its last job belongs to that.
    pub(super) fn end_batch(&mut self, last_change: u64) {
        match self.ends.last_mut() {
            Some((end, ..)) => *end = self.ops.len(),
            None => self.end_job(last_change),
        }
    }

    /// The entries of the history, of which the first comes behind `sequence`; and the last sequence.
    pub(super) fn entries(&self, mut sequence: u64) -> (Vec<([u8; 12], Vec<u8>)>, u64) {
        let (mut entries, mut begin) = (Vec::new(), 0);
        for (end, at, last_change) in &self.ends {
            sequence += 1;
            let (mut number, mut piece) = (0, header(*at, *last_change));
            for op in &self.ops[begin..*end] {
                if piece.len() >= PIECE_BYTES {
                    let full = std::mem::replace(&mut piece, header(*at, *last_change));
                    entries.push((key(sequence, number), full));
                    number += 1;
                }
                wal::encode_op(&mut piece, op);
            }
            piece[1] = 1;
            entries.push((key(sequence, number), piece));
            begin = *end;
        }
        (entries, sequence)
    }
}

/// Whether what lies under `key` in `tree` is a part of the history.
fn is_told(tree: &str, key: &[u8]) -> bool {
    match tree {
        names::COUNTERS => {
            let name = std::str::from_utf8(key).unwrap_or_default();
            !is_of_the_file(name) && name != names::CHANGE_SEQUENCE
        }
        names::COLLECTIONS => true,
        _ => names::collection_of_rows(tree).is_some() || names::is_plain(tree),
    }
}

fn header(at: Timestamp, last_change: u64) -> Vec<u8> {
    let mut piece = vec![VERSION, 0];
    piece.extend_from_slice(&at.millis().to_le_bytes());
    piece.extend_from_slice(&last_change.to_le_bytes());
    piece
}

fn key(sequence: u64, number: u32) -> [u8; 12] {
    let mut key = [0; 12];
    key[..8].copy_from_slice(&sequence.to_be_bytes());
    key[8..].copy_from_slice(&number.to_be_bytes());
    key
}

/// The sequence and the number of the piece that `key` stands for.
pub(super) fn place(key: &[u8]) -> Option<(u64, u32)> {
    let (sequence, number) = key.split_first_chunk()?;
    Some((u64::from_be_bytes(*sequence), u32::from_be_bytes(number.try_into().ok()?)))
}

/// What a piece says; `None` when it is damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<Reading> {
    let (is_last, rest) = bytes.strip_prefix(&[VERSION])?.split_first()?;
    let (millis, rest) = rest.split_first_chunk()?;
    let (last_change, rest) = rest.split_first_chunk()?;
    Some(Reading {
        is_last: *is_last == 1,
        at: Timestamp::from_millis(i64::from_le_bytes(*millis)),
        last_change: u64::from_le_bytes(*last_change),
        ops: wal::decode_ops(rest)?,
    })
}

/// When what a piece tells happened; `None` when it is damaged.
pub(super) fn time(bytes: &[u8]) -> Option<Timestamp> {
    let millis = bytes.get(2..)?.first_chunk()?;
    Some(Timestamp::from_millis(i64::from_le_bytes(*millis)))
}

/// The history that is kept, if any.
pub(super) fn load(read: &dyn Read) -> Result<Option<Recording>, ReadError> {
    let Some(epoch) = reading::counter(read, names::HISTORY_EPOCH)? else { return Ok(None) };
    let mut sequence = 0;
    read.range(names::HISTORY, ALL_KEYS, Direction::Backward, &mut |key, _| {
        sequence = place(key).ok_or_else(|| damaged("a key in the history"))?.0;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(Some(Recording { epoch, sequence }))
}

impl Snapshot {
    /// The history that is kept; `None` while none is.
    pub fn recording(&self) -> Option<Recording> {
        self.recording
    }

    /// When the last transaction of the history happened; `None` when there was none.
    pub fn last_recorded_at(&self) -> Result<Option<Timestamp>, ReadError> {
        let mut at = None;
        self.read.range(names::HISTORY, ALL_KEYS, Direction::Backward, &mut |_, piece| {
            at = Some(time(piece).ok_or_else(|| damaged("the history"))?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(at)
    }

    /// Whether the history tells all that happened after the transaction `sequence`.
    pub fn history_reaches(&self, sequence: u64) -> Result<bool, ReadError> {
        let Some(recording) = self.recording else { return Ok(false) };
        if recording.sequence <= sequence {
            return Ok(recording.sequence == sequence);
        }
        let mut first = None;
        self.read.range(names::HISTORY, ALL_KEYS, Direction::Forward, &mut |key, _| {
            first = place(key);
            Ok(ControlFlow::Break(()))
        })?;
        // What is pruned is pruned piece by piece.
        Ok(first.is_some_and(|(first, number)| {
            first <= sequence || (first == sequence + 1 && number == 0)
        }))
    }

    /// The next pieces of the history behind the piece `number` of the transaction `sequence`; none
    /// behind the last.
    pub fn history_after(&self, sequence: u64, number: u32) -> Result<Vec<Piece>, ReadError> {
        let start = key(sequence, number);
        let range = (Bound::Excluded(start.as_slice()), Bound::Unbounded);
        let (mut pieces, mut bytes) = (Vec::new(), 0);
        self.read.range(names::HISTORY, range, Direction::Forward, &mut |key, value| {
            let (sequence, number) = place(key).ok_or_else(|| damaged("a key in the history"))?;
            bytes += value.len();
            pieces.push(Piece { sequence, number, bytes: value.to_vec() });
            let is_full = bytes >= SLICE_BYTES;
            Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok(pieces)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_job_is_a_transaction_and_a_large_one_takes_several_pieces() {
        let mut notes = Notes::new(7);
        notes.add("rows/a", b"k", Some(b"v"));
        notes.add("ids/a", b"k", Some(b"v"));
        notes.end_job(1);
        notes.end_job(1);
        for byte in 0..3 {
            notes.add("settings", &[byte], Some(&vec![byte; PIECE_BYTES]));
        }
        notes.end_job(2);
        notes.add(names::COUNTERS, b"rowid/a", Some(&[1]));
        notes.add(names::COUNTERS, names::FORMAT.as_bytes(), Some(&[1]));
        notes.end_batch(2);
        let (entries, last) = notes.entries(10);
        let places: Vec<_> = entries.iter().filter_map(|(key, _)| place(key)).collect();
        assert_eq!((places, last), (vec![(11, 0), (12, 0), (12, 1), (12, 2), (12, 3)], 12));
        let read: Vec<Reading> =
            entries.iter().map(|(_, piece)| decode(piece).expect("a piece")).collect();
        assert_eq!((read[0].ops.len(), read[0].last_change, read[0].is_last), (1, 1, true));
        assert!(!read[3].is_last && read[4].is_last);
        assert_eq!(read[4].ops[0].tree, names::COUNTERS);
        assert_eq!(read[4].ops.len(), 1);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (decode(&bytes), time(&bytes), place(&bytes));
        }
    }
}

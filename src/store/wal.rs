//! The write-ahead log of the relaxed durability: one record per batch, written before the answer
//! and not synced, so that it survives the end of the process but not that of the machine.
//!
//! A record, little endian: u32 length and u32 CRC-32 of what follows, u64 sequence, then per
//! change u8 kind (0 remove, 1 put) and tree, key and value (for puts), each with u32 length.
//! A torn or damaged record ends the log.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::Path;

use super::StoreError;

const HEADER: usize = 8;

/// One change of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Op {
    pub(super) tree: String,
    pub(super) key: Vec<u8>,
    /// `None` = the key was removed.
    pub(super) value: Option<Vec<u8>>,
}

/// The open log.
#[derive(Debug)]
pub(super) struct Wal {
    file: File,
    len_bytes: u64,
    /// Set when a failed append could not be taken back: nothing behind it would be replayed.
    broken: bool,
}

/// The changes of one batch, read back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Record {
    pub(super) sequence: u64,
    pub(super) ops: Vec<Op>,
}

impl Wal {
    /// Opens or makes the log at `path` and reads what it holds.
    pub(super) fn open(path: &Path) -> Result<(Self, Vec<Record>), StoreError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path).map_err(StoreError::engine)?;
        let mut wal = Self { file, len_bytes: 0, broken: false };
        let records = wal.read()?;
        Ok((wal, records))
    }

    /// Reads what it holds.
    pub(super) fn read(&mut self) -> Result<Vec<Record>, StoreError> {
        let mut bytes = Vec::new();
        let begin = self.file.seek(SeekFrom::Start(0));
        begin.and_then(|_| self.file.read_to_end(&mut bytes)).map_err(StoreError::engine)?;
        self.len_bytes = bytes.len() as u64;
        Ok(records(&bytes))
    }

    /// Appends the changes of a batch.
    pub(super) fn append(&mut self, sequence: u64, ops: &[Op]) -> Result<(), StoreError> {
        let record = encode(sequence, ops);
        let written = self.file.write_all(&record);
        if let Err(error) = written {
            self.truncate_to(self.len_bytes);
            return Err(StoreError::engine(error));
        }
        self.len_bytes += record.len() as u64;
        Ok(())
    }

    /// Takes back what was appended since the log had `len_bytes` bytes.
    pub(super) fn truncate_to(&mut self, len_bytes: u64) {
        let cut = self.file.set_len(len_bytes);
        let result = cut.and_then(|()| self.file.seek(SeekFrom::Start(len_bytes)));
        self.len_bytes = len_bytes;
        self.broken = result.is_err();
    }

    /// How long the log is.
    pub(super) fn len_bytes(&self) -> u64 {
        self.len_bytes
    }

    /// Whether appending is of no use until the log was cut to nothing.
    pub(super) fn is_broken(&self) -> bool {
        self.broken
    }
}

fn encode(sequence: u64, ops: &[Op]) -> Vec<u8> {
    let mut record = vec![0; HEADER];
    record.extend_from_slice(&sequence.to_le_bytes());
    for op in ops {
        encode_op(&mut record, op);
    }
    let length = (record.len() - HEADER) as u32;
    let checksum = crc32fast::hash(&record[HEADER..]);
    record[..4].copy_from_slice(&length.to_le_bytes());
    record[4..HEADER].copy_from_slice(&checksum.to_le_bytes());
    record
}

/// Appends a change to `bytes`.
pub(super) fn encode_op(bytes: &mut Vec<u8>, op: &Op) {
    let put = |record: &mut Vec<u8>, bytes: &[u8]| {
        record.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
        record.extend_from_slice(bytes);
    };
    bytes.push(u8::from(op.value.is_some()));
    put(bytes, op.tree.as_bytes());
    put(bytes, &op.key);
    if let Some(value) = &op.value {
        put(bytes, value);
    }
}

/// The changes that `body` holds; `None` when it is damaged.
pub(super) fn decode_ops(mut body: &[u8]) -> Option<Vec<Op>> {
    let mut ops = Vec::new();
    while let Some((kind, after)) = body.split_first() {
        body = after;
        let tree = String::from_utf8(take_bytes(&mut body)?.to_vec()).ok()?;
        let key = take_bytes(&mut body)?.to_vec();
        let value = if *kind == 1 { Some(take_bytes(&mut body)?.to_vec()) } else { None };
        ops.push(Op { tree, key, value });
    }
    Some(ops)
}

/// The whole records at the beginning of `bytes`.
fn records(mut bytes: &[u8]) -> Vec<Record> {
    let mut all = Vec::new();
    while let Some((record, rest)) = take_record(bytes) {
        all.push(record);
        bytes = rest;
    }
    all
}

fn take_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (checksum, rest) = rest.split_first_chunk()?;
    let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    if crc32fast::hash(body) != u32::from_le_bytes(*checksum) {
        return None;
    }
    let (sequence, body) = body.split_first_chunk()?;
    let ops = decode_ops(body)?;
    Some((Record { sequence: u64::from_le_bytes(*sequence), ops }, rest))
}

fn take_bytes<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = body.split_first_chunk()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    *body = rest;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn op(key: u8, value: Option<&[u8]>) -> Op {
        Op { tree: "rows/a".to_owned(), key: vec![key], value: value.map(<[u8]>::to_vec) }
    }

    #[test]
    fn a_torn_tail_is_left_out_and_the_rest_is_read() {
        let first = encode(7, &[op(1, Some(b"x")), op(2, None)]);
        let second = encode(8, &[op(3, Some(b"yy"))]);
        let whole = [first.clone(), second].concat();
        for cut in first.len()..whole.len() {
            let read = records(&whole[..cut]);
            assert_eq!(read.len(), 1, "{cut}");
            assert_eq!(read[0].ops, [op(1, Some(b"x")), op(2, None)]);
        }
        assert_eq!(records(&whole).len(), 2);
    }

    #[test]
    fn a_flipped_bit_ends_the_log() {
        let mut bytes = encode(1, &[op(1, Some(b"value"))]);
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        assert_eq!(records(&bytes), []);
    }

    proptest! {
        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            records(&bytes);
        }
    }
}

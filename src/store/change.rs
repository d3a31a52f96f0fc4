//! The log of changes: what happened to which record, in order.
//!
//! An entry, little endian: u8 version (1), u8 action, i64 milliseconds, u64 rowid, then the
//! collection id and the record id, each as u16 length and bytes, then the old row if any.

use crate::model::{CollectionId, RecordId, RowBuf, RowId, Timestamp};

const VERSION: u8 = 1;

/// One change of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its place among all changes; the first is 1. No number is missing until old ones are pruned.
    pub sequence: u64,
    /// When the write ran.
    pub at: Timestamp,
    /// What was done.
    pub action: ChangeAction,
    /// The collection of the record.
    pub collection: CollectionId,
    /// The id of the record.
    pub record_id: RecordId,
    /// The rowid of the record.
    pub rowid: RowId,
    /// What was there, for deletes.
    pub old_row: Option<RowBuf>,
}

/// What was done to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeAction {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// It was removed.
    Delete,
}

/// The key of the change with this sequence.
pub(super) fn key(sequence: u64) -> [u8; 8] {
    sequence.to_be_bytes()
}

/// The sequence that `key` stands for.
pub(super) fn sequence(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.try_into().ok()?))
}

/// The entry for a change. Ids longer than 65535 bytes are cut; no collection allows them.
pub(super) fn encode(change: &Change) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    bytes.push(VERSION);
    bytes.push(match change.action {
        ChangeAction::Create => 1,
        ChangeAction::Update => 2,
        ChangeAction::Delete => 3,
    });
    bytes.extend_from_slice(&change.at.millis().to_le_bytes());
    bytes.extend_from_slice(&change.rowid.0.to_le_bytes());
    for text in [change.collection.as_str(), change.record_id.as_str()] {
        let text = &text.as_bytes()[..text.len().min(usize::from(u16::MAX))];
        bytes.extend_from_slice(&(text.len() as u16).to_le_bytes());
        bytes.extend_from_slice(text);
    }
    if let Some(row) = &change.old_row {
        bytes.extend_from_slice(row.as_bytes());
    }
    bytes
}

/// The change that an entry stands for; `None` when it is damaged.
pub(super) fn decode(sequence: u64, bytes: &[u8]) -> Option<Change> {
    let rest = bytes.strip_prefix(&[VERSION])?;
    let (action, rest) = rest.split_first()?;
    let action = match action {
        1 => ChangeAction::Create,
        2 => ChangeAction::Update,
        3 => ChangeAction::Delete,
        _ => return None,
    };
    let (millis, rest) = rest.split_first_chunk()?;
    let (rowid, rest) = rest.split_first_chunk()?;
    let (collection, rest) = take_text(rest)?;
    let (record_id, rest) = take_text(rest)?;
    Some(Change {
        sequence,
        at: Timestamp::from_millis(i64::from_le_bytes(*millis)),
        action,
        collection: collection.into(),
        record_id: record_id.into(),
        rowid: RowId(u64::from_le_bytes(*rowid)),
        old_row: (!rest.is_empty()).then(|| RowBuf::from_bytes(rest)),
    })
}

/// Which row of which collection an entry is about; `None` when it is damaged.
pub(super) fn place(bytes: &[u8]) -> Option<(&str, RowId)> {
    let rest = bytes.strip_prefix(&[VERSION])?.get(1 + 8..)?;
    let (rowid, rest) = rest.split_first_chunk()?;
    let (collection, _) = take_text(rest)?;
    Some((collection, RowId(u64::from_le_bytes(*rowid))))
}

/// When the change in an entry happened; `None` when the entry is damaged.
pub(super) fn time(bytes: &[u8]) -> Option<Timestamp> {
    let millis = bytes.get(2..)?.first_chunk()?;
    Some(Timestamp::from_millis(i64::from_le_bytes(*millis)))
}

fn take_text(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (text, rest) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
    Some((std::str::from_utf8(text).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn decoding_gives_back_what_was_encoded(
            sequence: u64,
            millis in 0i64..4_000_000_000_000,
            record_id in ".{0,20}",
            row in proptest::option::of(proptest::collection::vec(any::<u8>(), 1..40)),
        ) {
            let change = Change {
                sequence,
                at: Timestamp::from_millis(millis),
                action: ChangeAction::Delete,
                collection: "pbc_1".into(),
                record_id: record_id.into(),
                rowid: RowId(sequence / 3),
                old_row: row.map(RowBuf::from_bytes),
            };
            let bytes = encode(&change);
            prop_assert_eq!(time(&bytes), Some(change.at));
            prop_assert_eq!(place(&bytes), Some(("pbc_1", change.rowid)));
            prop_assert_eq!(decode(sequence, &bytes), Some(change));
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let _ = (decode(1, &bytes), time(&bytes), place(&bytes));
        }
    }
}

//! Making, changing and removing records and settings.

use std::ops::{Bound, ControlFlow};

use super::super::change::{self, Change, ChangeAction};
use super::super::error::{WriteError, damaged};
use super::super::index::{self, Entry};
use super::super::outbox::OutboxKey;
use super::super::{names, reading};
use super::Tx;
use crate::model::{RecordId, RowBuf, RowId, Timestamp};
use crate::query::{Direction, ReadError};
use crate::schema::Collection;

impl Tx<'_> {
    /// Adds a record, whose id is in `row`, at the end of its collection.
    ///
    /// # Errors
    /// [`WriteError::IdTaken`] and [`WriteError::NotUnique`] when another record is in the way.
    pub fn insert(&mut self, collection: &Collection, row: &RowBuf) -> Result<RowId, WriteError> {
        let collection = self.current(collection)?;
        self.attempt(|tx| {
            let rowid = tx.take_rowid(&collection.id)?;
            tx.add_row(&collection, rowid, row)?;
            tx.log_change(ChangeAction::Create, &collection, rowid, row)?;
            Ok(rowid)
        })
    }

    /// As [`Tx::insert`], without a word in the log of changes: for filling a new store, where the
    /// log would only repeat what is there, and outgrow its limit.
    ///
    /// # Errors
    /// Those of [`Tx::insert`].
    pub fn insert_unlogged(
        &mut self,
        collection: &Collection,
        row: &RowBuf,
    ) -> Result<RowId, WriteError> {
        let collection = self.current(collection)?;
        self.attempt(|tx| {
            let rowid = tx.take_rowid(&collection.id)?;
            tx.add_row(&collection, rowid, row)?;
            Ok(rowid)
        })
    }

    /// Puts a row and its entries where nothing is yet.
    pub(super) fn add_row(
        &mut self,
        collection: &Collection,
        rowid: RowId,
        row: &RowBuf,
    ) -> Result<(), WriteError> {
        let id = row.as_row().id().as_bytes();
        if self.put_entry(&names::ids(&collection.id), id, &rowid.to_key())? {
            return Err(WriteError::IdTaken);
        }
        if self.put_entry(&names::rows(&collection.id), &rowid.to_key(), row.as_bytes())? {
            return Err(damaged(format!("rowid {} is there already", rowid.0)).into());
        }
        let entries = index::entries(collection, rowid, row.as_row(), &|_| true);
        self.add_index_entries(collection, &entries)
    }

    /// Replaces the row at `rowid`, which must be `old`. Only indexes whose keys changed are
    /// written.
    ///
    /// # Errors
    /// [`WriteError::Stale`] when the row is not `old`, and those of [`Tx::insert`].
    pub fn update(
        &mut self,
        collection: &Collection,
        rowid: RowId,
        old: &RowBuf,
        new: &RowBuf,
    ) -> Result<(), WriteError> {
        let collection = self.current(collection)?;
        self.check_row(&collection, rowid, old)?;
        self.attempt(|tx| {
            let (old_id, new_id) = (old.as_row().id(), new.as_row().id());
            if old_id != new_id {
                let ids = names::ids(&collection.id);
                tx.delete_entry(&ids, old_id.as_bytes())?;
                if tx.put_entry(&ids, new_id.as_bytes(), &rowid.to_key())? {
                    return Err(WriteError::IdTaken);
                }
            }
            tx.put_entry(&names::rows(&collection.id), &rowid.to_key(), new.as_bytes())?;
            let mut gone = index::entries(&collection, rowid, old.as_row(), &|_| true);
            let mut added = index::entries(&collection, rowid, new.as_row(), &|_| true);
            let kept: Vec<Entry> =
                gone.iter().filter(|entry| added.binary_search(entry).is_ok()).cloned().collect();
            gone.retain(|entry| kept.binary_search(entry).is_err());
            added.retain(|entry| kept.binary_search(entry).is_err());
            tx.remove_index_entries(&collection, &gone)?;
            tx.add_index_entries(&collection, &added)?;
            tx.log_change(ChangeAction::Update, &collection, rowid, new)
        })
    }

    /// Removes the row at `rowid`, which must be `old`.
    ///
    /// # Errors
    /// [`WriteError::Stale`] when the row is not `old`.
    pub fn delete(
        &mut self,
        collection: &Collection,
        rowid: RowId,
        old: &RowBuf,
    ) -> Result<(), WriteError> {
        let collection = self.current(collection)?;
        self.check_row(&collection, rowid, old)?;
        self.attempt(|tx| {
            tx.delete_entry(&names::ids(&collection.id), old.as_row().id().as_bytes())?;
            tx.delete_entry(&names::rows(&collection.id), &rowid.to_key())?;
            let entries = index::entries(&collection, rowid, old.as_row(), &|_| true);
            tx.remove_index_entries(&collection, &entries)?;
            tx.log_change(ChangeAction::Delete, &collection, rowid, old)
        })
    }

    /// The setting called `key`.
    pub fn setting(&self, key: &str) -> Result<Option<Vec<u8>>, ReadError> {
        reading::sealed(&*self.txn, &self.sealer, names::SETTINGS, key.as_bytes())
    }

    /// Up to `limit` keys of settings that begin with `prefix`, in order.
    pub fn setting_keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, ReadError> {
        let mut keys = Vec::new();
        let start = Bound::Included(prefix.as_bytes());
        let range = (start, Bound::Unbounded);
        self.txn.range(names::SETTINGS, range, Direction::Forward, &mut |key, _| {
            if keys.len() == limit || !key.starts_with(prefix.as_bytes()) {
                return Ok(ControlFlow::Break(()));
            }
            keys.push(String::from_utf8_lossy(key).into_owned());
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(keys)
    }

    /// Sets the setting called `key`.
    pub fn put_setting(&mut self, key: &str, value: &[u8]) -> Result<(), WriteError> {
        let value = self.sealer.seal(names::SETTINGS, key.as_bytes(), value)?;
        Ok(self.put_entry(names::SETTINGS, key.as_bytes(), &value).map(drop)?)
    }

    /// Removes the setting called `key`; false when there is none.
    pub fn delete_setting(&mut self, key: &str) -> Result<bool, WriteError> {
        Ok(self.delete_entry(names::SETTINGS, key.as_bytes())?)
    }

    /// Puts a letter into the outbox, to be looked at from `due` on, in milliseconds since 1970.
    pub fn put_outbox(&mut self, due: u64, letter: &[u8]) -> Result<OutboxKey, WriteError> {
        let last = reading::counter(&*self.txn, names::OUTBOX_SEQUENCE)?.unwrap_or(0);
        let key = OutboxKey { due, sequence: last + 1 };
        self.put_counter(names::OUTBOX_SEQUENCE, key.sequence)?;
        let letter = self.sealer.seal(names::OUTBOX, &key.to_bytes(), letter)?;
        self.put_entry(names::OUTBOX, &key.to_bytes(), &letter)?;
        Ok(key)
    }

    /// Takes a letter out of the outbox; false when it is gone already.
    pub fn take_outbox(&mut self, key: OutboxKey) -> Result<bool, WriteError> {
        Ok(self.delete_entry(names::OUTBOX, &key.to_bytes())?)
    }

    fn check_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        expected: &RowBuf,
    ) -> Result<(), WriteError> {
        let mut same = false;
        self.txn.get(&names::rows(&collection.id), &rowid.to_key(), &mut |bytes| {
            same = bytes == expected.as_bytes();
        })?;
        if same { Ok(()) } else { Err(WriteError::Stale) }
    }

    fn add_index_entries(
        &mut self,
        collection: &Collection,
        entries: &[Entry],
    ) -> Result<(), WriteError> {
        for entry in entries {
            let tree = names::index(&collection.id, entry.tree);
            let existed = self.put_entry(&tree, &entry.key, &entry.value)?;
            if let (true, Some(index)) = (existed, entry.unique) {
                return Err(WriteError::NotUnique { index });
            }
        }
        Ok(())
    }

    fn remove_index_entries(
        &mut self,
        collection: &Collection,
        entries: &[Entry],
    ) -> Result<(), WriteError> {
        for entry in entries {
            self.delete_entry(&names::index(&collection.id, entry.tree), &entry.key)?;
        }
        Ok(())
    }

    fn log_change(
        &mut self,
        action: ChangeAction,
        collection: &Collection,
        rowid: RowId,
        row: &RowBuf,
    ) -> Result<(), WriteError> {
        self.staged.last_change += 1;
        let change = Change {
            sequence: self.staged.last_change,
            at: Timestamp::now(),
            action,
            collection: collection.id.clone(),
            record_id: RecordId::from(row.as_row().id()),
            rowid,
            old_row: (action == ChangeAction::Delete).then(|| row.clone()),
        };
        let key = change::key(change.sequence);
        self.put_entry(names::CHANGES, &key, &change::encode(&change))?;
        Ok(())
    }
}

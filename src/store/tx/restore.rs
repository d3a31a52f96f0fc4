//! Putting back what was taken from another store piece by piece.

use std::sync::Arc;

use super::super::error::{WriteError, damaged};
use super::super::{Definition, dump, names};
use super::{NextRowid, Tx};
use crate::model::{CollectionId, RowBuf, RowId};
use crate::schema::Collection;

impl Tx<'_> {
    /// Adds a collection without records, with its very numbers and dates. Definitions come in
    /// their order.
    ///
    /// # Errors
    /// [`WriteError::IdTaken`] when there is a collection with this id or name; damage when the
    /// definition cannot be read or comes too late.
    pub fn restore_definition(
        &mut self,
        definition: &Definition,
    ) -> Result<Arc<Collection>, WriteError> {
        let collection = definition
            .collection()
            .map_err(|what| damaged(format!("the definition of a collection: {what}")))?;
        let catalog = &self.staged.catalog;
        if catalog.by_id(collection.id.as_str()).is_some()
            || catalog.by_name(&collection.name).is_some()
        {
            return Err(WriteError::IdTaken);
        }
        if self.staged.orders.last().is_some_and(|last| *last >= definition.order) {
            return Err(damaged("the definitions are not in order").into());
        }
        self.attempt(|tx| {
            let collection = Arc::new(collection);
            let key = definition.order.to_be_bytes();
            tx.put_entry(names::COLLECTIONS, &key, definition.json.as_bytes())?;
            let mut all = tx.staged.catalog.all().to_vec();
            let mut orders = tx.staged.orders.to_vec();
            all.push(Arc::clone(&collection));
            orders.push(definition.order);
            tx.stage_catalog(all, orders)?;
            Ok(collection)
        })
    }

    /// Adds a row at its rowid, with its id and its index entries, without a word in the log of
    /// changes. The counter of the collection's rowids must be beyond it already.
    ///
    /// # Errors
    /// [`WriteError::IdTaken`] and [`WriteError::NotUnique`] when another record is in the way;
    /// damage when the rowid is taken or not below the counter.
    pub fn restore_row(
        &mut self,
        collection: &Collection,
        rowid: RowId,
        row: &RowBuf,
    ) -> Result<(), WriteError> {
        let collection = self.current(collection)?;
        if self.next_rowids.get(&collection.id).is_none_or(|next| next.next <= rowid.0) {
            let what = format!("rowid {} of {} is not below the next", rowid.0, collection.name);
            return Err(damaged(what).into());
        }
        self.attempt(|tx| tx.add_row(&collection, rowid, row))
    }

    /// Sets an entry of a plain tree.
    ///
    /// # Errors
    /// Damage when the tree is not for plain entries.
    pub fn restore_entry(
        &mut self,
        tree: &str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), WriteError> {
        const NAME_BYTES_MAX: usize = 255;
        if !names::is_plain(tree) || tree.is_empty() || tree.len() > NAME_BYTES_MAX {
            return Err(damaged(format!("there are no entries to restore in {tree:?}")).into());
        }
        self.put_entry(tree, key, value)?;
        Ok(())
    }

    /// Sets a counter. The sequence of changes and the version of the catalog count from the next
    /// opening on.
    ///
    /// # Errors
    /// Damage when the counter is about the file of a store.
    pub fn restore_counter(&mut self, name: &str, value: u64) -> Result<(), WriteError> {
        if dump::is_of_the_file(name) {
            return Err(damaged(format!("counter {name} cannot be restored")).into());
        }
        if let Some(id) = name.strip_prefix("rowid/") {
            let next = NextRowid { next: value, reserved: 0 };
            self.next_rowids.insert(CollectionId::from(id), next);
        }
        self.put_counter(name, value)?;
        Ok(())
    }
}

//! Making, changing and removing collections.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::super::engine::ALL_KEYS;
use super::super::error::{WriteError, damaged};
use super::super::index::{self, Entry};
use super::super::{catalog_codec, names, reading};
use super::Tx;
use crate::model::{Cell, CollectionId, Row, RowBuf, RowId, RowWriter, Slot, Value};
use crate::query::{Direction, IndexTree, ReadError, entry};
use crate::schema::{Catalog, Collection, Condition, Index};

/// Rows read at once while they are rewritten.
const ROWS_AT_ONCE: usize = 1000;

impl Tx<'_> {
    /// Adds a collection without records. The caller has checked the definition.
    ///
    /// # Errors
    /// [`WriteError::IdTaken`] when there is a collection with this id.
    pub fn create_collection(
        &mut self,
        collection: Collection,
    ) -> Result<Arc<Collection>, WriteError> {
        if self.staged.catalog.by_id(collection.id.as_str()).is_some() {
            return Err(WriteError::IdTaken);
        }
        self.attempt(|tx| {
            let collection = Arc::new(collection);
            let order = tx.staged.orders.last().map_or(1, |last| last + 1);
            tx.put_definition(order, &collection)?;
            let mut all = tx.staged.catalog.all().to_vec();
            let mut orders = tx.staged.orders.to_vec();
            all.push(Arc::clone(&collection));
            orders.push(order);
            tx.stage_catalog(all, orders)?;
            Ok(collection)
        })
    }

    /// Replaces the definition of the collection with the id of `new`. Rewrites rows whose fields
    /// went from one value to several or back (the last value stays), and rebuilds what indexes
    /// must be. Fields are the same when their slots are, indexes when their numbers are.
    ///
    /// # Errors
    /// [`WriteError::DuplicateKeys`] when rows share a key of a unique index, and
    /// [`WriteError::NoCollection`].
    pub fn update_collection(&mut self, new: Collection) -> Result<Arc<Collection>, WriteError> {
        let old = self.current(&new)?;
        self.attempt(|tx| {
            let new = Arc::new(new);
            tx.rewrite_rows(&old, &new)?;
            tx.rebuild_indexes(&old, &new)?;
            let at = tx.place_of(&new.id)?;
            tx.put_definition(tx.staged.orders[at], &new)?;
            let mut all = tx.staged.catalog.all().to_vec();
            all[at] = Arc::clone(&new);
            tx.stage_catalog(all, tx.staged.orders.to_vec())?;
            Ok(new)
        })
    }

    /// Removes a collection with all its records, which the log of changes does not mention.
    ///
    /// # Errors
    /// [`WriteError::NoCollection`].
    pub fn delete_collection(&mut self, id: &CollectionId) -> Result<(), WriteError> {
        let at = self.place_of(id)?;
        self.attempt(|tx| {
            let mut all = tx.staged.catalog.all().to_vec();
            let mut orders = tx.staged.orders.to_vec();
            let collection = all.remove(at);
            tx.delete_entry(names::COLLECTIONS, &orders.remove(at).to_be_bytes())?;
            tx.drop_tree(names::rows(id))?;
            tx.drop_tree(names::ids(id))?;
            for tree in entry::trees(&collection) {
                tx.drop_tree(names::index(id, tree))?;
            }
            // The counter of rowids stays: a collection made anew under this id goes on from it.
            tx.stage_catalog(all, orders)
        })
    }

    fn place_of(&self, id: &CollectionId) -> Result<usize, WriteError> {
        let found = self.staged.catalog.all().iter().position(|collection| collection.id == *id);
        found.ok_or(WriteError::NoCollection)
    }

    fn put_definition(&mut self, order: u64, collection: &Collection) -> Result<(), WriteError> {
        let definition = catalog_codec::encode(collection, &self.sealer)?;
        self.put_entry(names::COLLECTIONS, &order.to_be_bytes(), &definition)?;
        Ok(())
    }

    pub(super) fn stage_catalog(
        &mut self,
        collections: Vec<Arc<Collection>>,
        orders: Vec<u64>,
    ) -> Result<(), WriteError> {
        let version = self.staged.catalog.version() + 1;
        self.put_counter(names::CATALOG_VERSION, version)?;
        self.staged.catalog = Arc::new(Catalog::new(version, collections));
        self.staged.orders = orders.into();
        Ok(())
    }

    /// Brings rows into the shape of `new` where a field holds several values now and one before,
    /// or the other way round.
    fn rewrite_rows(&mut self, old: &Collection, new: &Collection) -> Result<(), WriteError> {
        let crossed: Vec<(Slot, bool)> = new
            .fields
            .iter()
            .filter(|field| {
                let before = old.field_at(field.slot);
                before.is_some_and(|before| before.kind.is_multiple() != field.kind.is_multiple())
            })
            .map(|field| (field.slot, field.kind.is_multiple()))
            .collect();
        if crossed.is_empty() {
            return Ok(());
        }
        let tree = names::rows(&new.id);
        let mut from = std::ops::Bound::Unbounded;
        loop {
            let mut chunk: Vec<(RowId, RowBuf)> = Vec::new();
            let range = (from, std::ops::Bound::Unbounded);
            reading::scan(&*self.txn, new, range, Direction::Forward, &mut |rowid, row| {
                chunk.push((rowid, row.to_buf()));
                let full = chunk.len() == ROWS_AT_ONCE;
                Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
            })?;
            let Some((last, _)) = chunk.last() else {
                return Ok(());
            };
            from = std::ops::Bound::Excluded(*last);
            for (rowid, row) in &chunk {
                if let Some(row) = reshaped(row.as_row(), &crossed, old, new) {
                    self.put_entry(&tree, &rowid.to_key(), row.as_bytes())?;
                }
            }
        }
    }

    /// Drops the index trees that are not wanted any more or not right any more, and fills those
    /// that are missing then.
    fn rebuild_indexes(&mut self, old: &Collection, new: &Collection) -> Result<(), WriteError> {
        let wanted = entry::trees(new);
        let (mut missing, had) = (Vec::new(), entry::trees(old));
        for tree in &had {
            if !wanted.contains(tree) {
                self.drop_tree(names::index(&new.id, *tree))?;
            }
        }
        for tree in wanted {
            if !had.contains(&tree) {
                missing.push(tree);
            } else if has_other_keys(tree, old, new) {
                self.drop_tree(names::index(&new.id, tree))?;
                missing.push(tree);
            }
        }
        // One tree at a time: the entries of all at once might not fit into memory.
        for tree in missing {
            let mut entries: Vec<Entry> = Vec::new();
            self.txn.range(
                &names::rows(&new.id),
                ALL_KEYS,
                Direction::Forward,
                &mut |key, row| {
                    let rowid = RowId::from_key(key).ok_or_else(|| bad_row(new))?;
                    entries.extend(index::entries(new, rowid, Row::new(row), &|t| t == tree));
                    Ok(ControlFlow::Continue(()))
                },
            )?;
            // Sorted entries fill a tree several times faster.
            entries.sort_unstable();
            let same_key = |pair: &[Entry]| pair[0].key == pair[1].key;
            if let Some(pair) = entries.windows(2).find(|pair| same_key(pair)) {
                let index = new.indexes.iter().find(|index| Some(index.number) == pair[0].unique);
                let index_name = index.map_or(String::new(), |index| index.name.clone());
                return Err(WriteError::DuplicateKeys { index_name });
            }
            let entries = entries.iter().map(|entry| (&entry.key[..], &entry.value[..]));
            self.fill_tree(&names::index(&new.id, tree), entries)?;
        }
        Ok(())
    }
}

/// Whether rows may have other entries in `tree` under `new` than under `old`.
fn has_other_keys(tree: IndexTree, old: &Collection, new: &Collection) -> bool {
    let reads_otherwise = |slot: Slot| {
        let shape = |collection: &Collection| {
            let field = collection.field_at(slot);
            field.map(|field| (field.kind.type_name(), field.kind.is_multiple()))
        };
        shape(old) != shape(new)
    };
    match tree {
        IndexTree::Relation(slot) | IndexTree::Autodate(slot) => reads_otherwise(slot),
        IndexTree::Declared(number) => {
            let find = |collection: &Collection| -> Option<Index> {
                collection.indexes.iter().find(|index| index.number == number).cloned()
            };
            let (Some(before), Some(after)) = (find(old), find(new)) else {
                return true;
            };
            before.unique != after.unique
                || before.columns != after.columns
                || before.condition != after.condition
                || after.columns.iter().any(|column| reads_otherwise(column.slot))
                || after.condition.iter().any(|condition| mentions(condition, &reads_otherwise))
        }
    }
}

/// Whether `test` holds for a column that the condition mentions.
fn mentions(condition: &Condition, test: &dyn Fn(Slot) -> bool) -> bool {
    match condition {
        Condition::All(all) | Condition::Any(all) => all.iter().any(|c| mentions(c, test)),
        Condition::Compare(slot, ..) | Condition::IsNull(slot) | Condition::IsNotNull(slot) => {
            test(*slot)
        }
    }
}

/// The row with the `crossed` slots made lists (true) or single texts; `None` when it is so
/// already. Slots without a field are cleared on the way.
fn reshaped(
    row: Row<'_>,
    crossed: &[(Slot, bool)],
    old: &Collection,
    new: &Collection,
) -> Option<RowBuf> {
    let differs = |(slot, to_list): &(Slot, bool)| match row.cell(*slot) {
        Cell::Text(..) => *to_list,
        Cell::List(_) => !*to_list,
        _ => false,
    };
    if !crossed.iter().any(differs) {
        return None;
    }
    let mut writer = RowWriter::new(new.next_slot);
    for field in &new.fields {
        let zero = old.field_at(field.slot).unwrap_or(field).kind.zero();
        let value = match (row.value(field.slot, zero), field.kind.is_multiple()) {
            (Value::Text(text), true) if text.is_empty() => Value::List(Vec::new()),
            (Value::Text(text), true) => Value::List(vec![text]),
            (Value::List(mut items), false) => Value::Text(items.pop().unwrap_or_default()),
            (value, _) => value,
        };
        writer.set(field.slot, &value);
    }
    Some(writer.finish())
}

fn bad_row(collection: &Collection) -> ReadError {
    damaged(format!("an entry in the rows of collection {}", collection.id))
}

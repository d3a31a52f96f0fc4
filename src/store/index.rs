//! The entries that a row has in the index trees of its collection.
//!
//! | tree | key | value |
//! |---|---|---|
//! | not unique | columns, rowid | nothing |
//! | unique, no column is null | columns | rowid |
//! | unique, a column is null | columns, rowid | rowid |

use crate::model::{Row, RowId};
use crate::query::{IndexTree, entry};
use crate::schema::{Collection, IndexNumber};

/// One entry of an index tree.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) tree: IndexTree,
    pub(super) key: Vec<u8>,
    pub(super) value: Vec<u8>,
    /// The unique index that forbids a second entry with this key.
    pub(super) unique: Option<IndexNumber>,
}

/// The entries of `row` in the trees for which `wanted` says so, sorted.
pub(super) fn entries(
    collection: &Collection,
    rowid: RowId,
    row: Row<'_>,
    wanted: &dyn Fn(IndexTree) -> bool,
) -> Vec<Entry> {
    let mut all = Vec::new();
    for index in &collection.indexes {
        let tree = IndexTree::Declared(index.number);
        if !wanted(tree) {
            continue;
        }
        let Some(columns) = entry::declared_key(collection, index, row) else {
            continue;
        };
        let unique = (index.unique && !columns.has_null).then_some(index.number);
        let mut key = columns.bytes;
        if unique.is_none() {
            key.extend_from_slice(&rowid.to_key());
        }
        let value = if index.unique { rowid.to_key().to_vec() } else { Vec::new() };
        all.push(Entry { tree, key, value, unique });
    }
    for field in &collection.fields {
        let Some(tree) = entry::implied_tree(field).filter(|tree| wanted(*tree)) else {
            continue;
        };
        for mut key in entry::implied_keys(field, row) {
            key.extend_from_slice(&rowid.to_key());
            all.push(Entry { tree, key, value: Vec::new(), unique: None });
        }
    }
    all.sort();
    all
}

/// The rowid of an entry of an index tree; `None` when it is damaged.
pub(super) fn entry_rowid(key: &[u8], value: &[u8]) -> Option<RowId> {
    if value.is_empty() { RowId::from_key(key.last_chunk::<8>()?) } else { RowId::from_key(value) }
}

//! The names of the trees, and the keys of the counters.

use crate::model::CollectionId;
use crate::query::IndexTree;

/// u64 in order of making, big endian → encoded definition.
pub(super) const COLLECTIONS: &str = "collections";
/// Key → value of the caller's.
pub(super) const SETTINGS: &str = "settings";
/// u64 due time and u64 sequence, big endian → letter of the caller's.
pub(super) const OUTBOX: &str = "outbox";
/// u64 sequence, big endian → encoded change.
pub(super) const CHANGES: &str = "changes";
/// u64 sequence and u32 piece, big endian → a piece of a transaction; see [`super::history`].
pub(super) const HISTORY: &str = "history";
/// Name → u64, little endian.
pub(super) const COUNTERS: &str = "counters";

/// The counter that holds the format of the data.
pub(super) const FORMAT: &str = "format";
/// The counter that holds the sequence of the last change before the log began, where a restored
/// store continues.
pub(super) const CHANGE_SEQUENCE: &str = "change";
/// The counter that names the key with which values are sealed; there is none while they are not.
pub(super) const SEALED: &str = "sealed";
/// The counter that holds the version of the catalog.
pub(super) const CATALOG_VERSION: &str = "catalog";
/// The counter that holds the sequence of the last letter in the outbox.
pub(super) const OUTBOX_SEQUENCE: &str = "outbox";
/// The counter that holds the sequence of the last batch in the write-ahead log that the trees
/// include.
pub(super) const WAL_SEQUENCE: &str = "wal";

/// The counter that tells the history that is kept from others; there is none while none is kept.
pub(super) const HISTORY_EPOCH: &str = "history";

/// Whether a tree holds entries that stand for themselves, such as settings: it is neither derived
/// from others nor kept in a form of its own.
pub(super) fn is_plain(tree: &str) -> bool {
    const KINDS: [&str; 6] = ["rows", "ids", "index", "relation", "autodate", "dropped"];
    let kind = tree.split_once('/').map(|(kind, _)| kind);
    let of_collection = kind.is_some_and(|kind| KINDS.contains(&kind));
    !of_collection && ![COLLECTIONS, CHANGES, COUNTERS, HISTORY].contains(&tree)
}

/// The counter that holds the next rowid of a collection.
pub(super) fn rowid_counter(collection: &CollectionId) -> String {
    join("rowid", collection)
}

/// rowid, big endian → row.
pub(super) fn rows(collection: &CollectionId) -> String {
    join("rows", collection)
}

/// The id of the collection whose rows are in `tree`; `None` when it holds something else.
pub(super) fn collection_of_rows(tree: &str) -> Option<&str> {
    tree.strip_prefix("rows/")
}

/// record id → rowid, big endian.
pub(super) fn ids(collection: &CollectionId) -> String {
    join("ids", collection)
}

/// One index of a collection; see [`super::index`] for its entries.
pub(super) fn index(collection: &CollectionId, tree: IndexTree) -> String {
    let (kind, number) = match tree {
        IndexTree::Declared(number) => ("index", number.0),
        IndexTree::Relation(slot) => ("relation", u32::from(slot.0)),
        IndexTree::Autodate(slot) => ("autodate", u32::from(slot.0)),
    };
    let mut name = join(kind, collection);
    name.push('/');
    name.push_str(&number.to_string());
    name
}

fn join(kind: &str, collection: &CollectionId) -> String {
    let mut name = String::with_capacity(kind.len() + collection.as_str().len() + 8);
    name.push_str(kind);
    name.push('/');
    name.push_str(collection.as_str());
    name
}

//! The list of what must go unless a record names it.

use crate::files::Location;
use crate::model::Row;
use crate::schema::Collection;
use crate::store::Tx;

use super::{Error, names_in};

/// What the keys of entries begin with; then follow a collection's id, maybe a record's id, maybe
/// the name of a file, with slashes in between.
pub(super) const PREFIX: &str = "files/pending/";

/// Puts a file on the list.
pub(in crate::ops) fn add(tx: &mut Tx<'_>, location: &Location) -> Result<(), Error> {
    put(tx, &key(location))
}

/// Takes a file off the list, as a record names it now.
pub(in crate::ops) fn settle(tx: &mut Tx<'_>, location: &Location) -> Result<(), Error> {
    tx.delete_setting(&key(location))?;
    Ok(())
}

/// Puts the files on the list that `old` names and `new`, the same record, does not.
pub(in crate::ops) fn add_dropped(
    tx: &mut Tx<'_>,
    collection: &Collection,
    old: Row<'_>,
    new: Row<'_>,
) -> Result<(), Error> {
    let kept = names_in(collection, new);
    for name in names_in(collection, old).iter().filter(|name| !kept.contains(name)) {
        if let Some(location) = Location::new(collection.id.as_str(), new.id(), name) {
            add(tx, &location)?;
        }
    }
    Ok(())
}

/// Puts the files of a deleted record on the list.
pub(in crate::ops) fn add_record(
    tx: &mut Tx<'_>,
    collection: &Collection,
    row: Row<'_>,
) -> Result<(), Error> {
    if names_in(collection, row).is_empty() {
        return Ok(());
    }
    put(tx, &format!("{PREFIX}{}/{}", collection.id.as_str(), row.id()))
}

/// Puts the files of a deleted collection on the list.
pub(in crate::ops) fn add_collection(
    tx: &mut Tx<'_>,
    collection: &Collection,
) -> Result<(), Error> {
    if collection.is_view() {
        return Ok(());
    }
    put(tx, &format!("{PREFIX}{}", collection.id.as_str()))
}

/// Entries have a number of their own, so that one that was made anew is not taken for the one
/// that was dealt with.
fn put(tx: &mut Tx<'_>, key: &str) -> Result<(), Error> {
    Ok(tx.put_setting(key, &rand::random::<u64>().to_le_bytes())?)
}

fn key(location: &Location) -> String {
    format!("{PREFIX}{}/{}/{}", location.collection(), location.record(), location.name())
}

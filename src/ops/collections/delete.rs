//! Deleting a collection.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowId, Scalar};
use crate::ops::files::pending;
use crate::query::{Direction, IndexTree, Rows};
use crate::schema::{Catalog, Collection};
use crate::store::Tx;

use super::{Error, mentions};

/// The collections whose rows belong to accounts.
const HELPERS: [&str; 4] = ["_authOrigins", "_externalAuths", "_mfas", "_otps"];

/// Deletes `collection`, an id or a name, with all its records; their files go later. System collections and those that others refer to are refused.
pub fn delete(tx: &mut Tx<'_>, collection: &str) -> Result<Arc<Collection>, Error> {
    const FAILED: &str = "Failed to delete collection";
    let catalog = Arc::clone(tx.catalog());
    let collection = catalog.find(collection).ok_or(Error::NotFound)?;
    if collection.system {
        return Err(Error::Refused(FAILED.to_owned()));
    }
    let referrers = referrers(&catalog, collection);
    if !referrers.is_empty() {
        let names = referrers.join(", ");
        return Err(Error::Refused(format!(
            "{FAILED} probably due to existing reference in {names}"
        )));
    }
    remove(tx, collection)?;
    Ok(Arc::clone(collection))
}

/// Deletes a collection with all its records and what belongs to its accounts, whoever needs it.
pub(super) fn remove(tx: &mut Tx<'_>, collection: &Collection) -> Result<(), Error> {
    if collection.is_auth() {
        for helper in HELPERS {
            delete_rows_of(tx, helper, collection)?;
        }
    }
    tx.delete_collection(&collection.id)?;
    pending::add_collection(tx, collection)
}

/// The names of the other collections that cannot do without `collection`.
fn referrers<'a>(catalog: &'a Catalog, collection: &'a Collection) -> Vec<&'a str> {
    let relations = catalog.referrers(collection).map(|(source, _)| source);
    let mut names: Vec<&str> = relations
        .filter(|source| source.id != collection.id)
        .map(|source| source.name.as_str())
        .collect();
    names.dedup();
    let views = mentions::views(catalog).filter(|(view, query)| {
        view.id != collection.id && mentions::word(query, &collection.name)
    });
    names.extend(views.map(|(view, _)| view.name.as_str()));
    names
}

/// Deletes the rows of one helper collection that belong to accounts of `collection`.
fn delete_rows_of(tx: &mut Tx<'_>, helper: &str, collection: &Collection) -> Result<(), Error> {
    let Some(helper) = tx.catalog().by_name(helper).cloned() else {
        return Ok(());
    };
    let Some(field) = helper.field("collectionRef") else {
        return Ok(());
    };
    let index = helper.indexes.iter().find(|index| {
        let first = index.columns.first();
        index.condition.is_none() && first.is_some_and(|column| column.slot == field.slot)
    });
    let Some(index) = index else { return Ok(()) };
    let mut writer = KeyWriter::new();
    writer.push(&Scalar::text(collection.id.as_str()));
    let mut rowids: Vec<RowId> = Vec::new();
    tx.scan_index(
        &helper,
        IndexTree::Declared(index.number),
        &KeyRange::prefix(writer.finish()),
        Direction::Forward,
        &mut |_, rowid| {
            rowids.push(rowid);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    for rowid in rowids {
        if let Some(row) = tx.row(&helper, rowid)? {
            tx.delete(&helper, rowid, &row)?;
        }
    }
    Ok(())
}

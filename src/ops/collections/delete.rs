//! Deleting a collection.

use std::sync::Arc;

use serde_json::Map;

use crate::hooks::Action;
use crate::ops::files::pending;
use crate::ops::hooked::collections as hooked;
use crate::ops::records::belongings;
use crate::ops::webhooks;
use crate::query::Rows;
use crate::schema::{Catalog, Collection};
use crate::sql;
use crate::store::Tx;

use super::{Error, mentions};

/// Deletes `collection`, an id or a name, with all its records; their files go later. System
/// collections and those that others refer to are refused.
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
pub(super) fn remove(tx: &mut Tx<'_>, collection: &Arc<Collection>) -> Result<(), Error> {
    hooked::write(tx, Action::Delete, &Map::new(), Some(collection), &mut |tx, definition| {
        hooked::Write::new(Action::Delete, definition, Some(collection)).execute(tx, |tx| {
            if collection.is_auth() {
                belongings::delete_of_collection(tx, collection)?;
            }
            webhooks::forget_collection(tx, collection)?;
            tx.delete_collection(&collection.id)?;
            pending::add_collection(tx, collection)
        })?;
        Ok(Arc::clone(collection))
    })?;
    Ok(())
}

/// The names of the other collections that cannot do without `collection`.
fn referrers<'a>(catalog: &'a Catalog, collection: &'a Collection) -> Vec<&'a str> {
    let relations = catalog.referrers(collection).map(|(source, _)| source);
    let mut names: Vec<&str> = relations
        .filter(|source| source.id != collection.id)
        .map(|source| source.name.as_str())
        .collect();
    names.dedup();
    let views = mentions::views(catalog)
        .filter(|(view, query)| view.id != collection.id && sql::mentions(query, &collection.name));
    names.extend(views.map(|(view, _)| view.name.as_str()));
    names
}

//! Views that speak of other collections.

use crate::schema::{Catalog, Collection, CollectionKind};

/// Every view and its query.
pub(super) fn views(catalog: &Catalog) -> impl Iterator<Item = (&Collection, &str)> {
    catalog.all().iter().filter_map(|collection| match &collection.kind {
        CollectionKind::View { query } => Some((&**collection, query.as_str())),
        _ => None,
    })
}

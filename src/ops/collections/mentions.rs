//! Views that speak of other collections.

use crate::schema::{Catalog, Collection, CollectionKind};

/// Every view and its query.
pub(super) fn views(catalog: &Catalog) -> impl Iterator<Item = (&Collection, &str)> {
    catalog.all().iter().filter_map(|collection| match &collection.kind {
        CollectionKind::View { query } => Some((&**collection, query.as_str())),
        _ => None,
    })
}

/// Whether `query` has `name` in it as a word of its own, in any case.
pub(super) fn word(query: &str, name: &str) -> bool {
    let words = query.split(|c: char| c != '_' && !c.is_alphanumeric());
    words.into_iter().any(|word| word.eq_ignore_ascii_case(name))
}

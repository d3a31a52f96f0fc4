//! The fields of views, which follow from their queries.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{CollectionId, RowBuf, Timestamp};
use crate::query::Rows;
use crate::schema::{
    Catalog, Collection, CollectionKind, Draft, Field, Violation, set_view_fields,
};
use crate::sql::{Limits, Select, SqlError, view_fields};
use crate::store::Tx;

use super::Error;

/// Rows of the result that are looked at before a view is saved.
pub(super) const SAMPLE_ROWS: usize = 10;
/// A save runs on the thread that all writes wait for, so it looks at little.
const WHEN_SAVED: Limits = Limits {
    time: Duration::from_secs(1),
    rows_read: 5_000,
    rows: SAMPLE_ROWS,
    cut: true,
    bytes: 64 << 20,
};
/// How often views are looked at again, for those that are made of other views.
const ROUNDS_MAX: usize = 6;

/// The names of views that a change would break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Broken(pub(in crate::ops) Vec<String>);

/// Gives the draft of a view the fields of its query, or notes what is wrong with the query.
/// Leaves other drafts alone.
pub(in crate::ops) fn define(rows: &dyn Rows, catalog: &Catalog, draft: &mut Draft<'_>) {
    let CollectionKind::View { query } = &draft.collection().kind else { return };
    if query.is_empty() {
        return;
    }
    match sampled(rows, catalog, draft.collection(), query, &WHEN_SAVED) {
        Ok((view, _)) => draft.set_view_fields(view.fields),
        Err(error) => {
            let fields = match error {
                SqlError::NoId => Some(Violation::new(
                    "validation_missing_primary_key",
                    "Missing or invalid \"id\" PK field.",
                )),
                SqlError::EmptyId | SqlError::DuplicateId => None,
                _ => Some(Violation::required()),
            };
            draft.refuse_query(&error.to_string(), fields);
        }
    }
}

/// The view as its query makes it, and a few of its rows.
pub(super) fn sampled(
    rows: &dyn Rows,
    catalog: &Catalog,
    view: &Collection,
    query: &str,
    limits: &Limits,
) -> Result<(Collection, Vec<RowBuf>), SqlError> {
    let fields = view_fields(catalog, query, Some(&view.id))?;
    let mut view = view.clone();
    set_view_fields(&mut view, fields);
    let select = Select::prepare(catalog, query, Some(&view.id))?;
    let sample = select.records(rows, &view, limits)?;
    let mut ids = HashSet::new();
    for row in &sample {
        match row.as_row().id() {
            "" => return Err(SqlError::EmptyId),
            id if !ids.insert(id) => return Err(SqlError::DuplicateId),
            _ => {}
        }
    }
    Ok((view, sample))
}

/// Brings the fields of all views but those in `done` to what their queries say now. A query that
/// was in order `before` and is not any more makes this fail, unless only views have changed:
/// then its view stays as it is, until somebody saves it.
pub(in crate::ops) fn refresh(
    tx: &mut Tx<'_>,
    before: &Catalog,
    done: &[&CollectionId],
    now: Timestamp,
) -> Result<Result<(), Broken>, Error> {
    let mut broken = Vec::new();
    for round in 0..ROUNDS_MAX {
        let views: Vec<Arc<Collection>> =
            tx.catalog().all().iter().filter(|c| c.is_view()).cloned().collect();
        let mut changed = false;
        for view in views.iter().filter(|view| !done.contains(&&view.id)) {
            let CollectionKind::View { query } = &view.kind else { continue };
            match view_fields(tx.catalog(), query, Some(&view.id)) {
                Ok(fields) => {
                    let mut new = Collection::clone(view);
                    set_view_fields(&mut new, fields);
                    if !same_fields(&view.fields, &new.fields) {
                        new.updated = now;
                        tx.update_collection(new)?;
                        changed = true;
                    }
                }
                Err(error) if round == 0 => {
                    if was_fine(before, view) {
                        broken.push(view.name.clone());
                    }
                    tracing::warn!(view = view.name, %error, "the query of a view is not in order");
                }
                Err(_) => {}
            }
        }
        if !changed {
            break;
        }
    }
    Ok(if broken.is_empty() { Ok(()) } else { Err(Broken(broken)) })
}

fn was_fine(before: &Catalog, view: &Collection) -> bool {
    let old = before.by_id(view.id.as_str()).map(|old| &old.kind);
    let Some(CollectionKind::View { query }) = old else { return false };
    view_fields(before, query, Some(&view.id)).is_ok()
}

/// Whether the fields are the same but for ids, which are new each time.
fn same_fields(a: &[Field], b: &[Field]) -> bool {
    let same = |(a, b): (&Field, &Field)| {
        Field { id: String::new(), ..a.clone() } == Field { id: String::new(), ..b.clone() }
    };
    a.len() == b.len() && a.iter().zip(b).all(same)
}

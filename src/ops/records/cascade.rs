//! Deleting a record together with what its absence brings down.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::hooks::Action;
use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowBuf, RowId, Scalar, Timestamp, Value};
use crate::ops::files::pending;
use crate::ops::hooked::records as hooked;
use crate::query::{Direction, IndexTree, Rows};
use crate::schema::{Collection, Field, FieldKind, Record};
use crate::store::Tx;

use super::Error;
use super::{account, belongings};

/// Somebody still requires the record.
#[derive(Debug)]
pub(super) struct StillRequired;

/// Deletes the record at `rowid`, and then, for every relation field that pointed to it: takes the
/// id out, deletes the record if the field cascades and nothing is left in it, refuses if the field
/// is required and nothing is left, and saves it otherwise.
pub(super) fn delete(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    rowid: RowId,
    now: Timestamp,
) -> Result<Result<(), StillRequired>, Error> {
    // An explicit stack: chains of cascades can be as long as a collection.
    let mut doomed = vec![(collection.clone(), rowid)];
    while let Some((collection, rowid)) = doomed.pop() {
        let Some(row) = delete_row(tx, &collection, rowid)? else { continue };
        let id = row.as_row().id().to_owned();
        if collection.is_auth() {
            belongings::delete_all(tx, &collection, &id)?;
        }
        let catalog = tx.catalog().clone();
        for (source, field) in catalog.referrers(&collection) {
            for referring in referring_rows(tx, source, field, &id)? {
                match release(tx, source, field, referring, &id, now)? {
                    Released::Saved => {}
                    Released::Doomed => doomed.push((source.clone(), referring)),
                    Released::Refused => return Ok(Err(StillRequired)),
                }
            }
        }
    }
    Ok(Ok(()))
}

enum Released {
    Saved,
    Doomed,
    Refused,
}

/// Takes `id` out of one field of one record.
fn release(
    tx: &mut Tx<'_>,
    source: &Arc<Collection>,
    field: &Field,
    rowid: RowId,
    id: &str,
    now: Timestamp,
) -> Result<Released, Error> {
    let Some(old) = tx.row(source, rowid)? else { return Ok(Released::Saved) };
    let mut record = Record::from_row(source.clone(), old.as_row());
    let left: Vec<String> = record
        .get(&field.name)
        .map_or(&[][..], Value::items)
        .iter()
        .filter(|item| *item != id)
        .cloned()
        .collect();
    let cascades = field.relation().is_some_and(|relation| relation.cascade_delete);
    if left.is_empty() && cascades {
        return Ok(Released::Doomed);
    }
    if left.is_empty() && field.required {
        return Ok(Released::Refused);
    }
    let value = if field.kind.is_multiple() {
        Value::List(left)
    } else {
        Value::Text(left.into_iter().next_back().unwrap_or_default())
    };
    record.set(&field.name, value);
    for field in &source.fields {
        if let FieldKind::Autodate(options) = &field.kind
            && options.on_update
        {
            record.set(&field.name, Value::Date(Some(now)));
        }
    }
    account::replace(tx, rowid, &old, record)?;
    Ok(Released::Saved)
}

fn referring_rows(
    tx: &Tx<'_>,
    source: &Collection,
    field: &Field,
    id: &str,
) -> Result<Vec<RowId>, Error> {
    let mut writer = KeyWriter::new();
    writer.push(&Scalar::text(id));
    let mut rowids = Vec::new();
    tx.scan_index(
        source,
        IndexTree::Relation(field.slot),
        &KeyRange::prefix(writer.finish()),
        Direction::Forward,
        &mut |_, rowid| {
            rowids.push(rowid);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    Ok(rowids)
}

/// Deletes one row, and has its files removed; returns what was there.
pub(super) fn delete_row(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    rowid: RowId,
) -> Result<Option<RowBuf>, Error> {
    let Some(row) = tx.row(collection, rowid)? else { return Ok(None) };
    let remove = |tx: &mut Tx<'_>| {
        // A hook may have changed the row, or removed it.
        let Some(row) = tx.row(collection, rowid)? else { return Ok(()) };
        tx.delete(collection, rowid, &row)?;
        pending::add_record(tx, collection, row.as_row())
    };
    if hooked::wants_in(tx, Action::Delete, collection) {
        let record = Record::from_row(collection.clone(), row.as_row());
        let write = hooked::write_of(tx, Action::Delete, record, None);
        hooked::write(tx, write, &mut |tx, _| remove(tx))?;
    } else {
        remove(tx)?;
    }
    Ok(Some(row))
}

//! Rows that belong to an account: second factors, one-time passwords, links to providers, places
//! of logins. All name their account by `collectionRef` and `recordRef`.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowBuf, RowId, Scalar, Timestamp, Value};
use crate::ops::auth::{self, end_of_account, end_of_collection};
use crate::query::{Direction, IndexTree, Rows};
use crate::schema::{Collection, OAUTH2_PROVIDERS, Record, Violation, Violations};
use crate::store::Tx;

use super::cascade::delete_row;
use super::{Error, account, finish_draft};

/// Second factors that are waited for.
pub(crate) const MFAS: &str = "_mfas";
/// One-time passwords.
pub(crate) const OTPS: &str = "_otps";
/// Links to accounts elsewhere.
pub(crate) const EXTERNAL_AUTHS: &str = "_externalAuths";
/// Places of logins.
pub(crate) const ORIGINS: &str = "_authOrigins";

const ALL: [&str; 4] = [ORIGINS, EXTERNAL_AUTHS, MFAS, OTPS];

/// The rows of the collection called `name` that belong to accounts of `collection`, or to the one
/// with this id; oldest first.
pub(crate) fn rows_of(
    rows: &dyn Rows,
    name: &str,
    collection: &Collection,
    id: Option<&str>,
) -> Result<Vec<(RowId, RowBuf)>, Error> {
    let mut wanted = vec![("collectionRef", collection.id.as_str())];
    wanted.extend(id.map(|id| ("recordRef", id)));
    matching(rows, name, &wanted)
}

/// The link of some account of `collection` to the account `provider_id` elsewhere.
pub(crate) fn link(
    rows: &dyn Rows,
    collection: &Collection,
    provider: &str,
    provider_id: &str,
) -> Result<Option<Record>, Error> {
    let wanted = [
        ("collectionRef", collection.id.as_str()),
        ("provider", provider),
        ("providerId", provider_id),
    ];
    let Some(links) = rows.catalog().by_name(EXTERNAL_AUTHS).cloned() else { return Ok(None) };
    // Keys of long texts are hashes, so what was found is compared.
    let records = matching(rows, EXTERNAL_AUTHS, &wanted)?
        .into_iter()
        .map(|(_, row)| Record::from_row(links.clone(), row.as_row()));
    Ok(records.rev().find(|link| wanted.iter().all(|(name, text)| link.text(name) == *text)))
}

/// The rows of the collection called `name` whose fields hold these texts, by an index that begins
/// with those fields; oldest first.
fn matching(
    rows: &dyn Rows,
    name: &str,
    wanted: &[(&str, &str)],
) -> Result<Vec<(RowId, RowBuf)>, Error> {
    let Some(helper) = rows.catalog().by_name(name).cloned() else { return Ok(Vec::new()) };
    let index = helper.indexes.iter().find(|index| {
        let is_over = |at: usize, name: &str| {
            let slot = helper.field(name).map(|field| field.slot);
            index.columns.get(at).is_some_and(|column| Some(column.slot) == slot)
        };
        index.condition.is_none()
            && wanted.iter().enumerate().all(|(at, (name, _))| is_over(at, name))
    });
    let Some(index) = index else { return Ok(Vec::new()) };
    let mut writer = KeyWriter::new();
    for (_, value) in wanted {
        writer.push(&Scalar::text(value));
    }
    let mut rowids = Vec::new();
    rows.scan_index(
        &helper,
        IndexTree::Declared(index.number),
        &KeyRange::prefix(writer.finish()),
        Direction::Forward,
        &mut |_, rowid| {
            rowids.push(rowid);
            Ok(ControlFlow::Continue(()))
        },
    )?;
    rowids.sort_unstable();
    let mut found = Vec::with_capacity(rowids.len());
    for rowid in rowids {
        if let Some(row) = rows.row(&helper, rowid)? {
            found.push((rowid, row));
        }
    }
    Ok(found)
}

/// The row `id` of the collection called `name`.
pub(crate) fn find(
    rows: &dyn Rows,
    name: &str,
    id: &str,
) -> Result<Option<(RowId, RowBuf, Record)>, Error> {
    let Some(helper) = rows.catalog().by_name(name).cloned() else { return Ok(None) };
    let Some(rowid) = rows.find(&helper, id)? else { return Ok(None) };
    let Some(row) = rows.row(&helper, rowid)? else { return Ok(None) };
    let record = Record::from_row(helper, row.as_row());
    Ok(Some((rowid, row, record)))
}

/// Adds a row to the collection called `name` that belongs to the account `id` of `collection`, and
/// holds these texts too. Returns its id.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    name: &str,
    collection: &Collection,
    id: &str,
    texts: &[(&str, &str)],
) -> Result<String, Error> {
    let helper = tx.catalog().by_name(name).cloned();
    let helper = helper.ok_or_else(|| Error::internal("a system collection is missing"))?;
    let mut record = Record::new(Arc::clone(&helper));
    let owner = [("collectionRef", collection.id.as_str()), ("recordRef", id)];
    for (name, text) in owner.iter().chain(texts) {
        record.set(name, Value::Text((*text).to_owned()));
    }
    finish_draft(&mut record, Timestamp::now())?;
    account::add(tx, &record)?;
    Ok(record.id().to_owned())
}

/// Deletes one row of the collection called `name`.
pub(crate) fn delete_one(tx: &mut Tx<'_>, name: &str, rowid: RowId) -> Result<(), Error> {
    if let Some(helper) = tx.catalog().by_name(name).cloned() {
        delete_row(tx, &helper, rowid)?;
    }
    Ok(())
}

/// Deletes the rows of the collection called `name` that belong to the account `id` of `collection`;
/// returns how many there were.
pub(crate) fn delete(
    tx: &mut Tx<'_>,
    name: &str,
    collection: &Collection,
    id: &str,
) -> Result<usize, Error> {
    let found = rows_of(tx, name, collection, Some(id))?;
    for (rowid, _) in &found {
        delete_one(tx, name, *rowid)?;
    }
    Ok(found.len())
}

/// Deletes everything that belongs to the account `id` of `collection`.
pub(super) fn delete_all(tx: &mut Tx<'_>, collection: &Collection, id: &str) -> Result<(), Error> {
    for name in ALL {
        delete(tx, name, collection, id)?;
    }
    auth::forget(tx, &collection.id, id)?;
    end_of_account(tx, collection, id)
}

/// Deletes everything that belongs to accounts of `collection`.
pub(crate) fn delete_of_collection(tx: &mut Tx<'_>, collection: &Collection) -> Result<(), Error> {
    for name in ALL {
        for (rowid, _) in rows_of(tx, name, collection, None)? {
            delete_one(tx, name, rowid)?;
        }
    }
    auth::forget_collection(tx, &collection.id)?;
    end_of_collection(tx, collection)
}

/// What is wrong with whom `record` says it belongs to; nothing in other collections. One mistake at
/// a time: each check needs the one before it.
pub(super) fn check(rows: &dyn Rows, record: &Record) -> Result<Violations, Error> {
    let helper = record.collection();
    if !helper.system || !ALL.contains(&helper.name.as_str()) {
        return Ok(Violations::new());
    }
    let Some(owners) = rows.catalog().by_id(record.text("collectionRef")) else {
        let message = "Missing or invalid collection.";
        let violation = Violation::new("validation_invalid_collection_id", message);
        return Ok(Violations::of("collectionRef", violation));
    };
    if !owners.is_auth() {
        let message = "Invalid collection type - must be auth.";
        let violation = Violation::new("validation_invalid_collection_type", message);
        return Ok(Violations::of("collectionRef", violation));
    }
    if rows.find(owners, record.text("recordRef"))?.is_none() {
        let message = "Missing or invalid record.";
        let violation = Violation::new("validation_invalid_record", message);
        return Ok(Violations::of("recordRef", violation));
    }
    if helper.name == EXTERNAL_AUTHS && !OAUTH2_PROVIDERS.contains(&record.text("provider")) {
        let violation = Violation::new("validation_in_invalid", "Must be a valid value.");
        return Ok(Violations::of("provider", violation));
    }
    Ok(Violations::new())
}

//! Removing what no record names any more.

use std::io;

use crate::files::Location;
use crate::ops::Backend;
use crate::query::Rows;

use super::{Error, names_in, pending};

/// Entries that are dealt with in one go.
const BATCH: usize = 500;

/// Works off the list of what is pending: removes what no record names, and then the entries. What
/// cannot be removed, or belongs to a write that is under way, stays on the list. Blocks.
pub fn sweep(backend: &Backend) -> Result<(), Error> {
    let mut last = String::new();
    loop {
        let entries = backend.snapshot().settings(pending::PREFIX, &last, BATCH)?;
        let Some((key, _)) = entries.last() else { return Ok(()) };
        last.clone_from(key);
        let mut done = Vec::with_capacity(entries.len());
        for (key, number) in entries {
            match clean(backend, &key[pending::PREFIX.len()..]) {
                Ok(true) => done.push((key, number)),
                Ok(false) => {}
                Err(error) => tracing::warn!(key, %error, "files were not removed"),
            }
        }
        if done.is_empty() {
            continue;
        }
        backend.write(move |tx| {
            for (key, number) in &done {
                if tx.setting(key)?.as_ref() == Some(number) {
                    tx.delete_setting(key)?;
                }
            }
            Ok(())
        })?;
    }
}

/// Deals with one entry; false when it has to wait.
fn clean(backend: &Backend, entry: &str) -> Result<bool, Error> {
    let mut parts = entry.splitn(3, '/');
    let collection = parts.next().unwrap_or_default();
    match (parts.next(), parts.next()) {
        (None, _) => {
            let mut is_done = true;
            for record in backend.files().records_of(collection).map_err(Error::internal)? {
                is_done &= clean_record(backend, collection, &record, None)?;
            }
            if is_done && backend.snapshot().catalog().by_id(collection).is_none() {
                backend.files().remove_empty_collection(collection);
            }
            Ok(is_done)
        }
        (Some(record), name) => clean_record(backend, collection, record, name),
    }
}

/// Removes what is there of a record's files, or of one of them, and is not named; false when files
/// are coming to the record.
fn clean_record(
    backend: &Backend,
    collection: &str,
    record: &str,
    name: Option<&str>,
) -> Result<bool, Error> {
    let cleaned = backend.in_flight().while_quiet(collection, record, || {
        // Taken only now: whatever was under way until now is in it.
        let named = named_by(backend, collection, record)?;
        remove_unnamed(backend, collection, record, name, named).map_err(Error::internal)
    });
    cleaned.transpose().map(|cleaned| cleaned.is_some())
}

fn remove_unnamed(
    backend: &Backend,
    collection: &str,
    record: &str,
    name: Option<&str>,
    named: Option<Vec<String>>,
) -> io::Result<()> {
    let files = backend.files();
    let Some(named) = named else { return files.remove_record(collection, record) };
    let candidates = match name {
        Some(name) => vec![name.to_owned()],
        None => files.names_of(collection, record)?,
    };
    for name in candidates.iter().filter(|name| !named.contains(name)) {
        if let Some(location) = Location::new(collection, record, name) {
            files.remove(&location)?;
        }
    }
    Ok(())
}

/// The names that a record has for its files; `None` when there is no such record.
fn named_by(
    backend: &Backend,
    collection: &str,
    record: &str,
) -> Result<Option<Vec<String>>, Error> {
    let snapshot = backend.snapshot();
    let Some(collection) = snapshot.catalog().by_id(collection) else { return Ok(None) };
    let Some(rowid) = snapshot.find(collection, record)? else { return Ok(None) };
    let row = snapshot.row(collection, rowid)?;
    Ok(row.map(|row| names_in(collection, row.as_row())))
}

//! Removing what no record names any more.

use std::io;

use crate::files::Location;
use crate::ops::Backend;
use crate::query::Rows;

use super::{Error, names_in, pending, resumable};
use crate::model::Timestamp;

/// Entries that are dealt with in one go.
const BATCH: usize = 500;

/// Works off the list of what is pending: removes what no record names, and then the entries. What
/// cannot be removed, or belongs to a write that is under way, stays on the list. Blocks.
pub fn sweep(backend: &Backend) -> Result<(), Error> {
    resumable::clean(backend, Timestamp::now())?;
    let suspects = backend.in_flight().take_suspects();
    if !suspects.is_empty() {
        // Whatever transaction brought them is over when this one is.
        backend.write(move |tx| suspects.iter().try_for_each(|file| pending::add(tx, file)))?;
    }
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

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::auth::PasswordHasher;
    use crate::files::Storage;
    use crate::model::Value;
    use crate::ops::bootstrap;
    use crate::ops::collections::CreateCollection;
    use crate::schema::{Collection, Record};
    use crate::store::{Store, StoreOptions};

    fn backend(data: &std::path::Path) -> (Backend, Arc<Collection>) {
        let store = Store::open(data, StoreOptions::default()).unwrap();
        let backend = Backend::new(store, PasswordHasher::new(1, 1), Storage::new(data));
        bootstrap(&backend).unwrap();
        let fields = json!([{ "name": "file", "type": "file" }]);
        let definition = json!({ "name": "docs", "type": "base", "fields": fields });
        let create = CreateCollection::new(definition.as_object().unwrap().clone());
        backend.write(move |tx| create.run(tx)).unwrap();
        let docs = backend.snapshot().catalog().by_name("docs").cloned().unwrap();
        (backend, docs)
    }

    fn location(docs: &Collection, record: &str, name: &str) -> Location {
        Location::new(docs.id.as_str(), record, name).unwrap()
    }

    fn place(backend: &Backend, location: &Location) {
        let (scratch, mut file) = backend.files().scratch().unwrap();
        file.write_all(b"content").unwrap();
        backend.files().place(&scratch, location).unwrap();
    }

    fn exists(backend: &Backend, location: &Location) -> bool {
        backend.files().open(location).is_ok()
    }

    fn pending_count(backend: &Backend) -> usize {
        backend.snapshot().settings(pending::PREFIX, "", 100).unwrap().len()
    }

    #[test]
    fn what_a_crash_left_goes_and_what_a_record_names_stays() {
        let data = tempfile::tempdir().unwrap();
        let (backend, docs) = backend(data.path());
        let (named, orphan) = (location(&docs, "r1", "a.txt"), location(&docs, "r1", "b.txt"));
        let unborn = location(&docs, "r2", "c.txt");
        for location in [&named, &orphan, &unborn] {
            place(&backend, location);
        }
        let announced = [named.clone(), orphan.clone(), unborn.clone()];
        let collection = docs.clone();
        backend
            .write(move |tx| {
                let mut record = Record::new(collection.clone());
                record.set("id", Value::Text("r1".to_owned()));
                record.set("file", Value::Text("a.txt".to_owned()));
                crate::ops::records::finish_draft(&mut record, Timestamp::now())?;
                tx.insert(&collection, &record.to_row())?;
                announced.iter().try_for_each(|location| pending::add(tx, location))
            })
            .unwrap();
        let under_way = backend.in_flight().enter(docs.id.as_str(), "r2");
        sweep(&backend).unwrap();
        assert!(exists(&backend, &named) && !exists(&backend, &orphan));
        assert!(exists(&backend, &unborn), "its write may still succeed");
        assert_eq!(pending_count(&backend), 1);
        drop(under_way);
        sweep(&backend).unwrap();
        assert!(!exists(&backend, &unborn) && exists(&backend, &named));
        assert_eq!(pending_count(&backend), 0);
    }

    #[test]
    fn a_collection_on_the_list_keeps_what_records_name_if_it_is_there_again() {
        let data = tempfile::tempdir().unwrap();
        let (backend, docs) = backend(data.path());
        let orphan = location(&docs, "r1", "a.txt");
        place(&backend, &orphan);
        let collection = docs.clone();
        backend.write(move |tx| pending::add_collection(tx, &collection)).unwrap();
        sweep(&backend).unwrap();
        assert!(!exists(&backend, &orphan));
        assert!(data.path().join("storage").join(docs.id.as_str()).exists());
        assert_eq!(pending_count(&backend), 0);
    }
}

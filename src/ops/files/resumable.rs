//! Uploads that come in pieces: begun for a field, gone on with after a break, and then given to a
//! record by whoever brought them.
//!
//! An entry in the settings of the store says who brings what for which field; the bytes that have
//! come lie in [`Partials`](crate::files::Partials). The entry is there before the file, and the write that gives the
//! upload to a record takes it away, so an upload is used once and a file without entry is nobody's.

use std::io::ErrorKind;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::access::{Caller, Gate};
use crate::files::Claim;
use crate::model::Timestamp;
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, FieldKind, Violation, Violations, values};
use crate::store::{Snapshot, Tx};

use super::{Error, Upload};

/// What the keys of entries begin with; then follow the owner and the id.
const PREFIX: &str = "files/uploads/";
/// What stands in a record's body for a finished upload, before its id.
const MARK: &str = "upload:";
/// How long an upload is kept, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Uploads of one account that are not part of a record yet; guests are one account here.
const OWN_MAX: usize = 200;
/// Letters of a file's name that are kept.
const NAME_CHARS_MAX: usize = 255;
/// Entries that are read at once.
const PAGE: usize = 500;

/// What an upload is for.
#[derive(Debug, Clone, Default)]
pub struct Purpose {
    /// The collection, an id or a name.
    pub collection: String,
    /// The record that gets it; `None` for one that is to be made.
    pub record: Option<String>,
    /// The field, which holds files.
    pub field: String,
    /// What the file is called.
    pub name: String,
}

/// An upload that was begun and is not part of a record yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resumable {
    /// Its id, which nobody can guess.
    #[serde(skip)]
    pub id: String,
    #[serde(skip)]
    key: String,
    collection: String,
    record: Option<String>,
    field: String,
    name: String,
    /// How many bytes it will have.
    pub len: u64,
    /// When it is given up, in milliseconds since 1970.
    expires: i64,
}

impl Resumable {
    /// Begins an upload of `len` bytes. Blocks for a commit.
    ///
    /// Fails as a write to the collection does whose rule lets nobody through, with
    /// [`Error::UploadTooLong`] when the field takes no file of that length, and with
    /// [`Error::Rejected`] when the purpose is none.
    pub fn begin(
        backend: &Backend,
        caller: &Caller,
        purpose: &Purpose,
        len: u64,
    ) -> Result<Self, Error> {
        let snapshot = backend.snapshot();
        let collection = snapshot.catalog().find(&purpose.collection).ok_or(Error::NoCollection)?;
        if collection.is_view() {
            return Err(Error::ViewIsReadOnly);
        }
        let gate = Gate::new(&*snapshot, backend.rules(), caller);
        let rules = &collection.rules;
        let rule = if purpose.record.is_some() { &rules.update } else { &rules.create };
        gate.has_rule(rule.as_deref())?;
        let field = collection.field(&purpose.field);
        let field = field.filter(|field| !field.hidden || caller.is_superuser());
        let Some((field, FieldKind::File(options))) = field.map(|field| (field, &field.kind))
        else {
            let message = "The collection has no such file field.";
            return Err(refused("field", Violation::new("validation_invalid_field", message)));
        };
        if len > Upload::size_max(options) {
            return Err(Error::UploadTooLong { max: Upload::size_max(options) });
        }
        let owner = owner(caller);
        let prefix = format!("{PREFIX}{owner}/");
        if snapshot.settings(&prefix, "", OWN_MAX)?.len() >= OWN_MAX {
            return Err(Error::TooManyRequests);
        }
        let id = format!("{:032x}", rand::random::<u128>());
        let key = format!("{prefix}{id}");
        let name: String = purpose.name.chars().take(NAME_CHARS_MAX).collect();
        let upload = Self {
            id,
            key: key.clone(),
            collection: collection.id.as_str().to_owned(),
            record: purpose.record.clone(),
            field: field.name.clone(),
            name: if name.is_empty() { "file".to_owned() } else { name },
            len,
            expires: Timestamp::now().millis() + KEPT_MS,
        };
        let entry = serde_json::to_vec(&upload).map_err(Error::internal)?;
        backend.write(move |tx| Ok(tx.put_setting(&key, &entry)?))?;
        backend.files().partials().create(&upload.id).map_err(Error::internal)?;
        Ok(upload)
    }

    /// The upload `id`, if `caller` began it and it is not over.
    pub fn find(snapshot: &Snapshot, caller: &Caller, id: &str) -> Result<Self, Error> {
        let key = format!("{PREFIX}{}/{id}", owner(caller));
        let entry = snapshot.setting(&key)?.ok_or(Error::NotFound)?;
        let found: Self = serde_json::from_slice(&entry).map_err(Error::internal)?;
        if found.expires <= Timestamp::now().millis() {
            return Err(Error::NotFound);
        }
        Ok(Self { id: id.to_owned(), key, ..found })
    }

    /// When it is given up.
    pub fn expires(&self) -> Timestamp {
        Timestamp::from_millis(self.expires)
    }

    /// How many bytes have come. Blocks.
    pub fn offset(&self, backend: &Backend) -> Result<u64, Error> {
        match backend.files().partials().len(&self.id) {
            Err(error) if error.kind() == ErrorKind::NotFound => Err(Error::NotFound),
            found => found.map_err(Error::internal),
        }
    }

    /// The right to add to it, which only one has at a time.
    pub fn claim(&self, backend: &Backend) -> Result<Claim, Error> {
        backend.files().partials().claim(&self.id).ok_or(Error::UploadBusy)
    }

    /// Gives it up. Blocks for a commit.
    pub fn give_up(&self, backend: &Backend) -> Result<(), Error> {
        let _claim = self.claim(backend)?;
        let key = self.key.clone();
        backend.write(move |tx| Ok(tx.delete_setting(&key)?))?;
        backend.files().partials().remove(&self.id).map_err(Error::internal)
    }

    /// Whether it is for `collection`, and the record `record` or one that is to be made.
    fn is_for(&self, collection: &Collection, record: Option<&str>) -> bool {
        self.collection == collection.id.as_str() && self.record.as_deref() == record
    }

    /// The finished upload, for the part `key` of a record's body. Blocks.
    fn finished(&self, backend: &Backend, key: &str) -> Result<Option<Upload>, Error> {
        // Whoever still adds to it has not finished.
        let Ok(claim) = self.claim(backend) else { return Ok(None) };
        if self.offset(backend)? != self.len {
            return Ok(None);
        }
        let finished = backend.files().partials().finished(&self.id);
        let (scratch, content_type) = finished.map_err(Error::internal)?;
        let source = (self.key.clone(), claim);
        Ok(Some(Upload::resumed(key, &self.name, scratch, self.len, content_type, source)))
    }
}

/// Takes finished uploads out of a `body` for `collection`, where `upload:<id>` stands for them in
/// file fields. Blocks.
///
/// Fails with [`Error::Rejected`] when one is not there, not complete, or for something else.
pub fn take_resumed(
    backend: &Backend,
    caller: &Caller,
    collection: &Collection,
    record: Option<&str>,
    body: &mut Map<String, Json>,
) -> Result<Vec<Upload>, Error> {
    let mut uploads = Vec::new();
    let mut violations = Violations::new();
    let snapshot = backend.snapshot();
    for field in super::file_fields(collection) {
        for key in [field.name.clone(), format!("+{}", field.name), format!("{}+", field.name)] {
            let Some(names) = body.get(&key).map(values::file_names) else { continue };
            let (marked, names): (Vec<String>, Vec<String>) =
                names.into_iter().partition(|name| name.starts_with(MARK));
            if marked.is_empty() {
                continue;
            }
            for id in marked.iter().map(|name| &name[MARK.len()..]) {
                let found = match Resumable::find(&snapshot, caller, id) {
                    Ok(found) if found.is_for(collection, record) && found.field == field.name => {
                        found.finished(backend, &key)?
                    }
                    Ok(_) | Err(Error::NotFound) => None,
                    Err(error) => return Err(error),
                };
                match found {
                    Some(upload) => uploads.push(upload),
                    None => violations.add(&field.name, not_usable()),
                }
            }
            if names.is_empty() {
                body.shift_remove(&key);
            } else {
                body.insert(key, names.into());
            }
        }
    }
    let failure = if record.is_some() { Failure::UpdateRecord } else { Failure::CreateRecord };
    violations.into_result().map_err(|violations| Error::Rejected(failure, violations))?;
    Ok(uploads)
}

/// Takes the upload with this key away, as a record has it now; fails when it is gone already.
pub(super) fn use_up(tx: &mut Tx<'_>, key: &str, field: &str) -> Result<(), Error> {
    if tx.setting(key)?.is_none() {
        return Err(refused(field, not_usable()));
    }
    tx.delete_setting(key)?;
    Ok(())
}

/// Removes uploads that are over, and the files of those that were used or given up. Blocks.
pub(super) fn clean(backend: &Backend, now: Timestamp) -> Result<(), Error> {
    let partials = backend.files().partials();
    let files = partials.ids().map_err(Error::internal)?;
    let (mut known, mut over) = (std::collections::HashSet::new(), Vec::new());
    let mut last = String::new();
    let snapshot = backend.snapshot();
    loop {
        let entries = snapshot.settings(PREFIX, &last, PAGE)?;
        let Some((key, _)) = entries.last() else { break };
        last.clone_from(key);
        for (key, entry) in entries {
            let upload: Option<Resumable> = serde_json::from_slice(&entry).ok();
            let id = key.rsplit('/').next().unwrap_or_default().to_owned();
            if upload.is_some_and(|upload| upload.expires > now.millis()) {
                known.insert(id);
            } else {
                over.push((key, id));
            }
        }
    }
    drop(snapshot);
    if !over.is_empty() {
        // Whoever writes one now finds out at its end.
        let keys: Vec<String> = over.into_iter().map(|(key, _)| key).collect();
        backend.write(move |tx| {
            keys.iter().try_for_each(|key| Ok::<_, Error>(tx.delete_setting(key).map(drop)?))
        })?;
    }
    for id in files.iter().filter(|id| !known.contains(*id)) {
        if let Some(_claim) = partials.claim(id) {
            partials.remove(id).map_err(Error::internal)?;
        }
    }
    Ok(())
}

/// Whom an upload belongs to.
fn owner(caller: &Caller) -> String {
    match caller.auth() {
        Some(auth) => format!("{}.{}", auth.collection.id.as_str(), auth.row.as_row().id()),
        None => "guest".to_owned(),
    }
}

fn not_usable() -> Violation {
    Violation::new(
        "validation_invalid_upload",
        "The upload is missing, not complete, or meant for something else.",
    )
}

fn refused(field: &str, violation: Violation) -> Error {
    Error::Rejected(Failure::Upload, Violations::of(field, violation))
}

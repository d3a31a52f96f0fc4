//! The uploaded files of a write: in their places before it, named by the record with it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::files::Location;
use crate::hooks::RecordWrite;
use crate::model::{RowBuf, Value};
use crate::ops::files::{UnderWay, Upload, names_in, pending, take_brought};
use crate::ops::hooked::{Shared, records as hooked};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, Record, Violation, Violations, values};
use crate::store::Tx;

use super::draft;
use super::write::{Intent, WriteRecord};
use super::{Error, collection_of};

/// Files that are in their places and wait for a record to name them.
#[derive(Debug)]
pub(super) struct Placed {
    /// The record.
    id: String,
    locations: Vec<Location>,
    /// Keeps the sweep away until the outcome is known.
    _under_way: UnderWay,
}

impl WriteRecord {
    /// Adds uploaded files, whose keys must name file fields. Files under a plain key join the names
    /// that the body has there, and [`Self::place_files`] has to be called before the write.
    #[must_use]
    pub fn with_uploads(mut self, uploads: Vec<Upload>) -> Self {
        let mut names: Vec<(&str, Vec<Json>)> = Vec::new();
        for upload in &uploads {
            let name = Json::String(upload.name.clone());
            if let Some((_, names)) = names.iter_mut().find(|(key, _)| *key == upload.key) {
                names.push(name);
                continue;
            }
            let submitted = self.body.get(&upload.key).filter(|_| upload.replaces());
            let mut all: Vec<Json> =
                submitted.map(values::file_names).into_iter().flatten().map(Json::from).collect();
            all.push(name);
            names.push((&upload.key, all));
        }
        for (key, names) in names {
            self.body.insert(key.to_owned(), Json::Array(names));
        }
        self.uploads = uploads;
        self
    }

    /// Whether [`Self::place_files`] has to be called.
    pub fn has_uploads(&self) -> bool {
        !self.uploads.is_empty()
    }

    /// Puts the uploaded files in their places, where they stay only if the write succeeds. Fixes
    /// the id of a new record. Checks nothing: call [`Self::prepare`] before, so that whoever may
    /// not write cannot make the disk work. Blocks the thread, also for a commit.
    pub fn place_files(&mut self, rows: &dyn Rows, backend: &Backend) -> Result<(), Error> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        let (collection, id, locations) = self.targets(rows)?;
        let under_way = backend.in_flight().enter(collection.id.as_str(), &id);
        let announced = locations.clone();
        backend.write(move |tx| announced.iter().try_for_each(|file| pending::add(tx, file)))?;
        for (upload, location) in self.uploads.iter().zip(&locations) {
            backend.files().place(&upload.scratch, location).map_err(Error::FilesUnavailable)?;
        }
        self.placed = Some(Arc::new(Placed { id, locations, _under_way: under_way }));
        Ok(())
    }

    /// The same inside of a transaction, which waits for the files. What was placed by one that
    /// fails is removed afterwards; of one that a crash ends, it may stay without a record.
    pub(in crate::ops) fn place_files_in(
        &mut self,
        tx: &mut Tx<'_>,
        shared: &Shared,
    ) -> Result<(), Error> {
        if self.uploads.is_empty() {
            return Ok(());
        }
        let (collection, id, locations) = self.targets(tx)?;
        let under_way =
            place_in(tx, shared, &self.uploads, &locations, (collection.id.as_str(), &id))?;
        self.placed = Some(Arc::new(Placed { id, locations, _under_way: under_way }));
        Ok(())
    }

    /// Where the uploaded files belong: the collection, the id of the record, and a place for each.
    fn targets(
        &mut self,
        rows: &dyn Rows,
    ) -> Result<(Arc<Collection>, String, Vec<Location>), Error> {
        let collection = collection_of(rows, &self.collection)?;
        let (id, failure) = match &self.intent {
            Intent::Create => (self.fix_id(&collection)?, Failure::CreateRecord),
            Intent::Update { id } | Intent::Replace { id } => (id.clone(), Failure::UpdateRecord),
        };
        let locations = places(&self.uploads, &collection, &id, failure)?;
        Ok((collection, id, locations))
    }

    /// Takes over where the files of another write of the same record and the same files are.
    pub fn share_files(&mut self, other: &Self) {
        self.placed.clone_from(&other.placed);
    }

    /// The id that a new record will have: the submitted one, or one made now.
    fn fix_id(&mut self, collection: &Arc<Collection>) -> Result<String, Error> {
        let mut record = Record::new(collection.clone());
        values::apply(&mut record, &self.body, draft::access_of(self));
        if record.id().is_empty()
            && let Some(field) = collection.field("id")
            && let Some(id) = draft::generated(field)?
        {
            record.set("id", Value::Text(id));
        }
        Ok(record.id().to_owned())
    }

    /// The id that was fixed for a new record.
    pub(super) fn fixed_id(&self) -> Option<&str> {
        self.placed.as_ref().map(|placed| placed.id.as_str())
    }

    /// Notes in `tx` which files the record names from now on, and which no longer.
    pub(super) fn settle_files(
        &self,
        tx: &mut Tx<'_>,
        collection: &Collection,
        old: Option<&RowBuf>,
        new: &RowBuf,
        brought: &Brought,
    ) -> Result<(), Error> {
        let named = names_in(collection, new.as_row());
        let is_new = |upload: &&Upload| named.contains(&upload.name);
        for upload in self.uploads.iter().chain(&brought.uploads).filter(is_new) {
            let is_placed = |found: &Location| {
                self.placed.iter().any(|placed| placed.locations.contains(found))
                    || brought.locations.contains(found)
            };
            let found = Location::new(collection.id.as_str(), new.as_row().id(), &upload.name)
                .filter(is_placed);
            let location =
                found.ok_or_else(|| Error::internal("a record names a file that is not there"))?;
            upload.use_up(tx)?;
            pending::settle(tx, &location)?;
        }
        match old {
            Some(old) => pending::add_dropped(tx, collection, old.as_row(), new.as_row()),
            None => Ok(()),
        }
    }

    /// The body with what the files are in place of the names that they got, which are new each
    /// time the same body is sent.
    pub(super) fn sent_body(&self) -> Map<String, Json> {
        let mut body = self.body.clone();
        for upload in &self.uploads {
            let names = body.get_mut(&upload.key).and_then(Json::as_array_mut);
            for name in names.into_iter().flatten().filter(|name| **name == upload.name) {
                *name = Json::String(upload.fingerprint());
            }
        }
        body
    }
}

/// Files that hooks bring to the record of a write.
#[derive(Debug, Default)]
pub(super) struct Brought {
    pub(super) uploads: Vec<Upload>,
    locations: Vec<Location>,
    under_way: Vec<UnderWay>,
}

impl Brought {
    /// Puts the files of `write` in their places, and their names into its record.
    pub(super) fn take(
        &mut self,
        tx: &mut Tx<'_>,
        write: &mut RecordWrite,
        failure: Failure,
    ) -> Result<(), Error> {
        if write.brought.is_empty() {
            return Ok(());
        }
        let shared = hooked::shared(tx).ok_or_else(|| Error::internal("a hook without hooks"))?;
        let collection = Arc::clone(write.record.collection());
        let mut body = std::mem::take(&mut write.brought);
        let uploads = take_brought(&collection, &mut body, &shared.files, failure)?;
        for (field, kept) in body {
            let mut names: Vec<Json> = kept.as_array().cloned().unwrap_or_default();
            let new = uploads.iter().filter(|upload| upload.key == field);
            names.extend(new.map(|upload| Json::from(upload.name.as_str())));
            write.record.set_json(&field, &Json::Array(names));
        }
        let id = write.record.id().to_owned();
        let locations = places(&uploads, &collection, &id, failure)?;
        let record = (collection.id.as_str(), id.as_str());
        self.under_way.push(place_in(tx, &shared, &uploads, &locations, record)?);
        self.uploads.extend(uploads);
        self.locations.extend(locations);
        Ok(())
    }
}

/// A place for each of the files of a record.
fn places(
    uploads: &[Upload],
    collection: &Collection,
    id: &str,
    failure: Failure,
) -> Result<Vec<Location>, Error> {
    let refused = || Error::Rejected(failure, Violations::of("id", Violation::invalid_value()));
    let location = |upload: &Upload| {
        Location::new(collection.id.as_str(), id, &upload.name).ok_or_else(refused)
    };
    uploads.iter().map(location).collect()
}

/// Puts files of a record, which is named by the ids of its collection and itself, in their places.
fn place_in(
    tx: &mut Tx<'_>,
    shared: &Shared,
    uploads: &[Upload],
    locations: &[Location],
    (collection, record): (&str, &str),
) -> Result<UnderWay, Error> {
    let mut under_way = shared.in_flight.enter(collection, record);
    under_way.suspect(locations);
    for (upload, location) in uploads.iter().zip(locations) {
        pending::add(tx, location)?;
        shared.files.place(&upload.scratch, location).map_err(Error::FilesUnavailable)?;
    }
    Ok(under_way)
}

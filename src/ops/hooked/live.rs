//! The data as it is, for programs outside of any transaction.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::hooks::{Data, Find, Mail, Rejection};
use crate::ops::records::{DeleteRecord, Intent, WriteRecord};
use crate::ops::{Backend, Error, collections};
use crate::query::Rows;
use crate::schema::{Collection, Record, Secrets};

use super::reading::Reader;
use super::session::{brought, object, only_superusers, post, save_collection};

/// The data as it is, as one caller may use it: each read sees what is committed then, and each write
/// is a transaction of its own. All of it blocks the thread, also until the commit, so it must never
/// be used inside a transaction.
#[derive(Clone)]
pub struct LiveData<B = Arc<Backend>> {
    backend: B,
    caller: Arc<Caller>,
}

impl<B: Deref<Target = Backend> + Clone> LiveData<B> {
    /// What `caller` may use of `backend`.
    pub fn new(backend: B, caller: Arc<Caller>) -> Self {
        Self { backend, caller }
    }

    fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> Result<T, Rejection> {
        let rows = self.backend.reading().at_leisure();
        Ok(read(&Reader { rows: &rows, rules: self.backend.rules(), caller: &self.caller })?)
    }

    fn save(
        &self,
        collection: &str,
        intent: Intent,
        mut body: Map<String, Json>,
    ) -> Result<Record, Rejection> {
        let (caller, rules) = (Arc::clone(&self.caller), Arc::clone(self.backend.rules()));
        let snapshot = self.backend.snapshot();
        let uploads = brought(&*snapshot, collection, &intent, &mut body, self.backend.files())?;
        let mut write = WriteRecord::new(caller, rules, collection, intent, body)
            .by_program()
            .with_uploads(uploads);
        if write.has_password(&*snapshot) || write.has_uploads() {
            write.prepare(&*snapshot, self.backend.hasher())?;
        }
        write.place_files(&*snapshot, &self.backend)?;
        drop(snapshot);
        let written = self.backend.write(move |tx| write.run(tx))?;
        self.backend.sweep_soon();
        Ok(Record::from_row(written.collection, written.row.as_row()))
    }
}

impl<B> fmt::Debug for LiveData<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveData").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl<B: Deref<Target = Backend> + Clone> Data for LiveData<B> {
    fn collection(&self, id_or_name: &str) -> Result<Arc<Collection>, Rejection> {
        let found = self.backend.snapshot().catalog().find(id_or_name).cloned();
        Ok(found.ok_or(Error::NoCollection)?)
    }

    fn collections(&self) -> Vec<Arc<Collection>> {
        self.backend.snapshot().catalog().all().to_vec()
    }

    fn find(&self, collection: &str, id: &str) -> Result<Option<Record>, Rejection> {
        self.read(|reader| reader.find(collection, id))
    }

    fn list(&self, collection: &str, find: &Find) -> Result<Vec<Record>, Rejection> {
        self.read(|reader| reader.list(collection, find))
    }

    fn count(&self, collection: &str, find: &Find) -> Result<u64, Rejection> {
        self.read(|reader| reader.count(collection, find))
    }

    fn create(&self, collection: &str, body: Json) -> Result<Record, Rejection> {
        self.save(collection, Intent::Create, object(body)?)
    }

    fn update(&self, collection: &str, id: &str, body: Json) -> Result<Record, Rejection> {
        self.save(collection, Intent::Update { id: id.to_owned() }, object(body)?)
    }

    fn delete(&self, collection: &str, id: &str) -> Result<(), Rejection> {
        let (caller, rules) = (Arc::clone(&self.caller), Arc::clone(self.backend.rules()));
        let delete = DeleteRecord::new(caller, rules, collection, id);
        self.backend.write(move |tx| delete.run(tx))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn save_collection(&self, definition: Json) -> Result<Arc<Collection>, Rejection> {
        only_superusers(&self.caller)?;
        let definition = object(definition)?;
        Ok(self.backend.write(move |tx| save_collection(tx, definition.clone()))?)
    }

    fn delete_collection(&self, id_or_name: &str) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        let name = id_or_name.to_owned();
        self.backend.write(move |tx| collections::delete(tx, &name))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn settings(&self) -> Result<Json, Rejection> {
        only_superusers(&self.caller)?;
        Ok(self.backend.settings().to_json(Secrets::Hide))
    }

    fn send_mail(&self, mail: Mail) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        self.backend.write(move |tx| post(tx, mail.clone()))?;
        self.backend.bell().ring();
        Ok(())
    }

    fn as_caller(&self, caller: Arc<Caller>) -> Box<dyn Data + '_> {
        Box::new(Self::new(self.backend.clone(), caller))
    }
}

//! The data as it is, for programs outside of any transaction.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::hooks::{AccountMail, AccountToken, Data, Find, Mail, Rejection};
use crate::ops::auth::by_program;
use crate::ops::records::{DeleteRecord, Intent, WriteRecord};
use crate::ops::settings::UpdateSettings;
use crate::ops::{Backend, Error, collections};
use crate::query::Rows;
use crate::schema::{Collection, Record, Secrets};
use crate::store::Tx;

use super::context::muted;
use super::reading::Reader;
use super::session::{
    brought, import_of, object, only_superusers, post, post_letter, save_collection,
};

/// The data as it is, as one caller may use it: each read sees what is committed then, and each write
/// is a transaction of its own. All of it blocks the thread, also until the commit, so it must never
/// be used inside a transaction.
#[derive(Clone)]
pub struct LiveData<B = Arc<Backend>> {
    backend: B,
    caller: Arc<Caller>,
    is_silent: bool,
}

impl<B: Deref<Target = Backend> + Clone> LiveData<B> {
    /// What `caller` may use of `backend`.
    pub fn new(backend: B, caller: Arc<Caller>) -> Self {
        Self { backend, caller, is_silent: false }
    }

    fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> Result<T, Rejection> {
        let rows = self.backend.reading().at_leisure();
        Ok(read(&Reader { rows: &rows, rules: self.backend.rules(), caller: &self.caller })?)
    }

    fn write<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.is_silent {
            return self.backend.write(move |tx| muted(tx, &mut job));
        }
        self.backend.write(job)
    }

    /// An account as it is.
    fn account(&self, collection: &str, id: &str) -> Result<Record, Error> {
        only_superusers(&self.caller)?;
        by_program::account(&*self.backend.snapshot(), collection, id)
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
        let written = self.write(move |tx| write.run(tx))?;
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
        self.write(move |tx| delete.run(tx))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn save_collection(&self, definition: Json) -> Result<Arc<Collection>, Rejection> {
        only_superusers(&self.caller)?;
        let definition = object(definition)?;
        Ok(self.write(move |tx| save_collection(tx, definition.clone()))?)
    }

    fn import_collections(
        &self,
        definitions: Vec<Json>,
        delete_missing: bool,
    ) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        let import = import_of(definitions, delete_missing)?;
        self.write(move |tx| import.run(tx))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn delete_collection(&self, id_or_name: &str) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        let name = id_or_name.to_owned();
        self.write(move |tx| collections::delete(tx, &name))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn settings(&self) -> Result<Json, Rejection> {
        only_superusers(&self.caller)?;
        Ok(self.backend.settings().to_json(Secrets::Hide))
    }

    fn send_mail(&self, mail: Mail) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        self.write(move |tx| post(tx, mail.clone()))?;
        self.backend.bell().ring();
        Ok(())
    }

    fn save_settings(&self, body: Json) -> Result<Json, Rejection> {
        only_superusers(&self.caller)?;
        let update = UpdateSettings::new(object(body)?).but_for(self.backend.pinned_settings());
        self.write(move |tx| update.run(tx))?;
        Ok(self.backend.reload_settings()?.to_json(Secrets::Hide))
    }

    fn truncate(&self, id_or_name: &str) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        let name = id_or_name.to_owned();
        self.write(move |tx| collections::truncate(tx, &name))?;
        self.backend.sweep_soon();
        Ok(())
    }

    fn select(&self, sql: &str) -> Result<Vec<Map<String, Json>>, Rejection> {
        self.read(|reader| reader.select(sql))
    }

    fn passes(&self, collection: &str, id: &str, rule: Option<&str>) -> Result<bool, Rejection> {
        self.read(|reader| reader.passes(collection, id, rule))
    }

    fn account_token(
        &self,
        collection: &str,
        id: &str,
        token: &AccountToken,
    ) -> Result<String, Rejection> {
        let account = self.account(collection, id)?;
        if let Some(token) = by_program::token(&account, token)? {
            return Ok(token);
        }
        let token = token.clone();
        Ok(self.write(move |tx| by_program::session_token(tx, &account, &token))?)
    }

    fn token_holder(&self, token: &str, kinds: &[&str]) -> Result<Option<Record>, Rejection> {
        only_superusers(&self.caller)?;
        Ok(by_program::holder_of(&*self.backend.snapshot(), token, kinds)?)
    }

    fn is_password(&self, collection: &str, id: &str, plain: &str) -> Result<bool, Rejection> {
        let account = self.account(collection, id)?;
        Ok(by_program::is_password(self.backend.hasher(), &account, plain)?)
    }

    fn send_account_mail(
        &self,
        collection: &str,
        id: &str,
        mail: &AccountMail,
    ) -> Result<(), Rejection> {
        let account = self.account(collection, id)?;
        let letter = by_program::letter(&self.backend.delivery(), &account, mail)?;
        self.write(move |tx| post_letter(tx, &letter))?;
        self.backend.bell().ring();
        Ok(())
    }

    fn silently(&self) -> Box<dyn Data + '_> {
        Box::new(Self { is_silent: true, ..self.clone() })
    }

    fn as_caller(&self, caller: Arc<Caller>) -> Box<dyn Data + '_> {
        Box::new(Self { caller, ..self.clone() })
    }
}

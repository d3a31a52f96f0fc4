//! Collections and records for async code.

use std::fmt;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::App;
use crate::access::Caller;
use crate::hooks::{AccountMail, AccountToken, Data, Find, Mail, Rejection};
use crate::ops::hooked::LiveData;
use crate::schema::{Collection, Record};

/// Collections and records for async code: each call runs on another thread and is waited for, and
/// each write is a transaction of its own. Must be used in a tokio runtime.
///
/// [`App::data`] is the process itself, whom no rule binds. [`as_caller`](Self::as_caller) is
/// somebody, and rules apply to them as in the web API. The methods are those of [`Data`], where
/// their errors stand.
#[derive(Clone)]
pub struct DataHandle {
    app: App,
    caller: Arc<Caller>,
}

impl DataHandle {
    pub(super) fn new(app: App, caller: Arc<Caller>) -> Self {
        Self { app, caller }
    }

    /// The same data as `caller` may use it: rules apply as to a request of theirs.
    #[must_use]
    pub fn as_caller(&self, caller: Arc<Caller>) -> Self {
        Self { app: self.app.clone(), caller }
    }

    /// The same data for threads that may block, where no runtime is needed.
    pub fn blocking(&self) -> LiveData {
        LiveData::new(Arc::clone(&self.app.0.state.backend), Arc::clone(&self.caller))
    }

    /// Runs `work` on a thread that may block.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Data) -> Result<T, Rejection> + Send + 'static,
    ) -> Result<T, Rejection> {
        let data = self.blocking();
        self.app.0.state.blocking.run(move || work(&data)).await
    }

    /// Runs `job` in a transaction, all of it or nothing: it fails when `job` does, and then nothing
    /// is kept. No other write runs meanwhile, so `job` must be quick and never wait; it may run
    /// more than once, of which only one run is kept.
    pub async fn transaction<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&dyn Data) -> Result<T, Rejection> + Send + 'static,
    ) -> Result<T, Rejection> {
        let (backend, caller) = (Arc::clone(&self.app.0.state.backend), Arc::clone(&self.caller));
        let job = move |data: &dyn Data| job(&*data.as_caller(Arc::clone(&caller)));
        self.app.0.state.blocking.run(move || backend.transaction(job)).await
    }

    /// The collection with this id or name.
    pub fn collection(&self, id_or_name: &str) -> Result<Arc<Collection>, Rejection> {
        // It is in memory.
        self.blocking().collection(id_or_name)
    }

    /// The record with this id; `None` when there is none, or none that the caller may view.
    pub async fn find(&self, collection: &str, id: &str) -> Result<Option<Record>, Rejection> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.run(move |data| data.find(&collection, &id)).await
    }

    /// The records that `find` asks for.
    pub async fn list(
        &self,
        collection: &str,
        find: impl Into<Find>,
    ) -> Result<Vec<Record>, Rejection> {
        let (collection, find) = (collection.to_owned(), find.into());
        self.run(move |data| data.list(&collection, &find)).await
    }

    /// The first record that `find` asks for.
    pub async fn first(
        &self,
        collection: &str,
        find: impl Into<Find>,
    ) -> Result<Option<Record>, Rejection> {
        let (collection, find) = (collection.to_owned(), find.into());
        self.run(move |data| data.first(&collection, &find)).await
    }

    /// How many records there are that `find` asks for.
    pub async fn count(&self, collection: &str, find: impl Into<Find>) -> Result<u64, Rejection> {
        let (collection, find) = (collection.to_owned(), find.into());
        self.run(move |data| data.count(&collection, &find)).await
    }

    /// Makes a record of a body like those that clients send.
    pub async fn create(&self, collection: &str, body: Json) -> Result<Record, Rejection> {
        let collection = collection.to_owned();
        self.run(move |data| data.create(&collection, body)).await
    }

    /// Changes the fields that `body` names.
    pub async fn update(
        &self,
        collection: &str,
        id: &str,
        body: Json,
    ) -> Result<Record, Rejection> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.run(move |data| data.update(&collection, &id, body)).await
    }

    /// Deletes a record with what depends on it.
    pub async fn delete(&self, collection: &str, id: &str) -> Result<(), Rejection> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.run(move |data| data.delete(&collection, &id)).await
    }

    /// A new record of a collection, not saved yet.
    pub fn new_record(&self, collection: &str) -> Result<Record, Rejection> {
        self.blocking().new_record(collection)
    }

    /// Saves a record as a whole: makes it when it is new, else changes what differs.
    pub async fn save(&self, record: &Record) -> Result<Record, Rejection> {
        let record = record.clone();
        self.run(move |data| data.save(&record)).await
    }

    /// Makes a collection of a definition, or changes the one it stands for.
    pub async fn save_collection(&self, definition: Json) -> Result<Arc<Collection>, Rejection> {
        self.run(move |data| data.save_collection(definition)).await
    }

    /// Deletes a collection with all its records.
    pub async fn delete_collection(&self, id_or_name: &str) -> Result<(), Rejection> {
        let name = id_or_name.to_owned();
        self.run(move |data| data.delete_collection(&name)).await
    }

    /// The settings, without secrets.
    pub async fn settings(&self) -> Result<Json, Rejection> {
        self.run(|data| data.settings()).await
    }

    /// Changes the settings by a body like those that the API takes.
    pub async fn save_settings(&self, body: Json) -> Result<Json, Rejection> {
        self.run(move |data| data.save_settings(body)).await
    }

    /// Brings collections to what a list of definitions says.
    pub async fn import_collections(
        &self,
        definitions: Vec<Json>,
        delete_missing: bool,
    ) -> Result<(), Rejection> {
        self.run(move |data| data.import_collections(definitions, delete_missing)).await
    }

    /// Deletes all records of a collection with what depends on them.
    pub async fn truncate(&self, id_or_name: &str) -> Result<(), Rejection> {
        let name = id_or_name.to_owned();
        self.run(move |data| data.truncate(&name)).await
    }

    /// What a SELECT in SQL says, each row by the names of its columns, as texts or null.
    pub async fn select(&self, sql: &str) -> Result<Vec<Map<String, Json>>, Rejection> {
        let sql = sql.to_owned();
        self.run(move |data| data.select(&sql)).await
    }

    /// A token for an account.
    pub async fn account_token(
        &self,
        collection: &str,
        id: &str,
        token: AccountToken,
    ) -> Result<String, Rejection> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.run(move |data| data.account_token(&collection, &id, &token)).await
    }

    /// Has one of the mails of auth collections sent.
    pub async fn send_account_mail(
        &self,
        collection: &str,
        id: &str,
        mail: AccountMail,
    ) -> Result<(), Rejection> {
        let (collection, id) = (collection.to_owned(), id.to_owned());
        self.run(move |data| data.send_account_mail(&collection, &id, &mail)).await
    }

    /// Has a mail sent.
    pub async fn send_mail(&self, mail: Mail) -> Result<(), Rejection> {
        self.run(move |data| data.send_mail(mail)).await
    }
}

impl fmt::Debug for DataHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataHandle").field("caller", &self.caller).finish_non_exhaustive()
    }
}

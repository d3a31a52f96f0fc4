//! The door to collections and records that is open to hooks, migrations and transactions.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::schema::{Collection, Record};

use super::{AccountMail, AccountToken, Find, Rejection};

/// A mail to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// Whom it goes to: one address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The whole HTML document.
    pub html: String,
}

/// Collections and records as of one moment, or inside one transaction, which sees its own changes.
///
/// Rules do not apply unless it was narrowed with [`as_caller`](Self::as_caller). Writes fire hooks
/// as those of clients do. A write that fails leaves nothing behind, so a hook may go on after it;
/// what a transaction did is kept or lost as a whole. All of it is synchronous. Outside of
/// transactions writes fail.
pub trait Data {
    /// The collection with this id or name.
    ///
    /// # Errors
    /// 404 when there is none.
    fn collection(&self, id_or_name: &str) -> Result<Arc<Collection>, Rejection>;

    /// All collections.
    fn collections(&self) -> Vec<Arc<Collection>>;

    /// The record with this id; `None` when there is none, or none that the caller may view.
    ///
    /// # Errors
    /// 404 when there is no such collection; what the store says.
    fn find(&self, collection: &str, id: &str) -> Result<Option<Record>, Rejection>;

    /// The records that `find` asks for.
    ///
    /// # Errors
    /// 400 when filter or sort cannot be used, 404 when there is no such collection.
    fn list(&self, collection: &str, find: &Find) -> Result<Vec<Record>, Rejection>;

    /// How many records there are that `find` asks for, whatever its limit and offset.
    ///
    /// # Errors
    /// Those of [`list`](Self::list).
    fn count(&self, collection: &str, find: &Find) -> Result<u64, Rejection>;

    /// Makes a record of a body like those that clients send, which is an object: the password of an
    /// account in the clear, for example. A file is `{"name": …, "base64": …}` in its field, by itself
    /// or in a list.
    ///
    /// # Errors
    /// 400 with what is wrong by field, 404 when there is no such collection.
    fn create(&self, collection: &str, body: Json) -> Result<Record, Rejection>;

    /// Changes the fields that `body` names; modifiers such as `views+` work.
    ///
    /// # Errors
    /// 400 with what is wrong by field, 404 when there is no such record or collection.
    fn update(&self, collection: &str, id: &str, body: Json) -> Result<Record, Rejection>;

    /// Deletes a record with what depends on it.
    ///
    /// # Errors
    /// 400 when another record requires it, 404 when there is no such record.
    fn delete(&self, collection: &str, id: &str) -> Result<(), Rejection>;

    /// Makes a collection of a definition, or changes the one that its `id` or `name` stands for.
    ///
    /// # Errors
    /// 400 with what is wrong by member.
    fn save_collection(&self, definition: Json) -> Result<Arc<Collection>, Rejection>;

    /// Makes and changes many collections at once, whose definitions may speak of each other. With
    /// `delete_missing` those that are not among them go, and fields that they leave out; what is
    /// part of the system stays.
    ///
    /// # Errors
    /// 400 with what is wrong.
    fn import_collections(
        &self,
        definitions: Vec<Json>,
        delete_missing: bool,
    ) -> Result<(), Rejection>;

    /// Deletes a collection with all its records.
    ///
    /// # Errors
    /// 400 when others refer to it, 404 when there is none.
    fn delete_collection(&self, id_or_name: &str) -> Result<(), Rejection>;

    /// The settings, without secrets.
    ///
    /// # Errors
    /// What the store says.
    fn settings(&self) -> Result<Json, Rejection>;

    /// Has a mail sent once this is committed.
    ///
    /// # Errors
    /// What the store says.
    fn send_mail(&self, mail: Mail) -> Result<(), Rejection>;

    /// Changes the settings by a body like those that the API takes, group by group.
    ///
    /// # Errors
    /// 400 with what is wrong by setting.
    fn save_settings(&self, body: Json) -> Result<Json, Rejection>;

    /// Deletes all records of a collection with what depends on them.
    ///
    /// # Errors
    /// 400 when a record is required elsewhere, 404 when there is no such collection.
    fn truncate(&self, id_or_name: &str) -> Result<(), Rejection>;

    /// What a SELECT in SQL says, each row by the names of its columns, as texts or null. The tables
    /// are copies of the collections, made for the query, without passwords and token keys.
    ///
    /// # Errors
    /// 400 when it is no SELECT, cannot be run, or takes too long or too much.
    fn select(&self, sql: &str) -> Result<Vec<Map<String, Json>>, Rejection>;

    /// Whether a record passes a rule, for the caller that this data is as: superusers pass any,
    /// nobody else passes none.
    ///
    /// # Errors
    /// 400 when the rule cannot be evaluated, 404 when there is no such record.
    fn passes(&self, collection: &str, id: &str, rule: Option<&str>) -> Result<bool, Rejection>;

    /// A token for an account. Where sessions are kept, one to make requests with begins one.
    ///
    /// # Errors
    /// 404 when there is no such account.
    fn account_token(
        &self,
        collection: &str,
        id: &str,
        token: &AccountToken,
    ) -> Result<String, Rejection>;

    /// The account that a token is good for, when it is one of these kinds: `auth`, `file`,
    /// `verification`, `passwordReset`, `emailChange`. None means any.
    ///
    /// # Errors
    /// What the store says.
    fn token_holder(&self, token: &str, kinds: &[&str]) -> Result<Option<Record>, Rejection>;

    /// Whether this is the password of an account. Takes as long as a hash does.
    ///
    /// # Errors
    /// 404 when there is no such account.
    fn is_password(&self, collection: &str, id: &str, plain: &str) -> Result<bool, Rejection>;

    /// Has one of the mails of auth collections sent once this is committed.
    ///
    /// # Errors
    /// 404 when there is no such account.
    fn send_account_mail(
        &self,
        collection: &str,
        id: &str,
        mail: &AccountMail,
    ) -> Result<(), Rejection>;

    /// The same data, of which no write fires any hook.
    fn silently(&self) -> Box<dyn Data + '_>;

    /// The same data as `caller` may use it: rules apply as to a request of theirs.
    fn as_caller(&self, caller: Arc<Caller>) -> Box<dyn Data + '_>;

    /// A new record of a collection, not saved yet.
    ///
    /// # Errors
    /// 404 when there is no such collection.
    fn new_record(&self, collection: &str) -> Result<Record, Rejection> {
        Ok(Record::new(self.collection(collection)?))
    }

    /// The first record that `find` asks for.
    ///
    /// # Errors
    /// Those of [`list`](Self::list).
    fn first(&self, collection: &str, find: &Find) -> Result<Option<Record>, Rejection> {
        Ok(self.list(collection, &find.clone().limit(1))?.into_iter().next())
    }

    /// Saves a record as a whole: makes it when it is new, else changes what differs. A password
    /// that was set is taken for a new one in the clear. Returns what is stored.
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and [`update`](Self::update).
    fn save(&self, record: &Record) -> Result<Record, Rejection> {
        let name = record.collection().id.as_str().to_owned();
        let stored = match record.id() {
            "" => None,
            id => self.find(&name, id)?,
        };
        match stored {
            None => self.create(&name, record.changes_from(None).into()),
            Some(stored) => {
                self.update(&name, stored.id(), record.changes_from(Some(&stored)).into())
            }
        }
    }
}

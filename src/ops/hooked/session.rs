//! The data inside a transaction.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::files::Storage;
use crate::hooks::{AccountMail, AccountToken, Data, Find, Mail, Rejection};
use crate::mail::Authorities;
use crate::ops::auth::by_program;
use crate::ops::backend::delivery;
use crate::ops::collections::{self, CreateCollection, ImportCollections, UpdateCollection};
use crate::ops::files::{Upload, take_brought};
use crate::ops::mail::Letter;
use crate::ops::records::{DeleteRecord, Intent, WriteRecord};
use crate::ops::settings::UpdateSettings;
use crate::ops::views::Writing;
use crate::ops::{Error, Failure, settings};
use crate::query::Rows;
use crate::schema::{Collection, Record, Secrets};
use crate::settings::Settings;
use crate::store::Tx;

use super::context::{Context, Effect, Shared, muted};
use super::reading::Reader;

/// Writes of hooks that may be inside each other: a hook that causes itself must not go on until
/// the stack is full.
const NESTED_MAX: usize = 16;

/// The data inside a transaction, as one caller may use it.
pub struct Session<'s, 't> {
    tx: Rc<RefCell<&'s mut Tx<'t>>>,
    shared: Arc<Shared>,
    caller: Arc<Caller>,
    is_silent: bool,
    saved_settings: Rc<Cell<bool>>,
}

impl<'s, 't> Session<'s, 't> {
    /// As the process itself, which no rule binds.
    pub(in crate::ops) fn new(tx: &'s mut Tx<'t>, shared: &Arc<Shared>) -> Self {
        let caller = Arc::clone(&shared.system);
        Self {
            tx: Rc::new(RefCell::new(tx)),
            shared: Arc::clone(shared),
            caller,
            is_silent: false,
            saved_settings: Rc::default(),
        }
    }

    /// Whether settings were changed, which have to be read anew then.
    pub(in crate::ops) fn has_saved_settings(&self) -> bool {
        self.saved_settings.get()
    }

    fn same(&self) -> Self {
        Self {
            tx: Rc::clone(&self.tx),
            shared: Arc::clone(&self.shared),
            caller: Arc::clone(&self.caller),
            is_silent: self.is_silent,
            saved_settings: Rc::clone(&self.saved_settings),
        }
    }

    /// The settings in force as the transaction sees them.
    fn settings_in_force(&self) -> Result<Settings, Error> {
        let tx = self.tx.try_borrow().map_err(|_| in_use())?;
        settings::pin(&settings::load_in(&tx)?, &self.shared.pinned.load())
    }

    /// An account as the transaction sees it.
    fn account(&self, collection: &str, id: &str) -> Result<Record, Error> {
        only_superusers(&self.caller)?;
        let tx = self.tx.try_borrow().map_err(|_| in_use())?;
        by_program::account(&**tx, collection, id)
    }

    /// The transaction itself.
    pub(super) fn with_tx<T>(
        &self,
        step: impl FnOnce(&mut Tx<'t>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut tx = self.tx.try_borrow_mut().map_err(|_| in_use())?;
        step(&mut tx)
    }

    fn read<T>(&self, read: impl FnOnce(&Reader<'_>) -> Result<T, Error>) -> Result<T, Rejection> {
        let tx = self.tx.try_borrow().map_err(|_| in_use())?;
        let rows = Writing::over(&**tx);
        Ok(read(&Reader { rows: &rows, rules: &self.shared.rules, caller: &self.caller })?)
    }

    /// Runs a write of which nothing stays when it fails.
    fn write<T>(
        &self,
        write: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
    ) -> Result<T, Rejection> {
        let outcome = self.with_tx(|tx| {
            let mut told = 0;
            if let Some(context) = tx.attachment::<Context>() {
                if context.depth >= NESTED_MAX {
                    return Err(Error::Refused("Hooks cause each other without end.".to_owned()));
                }
                context.depth += 1;
                told = context.effects.len();
            }
            let outcome =
                if self.is_silent { tx.attempt(|tx| muted(tx, write)) } else { tx.attempt(write) };
            let Some(context) = tx.attachment::<Context>() else { return outcome };
            context.depth -= 1;
            outcome.map_err(|error| context.take_back(told, error))
        });
        Ok(outcome?)
    }

    fn save(
        &self,
        collection: &str,
        intent: Intent,
        mut body: Map<String, Json>,
    ) -> Result<Record, Rejection> {
        let Shared { rules, hasher, .. } = &*self.shared;
        self.write(|tx| {
            let (caller, rules) = (Arc::clone(&self.caller), Arc::clone(rules));
            let uploads = brought(&*tx, collection, &intent, &mut body, &self.shared.files)?;
            let mut write = WriteRecord::new(caller, rules, collection, intent, body)
                .by_program()
                .with_uploads(uploads);
            if write.has_password(tx) || write.has_uploads() {
                write.prepare(tx, hasher)?;
            }
            write.place_files_in(tx, &self.shared)?;
            let written = write.run(tx)?;
            Ok(Record::from_row(written.collection, written.row.as_row()))
        })
    }
}

/// A failure that no safe use can cause: a session is used while its own write is under way.
fn in_use() -> Error {
    Error::internal("the transaction is in use")
}

/// Rules have nothing to say beyond records.
pub(super) fn only_superusers(caller: &Caller) -> Result<(), Error> {
    if caller.is_superuser() { Ok(()) } else { Err(Error::SuperusersOnly) }
}

/// Makes or changes a collection.
pub(super) fn save_collection(
    tx: &mut Tx<'_>,
    definition: Map<String, Json>,
) -> Result<Arc<Collection>, Error> {
    let text = |key: &str| definition.get(key).and_then(Json::as_str).filter(|t| !t.is_empty());
    let known = ["id", "name"].into_iter().find_map(|key| tx.catalog().find(text(key)?));
    let known = known.map(|collection| collection.id.clone());
    match known {
        None => CreateCollection::new(definition).run(tx),
        Some(id) => UpdateCollection::new(id.as_str(), definition).run(tx),
    }
}

/// The files that a body brings.
pub(super) fn brought(
    rows: &dyn Rows,
    collection: &str,
    intent: &Intent,
    body: &mut Map<String, Json>,
    files: &Storage,
) -> Result<Vec<Upload>, Error> {
    let failure = match intent {
        Intent::Create => Failure::CreateRecord,
        Intent::Update { .. } | Intent::Replace { .. } => Failure::UpdateRecord,
    };
    let collection = rows.catalog().find(collection).cloned().ok_or(Error::NoCollection)?;
    take_brought(&collection, body, files, failure)
}

/// The members of a body.
pub(super) fn object(body: Json) -> Result<Map<String, Json>, Rejection> {
    match body {
        Json::Object(members) => Ok(members),
        _ => Err(Rejection::bad_request("The body is no object.")),
    }
}

/// An import of definitions, which have to be objects.
pub(super) fn import_of(
    definitions: Vec<Json>,
    delete_missing: bool,
) -> Result<ImportCollections, Rejection> {
    let definitions = definitions.into_iter().map(object).collect::<Result<_, _>>()?;
    Ok(ImportCollections::new(definitions, delete_missing))
}

/// Puts a mail into the outbox.
pub(super) fn post(tx: &mut Tx<'_>, mail: Mail) -> Result<(), Error> {
    let Mail { to, subject, html } = mail;
    post_letter(tx, &Letter::new(crate::mail::Mail { to, subject, html }))
}

/// Puts a letter into the outbox, which is looked at after the commit.
pub(super) fn post_letter(tx: &mut Tx<'_>, letter: &Letter) -> Result<(), Error> {
    letter.post(tx)?;
    if let Some(context) = tx.attachment::<Context>() {
        context.effects.push(Effect::Mailed);
    }
    Ok(())
}

impl fmt::Debug for Session<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl Data for Session<'_, '_> {
    fn collection(&self, id_or_name: &str) -> Result<Arc<Collection>, Rejection> {
        let tx = self.tx.try_borrow().map_err(|_| in_use())?;
        Ok(tx.catalog().find(id_or_name).cloned().ok_or(Error::NoCollection)?)
    }

    fn collections(&self) -> Vec<Arc<Collection>> {
        self.tx.try_borrow().map(|tx| tx.catalog().all().to_vec()).unwrap_or_default()
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
        let (caller, rules) = (Arc::clone(&self.caller), Arc::clone(&self.shared.rules));
        let delete = DeleteRecord::new(caller, rules, collection, id);
        self.write(|tx| delete.run(tx))
    }

    fn save_collection(&self, definition: Json) -> Result<Arc<Collection>, Rejection> {
        only_superusers(&self.caller)?;
        let definition = object(definition)?;
        self.write(|tx| save_collection(tx, definition))
    }

    fn import_collections(
        &self,
        definitions: Vec<Json>,
        delete_missing: bool,
    ) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        let import = import_of(definitions, delete_missing)?;
        self.write(|tx| import.run(tx).map(drop))
    }

    fn delete_collection(&self, id_or_name: &str) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        self.write(|tx| collections::delete(tx, id_or_name).map(drop))
    }

    fn settings(&self) -> Result<Json, Rejection> {
        only_superusers(&self.caller)?;
        Ok(self.settings_in_force()?.to_json(Secrets::Hide))
    }

    fn send_mail(&self, mail: Mail) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        self.write(|tx| post(tx, mail))
    }

    fn save_settings(&self, body: Json) -> Result<Json, Rejection> {
        only_superusers(&self.caller)?;
        let update = UpdateSettings::new(object(body)?).but_for(self.shared.pinned.load_full());
        self.write(|tx| update.run(tx))?;
        self.saved_settings.set(true);
        self.settings()
    }

    fn truncate(&self, id_or_name: &str) -> Result<(), Rejection> {
        only_superusers(&self.caller)?;
        self.write(|tx| collections::truncate(tx, id_or_name).map(drop))
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
        match by_program::token(&account, token)? {
            Some(token) => Ok(token),
            None => self.write(|tx| by_program::session_token(tx, &account, token)),
        }
    }

    fn token_holder(&self, token: &str, kinds: &[&str]) -> Result<Option<Record>, Rejection> {
        only_superusers(&self.caller)?;
        let tx = self.tx.try_borrow().map_err(|_| in_use())?;
        Ok(by_program::holder_of(&**tx, token, kinds)?)
    }

    fn is_password(&self, collection: &str, id: &str, plain: &str) -> Result<bool, Rejection> {
        let account = self.account(collection, id)?;
        Ok(by_program::is_password(&self.shared.hasher, &account, plain)?)
    }

    fn send_account_mail(
        &self,
        collection: &str,
        id: &str,
        mail: &AccountMail,
    ) -> Result<(), Rejection> {
        let account = self.account(collection, id)?;
        let delivery = delivery(&self.settings_in_force()?, &Authorities::default());
        let letter = by_program::letter(&delivery, &account, mail)?;
        self.write(|tx| post_letter(tx, &letter))
    }

    fn silently(&self) -> Box<dyn Data + '_> {
        Box::new(Self { is_silent: true, ..self.same() })
    }

    fn as_caller(&self, caller: Arc<Caller>) -> Box<dyn Data + '_> {
        Box::new(Self { caller, ..self.same() })
    }
}

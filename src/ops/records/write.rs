//! Creating, updating and replacing: one command, prepared outside and run inside the writer.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::{Caller, Gate, RuleCache};
use crate::auth::{HashError, PasswordHasher, Verdict};
use crate::hooks::{Action, Hooks};
use crate::model::{RowBuf, Timestamp};
use crate::ops::Failure;
use crate::ops::files::Upload;
use crate::ops::hooked::{acting_as, records as hooked};
use crate::query::Rows;
use crate::schema::{Collection, FieldKind, Record, Violation, Violations, values};
use crate::store::{Tx, WriteError};

use super::draft::{Basis, Draft, Origin, id_changed};
use super::idempotency::IdempotentCreate;
use super::placing::{Brought, Placed};
use super::precondition::Precondition;
use super::{Error, account, collection_of, password_policy};
use crate::ops::views::Writing;

/// What is to be done with the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// Make a new record.
    Create,
    /// Change the fields that the body names.
    Update {
        /// The record.
        id: String,
    },
    /// Set every field: what the body leaves out returns to its zero value. Makes the record when
    /// there is none.
    Replace {
        /// The record.
        id: String,
    },
}

/// A write of one record. The same command may run more than once; only one run is committed.
#[derive(Debug)]
pub struct WriteRecord {
    pub(super) caller: Arc<Caller>,
    pub(super) rules: Arc<RuleCache>,
    pub(super) collection: String,
    pub(super) intent: Intent,
    pub(super) body: Map<String, Json>,
    pub(super) passwords: Passwords,
    pub(super) uploads: Vec<Upload>,
    pub(super) placed: Option<Arc<Placed>>,
    pub(super) precondition: Precondition,
    idempotency_key: Option<String>,
    /// Whether hooks have a say, so that only inside the write can be told what is wrong.
    is_hooked: bool,
    /// Whether the password is one of ours, which nobody chose and nobody knows.
    pub(super) has_random_password: bool,
    pub(super) now: Timestamp,
}

/// What hashing found out before the write, because it takes too long to be done inside.
#[derive(Debug, Default)]
pub(super) struct Passwords {
    /// Field name to the hash of the submitted password.
    pub(super) hashes: HashMap<String, String>,
    /// The stored hash that the submitted old password was found to match.
    pub(super) old_matches: Option<String>,
}

/// A committed record.
#[derive(Debug, Clone)]
pub struct Written {
    /// Its collection.
    pub collection: Arc<Collection>,
    /// Its values.
    pub row: RowBuf,
}

impl WriteRecord {
    /// A write of `body` into `collection`, which is an id or a name.
    pub fn new(
        caller: Arc<Caller>,
        rules: Arc<RuleCache>,
        collection: &str,
        intent: Intent,
        body: Map<String, Json>,
    ) -> Self {
        Self {
            caller,
            rules,
            collection: collection.to_owned(),
            intent,
            body,
            passwords: Passwords::default(),
            uploads: Vec::new(),
            placed: None,
            precondition: Precondition::None,
            idempotency_key: None,
            is_hooked: false,
            has_random_password: false,
            now: Timestamp::now(),
        }
    }

    /// Lets the write go through only while the stored record is as expected.
    #[must_use]
    pub fn only_if(mut self, precondition: Precondition) -> Self {
        self.precondition = precondition;
        self
    }

    /// Makes a create that comes again with the same key and body answer as the first one did.
    #[must_use]
    pub fn once(mut self, idempotency_key: Option<String>) -> Self {
        self.idempotency_key = idempotency_key;
        self
    }

    /// Leaves checks to the write itself where hooks may change what is checked.
    pub fn heed(&mut self, hooks: &Hooks, rows: &dyn Rows) {
        self.is_hooked |= !hooks.is_empty()
            && collection_of(rows, &self.collection)
                .is_ok_and(|collection| hooked::wants(hooks, self.action(), &collection));
    }

    /// Makes it the write of a program: what is wrong can be told inside, and the password of an
    /// account needs no confirmation.
    #[must_use]
    pub fn by_program(mut self) -> Self {
        self.is_hooked = true;
        let password = self.body.get("password").cloned();
        if let Some(password) = password.filter(|_| !self.body.contains_key("passwordConfirm")) {
            self.body.insert("passwordConfirm".to_owned(), password);
        }
        self
    }

    /// What hooks call it, as far as that is known without looking.
    fn action(&self) -> Action {
        match self.intent {
            Intent::Create => Action::Create,
            Intent::Update { .. } | Intent::Replace { .. } => Action::Update,
        }
    }

    /// Gives a new account a random password, to which the rules for passwords do not apply: nobody
    /// knows it.
    pub(in crate::ops) fn with_random_password(mut self) -> Result<Self, Error> {
        let password = account::random_password()?;
        self.body.insert("passwordConfirm".to_owned(), password.clone().into());
        self.body.insert("password".to_owned(), password.into());
        self.has_random_password = true;
        Ok(self)
    }

    /// Whether the body carries a password, so that [`Self::prepare`] has to be called, and takes
    /// tens of milliseconds.
    pub fn has_password(&self, rows: &dyn Rows) -> bool {
        let Ok(collection) = collection_of(rows, &self.collection) else { return false };
        let submitted = |name: &str| self.body.contains_key(name);
        collection
            .fields
            .iter()
            .any(|field| matches!(field.kind, FieldKind::Password(_)) && submitted(&field.name))
            || collection.is_auth() && submitted("oldPassword")
    }

    /// Checks everything against `rows`, then hashes the submitted passwords. Hashing comes last, so
    /// that whoever may not write cannot make the server work. Blocks the thread.
    pub fn prepare(&mut self, rows: &dyn Rows, hasher: &PasswordHasher) -> Result<(), Error> {
        let old_password = account::text_of(self.body.get("oldPassword"));
        if let Some(stored) = self.stored_password(rows)?
            && !old_password.is_empty()
            && hasher.verify(&old_password, &stored)? != Verdict::NoMatch
        {
            self.passwords.old_matches = Some(stored);
        }
        let draft = Draft::begin(self, rows)?;
        if !self.is_hooked {
            draft.check(rows, &self.uploads)?;
        }
        let known = ["email", "username", "name"].map(|name| draft.record.text(name));
        for (field, plain) in draft.origin.plain_passwords() {
            if field == "password" {
                password_policy::check(hasher, draft.collection(), plain, &known).map_err(
                    |violation| {
                        let violations = Violations::of(field, violation);
                        Error::Rejected(draft.origin.failure(), violations)
                    },
                )?;
            }
            if !plain.is_empty() {
                self.passwords.hashes.insert(field.clone(), hasher.hash(plain)?);
            }
        }
        Ok(())
    }

    /// As [`Self::prepare`], for a write that others come before: what they change is not there yet,
    /// so a check that fails may succeed then. Only if nothing before can help is nothing hashed.
    pub fn prepare_after_others(
        &mut self,
        rows: &dyn Rows,
        hasher: &PasswordHasher,
    ) -> Result<(), Error> {
        match self.prepare(rows, hasher) {
            Err(error @ (Error::Busy | Error::Storage(_) | Error::Internal(_))) => Err(error),
            Ok(()) | Err(Error::SuperusersOnly | Error::NoCollection | Error::ViewIsReadOnly) => {
                Ok(())
            }
            Err(_) => self.hash_submitted(rows, hasher),
        }
    }

    fn hash_submitted(&mut self, rows: &dyn Rows, hasher: &PasswordHasher) -> Result<(), Error> {
        let collection = collection_of(rows, &self.collection)?;
        for field in &collection.fields {
            let (FieldKind::Password(_), Some(json)) = (&field.kind, self.body.get(&field.name))
            else {
                continue;
            };
            let value = values::normalise(field, json);
            let plain = value.as_text().unwrap_or_default();
            if !plain.is_empty() && values::check_plain_password(field, plain).is_ok() {
                if field.name == "password" {
                    let known = ["email", "username", "name"]
                        .map(|name| self.body.get(name).and_then(Json::as_str).unwrap_or(""));
                    password_policy::check(hasher, &collection, plain, &known).map_err(
                        |violation| {
                            let violations = Violations::of(&field.name, violation);
                            Error::Rejected(self.failure(), violations)
                        },
                    )?;
                }
                self.passwords.hashes.insert(field.name.clone(), hasher.hash(plain)?);
            }
        }
        Ok(())
    }

    fn failure(&self) -> Failure {
        match self.intent {
            Intent::Create => Failure::CreateRecord,
            Intent::Update { .. } | Intent::Replace { .. } => Failure::UpdateRecord,
        }
    }

    #[cfg(test)]
    pub(crate) fn has_hashes(&self) -> bool {
        !self.passwords.hashes.is_empty()
    }

    /// Takes over the hashes of `other`, which has the same body.
    pub fn share_hashes(&mut self, other: &Self) {
        self.passwords.hashes.clone_from(&other.passwords.hashes);
    }

    /// The hash that an old password would have to match, if the caller may get that far.
    fn stored_password(&self, rows: &dyn Rows) -> Result<Option<String>, Error> {
        let (Intent::Update { id } | Intent::Replace { id }) = &self.intent else {
            return Ok(None);
        };
        let collection = collection_of(rows, &self.collection)?;
        let (Some(field), Some(rowid)) = (
            collection.field("password").filter(|_| collection.is_auth()),
            rows.find(&collection, id)?,
        ) else {
            return Ok(None);
        };
        let Some(row) = rows.row(&collection, rowid)? else { return Ok(None) };
        let with_views = Writing::over(rows);
        let gate = Gate::new(&with_views, &self.rules, &self.caller);
        if gate.update(&collection, row.as_row(), || self.caller.request().clone()).is_err()
            && !self.caller.is_record(collection.id.as_str(), id)
        {
            return Ok(None);
        }
        let hash = row.as_row().value(field.slot, field.kind.zero());
        Ok(hash.as_text().filter(|hash| !hash.is_empty()).map(str::to_owned))
    }

    /// Runs the write. Nothing stays behind when it fails.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Written, Error> {
        acting_as(tx, &self.caller, |tx| self.run_once(tx))
    }

    fn run_once(&self, tx: &mut Tx<'_>) -> Result<Written, Error> {
        let Some(key) = self.idempotency_key.as_ref().filter(|_| self.intent == Intent::Create)
        else {
            return self.run_now(tx);
        };
        let collection = collection_of(tx, &self.collection)?;
        let create = IdempotentCreate::new(key, &self.caller, &collection, &self.sent_body());
        if let Some(row) = create.made(tx, self.now)? {
            return Ok(Written { collection, row });
        }
        let written = self.run_now(tx)?;
        create.remember(tx, &written.row, self.now)?;
        Ok(written)
    }

    fn run_now(&self, tx: &mut Tx<'_>) -> Result<Written, Error> {
        let mut draft = Draft::begin(self, tx)?;
        let action = draft.origin.action();
        if hooked::wants_in(tx, action, draft.collection()) {
            return self.run_hooked(tx, draft, action);
        }
        draft.check(tx, &self.uploads)?;
        let Draft { record, origin } = &mut draft;
        origin.set_password_hashes(record, &self.passwords.hashes)?;
        self.store(tx, record, origin, &Brought::default())
    }

    /// Hooks may change the record before it is checked and before it is stored.
    fn run_hooked(&self, tx: &mut Tx<'_>, draft: Draft, action: Action) -> Result<Written, Error> {
        let Draft { record, mut origin } = draft;
        let mut written = None;
        let write = hooked::write_of(tx, action, record, origin.old.clone());
        hooked::save(tx, write, &mut |tx, write| {
            let hash = |tx: &mut Tx<'_>, plain: &str| {
                hooked::with_hasher(tx, |hasher| hasher.hash(plain))
                    .unwrap_or(Err(HashError::Busy))
                    .map_err(Error::from)
            };
            let mut brought = Brought::default();
            let own = origin.adopt_passwords(&mut write.record, |plain| hash(tx, plain))?;
            hooked::within(tx, hooked::VALIDATE, write, &mut |tx, write| {
                brought.take(tx, write, origin.failure())?;
                let uploads = [&self.uploads[..], &brought.uploads[..]].concat();
                origin.check(&Writing::over(tx), &write.record, &uploads)
            })?;
            let hashes = self.passwords.hashes.clone().into_iter().chain(own).collect();
            origin.set_password_hashes(&mut write.record, &hashes)?;
            hooked::execute(tx, write, &mut |tx, write| {
                brought.take(tx, write, origin.failure())?;
                let stored = self.store(tx, &write.record, &origin, &brought)?;
                if hooked::is_seen_written(tx, action, &stored.collection) {
                    write.record = Record::from_row(stored.collection.clone(), stored.row.as_row());
                }
                written = Some(stored);
                Ok(())
            })
        })?;
        written.ok_or(Error::Stopped)
    }

    /// Writes the row, and what goes with it.
    fn store(
        &self,
        tx: &mut Tx<'_>,
        record: &Record,
        origin: &Origin,
        brought: &Brought,
    ) -> Result<Written, Error> {
        let (collection, failure) = (record.collection().clone(), origin.failure());
        let (written, old) = match &origin.basis {
            Basis::New(granted) => (account::insert(tx, record, granted), None),
            Basis::Stored { row, .. } if row.as_row().id() != record.id() => {
                return Err(id_changed());
            }
            Basis::Stored { rowid, row, granted } => {
                (account::update(tx, *rowid, row, record.clone(), granted), Some(row))
            }
        };
        match written {
            Ok(row) => {
                self.settle_files(tx, &collection, old, &row, brought)?;
                Ok(Written { collection, row })
            }
            Err(WriteOrError::Write(error)) => Err(conflict(error, &collection, failure)),
            Err(WriteOrError::Other(error)) => Err(error),
        }
    }
}

/// Either a conflict in the store or anything else; told apart because a conflict names fields.
#[derive(Debug)]
pub(crate) enum WriteOrError {
    Write(WriteError),
    Other(Error),
}

impl From<WriteError> for WriteOrError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

impl From<Error> for WriteOrError {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<WriteOrError> for Error {
    fn from(error: WriteOrError) -> Self {
        match error {
            WriteOrError::Write(error) => error.into(),
            WriteOrError::Other(error) => error,
        }
    }
}

/// A violated unique index, as one violation per indexed field.
pub(super) fn conflict(error: WriteError, collection: &Collection, failure: Failure) -> Error {
    let not_unique = || Violation::new("validation_not_unique", "Value must be unique.");
    match error {
        WriteError::IdTaken => Error::Rejected(failure, Violations::of("id", not_unique())),
        WriteError::NotUnique { index } => {
            let mut violations = Violations::new();
            let columns = collection.indexes.iter().filter(|i| i.number == index);
            for column in columns.flat_map(|index| &index.columns) {
                if let Some(field) = collection.field_at(column.slot) {
                    violations.add(&field.name, not_unique());
                }
            }
            Error::Rejected(failure, violations)
        }
        other => other.into(),
    }
}

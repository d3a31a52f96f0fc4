//! Accounts of visitors who have not said who they are: making one, making it somebody's, and
//! deleting those that nobody uses.
//!
//! Such an account has neither an email nor a password, and nothing matches a password it has not.

use std::ops::Bound;
use std::sync::Arc;
use std::time::Instant;

use crate::model::{Row, RowBuf, RowId, Timestamp, Value};
use crate::ops::records::{
    WriteOrError, account, anonymous, delete_unchecked, password_policy, touch,
};
use crate::ops::{Backend, Failure};
use crate::query::{Direction, Rows};
use crate::schema::{Collection, FieldKind, Record, Violation, Violations, values};
use crate::store::{Tx, WriteError};

use super::admission::{Admission, Ended};
use super::form::{Form, TEXT_BYTES_MAX};
use super::throttle::Trial;
use super::{Attempt, Error, Login, Method, auth_collection, find_by_identity};

/// Accounts deleted in one transaction, so that no request waits long.
const ACCOUNTS_AT_ONCE: usize = 100;
/// How long after a use the next one is noted, in milliseconds: a day.
const NOTED_AFTER: i64 = 24 * 60 * 60 * 1000;

/// Makes an account with the fields of the body and logs it in. Neither the create rule nor second
/// factors count, the auth rule does. Blocks for a commit.
pub fn sign_in_anonymously(
    backend: &Backend,
    attempt: Attempt,
    collection: &str,
) -> Result<Login, Error> {
    let collection = auth_collection(&*backend.snapshot(), collection)?;
    if !collection.auth().is_some_and(|auth| auth.anonymous.enabled) {
        return Err(Error::AnonymousDisabled);
    }
    let (throttles, id) = (backend.throttles(), collection.id.clone());
    if !throttles.take(Trial::Anonymous, id.as_str(), attempt.address, Instant::now()) {
        return Err(Error::TooManyRequests);
    }
    let body = attempt.body.clone();
    let admission = Admission::new(backend, attempt, Method::Anonymous);
    let ended = {
        let admission = admission.clone();
        backend.write(move |tx| {
            let collection = auth_collection(tx, id.as_str())?;
            let account = anonymous::add(tx, &collection, &body, Timestamp::now())?;
            admitted(admission.run(tx, &collection, &account.to_row())?)
        })?
    };
    admission.answer(backend, ended)
}

/// An account that is not let in is not kept either.
fn admitted(ended: Ended) -> Result<Ended, Error> {
    match ended {
        Ended::Refused(error) => Err(error),
        other => Ok(other),
    }
}

/// What a visitor sends to become somebody.
#[derive(Clone)]
pub struct Promotion {
    /// The address, which is not proven yet.
    pub email: String,
    /// The password.
    pub password: String,
    /// The same again.
    pub password_confirm: String,
    /// Who they are so far, and where from.
    pub attempt: Attempt,
}

impl std::fmt::Debug for Promotion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Promotion").field("email", &self.email).finish_non_exhaustive()
    }
}

impl Promotion {
    /// Gives the caller's account an email and a password; its id and all else stay, its tokens end
    /// and a new one is made. Blocks for a hash and a commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<Login, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        let auth = self.attempt.caller.auth().ok_or(Error::Unauthenticated)?;
        if auth.collection.id != collection.id {
            return Err(Error::OtherCollection(auth.collection.name.clone()));
        }
        if !collection.auth().is_some_and(|auth| auth.password_auth.enabled) {
            return Err(Error::PasswordAuthDisabled);
        }
        anonymous_row(&*snapshot, &collection, auth.row.as_row().id())?;
        self.check(backend, &*snapshot, &collection, auth.row.as_row())?;
        drop(snapshot);
        let hash = backend.hasher().hash(&self.password)?;
        let admission = Admission::new(backend, self.attempt.clone(), Method::Password);
        let ended = {
            let (admission, email) = (admission.clone(), self.email.clone());
            let (id, collection) = (auth.row.as_row().id().to_owned(), collection.id.clone());
            backend.write(move |tx| {
                let collection = auth_collection(tx, collection.as_str())?;
                let row = promote(tx, &collection, &id, &email, &hash)?;
                admitted(admission.read(tx, &collection, row)?)
            })?
        };
        admission.answer(backend, ended)
    }

    fn check(
        &self,
        backend: &Backend,
        rows: &dyn Rows,
        collection: &Arc<Collection>,
        row: Row<'_>,
    ) -> Result<(), Error> {
        let mut form = Form::default();
        form.email("email", &self.email);
        if !self.email.is_empty()
            && find_by_identity(rows, collection, "email", &self.email)?.is_some()
        {
            form.add("email", taken());
        }
        let account = Record::from_row(collection.clone(), row);
        let known = [self.email.as_str(), account.text("username"), account.text("name")];
        let field = collection.field("password").ok_or(Error::NotAuthCollection)?;
        form.required("password", &self.password, 1, TEXT_BYTES_MAX);
        let checked = values::check_plain_password(field, &self.password).and_then(|()| {
            password_policy::check(backend.hasher(), collection, &self.password, &known)
        });
        if let Err(violation) = checked {
            form.add("password", violation);
        }
        if self.password_confirm.is_empty() {
            form.add("passwordConfirm", Violation::required());
        } else if self.password_confirm != self.password {
            let message = "Values don't match.";
            form.add("passwordConfirm", Violation::new("validation_values_mismatch", message));
        }
        form.check()
    }
}

fn promote(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    id: &str,
    email: &str,
    hash: &str,
) -> Result<RowBuf, Error> {
    let (rowid, row) = anonymous_row(tx, collection, id)?;
    let mut account = Record::from_row(collection.clone(), row.as_row());
    account.set("email", Value::Text(email.to_owned()));
    account.set("password", Value::Text(hash.to_owned()));
    let refused = |violation| Error::Rejected(Failure::Form, Violations::of("email", violation));
    if let (Some(field), Some(email)) = (collection.field("email"), account.get("email")) {
        values::check(field, email).map_err(refused)?;
    }
    touch(&mut account, Timestamp::now());
    match account::replace(tx, rowid, &row, account) {
        Ok(row) => Ok(row),
        Err(WriteOrError::Write(WriteError::NotUnique { .. })) => Err(refused(taken())),
        Err(other) => Err(other.into()),
    }
}

fn taken() -> Violation {
    Violation::new("validation_not_unique", "Value must be unique.")
}

/// The account with this id, if it still is a visitor's.
fn anonymous_row(
    rows: &dyn Rows,
    collection: &Collection,
    id: &str,
) -> Result<(RowId, RowBuf), Error> {
    let rowid = rows.find(collection, id)?.ok_or(Error::Unauthenticated)?;
    let row = rows.row(collection, rowid)?.ok_or(Error::Unauthenticated)?;
    if !collection.is_anonymous(row.as_row()) {
        return Err(Error::Refused("The account is not anonymous.".to_owned()));
    }
    Ok((rowid, row))
}

/// Notes that the account in `row` is in use, where unused ones are deleted; once a day is enough.
/// Does not wait.
pub fn note_use(backend: &Backend, collection: &Collection, row: &RowBuf) {
    let keeps = collection.auth().map_or(0, |auth| auth.anonymous.keep_days);
    let now = Timestamp::now();
    let is_due = keeps > 0
        && collection.is_anonymous(row.as_row())
        && last_use(collection, row.as_row())
            .is_some_and(|last| now.millis().saturating_sub(last.millis()) > NOTED_AFTER);
    if !is_due {
        return;
    }
    let (collection, id) = (collection.id.clone(), row.as_row().id().to_owned());
    let job = move |tx: &mut Tx<'_>| {
        let collection = auth_collection(tx, collection.as_str())?;
        let (rowid, row) = anonymous_row(tx, &collection, &id)?;
        let mut account = Record::from_row(collection.clone(), row.as_row());
        touch(&mut account, now);
        account::replace(tx, rowid, &row, account)?;
        Ok(())
    };
    backend.submit(job, |done: Result<(), Error>| {
        if let Err(error) = done {
            tracing::warn!(%error, "the use of an anonymous account was not noted");
        }
    });
}

/// The latest date that the server gave the account; `None` when it gives none.
fn last_use(collection: &Collection, row: Row<'_>) -> Option<Timestamp> {
    let dates = collection.fields.iter().filter(|f| matches!(f.kind, FieldKind::Autodate(_)));
    dates
        .filter_map(|field| match row.value(field.slot, field.kind.zero()) {
            Value::Date(date) => date,
            _ => None,
        })
        .max_by_key(|date| date.millis())
}

/// Deletes accounts of visitors that were not used for as many days as their collections say, with
/// all that follows from it. One that others require stays. Returns how many went. Blocks.
pub fn delete_unused_anonymous(backend: &Backend, now: Timestamp) -> Result<usize, Error> {
    let mut deleted = 0;
    let collections = backend.snapshot().catalog().all().to_vec();
    for collection in collections {
        let days = collection.auth().map_or(0, |auth| auth.anonymous.keep_days);
        if days <= 0 {
            continue;
        }
        let before = now.millis().saturating_sub(days.saturating_mul(NOTED_AFTER));
        let is_unused = move |collection: &Collection, row: Row<'_>| {
            collection.is_anonymous(row)
                && last_use(collection, row).is_some_and(|last| last.millis() < before)
        };
        let mut unused = Vec::new();
        backend.snapshot().scan(
            &collection,
            (Bound::Unbounded, Bound::Unbounded),
            Direction::Forward,
            &mut |rowid, row| {
                if is_unused(&collection, row) {
                    unused.push(rowid);
                }
                Ok(std::ops::ControlFlow::Continue(()))
            },
        )?;
        for some in unused.chunks(ACCOUNTS_AT_ONCE) {
            for rowid in some.iter().copied() {
                let id = collection.id.clone();
                let gone = backend.write(move |tx| {
                    let collection = auth_collection(tx, id.as_str())?;
                    let Some(row) = tx.row(&collection, rowid)? else { return Ok(false) };
                    if !is_unused(&collection, row.as_row()) {
                        return Ok(false);
                    }
                    delete_unchecked(tx, &collection, rowid, Failure::DeleteRecord)?;
                    Ok(true)
                });
                match gone {
                    Ok(gone) => deleted += usize::from(gone),
                    Err(Error::Rejected(..)) => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    if deleted > 0 {
        backend.sweep_soon();
    }
    Ok(deleted)
}

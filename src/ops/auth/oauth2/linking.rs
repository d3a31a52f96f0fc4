//! Whose account it is: an existing one, which is linked, or a new one.
//!
//! An account that nobody has proven to own may have been made by somebody who waits for the owner
//! of its address. So when the owner comes, its password and its other links go, and with them
//! everybody who is logged in.

use std::sync::Arc;

use crate::access::Caller;
use crate::model::{RowBuf, RowId, Timestamp, Value};
use crate::oauth2::User;
use crate::ops::auth::admission::{Admission, Ended};
use crate::ops::auth::{Error, auth_collection, find_by_identity};
use crate::ops::records::{WriteOrError, WriteRecord, account, belongings, touch};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, Record, Violation, Violations};
use crate::store::{Tx, WriteError};

/// How often everything is prepared anew because the account came or went meanwhile.
const ATTEMPTS_MAX: usize = 3;

/// A user of a provider on the way to an account.
#[derive(Debug, Clone)]
pub(super) struct Linking {
    /// The id of the collection.
    pub(super) collection: String,
    pub(super) provider: String,
    pub(super) user: User,
    /// Values for a new account.
    pub(super) create_data: serde_json::Map<String, serde_json::Value>,
    pub(super) caller: Arc<Caller>,
    pub(super) admission: Admission,
}

/// What takes too long to be done inside the transaction.
#[derive(Debug, Default)]
struct Prepared {
    /// The hash of a random password, for an account that has to lose its own.
    password_hash: Option<String>,
    sign_up: Option<WriteRecord>,
}

/// The account that somebody gets into.
struct Found {
    rowid: RowId,
    row: RowBuf,
    is_linked: bool,
}

impl Linking {
    /// Lets the user into their account; tells whether it was made for that. Blocks.
    pub(super) fn run(self, backend: &Backend) -> Result<(Ended, bool), Error> {
        if self.user.id.is_empty() {
            // Nobody could be told from anybody else.
            return Err(Error::WrongCredentials);
        }
        for _ in 0..ATTEMPTS_MAX {
            let prepared = self.prepare(backend)?;
            let has_sign_up = prepared.sign_up.is_some();
            let linking = self.clone();
            let ended = backend.write(move |tx| linking.run_in(tx, &prepared));
            if has_sign_up {
                backend.sweep_soon();
            }
            if let Some(ended) = ended? {
                return Ok(ended);
            }
        }
        Err(Error::Busy)
    }

    fn prepare(&self, backend: &Backend) -> Result<Prepared, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, &self.collection)?;
        let mut prepared = Prepared::default();
        match self.find(&*snapshot, &collection)? {
            None => {
                drop(snapshot);
                prepared.sign_up = Some(self.sign_up(backend, &collection)?);
            }
            Some(found) if self.takes_over(&record_of(&collection, &found.row)) => {
                let password = account::random_password()?;
                prepared.password_hash = Some(backend.hasher().hash(&password)?);
            }
            Some(_) => {}
        }
        Ok(prepared)
    }

    /// Everything that is written. `None`, with nothing written, when the account is not the one
    /// that it was when this was prepared.
    fn run_in(&self, tx: &mut Tx<'_>, prepared: &Prepared) -> Result<Option<(Ended, bool)>, Error> {
        let collection = auth_collection(tx, &self.collection)?;
        let options = &collection.auth().ok_or(Error::NotAuthCollection)?.oauth2;
        if !options.enabled || !options.providers.iter().any(|p| p.name == self.provider) {
            return Err(Error::OAuth2Disabled);
        }
        let found = self.find(tx, &collection)?;
        let is_new = found.is_none();
        let row = match (found, prepared) {
            (None, Prepared { sign_up: Some(write), .. }) => self.make(tx, write)?,
            (Some(found), Prepared { password_hash, .. }) => {
                let takes_over = self.takes_over(&record_of(&collection, &found.row));
                if takes_over && password_hash.is_none() {
                    return Ok(None);
                }
                let hash = password_hash.as_deref().filter(|_| takes_over);
                self.settle(tx, &collection, found, hash)?
            }
            (None, _) => return Ok(None),
        };
        Ok(Some((self.admission.run(tx, &collection, &row)?, is_new)))
    }

    /// The account of the user: the one that is linked, else the caller's own, else the one with the
    /// user's address.
    fn find(&self, rows: &dyn Rows, collection: &Arc<Collection>) -> Result<Option<Found>, Error> {
        let by_id = |id: &str, is_linked| -> Result<Option<Found>, Error> {
            let Some(rowid) = rows.find(collection, id)? else { return Ok(None) };
            let row = rows.row(collection, rowid)?;
            Ok(row.map(|row| Found { rowid, row, is_linked }))
        };
        if let Some(link) = belongings::link(rows, collection, &self.provider, &self.user.id)?
            && let Some(found) = by_id(link.text("recordRef"), true)?
        {
            return Ok(Some(found));
        }
        if let Some(auth) = self.caller.auth().filter(|auth| auth.collection.id == collection.id)
            && let Some(found) = by_id(auth.row.as_row().id(), false)?
            && self.is_caller(&record_of(collection, &found.row))
        {
            return Ok(Some(found));
        }
        if self.user.email.is_empty() {
            return Ok(None);
        }
        let found = find_by_identity(rows, collection, "email", &self.user.email)?;
        Ok(found.map(|(rowid, row)| Found { rowid, row, is_linked: false }))
    }

    /// Whether it is the account itself that asks. The provider took its time, and it may have been
    /// logged out meanwhile.
    fn is_caller(&self, account: &Record) -> bool {
        let collection = account.collection();
        self.caller.is_record(collection.id.as_str(), account.id())
            && self.caller.auth().is_some_and(|auth| {
                record_of(collection, &auth.row).text("tokenKey") == account.text("tokenKey")
            })
    }

    /// Whether the account has to lose its password: it is not proven to be anybody's, and it is not
    /// its own holder who asks.
    fn takes_over(&self, account: &Record) -> bool {
        !account.is_true("verified") && !self.is_caller(account)
    }

    /// Brings an existing account in order and links it.
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        collection: &Arc<Collection>,
        found: Found,
        password_hash: Option<&str>,
    ) -> Result<RowBuf, Error> {
        let Found { rowid, mut row, mut is_linked } = found;
        let mut account = record_of(collection, &row);
        let email = &self.user.email;
        let mut is_changed = false;
        if let Some(hash) = password_hash {
            account.set("password", Value::Text(hash.to_owned()));
            is_changed = true;
        }
        if !account.is_true("verified") {
            belongings::delete(tx, belongings::EXTERNAL_AUTHS, collection, account.id())?;
            is_linked = false;
        }
        if account.text("email").is_empty() && !email.is_empty() {
            account.set("email", Value::Text(email.clone()));
            is_changed = true;
        }
        let is_proven = account.text("email").is_empty() || account.text("email") == email;
        if !account.is_true("verified") && is_proven {
            account.set("verified", Value::Bool(true));
            is_changed = true;
        }
        let id = account.id().to_owned();
        if is_changed {
            row = replace(tx, rowid, &row, account)?;
        }
        if !is_linked {
            self.link(tx, collection, &id)?;
        }
        Ok(row)
    }

    /// Makes the account and links it.
    fn make(&self, tx: &mut Tx<'_>, write: &WriteRecord) -> Result<RowBuf, Error> {
        let written = write.run(tx)?;
        let (collection, mut row) = (written.collection, written.row);
        let mut account = record_of(&collection, &row);
        let id = account.id().to_owned();
        let is_theirs = account.text("email") == self.user.email;
        if !is_theirs && !self.user.email.is_empty() && !self.caller.is_superuser() {
            // Only the provider's word counts. Whoever it vouches for may not wait behind the
            // address of somebody else.
            let violation = Violation::new("validation_values_mismatch", "Values don't match.");
            let violations = Violations::of("email", violation);
            return Err(Error::Rejected(Failure::CreateRecord, violations));
        }
        if is_theirs && !account.is_true("verified") {
            let rowid = tx.find(&collection, &id)?.ok_or(Error::NotFound)?;
            account.set("verified", Value::Bool(true));
            row = replace(tx, rowid, &row, account)?;
        }
        self.link(tx, &collection, &id)?;
        Ok(row)
    }

    fn link(&self, tx: &mut Tx<'_>, collection: &Arc<Collection>, id: &str) -> Result<(), Error> {
        let links = belongings::rows_of(tx, belongings::EXTERNAL_AUTHS, collection, Some(id))?;
        let helper = tx.catalog().by_name(belongings::EXTERNAL_AUTHS).cloned();
        let helper = helper.ok_or_else(|| Error::internal("a system collection is missing"))?;
        let is_same = |row: &RowBuf| record_of(&helper, row).text("provider") == self.provider;
        if links.iter().any(|(_, row)| is_same(row)) {
            // An account has one link to each provider, and this one leads to somebody else.
            return Err(Error::WrongCredentials);
        }
        let texts = [("provider", &*self.provider), ("providerId", &*self.user.id)];
        belongings::add(tx, belongings::EXTERNAL_AUTHS, collection, id, &texts)?;
        Ok(())
    }
}

fn record_of(collection: &Arc<Collection>, row: &RowBuf) -> Record {
    Record::from_row(Arc::clone(collection), row.as_row())
}

fn replace(
    tx: &mut Tx<'_>,
    rowid: RowId,
    old: &RowBuf,
    mut account: Record,
) -> Result<RowBuf, Error> {
    touch(&mut account, Timestamp::now());
    account::replace(tx, rowid, old, account).map_err(|error| match error {
        // The address belongs to another account.
        WriteOrError::Write(WriteError::NotUnique { .. }) => Error::WrongCredentials,
        other => other.into(),
    })
}

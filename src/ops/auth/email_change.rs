//! Another address for an account, proven before it counts.

use std::net::IpAddr;

use crate::access::Caller;
use crate::auth::{TokenKind, Verdict, peek};
use crate::model::{Timestamp, Value};
use crate::ops::records::{WriteOrError, account, touch};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, Record, Violation, Violations, values};
use crate::store::WriteError;

use super::form::Form;
use super::letters;
use super::principal::{holder, mailed_holder};
use super::{Error, auth_collection, find_by_identity};

/// Longest password that confirms a change, in bytes.
const PASSWORD_BYTES_MAX: usize = 100;

/// Posts a link to the new address with which the caller's account takes it. Blocks for a commit.
pub fn request_email_change(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    new_email: &str,
    address: IpAddr,
) -> Result<(), Error> {
    let snapshot = backend.snapshot();
    let collection = snapshot.catalog().find(collection).ok_or(Error::NoCollection)?.clone();
    let auth = caller.auth().ok_or(Error::Unauthenticated)?;
    if auth.collection.id != collection.id {
        return Err(Error::OtherCollection(auth.collection.name.clone()));
    }
    refuse_superusers(&collection)?;
    let account = Record::from_row(collection.clone(), auth.row.as_row());
    let mut form = Form::default();
    form.email("newEmail", new_email);
    if new_email == account.text("email") {
        let message = "Must not be in list.";
        form.add("newEmail", Violation::new("validation_not_in_invalid", message));
    }
    let taken = find_by_identity(&*snapshot, &collection, "email", new_email)?;
    if taken.is_some_and(|(_, row)| row.as_row().id() != account.id()) {
        let message = "Invalid new email address.";
        form.add("newEmail", Violation::new("validation_invalid_new_email", message));
    }
    form.check()?;
    drop(snapshot);
    backend.throttles().ask_for_mail(collection.id.as_str(), account.text("email"), address)?;
    let delivery = backend.delivery();
    let (collection, id) = (collection.id.clone(), account.id().to_owned());
    let new_email = new_email.to_owned();
    backend.write(move |tx| {
        let collection = auth_collection(tx, collection.as_str())?;
        let rowid = tx.find(&collection, &id)?.ok_or(Error::Unauthenticated)?;
        let row = tx.row(&collection, rowid)?.ok_or(Error::Unauthenticated)?;
        let account = Record::from_row(collection.clone(), row.as_row());
        letters::email_change(&delivery, &account, &new_email)?.post(tx)
    })?;
    backend.bell().ring();
    Ok(())
}

/// What a client sends to take a new address.
#[derive(Clone)]
pub struct ConfirmEmailChange {
    /// The token that was mailed to it.
    pub token: String,
    /// The password of the account.
    pub password: String,
}

impl std::fmt::Debug for ConfirmEmailChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfirmEmailChange").finish_non_exhaustive()
    }
}

impl ConfirmEmailChange {
    /// Sets the address, which ends the token and all others of the account. Blocks for a hash and a
    /// commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<(), Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        refuse_superusers(&collection)?;
        let mut form = Form::default();
        let account = match self.check_token(&*snapshot, &collection)? {
            Ok((account, _)) => Some(account),
            Err(violation) => {
                form.add("token", violation);
                None
            }
        };
        drop(snapshot);
        form.required("password", &self.password, 1, PASSWORD_BYTES_MAX);
        if !self.password.is_empty() && self.password.len() <= PASSWORD_BYTES_MAX {
            let hash = account.as_ref().map_or("", |account| account.text("password"));
            // Who has no token to show cannot make the server work.
            let matches = account.is_some()
                && backend.hasher().verify(&self.password, hash)? != Verdict::NoMatch;
            if !matches {
                let message = "Missing or invalid auth record password.";
                form.add("password", Violation::new("validation_invalid_password", message));
            }
        }
        form.check()?;
        let (confirm, collection) = (self.clone(), collection.id.clone());
        backend.write(move |tx| {
            let collection = auth_collection(tx, collection.as_str())?;
            let rejected =
                |violation| Error::Rejected(Failure::Form, Violations::of("token", violation));
            let (mut account, new_email) =
                confirm.check_token(tx, &collection)?.map_err(rejected)?;
            let (rowid, row) = mailed_holder(tx, &confirm.token, TokenKind::EmailChange)?;
            account.set("email", Value::Text(new_email));
            account.set("verified", Value::Bool(true));
            if let (Some(field), Some(email)) = (collection.field("email"), account.get("email")) {
                values::check(field, email).map_err(|violation| {
                    let violations = Violations::of("email", violation);
                    Error::Rejected(Failure::ConfirmEmailChange, violations)
                })?;
            }
            touch(&mut account, Timestamp::now());
            match account::replace(tx, rowid, &row, account) {
                Ok(_) => Ok(()),
                Err(WriteOrError::Write(WriteError::NotUnique { .. })) => Err(rejected(taken())),
                Err(other) => Err(other.into()),
            }
        })
    }

    /// The account that the token is for, and its new address; or what is wrong with the token.
    fn check_token(
        &self,
        rows: &dyn Rows,
        collection: &Collection,
    ) -> Result<Result<(Record, String), Violation>, Error> {
        if self.token.is_empty() {
            return Ok(Err(Violation::required()));
        }
        // Claims count here even when their time is over.
        let new_email = peek(&self.token, 0).and_then(|claims| claims.new_email);
        let Some(new_email) = new_email.filter(|email| !email.is_empty()) else {
            let message = "Invalid token payload - newEmail must be set.";
            return Ok(Err(Violation::new("validation_invalid_token_payload", message)));
        };
        let Some((holder, _)) = holder(rows, &self.token, TokenKind::EmailChange)? else {
            let message = "Invalid or expired token.";
            return Ok(Err(Violation::new("validation_invalid_token", message)));
        };
        if holder.collection.id != collection.id {
            let message = "The provided token is for different auth collection.";
            return Ok(Err(Violation::new("validation_token_collection_mismatch", message)));
        }
        if find_by_identity(rows, collection, "email", &new_email)?.is_some() {
            return Ok(Err(taken()));
        }
        Ok(Ok((Record::from_row(holder.collection, holder.row.as_row()), new_email)))
    }
}

fn taken() -> Violation {
    Violation::new("validation_invalid_token_email", "The new email address is invalid.")
}

fn refuse_superusers(collection: &Collection) -> Result<(), Error> {
    if collection.is_superusers() {
        let message = "All superusers can change their emails directly.";
        return Err(Error::Refused(message.to_owned()));
    }
    Ok(())
}

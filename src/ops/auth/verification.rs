//! Proving that an address is the account's own.

use std::net::IpAddr;
use std::time::Instant;

use crate::auth::{TokenKind, peek};
use crate::model::{Timestamp, Value};
use crate::ops::Backend;
use crate::ops::mail::post_nothing;
use crate::ops::records::{account, touch};
use crate::query::Rows;
use crate::schema::{Collection, Record, Violation};

use super::form::{Form, check_email};
use super::letters;
use super::principal::{holder, mailed_holder};
use super::throttle::MailKind;
use super::{Error, auth_collection, find_by_identity};

/// Posts a link that proves this address, if an account has it and it is not proven yet. Says
/// nothing about whether that was so. Blocks for a commit.
pub fn request_verification(
    backend: &Backend,
    collection: &str,
    email: &str,
    address: IpAddr,
) -> Result<(), Error> {
    let snapshot = backend.snapshot();
    let collection = auth_collection(&*snapshot, collection)?;
    refuse_superusers(&collection)?;
    check_email("email", email)?;
    backend.throttles().ask_for_mail(collection.id.as_str(), email, address)?;
    let account = find_by_identity(&*snapshot, &collection, "email", email)?
        .map(|(_, row)| Record::from_row(collection.clone(), row.as_row()))
        .filter(|account| !account.is_true("verified"))
        .map(|account| account.id().to_owned());
    drop(snapshot);
    let take =
        |id: &String| backend.throttles().take_mail(MailKind::Verification, id, Instant::now());
    let account = account.filter(take);
    let delivery = backend.delivery();
    let (collection, id) = (collection.id.clone(), account.clone());
    let posted = backend.write(move |tx| {
        let collection = auth_collection(tx, collection.as_str())?;
        let rowid = id.as_ref().map(|id| tx.find(&collection, id)).transpose()?.flatten();
        let row = rowid.map(|rowid| tx.row(&collection, rowid)).transpose()?.flatten();
        let Some(row) = row else { return post_nothing(tx) };
        let account = Record::from_row(collection.clone(), row.as_row());
        letters::verification(&delivery, &account)?.post(tx)
    });
    match (&posted, &account) {
        (Ok(()), _) => backend.bell().ring(),
        (Err(_), Some(id)) => backend.throttles().release_mail(MailKind::Verification, id),
        (Err(_), None) => {}
    }
    posted
}

/// Marks the account that this token was mailed to as verified. Blocks for a commit, and for a hash
/// where passwords are not used.
pub fn confirm_verification(backend: &Backend, collection: &str, token: &str) -> Result<(), Error> {
    let snapshot = backend.snapshot();
    let collection = auth_collection(&*snapshot, collection)?;
    refuse_superusers(&collection)?;
    check_token(&*snapshot, &collection, token)?;
    drop(snapshot);
    // Whoever set a password for an address that was not theirs must not get in with it later.
    let hash = if collection.auth().is_some_and(|auth| auth.password_auth.enabled) {
        None
    } else {
        Some(backend.hasher().hash(&account::random_password()?)?)
    };
    let (id, token) = (collection.id.clone(), token.to_owned());
    let account = backend.write(move |tx| {
        let collection = auth_collection(tx, id.as_str())?;
        check_token(tx, &collection, &token)?;
        let (rowid, row) = mailed_holder(tx, &token, TokenKind::Verification)?;
        let mut account = Record::from_row(collection.clone(), row.as_row());
        let id = account.id().to_owned();
        if account.is_true("verified") {
            return Ok(id);
        }
        account.set("verified", Value::Bool(true));
        if let Some(hash) = &hash {
            account.set("password", Value::Text(hash.clone()));
        }
        touch(&mut account, Timestamp::now());
        account::replace(tx, rowid, &row, account)?;
        Ok(id)
    })?;
    backend.throttles().release_mail(MailKind::Verification, &account);
    Ok(())
}

fn refuse_superusers(collection: &Collection) -> Result<(), Error> {
    if collection.is_superusers() {
        return Err(Error::Refused("All superusers are verified by default.".to_owned()));
    }
    Ok(())
}

fn check_token(rows: &dyn Rows, collection: &Collection, token: &str) -> Result<(), Error> {
    let mut form = Form::default();
    if token.is_empty() {
        form.add("token", Violation::required());
    } else if let Err(violation) = holder_email_matches(rows, collection, token)? {
        form.add("token", violation);
    }
    form.check()
}

fn holder_email_matches(
    rows: &dyn Rows,
    collection: &Collection,
    token: &str,
) -> Result<Result<(), Violation>, Error> {
    // Claims count here even when their time is over.
    let email = peek(token, 0).and_then(|claims| claims.email).filter(|email| !email.is_empty());
    let Some(email) = email else {
        let message = "Missing email token claim.";
        return Ok(Err(Violation::new("validation_invalid_token_claims", message)));
    };
    let Some((holder, _)) = holder(rows, token, TokenKind::Verification)? else {
        let message = "Invalid or expired token.";
        return Ok(Err(Violation::new("validation_invalid_token", message)));
    };
    if holder.collection.id != collection.id {
        let message = "The provided token is for different auth collection.";
        return Ok(Err(Violation::new("validation_token_collection_mismatch", message)));
    }
    let account = Record::from_row(holder.collection.clone(), holder.row.as_row());
    if account.text("email") != email {
        let message = "The record email doesn't match with the requested token claims.";
        return Ok(Err(Violation::new("validation_token_email_mismatch", message)));
    }
    Ok(Ok(()))
}

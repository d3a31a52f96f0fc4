//! Looking at an app that is set up, new recovery codes, and doing without it.

use std::net::IpAddr;
use std::time::Instant;

use crate::access::Caller;
use crate::model::Timestamp;
use crate::ops::Backend;
use crate::schema::Collection;

use super::super::factors::{account_of, own_account};
use super::super::form::Form;
use super::super::{Error, auth_collection, find_by_identity};
use super::{CODE_BYTES_MAX, Entry, accept, forget, new_recovery_codes};

/// What may be shown of an account's app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotpState {
    /// Whether the account needs codes to log in, if its collection lets it.
    pub enabled: bool,
    /// Since when.
    pub confirmed: Option<Timestamp>,
    /// How many recovery codes are left.
    pub recovery_codes: usize,
}

/// What the account that asks may know of its own app.
pub fn totp_state(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
) -> Result<TotpState, Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    state(backend, &collection, account.row.as_row().id())
}

/// What a superuser may know of the app of the account `id`.
pub fn totp_state_of(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    id: &str,
) -> Result<TotpState, Error> {
    let collection = account_of(&*backend.snapshot(), caller, collection, id)?;
    state(backend, &collection, id)
}

fn state(backend: &Backend, collection: &Collection, id: &str) -> Result<TotpState, Error> {
    let snapshot = backend.snapshot();
    let entry = Entry::load(|key| snapshot.setting(key), &collection.id, id)?;
    let confirmed = entry.as_ref().and_then(|entry| entry.confirmed);
    Ok(TotpState {
        enabled: confirmed.is_some(),
        confirmed: confirmed.map(Timestamp::from_millis),
        recovery_codes: entry.map_or(0, |entry| entry.recovery.len()),
    })
}

/// Ends the need for codes of the account that asks, which shows one for the last time. Blocks for
/// a commit.
pub fn disable_totp(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    code: &str,
    address: IpAddr,
) -> Result<(), Error> {
    with_code(backend, caller, collection, code, address, |tx, collection, id, _| {
        forget(tx, &collection.id, id).map(drop)
    })
}

/// Replaces the recovery codes of the account that asks, which shows a code for it. Returns the new
/// ones, which are never shown again. Blocks for a commit.
pub fn renew_recovery_codes(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    code: &str,
    address: IpAddr,
) -> Result<Vec<String>, Error> {
    let codes = new_recovery_codes();
    let made = codes.clone();
    with_code(backend, caller, collection, code, address, move |tx, collection, id, mut entry| {
        entry.set_recovery(id, &made);
        entry.save(tx, &collection.id, id)
    })?;
    Ok(codes)
}

fn with_code(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    code: &str,
    address: IpAddr,
    then: impl Fn(&mut crate::store::Tx<'_>, &Collection, &str, Entry) -> Result<(), Error>
    + Send
    + 'static,
) -> Result<(), Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    let mut form = Form::default();
    form.required("code", code, 1, CODE_BYTES_MAX);
    form.check()?;
    let id = account.row.as_row().id().to_owned();
    if !backend.throttles().take_guess(&id, address, Instant::now()) {
        return Err(Error::TooManyGuesses);
    }
    let code = code.to_owned();
    backend.write(move |tx| {
        let entry = accept(tx, &collection, &id, &code)?;
        then(tx, &collection, &id, entry)
    })
}

/// Ends the need for codes of the account `id`, for a superuser. Blocks for a commit.
pub fn reset_totp(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    id: &str,
) -> Result<(), Error> {
    let collection = account_of(&*backend.snapshot(), caller, collection, id)?;
    let id = id.to_owned();
    backend.write(move |tx| forget(tx, &collection.id, &id).map(drop))
}

/// Ends the need for codes of the superuser with this address; false when there was none. Blocks
/// for a commit.
pub(in crate::ops::auth) fn reset_superuser_totp(
    backend: &Backend,
    email: &str,
) -> Result<bool, Error> {
    let email = email.to_owned();
    backend.write(move |tx| {
        let superusers = auth_collection(tx, Collection::SUPERUSERS)?;
        let found = find_by_identity(tx, &superusers, "email", &email)?;
        let (_, row) =
            found.ok_or_else(|| Error::Refused(format!("There is no superuser {email}.")))?;
        forget(tx, &superusers.id, row.as_row().id())
    })
}

//! Setting up an app: a secret first, then a code that shows that it works.

use std::net::IpAddr;
use std::time::Instant;

use crate::access::Caller;
use crate::auth::TotpSecret;
use crate::model::Timestamp;
use crate::ops::Backend;
use crate::query::Rows;
use crate::schema::Record;

use super::super::Error;
use super::super::factors::own_account;
use super::super::form::Form;
use super::super::fresh::Proof;
use super::{CODE_BYTES_MAX, Entry, check_enabled, new_recovery_codes, wrong_code};

/// How long a secret waits for its first code.
const CONFIRM_MILLIS: i64 = 15 * 60 * 1000;

/// What an app is set up with. It is never shown again.
pub struct Enrolment {
    /// The secret in base32, for typing.
    pub secret: String,
    /// The same as an `otpauth` link, for a picture.
    pub link: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Enrolment(…)")
    }
}

/// Makes a secret for the account that asks. It counts for nothing until a code of it comes back,
/// and replaces an earlier one that none came of. Blocks for a hash and a commit.
pub fn begin_totp(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    proof: &Proof,
) -> Result<Enrolment, Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    check_enabled(&collection)?;
    proof.check(backend, &account)?;
    let record = Record::from_row(collection.clone(), account.row.as_row());
    let secret = TotpSecret::random();
    let issuer = collection.auth().map_or("", |auth| &auth.totp.issuer);
    let app_name = &backend.settings().meta.app_name;
    let issuer = if issuer.is_empty() { app_name } else { issuer };
    let named = ["email", "username"].map(|field| record.text(field).to_owned());
    let name = named.into_iter().find(|name| !name.is_empty());
    let link = secret.link(issuer, &name.unwrap_or_else(|| record.id().to_owned()));
    let link = link.ok_or_else(|| Error::internal("a secret without a link"))?;
    let entry = Entry::new(&secret, Timestamp::now());
    let id = record.id().to_owned();
    backend.write(move |tx| {
        tx.find(&collection, &id)?.ok_or(Error::Unauthenticated)?;
        let old = Entry::load(|key| tx.setting(key), &collection.id, &id)?;
        if old.is_some_and(|old| old.confirmed.is_some()) {
            let message = "TOTP is already enabled, disable it first.";
            return Err(Error::Refused(message.to_owned()));
        }
        entry.save(tx, &collection.id, &id)
    })?;
    Ok(Enrolment { secret: secret.to_base32(), link })
}

/// What a client sends once its app is set up.
#[derive(Clone)]
pub struct ConfirmTotp {
    /// A code of the app.
    pub code: String,
    /// Where the request comes from.
    pub address: IpAddr,
}

impl std::fmt::Debug for ConfirmTotp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfirmTotp").finish_non_exhaustive()
    }
}

impl ConfirmTotp {
    /// From now on the account that asks needs codes to log in. Returns its recovery codes, which
    /// are never shown again. Blocks for a commit.
    pub fn run(
        &self,
        backend: &Backend,
        caller: &Caller,
        collection: &str,
    ) -> Result<Vec<String>, Error> {
        let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
        check_enabled(&collection)?;
        let mut form = Form::default();
        form.required("code", &self.code, 1, CODE_BYTES_MAX);
        form.check()?;
        let id = account.row.as_row().id().to_owned();
        if !backend.throttles().take_guess(&id, self.address, Instant::now()) {
            return Err(Error::TooManyGuesses);
        }
        let (codes, code) = (new_recovery_codes(), self.code.clone());
        let made = codes.clone();
        backend.write(move |tx| {
            let now = Timestamp::now();
            let entry = Entry::load(|key| tx.setting(key), &collection.id, &id)?;
            let waits = |entry: &Entry| {
                entry.confirmed.is_none() && now.millis() - entry.created <= CONFIRM_MILLIS
            };
            let Some(mut entry) = entry.filter(waits) else {
                let message = "There is no TOTP enrolment to confirm, or it expired.";
                return Err(Error::Refused(message.to_owned()));
            };
            if !entry.accept_code(code.trim(), now) {
                return Err(wrong_code());
            }
            entry.confirmed = Some(now.millis());
            entry.set_recovery(&id, &made);
            entry.save(tx, &collection.id, &id)
        })?;
        Ok(codes)
    }
}

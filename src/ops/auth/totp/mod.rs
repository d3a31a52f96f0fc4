//! Codes of authenticator apps: a second factor that an account sets up for itself.
//!
//! What is known of an account's app is an entry in the settings of the store, which no rule, filter
//! or query reaches. A dump carries it, as it carries password hashes.

mod enrol;
mod login;
mod manage;

pub use enrol::{ConfirmTotp, Enrolment, begin_totp};
pub use login::TotpLogin;
pub(super) use manage::reset_superuser_totp;
pub use manage::{
    TotpState, disable_totp, renew_recovery_codes, reset_totp, totp_state, totp_state_of,
};

use serde::{Deserialize, Serialize};

use crate::auth::{TotpSecret, position_of_hash, recovery_code, recovery_hash};
use crate::model::{CollectionId, Timestamp};
use crate::ops::Failure;
use crate::query::ReadError;
use crate::schema::{Collection, Violation, Violations};
use crate::store::Tx;

use super::Error;

/// What the keys of entries begin with; then follow the collection's id and the account's.
pub(super) const PREFIX: &str = "auth/totp/";
/// Recovery codes that are made at a time.
const RECOVERY_CODES: usize = 10;
/// Longest code that is looked at, in bytes.
const CODE_BYTES_MAX: usize = 64;

/// What is kept of one account.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
struct Entry {
    /// In base32.
    secret: String,
    /// Milliseconds since 1970.
    created: i64,
    /// When the app was shown to work, in milliseconds since 1970; until then it counts for nothing.
    confirmed: Option<i64>,
    /// The last step whose code was accepted.
    last_step: u64,
    /// The hashes of the recovery codes that are left.
    recovery: Vec<String>,
}

impl Entry {
    fn new(secret: &TotpSecret, now: Timestamp) -> Self {
        Self {
            secret: secret.to_base32(),
            created: now.millis(),
            confirmed: None,
            last_step: 0,
            recovery: Vec::new(),
        }
    }

    /// The entry that `read` finds for the account `id` of the collection.
    fn load(
        read: impl FnOnce(&str) -> Result<Option<Vec<u8>>, ReadError>,
        collection: &CollectionId,
        id: &str,
    ) -> Result<Option<Self>, Error> {
        let Some(bytes) = read(&key(collection, id))? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(Error::internal)
    }

    fn save(&self, tx: &mut Tx<'_>, collection: &CollectionId, id: &str) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(tx.put_setting(&key(collection, id), &bytes)?)
    }

    /// Accepts a code of the app, once; false when it is wrong or was accepted before.
    fn accept_code(&mut self, code: &str, now: Timestamp) -> bool {
        let seconds = u64::try_from(now.millis() / 1000).unwrap_or(0);
        let secret = TotpSecret::from_base32(&self.secret);
        let step = secret.and_then(|secret| secret.step_of(code, seconds, self.last_step));
        self.last_step = step.unwrap_or(self.last_step);
        step.is_some()
    }

    /// Accepts a code of the app or a recovery code of the account `id`, each once.
    fn accept(&mut self, id: &str, code: &str, now: Timestamp) -> bool {
        if self.confirmed.is_none() {
            return false;
        }
        let code = code.trim();
        if self.accept_code(code, now) {
            return true;
        }
        let found = position_of_hash(&self.recovery, &recovery_hash(id, code));
        found.map(|at| self.recovery.remove(at)).is_some()
    }

    /// Replaces the recovery codes by `codes`.
    fn set_recovery(&mut self, id: &str, codes: &[String]) {
        self.recovery = codes.iter().map(|code| recovery_hash(id, code)).collect();
    }
}

fn new_recovery_codes() -> Vec<String> {
    (0..RECOVERY_CODES).map(|_| recovery_code()).collect()
}

fn key(collection: &CollectionId, id: &str) -> String {
    format!("{PREFIX}{}/{id}", collection.as_str())
}

/// Accepts `code` for the account `id` in this transaction; fails when it is not good.
fn accept(tx: &mut Tx<'_>, collection: &Collection, id: &str, code: &str) -> Result<Entry, Error> {
    let entry = Entry::load(|key| tx.setting(key), &collection.id, id)?;
    let mut entry = entry.ok_or_else(wrong_code)?;
    if !entry.accept(id, code, Timestamp::now()) {
        return Err(wrong_code());
    }
    entry.save(tx, &collection.id, id)?;
    Ok(entry)
}

/// Whether the account `id` has to show a code to log in.
pub(super) fn is_needed(tx: &Tx<'_>, collection: &Collection, id: &str) -> Result<bool, Error> {
    if !collection.auth().is_some_and(|auth| auth.totp.enabled) {
        return Ok(false);
    }
    let entry = Entry::load(|key| tx.setting(key), &collection.id, id)?;
    Ok(entry.is_some_and(|entry| entry.confirmed.is_some()))
}

/// Forgets what is known of an account; false when that is nothing.
pub(super) fn forget(tx: &mut Tx<'_>, collection: &CollectionId, id: &str) -> Result<bool, Error> {
    Ok(tx.delete_setting(&key(collection, id))?)
}

/// Fails unless accounts of `collection` may use codes.
fn check_enabled(collection: &Collection) -> Result<(), Error> {
    let on = collection.auth().is_some_and(|auth| auth.totp.enabled);
    if on { Ok(()) } else { Err(Error::FactorDisabled("TOTP")) }
}

fn wrong_code() -> Error {
    let message = "Invalid, expired or already used code.";
    let violation = Violation::new("validation_invalid_code", message);
    Error::Rejected(Failure::Form, Violations::of("code", violation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::PasswordHasher;
    use crate::files::Storage;
    use crate::ops::{Backend, bootstrap};
    use crate::query::Rows;
    use crate::store::{Store, StoreOptions};

    fn enrolled() -> (Backend, Vec<String>) {
        let store = Store::in_memory(StoreOptions::default()).unwrap();
        let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
        let backend = Backend::new(store, PasswordHasher::new(1, 4), files);
        bootstrap(&backend).unwrap();
        let codes = new_recovery_codes();
        let given = codes.clone();
        backend
            .write(move |tx| {
                let users = tx.catalog().by_name("users").cloned().unwrap();
                let mut entry = Entry::new(&TotpSecret::random(), Timestamp::now());
                entry.confirmed = Some(0);
                entry.set_recovery("ann", &given);
                entry.save(tx, &users.id, "ann")
            })
            .unwrap();
        (backend, codes)
    }

    fn try_code(backend: &Backend, code: &str) -> bool {
        let code = code.to_owned();
        let accepted = backend.write(move |tx| {
            let users = tx.catalog().by_name("users").cloned().unwrap();
            accept(tx, &users, "ann", &code).map(drop)
        });
        accepted.is_ok()
    }

    #[test]
    fn of_twenty_uses_at_the_same_time_one_succeeds() {
        let (backend, codes) = enrolled();
        for code in &codes[..3] {
            let uses = std::thread::scope(|scope| {
                let tries: Vec<_> =
                    (0..20).map(|_| scope.spawn(|| try_code(&backend, code))).collect();
                tries.into_iter().map(|t| t.join().unwrap()).filter(|ok| *ok).count()
            });
            assert_eq!(uses, 1);
        }
        assert!(try_code(&backend, &codes[3]) && !try_code(&backend, &codes[3]));
    }

    #[test]
    fn what_is_not_confirmed_accepts_nothing() {
        let mut entry = Entry::new(&TotpSecret::random(), Timestamp::now());
        entry.set_recovery("ann", &["abcd".to_owned()]);
        assert!(!entry.accept("ann", "abcd", Timestamp::now()));
        entry.confirmed = Some(0);
        assert!(entry.accept("ann", "abcd", Timestamp::now()));
        assert!(!entry.accept("ann", "abcd", Timestamp::now()));
    }
}

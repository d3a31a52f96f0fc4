//! Proof that whoever holds a token also knows how to get one: the password, or a login just now.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::{Verdict, fingerprint};
use crate::ops::Backend;
use crate::query::AuthRow;
use crate::schema::{Record, Violation};

use super::Error;
use super::form::{Form, TEXT_BYTES_MAX};

/// How long a login counts as just now.
const FRESH_FOR: Duration = Duration::from_mins(10);
/// Logins remembered; beyond that the oldest is forgotten, and its holder says the password.
const LOGINS_MAX: usize = 10_000;

/// Tokens that logins gave out a moment ago, by their fingerprints. Those that came from a refresh
/// are not among them. A restart forgets it.
#[derive(Debug, Default)]
pub(crate) struct FreshLogins(Mutex<HashMap<[u8; 32], Instant>>);

impl FreshLogins {
    /// A login gave out `token`.
    pub(super) fn note(&self, token: &str, now: Instant) {
        let mut logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if logins.len() >= LOGINS_MAX {
            logins.retain(|_, at| now.saturating_duration_since(*at) < FRESH_FOR);
        }
        if logins.len() >= LOGINS_MAX
            && let Some(oldest) = logins.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key)
        {
            logins.remove(&oldest);
        }
        logins.insert(fingerprint(token), now);
    }

    fn has(&self, token: &str, now: Instant) -> bool {
        let logins = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = logins.get(&fingerprint(token));
        at.is_some_and(|at| now.saturating_duration_since(*at) < FRESH_FOR)
    }
}

/// What somebody who is logged in shows before they change how they log in.
#[derive(Clone)]
pub struct Proof {
    /// The account's password; may be empty right after a login.
    pub password: String,
    /// The token of the request.
    pub token: String,
    /// Where the request comes from.
    pub address: IpAddr,
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proof").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Proof {
    /// Fails unless the proof is good for `account`. Blocks for a hash when there is a password.
    pub(super) fn check(&self, backend: &Backend, account: &AuthRow) -> Result<(), Error> {
        let mut form = Form::default();
        if self.password.is_empty() {
            if !backend.factors().fresh.has(&self.token, Instant::now()) {
                let message = "Cannot be blank unless the login was less than 10 minutes ago.";
                form.add("password", Violation::new("validation_required", message));
            }
            return form.check();
        }
        form.length("password", &self.password, 1, TEXT_BYTES_MAX);
        form.check()?;
        let row = account.row.as_row();
        if !backend.throttles().take_guess(row.id(), self.address, Instant::now()) {
            return Err(Error::TooManyGuesses);
        }
        let record = Record::from_row(account.collection.clone(), row);
        let mut form = Form::default();
        if backend.hasher().verify(&self.password, record.text("password"))? == Verdict::NoMatch {
            let message = "Missing or invalid password.";
            form.add("password", Violation::new("validation_invalid_password", message));
        }
        form.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_fresh_for_ten_minutes_and_only_by_its_own_token() {
        let (logins, start) = (FreshLogins::default(), Instant::now());
        logins.note("a", start);
        let minutes = |minutes| start + Duration::from_mins(minutes);
        assert!(logins.has("a", minutes(9)) && !logins.has("a", minutes(10)));
        assert!(!logins.has("b", start));
    }

    #[test]
    fn the_oldest_login_goes_when_there_are_too_many() {
        let (logins, start) = (FreshLogins::default(), Instant::now());
        logins.note("first", start);
        for number in 0..LOGINS_MAX {
            logins.note(&number.to_string(), start + Duration::from_secs(1));
        }
        let now = start + Duration::from_secs(2);
        assert!(!logins.has("first", now) && logins.has("1", now));
    }
}

//! When sessions and API keys were used last, gathered in memory and written behind.
//!
//! A request never waits for it: it leaves a note, and a job writes all notes of a minute at once. A
//! crash loses the notes of that minute, which only makes a session look older.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::query::{AuthRow, Credential};

use super::Error;
use super::ledger::{Account, Kind, note_use};

/// Notes that are kept at most; beyond that, uses go unnoticed until the next write.
const NOTES_MAX: usize = 100_000;
/// Notes written in one transaction.
const NOTES_AT_ONCE: usize = 500;

/// Uses that were not written yet, by the key of what was used.
#[derive(Debug, Default)]
pub(crate) struct LastUses(Mutex<HashMap<String, Timestamp>>);

impl LastUses {
    /// Notes that what `auth` is authenticated by was used at `now`.
    pub(crate) fn note(&self, auth: &AuthRow, now: Timestamp) {
        let key = match &auth.credential {
            Credential::Token => return,
            Credential::Session(id) => Account::of(auth).key(Kind::Session, id),
            Credential::Key(scope) => Account::of(auth).key(Kind::Key, &scope.id),
        };
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if notes.len() < NOTES_MAX || notes.contains_key(&key) {
            notes.insert(key, now);
        }
    }

    fn take(&self) -> Vec<(String, Timestamp)> {
        let mut notes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *notes).into_iter().collect()
    }
}

/// Writes down what was used since the last time. Blocks.
pub fn write_last_uses(backend: &Backend) -> Result<(), Error> {
    for some in backend.last_uses().take().chunks(NOTES_AT_ONCE) {
        let some = some.to_vec();
        backend
            .write(move |tx| some.iter().try_for_each(|(key, used)| note_use(tx, key, *used)))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::auth::PasswordHasher;
    use crate::files::Storage;
    use crate::model::Value;
    use crate::ops::auth::origins::Place;
    use crate::ops::auth::sessions::{Origin, Session, find, token_of_login};
    use crate::ops::auth::{delete_expired_sessions as delete_expired, principal};
    use crate::ops::bootstrap;
    use crate::query::Rows;
    use crate::schema::{AuthOptions, CollectionKind, Record};
    use crate::store::{Store, StoreOptions};

    /// A backend whose users have sessions, and what one of them is authenticated by.
    fn logged_in() -> (Backend, AuthRow) {
        let store = Store::in_memory(StoreOptions::default()).unwrap();
        let files = Storage::new(&std::env::temp_dir().join("haversack-without-files"));
        let backend = Backend::new(store, PasswordHasher::new(1, 4), files);
        bootstrap(&backend).unwrap();
        let token = backend
            .write(|tx| {
                let users = tx.catalog().by_name("users").cloned().unwrap();
                let mut account = Record::new(users.clone());
                for (name, text) in [("id", "ann"), ("email", "a@b.co"), ("tokenKey", "key")] {
                    account.set(name, Value::Text(text.to_owned()));
                }
                tx.insert(&users, &account.to_row())?;
                let mut with_sessions = (*users).clone();
                let CollectionKind::Auth(options) = &mut with_sessions.kind else { unreachable!() };
                let options: &mut AuthOptions = options;
                options.sessions.enabled = true;
                let place = Place::new(Ipv4Addr::LOCALHOST.into(), "test");
                let origin = Origin { method: "password", place: &place };
                let row = account.to_row();
                token_of_login(tx, &with_sessions.into(), row.as_row(), true, Some(600), &origin)
            })
            .unwrap();
        let auth = principal(&*backend.snapshot(), &token, || Ipv4Addr::LOCALHOST.into())
            .unwrap()
            .unwrap();
        (backend, auth)
    }

    fn session(backend: &Backend, auth: &AuthRow) -> Option<Session> {
        let id = auth.credential.session().unwrap();
        find(&*backend.snapshot(), &Account::of(auth), id).unwrap()
    }

    #[test]
    fn uses_are_written_behind_and_only_for_what_is_still_there() {
        let (backend, auth) = logged_in();
        let began = session(&backend, &auth).unwrap().last_used;
        let later = Timestamp::from_millis(began.millis() + 90_000);
        backend.last_uses().note(&auth, later);
        assert_eq!(session(&backend, &auth).unwrap().last_used, began);
        write_last_uses(&backend).unwrap();
        assert_eq!(session(&backend, &auth).unwrap().last_used, later);
        // A note from before changes nothing.
        backend.last_uses().note(&auth, began);
        write_last_uses(&backend).unwrap();
        assert_eq!(session(&backend, &auth).unwrap().last_used, later);
        backend.last_uses().note(&auth, later);
        let key = Account::of(&auth).key(Kind::Session, auth.credential.session().unwrap());
        backend.write(move |tx| crate::ops::auth::ledger::end(tx, &key)).unwrap();
        write_last_uses(&backend).unwrap();
        assert_eq!(session(&backend, &auth), None);
    }

    #[test]
    fn sessions_whose_time_is_over_are_deleted() {
        let (backend, auth) = logged_in();
        let in_seconds =
            |seconds: i64| Timestamp::from_millis(Timestamp::now().millis() + seconds * 1000);
        assert_eq!(delete_expired(&backend, in_seconds(500)).unwrap(), 0);
        assert!(session(&backend, &auth).is_some());
        assert_eq!(delete_expired(&backend, in_seconds(700)).unwrap(), 1);
        assert_eq!(session(&backend, &auth), None);
    }
}

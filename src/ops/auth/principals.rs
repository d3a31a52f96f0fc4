//! Whom the tokens of late were found to be of, so that not every request has its token verified.
//!
//! What was found holds for the very state it was found in, and for no other: whatever is committed
//! next (a sign-out, another token key, a changed secret) has the token verified anew.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{PoisonError, RwLock};

use ring::digest::{SHA256, SHA256_OUTPUT_LEN, digest};

use crate::auth::api_key_id;
use crate::model::Timestamp;
use crate::query::AuthRow;
use crate::store::Snapshot;

use super::Error;
use super::principal::{principal, token_holder};

/// Tokens that are kept; reaching it forgets all.
const KEPT_MAX: usize = 10_000;

/// The SHA-256 of a token: nothing here lets anybody in.
type Digest = [u8; SHA256_OUTPUT_LEN];

/// Tokens that were verified, with whom they are of.
#[derive(Debug, Default)]
pub(crate) struct Principals(RwLock<HashMap<Digest, Known>>);

#[derive(Debug)]
struct Known {
    /// The state it was found in.
    commit: u64,
    until: Timestamp,
    auth: AuthRow,
}

impl Principals {
    /// As [`principal`]. API keys are looked up each time, since their scope depends on the address.
    pub(crate) fn find(
        &self,
        state: &Snapshot,
        token: &str,
        address: impl FnOnce() -> IpAddr,
    ) -> Result<Option<AuthRow>, Error> {
        if api_key_id(token).is_some() {
            return principal(state, token, address);
        }
        let (key, now) = (digest_of(token), Timestamp::now());
        if let Some(auth) = self.known(&key, state.commit(), now) {
            return Ok(Some(auth));
        }
        let Some((auth, until)) = token_holder(state, token)? else { return Ok(None) };
        let known = Known { commit: state.commit(), until, auth: auth.clone() };
        let mut kept = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= KEPT_MAX && !kept.contains_key(&key) {
            kept.clear();
        }
        kept.insert(key, known);
        Ok(Some(auth))
    }

    fn known(&self, key: &Digest, commit: u64, now: Timestamp) -> Option<AuthRow> {
        let kept = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let known = kept.get(key).filter(|known| known.commit == commit && now < known.until)?;
        Some(known.auth.clone())
    }
}

fn digest_of(token: &str) -> Digest {
    let digest = digest(&SHA256, token.as_bytes());
    digest.as_ref().try_into().expect("a SHA-256 has its length")
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::model::Value;
    use crate::ops::auth::principal::issue_for_session;
    use crate::query::Rows;
    use crate::schema::Record;
    use crate::store::{Store, StoreOptions};

    fn users() -> Store {
        let store = Store::in_memory(StoreOptions::default()).unwrap();
        let files = crate::files::Storage::new(&std::env::temp_dir().join("haversack-no-files"));
        let hasher = crate::auth::PasswordHasher::new(1, 4);
        let backend = crate::ops::Backend::new(store.clone(), hasher, files);
        crate::ops::bootstrap(&backend).unwrap();
        store
            .write(|tx| {
                let users = tx.catalog().by_name("users").cloned().unwrap();
                let mut account = Record::new(users.clone());
                for (name, text) in [("id", "ann"), ("email", "a@b.co"), ("tokenKey", "key")] {
                    account.set(name, Value::Text(text.to_owned()));
                }
                tx.insert(&users, &account.to_row())?;
                Ok::<_, Error>(())
            })
            .unwrap();
        store
    }

    fn change(store: &Store, name: &'static str, text: &'static str) {
        store
            .write(move |tx| {
                let users = tx.catalog().by_name("users").cloned().unwrap();
                let rowid = tx.find(&users, "ann")?.unwrap();
                let old = tx.row(&users, rowid)?.unwrap();
                let mut account = Record::from_row(users.clone(), old.as_row());
                account.set(name, Value::Text(text.to_owned()));
                tx.update(&users, rowid, &old, &account.to_row())?;
                Ok::<_, Error>(())
            })
            .unwrap();
    }

    #[test]
    fn a_known_token_is_as_good_as_it_would_be_if_it_were_not_known() {
        let store = users();
        let (token, brief) = {
            let state = store.snapshot();
            let users = state.catalog().by_name("users").unwrap();
            let row = state.row(users, state.find(users, "ann").unwrap().unwrap()).unwrap();
            let row = row.unwrap();
            let issue = |seconds| {
                issue_for_session(users, row.as_row(), true, Some(seconds), None).unwrap()
            };
            (issue(600), issue(1))
        };
        let principals = Principals::default();
        let ask = |token: &str| {
            let (state, address) = (store.snapshot(), || Ipv4Addr::LOCALHOST.into());
            let name = |auth: Option<AuthRow>| {
                auth.map(|auth| Record::from_row(auth.collection, auth.row.as_row()))
                    .map(|record| record.text("name").to_owned())
            };
            let found = name(principals.find(&state, token, address).unwrap());
            assert_eq!(found, name(principal(&*state, token, address).unwrap()));
            found
        };
        for _ in 0..2 {
            assert_eq!(ask(&token).as_deref(), Some(""));
            assert_eq!(ask("x.y.z"), None);
        }
        change(&store, "name", "Ann");
        assert_eq!(ask(&token).as_deref(), Some("Ann"));
        assert!(ask(&brief).is_some());
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!((ask(&brief), ask(&token).is_some()), (None, true));
        change(&store, "tokenKey", "other");
        assert_eq!(ask(&token), None);
    }
}

//! Logging in with a passkey. Nobody says who they are: the passkey does.

use std::net::IpAddr;
use std::time::Instant;

use serde_json::Value as Json;

use crate::auth::{Assertion, KeyUse};
use crate::model::Timestamp;
use crate::ops::Backend;
use crate::query::Rows;
use crate::schema::Collection;
use crate::store::Tx;

use super::super::admission::Admission;
use super::super::form::{Form, TEXT_BYTES_MAX};
use super::super::{Attempt, Error, Login, Method, auth_collection};
use super::challenges::Ceremony;
use super::{Entry, PasskeyOffer, check_credential, id_key, no_challenge, site, wrong_credential};

/// Begins a login of whoever has a passkey. Looks at no account, so it cannot tell of any.
pub fn begin_passkey_login(
    backend: &Backend,
    collection: &str,
    address: IpAddr,
) -> Result<PasskeyOffer, Error> {
    let collection = auth_collection(&*backend.snapshot(), collection)?;
    let (options, challenge) =
        site(backend, &collection)?.start_login().map_err(Error::internal)?;
    let ceremony = Ceremony::Login { collection: collection.id.clone(), challenge };
    let challenge_id = backend.factors().challenges.put(ceremony, address, Instant::now())?;
    Ok(PasskeyOffer { challenge_id, options })
}

/// What a client sends once its browser used a passkey.
#[derive(Debug, Clone)]
pub struct PasskeyLogin {
    /// The id of the challenge that the browser answered, which is used up.
    pub challenge_id: String,
    /// The browser's credential as JSON.
    pub credential: Json,
    /// Who tries, and where from.
    pub attempt: Attempt,
}

impl PasskeyLogin {
    /// Checks the passkey and makes a token, or asks for a second factor. Blocks for a commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<Login, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        let site = site(backend, &collection)?;
        let mut form = Form::default();
        form.required("challengeId", &self.challenge_id, 1, TEXT_BYTES_MAX);
        check_credential(&mut form, &self.credential);
        form.check()?;
        let challenge = match backend.factors().challenges.take(&self.challenge_id, Instant::now())
        {
            Some(Ceremony::Login { collection: of, challenge }) if of == collection.id => challenge,
            _ => return Err(no_challenge()),
        };
        let assertion = Assertion::read(&self.credential).map_err(wrong_credential)?;
        let id = snapshot.setting(&id_key(&collection.id, &assertion.key_id))?;
        let id = id.and_then(|id| String::from_utf8(id).ok()).ok_or(Error::WrongCredentials)?;
        let entry = Entry::load(|key| snapshot.setting(key), &collection.id, &id)?;
        let entry = entry.filter(|entry| entry.user == assertion.user);
        let entry = entry.ok_or(Error::WrongCredentials)?;
        let kept = entry.keys.iter().find(|kept| kept.key.id() == assertion.key_id);
        let kept = kept.ok_or(Error::WrongCredentials)?;
        let used = site.finish_login(&assertion, challenge, &kept.key).map_err(|error| {
            if error.is_copy() {
                warn_of_copy(&collection, &id, &kept.id);
            }
            Error::WrongCredentials
        })?;
        drop(snapshot);
        let admission = Admission::new(backend, self.attempt.clone(), Method::Passkey);
        let (login, kept, collection) = (admission.clone(), kept.id.clone(), collection.id.clone());
        let ended = backend.write(move |tx| {
            let collection = auth_collection(tx, collection.as_str())?;
            note_use(tx, &collection, &id, &kept, &used)?;
            let rowid = tx.find(&collection, &id)?.ok_or(Error::WrongCredentials)?;
            let row = tx.row(&collection, rowid)?.ok_or(Error::WrongCredentials)?;
            login.run(tx, &collection, &row)
        })?;
        admission.answer(backend, ended)
    }
}

/// Notes that the passkey `kept` was used, which must still be there and must not have been used
/// later than now.
fn note_use(
    tx: &mut Tx<'_>,
    collection: &Collection,
    id: &str,
    kept: &str,
    used: &KeyUse,
) -> Result<(), Error> {
    let entry = Entry::load(|key| tx.setting(key), &collection.id, id)?;
    let mut entry = entry.ok_or(Error::WrongCredentials)?;
    let key = entry.key_mut(kept).map_err(|_| Error::WrongCredentials)?;
    if !key.key.note(used) {
        warn_of_copy(collection, id, kept);
        return Err(Error::WrongCredentials);
    }
    key.last_used = Some(Timestamp::now().millis());
    entry.save(tx, &collection.id, id)
}

fn warn_of_copy(collection: &Collection, id: &str, passkey: &str) {
    tracing::warn!(
        collection = collection.name.as_str(),
        record = id,
        passkey,
        "a passkey counted backwards, there may be a copy of it"
    );
}

//! Adding a passkey to an account.

use std::time::Instant;

use serde_json::Value as Json;

use crate::access::Caller;
use crate::auth::{PublicKey, UserHandle};
use crate::model::Timestamp;
use crate::ops::Backend;
use crate::query::Rows;
use crate::schema::{Record, values};

use super::super::Error;
use super::super::factors::own_account;
use super::super::form::{Form, TEXT_BYTES_MAX};
use super::super::fresh::Proof;
use super::challenges::Ceremony;
use super::{
    Entry, Kept, PASSKEYS_MAX, PasskeyOffer, ShownPasskey, check_credential, check_name, id_key,
    no_challenge, site, wrong_credential,
};

/// Begins to make a passkey for the account that asks. Blocks for a hash when `proof` has a
/// password.
pub fn begin_passkey(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    proof: &Proof,
) -> Result<PasskeyOffer, Error> {
    let snapshot = backend.snapshot();
    let (collection, account) = own_account(&*snapshot, caller, collection)?;
    let site = site(backend, &collection)?;
    proof.check(backend, &account)?;
    let record = Record::from_row(collection.clone(), account.row.as_row());
    let entry = Entry::load(|key| snapshot.setting(key), &collection.id, record.id())?;
    let entry = entry.unwrap_or_else(|| Entry { user: UserHandle::random(), keys: Vec::new() });
    check_room(&entry)?;
    let present: Vec<PublicKey> = entry.keys.iter().map(|kept| kept.key.clone()).collect();
    let text = |field| Some(record.text(field).to_owned()).filter(|text| !text.is_empty());
    let name = text("email").or_else(|| text("username"));
    let name = name.unwrap_or_else(|| record.id().to_owned());
    let display_name = text("name").unwrap_or_else(|| name.clone());
    let (options, registration) = site
        .start_registration(entry.user, &name, &display_name, &present)
        .map_err(Error::internal)?;
    let ceremony = Ceremony::Registration {
        collection: collection.id.clone(),
        account: record.id().to_owned(),
        user: entry.user,
        registration,
    };
    let challenges = &backend.factors().challenges;
    let challenge_id = challenges.put(ceremony, proof.address, Instant::now())?;
    Ok(PasskeyOffer { challenge_id, options })
}

/// What a client sends once its browser made a passkey.
#[derive(Debug, Clone)]
pub struct FinishPasskey {
    /// The id of the challenge that the browser answered, which is used up.
    pub challenge_id: String,
    /// What the account calls the passkey.
    pub name: String,
    /// The browser's credential as JSON.
    pub credential: Json,
}

impl FinishPasskey {
    /// Adds the passkey to the account that asks. Blocks for a commit.
    pub fn run(
        &self,
        backend: &Backend,
        caller: &Caller,
        collection: &str,
    ) -> Result<ShownPasskey, Error> {
        let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
        let site = site(backend, &collection)?;
        let mut form = Form::default();
        form.required("challengeId", &self.challenge_id, 1, TEXT_BYTES_MAX);
        check_name(&mut form, &self.name);
        check_credential(&mut form, &self.credential);
        form.check()?;
        let id = account.row.as_row().id().to_owned();
        let (user, registration) =
            match backend.factors().challenges.take(&self.challenge_id, Instant::now()) {
                Some(Ceremony::Registration { collection: of, account, user, registration })
                    if of == collection.id && account == id =>
                {
                    (user, registration)
                }
                _ => return Err(no_challenge()),
            };
        let key =
            site.finish_registration(&self.credential, &registration).map_err(wrong_credential)?;
        let kept = Kept {
            id: values::new_record_id(),
            name: self.name.clone(),
            created: Timestamp::now().millis(),
            last_used: None,
            key,
        };
        let shown = ShownPasskey::from(&kept);
        backend.write(move |tx| {
            tx.find(&collection, &id)?.ok_or(Error::Unauthenticated)?;
            let entry = Entry::load(|key| tx.setting(key), &collection.id, &id)?;
            let mut entry = entry.unwrap_or(Entry { user, keys: Vec::new() });
            // Another first passkey may have come in between, under another handle.
            if entry.user != user {
                return Err(no_challenge());
            }
            check_room(&entry)?;
            let id_key = id_key(&collection.id, &kept.key.id());
            if tx.setting(&id_key)?.is_some() {
                return Err(Error::Refused("The passkey is already registered.".to_owned()));
            }
            tx.put_setting(&id_key, id.as_bytes())?;
            entry.keys.push(kept.clone());
            entry.save(tx, &collection.id, &id)
        })?;
        Ok(shown)
    }
}

fn check_room(entry: &Entry) -> Result<(), Error> {
    if entry.keys.len() < PASSKEYS_MAX {
        return Ok(());
    }
    Err(Error::Refused(format!("An account can have no more than {PASSKEYS_MAX} passkeys.")))
}

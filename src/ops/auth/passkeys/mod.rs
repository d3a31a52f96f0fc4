//! Passkeys of accounts: adding, listing and removing them, and logging in without a name.
//!
//! An account's keys are an entry in the settings of the store; a second entry for each key leads
//! from its id to the account, and makes sure that no two accounts have the same.

mod challenges;
mod login;
mod manage;
mod register;

pub(super) use challenges::Challenges;
pub use login::{PasskeyLogin, begin_passkey_login};
pub use manage::{
    ShownPasskey, list_passkeys, list_passkeys_of, remove_passkey, remove_passkey_of,
    rename_passkey,
};
pub use register::{FinishPasskey, begin_passkey};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use url::Url;

use crate::auth::{PasskeyError, PublicKey, RelyingParty, UserHandle};
use crate::model::CollectionId;
use crate::ops::{Backend, Failure};
use crate::query::ReadError;
use crate::schema::{Collection, Violation, Violations};
use crate::store::Tx;

use super::Error;
use super::form::Form;

/// What the keys of entries begin with; then follow the collection's id and the account's.
pub(super) const PREFIX: &str = "auth/passkeys/";
/// The same for those that lead from a passkey's id to its account.
pub(super) const ID_PREFIX: &str = "auth/passkey-ids/";
/// Passkeys of one account.
const PASSKEYS_MAX: usize = 20;
/// Longest name of a passkey, in bytes.
const NAME_BYTES_MAX: usize = 100;

/// What a browser needs to make or use a passkey.
#[derive(Debug)]
pub struct PasskeyOffer {
    /// What the browser's answer has to name.
    pub challenge_id: String,
    /// The options for `navigator.credentials`, in the JSON that browsers parse.
    pub options: Json,
}

/// The passkeys of one account.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Entry {
    user: UserHandle,
    keys: Vec<Kept>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    id: String,
    name: String,
    /// Milliseconds since 1970.
    created: i64,
    last_used: Option<i64>,
    key: PublicKey,
}

impl Entry {
    /// The entry that `read` finds for the account `id` of the collection.
    fn load(
        read: impl FnOnce(&str) -> Result<Option<Vec<u8>>, ReadError>,
        collection: &CollectionId,
        id: &str,
    ) -> Result<Option<Self>, Error> {
        let Some(bytes) = read(&entry_key(collection, id))? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(Error::internal)
    }

    fn save(&self, tx: &mut Tx<'_>, collection: &CollectionId, id: &str) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(tx.put_setting(&entry_key(collection, id), &bytes)?)
    }

    fn key_mut(&mut self, id: &str) -> Result<&mut Kept, Error> {
        self.keys.iter_mut().find(|kept| kept.id == id).ok_or(Error::NotFound)
    }
}

fn entry_key(collection: &CollectionId, id: &str) -> String {
    format!("{PREFIX}{}/{id}", collection.as_str())
}

fn id_key(collection: &CollectionId, key_id: &str) -> String {
    format!("{ID_PREFIX}{}/{key_id}", collection.as_str())
}

/// Forgets the passkeys of an account; false when there are none.
pub(super) fn forget(tx: &mut Tx<'_>, collection: &CollectionId, id: &str) -> Result<bool, Error> {
    let Some(entry) = Entry::load(|key| tx.setting(key), collection, id)? else { return Ok(false) };
    for kept in &entry.keys {
        tx.delete_setting(&id_key(collection, &kept.key.id()))?;
    }
    Ok(tx.delete_setting(&entry_key(collection, id))? && !entry.keys.is_empty())
}

/// Whether a login with a passkey is asked for a second factor like any other.
pub(super) fn need_second_factor(collection: &Collection) -> bool {
    collection.auth().is_some_and(|auth| auth.passkeys.require_second_factor)
}

/// The site that the passkeys of `collection` belong to; fails when it has none.
fn site(backend: &Backend, collection: &Collection) -> Result<RelyingParty, Error> {
    let options = collection.auth().map(|auth| &auth.passkeys).filter(|options| options.enabled);
    let options = options.ok_or(Error::FactorDisabled("passkey"))?;
    let meta = &backend.settings().meta;
    let app = Url::parse(&meta.app_url).ok();
    let host = app.as_ref().and_then(Url::domain).unwrap_or("");
    let rp_id = if options.rp_id.is_empty() { host } else { &options.rp_id };
    let origins: Vec<Url> = if options.origins.is_empty() {
        app.iter().cloned().collect()
    } else {
        options.origins.iter().filter_map(|origin| Url::parse(origin).ok()).collect()
    };
    RelyingParty::new(rp_id, &origins, &meta.app_name).map_err(|_| {
        let message = "The passkey domain and origins of the collection, or the application URL \
                       that stands in for them, don't fit together.";
        Error::Refused(message.to_owned())
    })
}

/// A credential that is not good, for whatever reason.
fn wrong_credential(_: PasskeyError) -> Error {
    let message = "Invalid passkey credential.";
    let violation = Violation::new("validation_invalid_credential", message);
    Error::Rejected(Failure::Form, Violations::of("credential", violation))
}

fn no_challenge() -> Error {
    let message = "Invalid, expired or already used challenge.";
    let violation = Violation::new("validation_invalid_challenge", message);
    Error::Rejected(Failure::Form, Violations::of("challengeId", violation))
}

fn check_name(form: &mut Form, name: &str) {
    form.required("name", name, 1, NAME_BYTES_MAX);
}

fn check_credential(form: &mut Form, credential: &Json) {
    if !credential.is_object() {
        form.add("credential", Violation::required());
    }
}

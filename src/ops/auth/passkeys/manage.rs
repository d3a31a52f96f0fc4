//! Looking at passkeys, naming them anew and removing them.

use crate::access::Caller;
use crate::model::{CollectionId, Timestamp};
use crate::ops::Backend;

use super::super::Error;
use super::super::factors::{account_of, own_account};
use super::super::form::Form;
use super::{Entry, Kept, check_name, id_key};

/// What may be shown of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownPasskey {
    /// What it is removed by.
    pub id: String,
    /// What its account calls it.
    pub name: String,
    /// The id that its authenticator knows it by, in base64url.
    pub credential_id: String,
    /// When it was added.
    pub created: Timestamp,
    /// When somebody last logged in with it.
    pub last_used: Option<Timestamp>,
}

impl From<&Kept> for ShownPasskey {
    fn from(kept: &Kept) -> Self {
        Self {
            id: kept.id.clone(),
            name: kept.name.clone(),
            credential_id: kept.key.id(),
            created: Timestamp::from_millis(kept.created),
            last_used: kept.last_used.map(Timestamp::from_millis),
        }
    }
}

/// The passkeys of the account that asks, oldest first.
pub fn list_passkeys(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
) -> Result<Vec<ShownPasskey>, Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    list(backend, &collection.id, account.row.as_row().id())
}

/// The passkeys of the account `id`, for a superuser; oldest first.
pub fn list_passkeys_of(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    id: &str,
) -> Result<Vec<ShownPasskey>, Error> {
    let collection = account_of(&*backend.snapshot(), caller, collection, id)?;
    list(backend, &collection.id, id)
}

fn list(
    backend: &Backend,
    collection: &CollectionId,
    id: &str,
) -> Result<Vec<ShownPasskey>, Error> {
    let snapshot = backend.snapshot();
    let entry = Entry::load(|key| snapshot.setting(key), collection, id)?;
    Ok(entry.map_or_else(Vec::new, |entry| entry.keys.iter().map(ShownPasskey::from).collect()))
}

/// Gives the passkey `passkey` of the account that asks another name. Blocks for a commit.
pub fn rename_passkey(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    passkey: &str,
    name: &str,
) -> Result<ShownPasskey, Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    let mut form = Form::default();
    check_name(&mut form, name);
    form.check()?;
    let id = account.row.as_row().id().to_owned();
    let (passkey, name) = (passkey.to_owned(), name.to_owned());
    backend.write(move |tx| {
        let entry = Entry::load(|key| tx.setting(key), &collection.id, &id)?;
        let mut entry = entry.ok_or(Error::NotFound)?;
        let kept = entry.key_mut(&passkey)?;
        kept.name.clone_from(&name);
        let shown = ShownPasskey::from(&*kept);
        entry.save(tx, &collection.id, &id)?;
        Ok(shown)
    })
}

/// Removes the passkey `passkey` of the account that asks. Blocks for a commit.
pub fn remove_passkey(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    passkey: &str,
) -> Result<(), Error> {
    let (collection, account) = own_account(&*backend.snapshot(), caller, collection)?;
    remove(backend, &collection.id, account.row.as_row().id(), passkey)
}

/// Removes the passkey `passkey` of the account `id`, for a superuser. Blocks for a commit.
pub fn remove_passkey_of(
    backend: &Backend,
    caller: &Caller,
    collection: &str,
    id: &str,
    passkey: &str,
) -> Result<(), Error> {
    let collection = account_of(&*backend.snapshot(), caller, collection, id)?;
    remove(backend, &collection.id, id, passkey)
}

fn remove(
    backend: &Backend,
    collection: &CollectionId,
    id: &str,
    passkey: &str,
) -> Result<(), Error> {
    let (collection, id, passkey) = (collection.clone(), id.to_owned(), passkey.to_owned());
    backend.write(move |tx| {
        let entry = Entry::load(|key| tx.setting(key), &collection, &id)?;
        let mut entry = entry.ok_or(Error::NotFound)?;
        let key_id = entry.key_mut(&passkey)?.key.id();
        tx.delete_setting(&id_key(&collection, &key_id))?;
        entry.keys.retain(|kept| kept.id != passkey);
        // The handle stays, so that authenticators put the next key in the place of this one.
        entry.save(tx, &collection, &id)
    })
}

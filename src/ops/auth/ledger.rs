//! What is kept about credentials beside the rows: sessions and API keys.
//!
//! They are no records, so that no list of collections shows them and no rule can give them away.

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::query::{AuthRow, ReadError, Rows};
use crate::schema::Collection;
use crate::store::{Snapshot, Tx};

use super::Error;

/// What the keys of all entries begin with.
const PREFIX: &str = "auth/";
/// Counts what ended before its time; see [`endings`].
const ENDINGS: &str = "auth/endings";
/// Entries that are removed in one go when an account goes.
const REMOVED_AT_ONCE: usize = 500;

/// One state of the data with what is kept beside the rows.
pub trait Ledger: Rows {
    /// What is kept under `key`.
    fn entry(&self, key: &str) -> Result<Option<Vec<u8>>, ReadError>;

    /// Up to `limit` keys that begin with `prefix`, in order.
    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, ReadError>;
}

impl Ledger for Snapshot {
    fn entry(&self, key: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.setting(key)
    }

    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, ReadError> {
        Ok(self.settings(prefix, "", limit)?.into_iter().map(|(key, _)| key).collect())
    }
}

impl Ledger for Tx<'_> {
    fn entry(&self, key: &str) -> Result<Option<Vec<u8>>, ReadError> {
        self.setting(key)
    }

    fn keys(&self, prefix: &str, limit: usize) -> Result<Vec<String>, ReadError> {
        self.setting_keys(prefix, limit)
    }
}

/// Whose credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::ops) struct Account {
    /// The id of the collection.
    pub(super) collection: String,
    /// The id of the record.
    pub(super) record: String,
}

impl Account {
    pub(in crate::ops) fn new(collection: &Collection, record: &str) -> Self {
        Self { collection: collection.id.as_str().to_owned(), record: record.to_owned() }
    }

    pub(super) fn of(auth: &AuthRow) -> Self {
        Self::new(&auth.collection, auth.row.as_row().id())
    }

    /// Says that the API key `id` is of this account.
    pub(super) fn put_as_owner_of(&self, tx: &mut Tx<'_>, id: &str) -> Result<(), Error> {
        let owner = [self.collection.as_str(), "/", &self.record].concat();
        Ok(tx.put_setting(&owner_key(id), owner.as_bytes())?)
    }

    /// The key of something of this account. Ids have no slashes.
    pub(super) fn key(&self, kind: Kind, id: &str) -> String {
        [PREFIX, kind.as_str(), "/", &self.collection, "/", &self.record, "/", id].concat()
    }
}

/// The account that the API key `id` is of.
pub(super) fn key_owner(state: &dyn Ledger, id: &str) -> Result<Option<Account>, Error> {
    let Some(bytes) = state.entry(&owner_key(id))? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(Error::internal)?;
    let (collection, record) =
        text.split_once('/').ok_or_else(|| Error::internal("the owner of an API key"))?;
    Ok(Some(Account { collection: collection.to_owned(), record: record.to_owned() }))
}

fn owner_key(id: &str) -> String {
    [PREFIX, "key-owner/", id].concat()
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Key,
}

impl Kind {
    pub(super) const ALL: [Self; 2] = [Self::Session, Self::Key];

    fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Key => "key",
        }
    }

    /// What the keys of all entries of this kind begin with.
    pub(super) fn prefix(self) -> String {
        [PREFIX, self.as_str(), "/"].concat()
    }
}

/// How many times something ended before its time. Whoever sees another number than before looks
/// whether what they rely on still stands.
pub(in crate::ops) fn endings(state: &Snapshot) -> Result<u64, ReadError> {
    Ok(number(state.setting(ENDINGS)?))
}

fn number(bytes: Option<Vec<u8>>) -> u64 {
    bytes.and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_be_bytes)
}

/// Removes an entry, and lets those know who rely on it; false when there is none.
pub(super) fn end(tx: &mut Tx<'_>, key: &str) -> Result<bool, Error> {
    if !tx.delete_setting(key)? {
        return Ok(false);
    }
    if let Some((_, id)) = key.rsplit_once('/').filter(|_| key.starts_with(&Kind::Key.prefix())) {
        tx.delete_setting(&owner_key(id))?;
    }
    let endings = number(tx.setting(ENDINGS)?).wrapping_add(1);
    tx.put_setting(ENDINGS, &endings.to_be_bytes())?;
    Ok(true)
}

/// Ends everything that begins with `prefix`.
fn end_all(tx: &mut Tx<'_>, prefix: &str) -> Result<(), Error> {
    loop {
        let keys = tx.setting_keys(prefix, REMOVED_AT_ONCE)?;
        if keys.is_empty() {
            return Ok(());
        }
        for key in keys {
            end(tx, &key)?;
        }
    }
}

/// Ends all sessions and API keys of one account: its password or address changed, or it is gone.
pub(in crate::ops) fn end_of_account(
    tx: &mut Tx<'_>,
    collection: &Collection,
    id: &str,
) -> Result<(), Error> {
    let account = Account::new(collection, id);
    Kind::ALL.into_iter().try_for_each(|kind| end_all(tx, &account.key(kind, "")))
}

/// Ends all sessions and API keys of the accounts of a collection that goes.
pub(in crate::ops) fn end_of_collection(
    tx: &mut Tx<'_>,
    collection: &Collection,
) -> Result<(), Error> {
    let prefix = |kind: Kind| [&kind.prefix(), collection.id.as_str(), "/"].concat();
    Kind::ALL.into_iter().try_for_each(|kind| end_all(tx, &prefix(kind)))
}

/// Notes that what is kept under `key` was used at `now`, if it is still there.
pub(super) fn note_use(tx: &mut Tx<'_>, key: &str, now: Timestamp) -> Result<(), Error> {
    let Some(bytes) = tx.setting(key)? else { return Ok(()) };
    let mut entry: Map<String, Json> = serde_json::from_slice(&bytes).map_err(Error::internal)?;
    if entry.get("used").and_then(Json::as_i64).is_some_and(|used| used < now.millis()) {
        entry.insert("used".to_owned(), now.millis().into());
        tx.put_setting(key, Json::Object(entry).to_string().as_bytes())?;
    }
    Ok(())
}

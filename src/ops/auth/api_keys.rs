//! API keys: an account, for a program, within a scope.
//!
//! Two entries stand for each: the key under its account, and by its id the account. What is stored
//! of its secret is a seal, see [`crate::auth::SigningKey::seal`].

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::{Caller, RuleCache};
use crate::auth::{api_key_id, api_key_prefix, new_api_key};
use crate::model::Timestamp;
use crate::query::{ApiKeyScope, AuthRow, Credential, KeyGrant, Rows, Verb};
use crate::schema::{Catalog, values};
use crate::settings::is_in_list;
use crate::store::{Snapshot, Tx};

use super::Error;
use super::api_key_form::ApiKeyForm;
use super::ledger::{Account, Kind, Ledger, end, key_owner};
use super::owner::Owner;
use super::principal::token_signing_key;

/// Keys of one account.
const KEYS_MAX: usize = 50;
/// Stands for every collection that is not a system one.
pub(super) const EVERY_COLLECTION: &str = "*";

/// A key as its owner sees it again: all but the secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKey {
    /// What the key begins with.
    pub prefix: String,
    /// What its owner calls it.
    pub name: String,
    /// What it is for.
    pub scope: ApiKeyScope,
    /// Addresses and subnets that it works from; empty = any.
    pub addresses: Vec<String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was used last, give or take a minute or two; `None` = never.
    pub last_used: Option<Timestamp>,
}

impl ApiKey {
    /// The grants as clients know them: the name of a collection, or its id when it is gone, or `*`;
    /// and what may be done there.
    pub fn grants(&self, catalog: &Catalog) -> Vec<(String, Vec<&'static str>)> {
        let name_of = |grant: &KeyGrant| match &grant.collection {
            None => EVERY_COLLECTION.to_owned(),
            Some(id) => {
                let known = catalog.by_id(id.as_str());
                known.map_or_else(|| id.as_str().to_owned(), |found| found.name.clone())
            }
        };
        let verbs = |grant: &KeyGrant| grant.verbs.iter().map(|verb| verb.as_str()).collect();
        self.scope.grants.iter().map(|grant| (name_of(grant), verbs(grant))).collect()
    }
}

/// A key as it is stored; times in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    name: String,
    seal: String,
    grants: Vec<StoredGrant>,
    addresses: Vec<String>,
    created: i64,
    used: i64,
    expires: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredGrant {
    /// Its id; empty = every one.
    collection: String,
    verbs: Vec<String>,
}

impl Stored {
    fn decode(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(Error::internal)
    }

    fn scope(&self, id: &str) -> ApiKeyScope {
        let verbs = |names: &[String]| {
            let is_named = |verb: &Verb| names.iter().any(|name| name == verb.as_str());
            Verb::ALL.into_iter().filter(is_named).collect()
        };
        let grant = |stored: &StoredGrant| KeyGrant {
            collection: (!stored.collection.is_empty()).then(|| stored.collection.as_str().into()),
            verbs: verbs(&stored.verbs),
        };
        ApiKeyScope {
            id: id.to_owned(),
            expires: self.expires.map(Timestamp::from_millis),
            grants: self.grants.iter().map(grant).collect(),
        }
    }

    fn shown(self, id: &str) -> ApiKey {
        ApiKey {
            prefix: api_key_prefix(id),
            scope: self.scope(id),
            name: self.name,
            addresses: self.addresses,
            created: Timestamp::from_millis(self.created),
            last_used: (self.used > 0).then(|| Timestamp::from_millis(self.used)),
        }
    }
}

/// The account that `key` lets somebody at `address` act as, within its scope. Anything wrong with it
/// means nobody, as with tokens.
pub(super) fn holder(
    state: &dyn Ledger,
    key: &str,
    address: IpAddr,
) -> Result<Option<AuthRow>, Error> {
    let Some(id) = api_key_id(key) else { return Ok(None) };
    let Some(account) = key_owner(state, id)? else { return Ok(None) };
    let Some(stored) = state.entry(&account.key(Kind::Key, id))? else { return Ok(None) };
    let stored = Stored::decode(&stored)?;
    let Some(collection) = state.catalog().by_id(&account.collection) else { return Ok(None) };
    let Some(rowid) = state.find(collection, &account.record)? else { return Ok(None) };
    let Some(row) = state.row(collection, rowid)? else { return Ok(None) };
    let signing_key = token_signing_key(collection, row.as_row());
    if !signing_key.is_some_and(|signing_key| signing_key.unseals(key, &stored.seal)) {
        return Ok(None);
    }
    let scope = stored.scope(id);
    let comes_from_there = stored.addresses.is_empty() || is_in_list(&stored.addresses, address);
    if scope.is_over(Timestamp::now()) || !comes_from_there {
        return Ok(None);
    }
    let credential = Credential::Key(Arc::new(scope));
    let is_accepted = collection.auth().is_some_and(|options| credential.suits(options));
    Ok(is_accepted.then(|| AuthRow { credential, ..AuthRow::new(collection.clone(), row) }))
}

/// Whether the key of `auth` is still there.
pub(super) fn stands(state: &dyn Ledger, account: &Account, id: &str) -> Result<bool, Error> {
    Ok(state.entry(&account.key(Kind::Key, id))?.is_some())
}

/// The API keys of an account, the newest first: the caller's own, or those of `record` when the
/// caller manages it. They are no more than some dozens.
pub fn list_api_keys(
    snapshot: &Snapshot,
    rules: &RuleCache,
    caller: &Caller,
    collection: &str,
    record: &str,
) -> Result<Vec<ApiKey>, Error> {
    let owner = Owner::find(snapshot, rules, caller, collection, record)?;
    let prefix = owner.account.key(Kind::Key, "");
    let mut found = Vec::new();
    for key in snapshot.keys(&prefix, KEYS_MAX)? {
        if let Some(bytes) = snapshot.entry(&key)? {
            found.push(Stored::decode(&bytes)?.shown(&key[prefix.len()..]));
        }
    }
    found.sort_by(|a, b| (b.created, &b.prefix).cmp(&(a.created, &a.prefix)));
    Ok(found)
}

/// Makes an API key for the caller, or for another account when a superuser asks.
#[derive(Debug)]
pub struct CreateApiKey {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// What decides who manages whom.
    pub rules: Arc<RuleCache>,
    /// The account's collection, by id or name.
    pub collection: String,
    /// The account; empty = the caller.
    pub record: String,
    /// What the key is to be.
    pub form: ApiKeyForm,
}

impl CreateApiKey {
    /// Makes it. Returns it together with its text, which nobody will ever see again.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(ApiKey, String), Error> {
        let owner = Owner::find(tx, &self.rules, &self.caller, &self.collection, &self.record)?;
        let is_own = self.caller.is_record(&owner.account.collection, &owner.account.record);
        if !is_own && !self.caller.is_superuser() {
            // Whoever manages an account may end its keys, not act in its name.
            return Err(Error::Forbidden);
        }
        if !owner.collection.auth().is_some_and(|options| options.api_keys.enabled) {
            let message = "The collection is not configured to allow API keys.";
            return Err(Error::Refused(message.to_owned()));
        }
        let now = Timestamp::now();
        let checked = self.form.check(tx.catalog(), now)?;
        if tx.keys(&owner.account.key(Kind::Key, ""), KEYS_MAX)?.len() >= KEYS_MAX {
            let message = format!("An account can have {KEYS_MAX} API keys at most.");
            return Err(Error::Refused(message));
        }
        let id = values::new_record_id();
        let text = new_api_key(&id);
        let signing_key = token_signing_key(&owner.collection, owner.row.as_row())
            .ok_or_else(|| Error::internal("an account without a token key"))?;
        let grant = |grant: &KeyGrant| StoredGrant {
            collection: grant.collection.as_ref().map_or("", |id| id.as_str()).to_owned(),
            verbs: grant.verbs.iter().map(|verb| verb.as_str().to_owned()).collect(),
        };
        let stored = Stored {
            name: checked.name,
            seal: signing_key.seal(&text),
            grants: checked.grants.iter().map(grant).collect(),
            addresses: checked.addresses,
            created: now.millis(),
            used: 0,
            expires: checked.expires.map(Timestamp::millis),
        };
        let bytes = serde_json::to_vec(&stored).map_err(Error::internal)?;
        tx.put_setting(&owner.account.key(Kind::Key, &id), &bytes)?;
        owner.account.put_as_owner_of(tx, &id)?;
        Ok((stored.shown(&id), text))
    }
}

/// Ends an API key of the caller, or of another account that the caller manages.
#[derive(Debug)]
pub struct EndApiKey {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// What decides who manages whom.
    pub rules: Arc<RuleCache>,
    /// The account's collection, by id or name.
    pub collection: String,
    /// The account; empty = the caller.
    pub record: String,
    /// The id of the key.
    pub id: String,
}

impl EndApiKey {
    /// Ends it. It is nobody's from the commit on.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let owner = Owner::find(tx, &self.rules, &self.caller, &self.collection, &self.record)?;
        let is_there = end(tx, &owner.account.key(Kind::Key, &self.id))?;
        if is_there { Ok(()) } else { Err(Error::NotFound) }
    }
}

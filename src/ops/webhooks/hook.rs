//! The hooks, and where they are kept: at `webhooks/of/<collection id>/<hook id>`.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::query::Renaming;
use crate::schema::Collection;
use crate::store::{Snapshot, Tx};

use super::Error;
use super::delivery::remove_all_of;

/// Hooks of the whole server.
pub(super) const HOOKS_MAX: usize = 100;

const PREFIX: &str = "webhooks/of/";

/// A server that hears of the records of one collection.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: String,
    /// What superusers call it.
    pub name: String,
    /// The id of the collection.
    pub collection: String,
    /// What it hears of: `create`, `update`, `delete`.
    pub events: Vec<String>,
    /// Where deliveries go.
    pub url: String,
    /// What they are signed with.
    pub secret: Secret,
    /// What a record has to be like to be told of; empty = all are.
    pub filter: String,
    /// What else the requests say.
    pub headers: BTreeMap<String, String>,
    /// Whether it hears anything; what waits meanwhile goes on waiting.
    pub enabled: bool,
    /// Why the server switched it off; empty when it did not.
    pub disabled_reason: String,
    /// When it was made, in milliseconds since 1970.
    pub created: i64,
    /// When it was changed, in milliseconds since 1970.
    pub updated: i64,
}

/// A secret, which logs do not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    pub(super) fn new(text: String) -> Self {
        Self(text)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Webhook {
    fn key(&self) -> String {
        format!("{}{}", of_collection(&self.collection), self.id)
    }

    pub(super) fn put(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(tx.put_setting(&self.key(), &bytes)?)
    }

    /// Switches it off, and has everybody know why.
    pub(super) fn disable(mut self, tx: &mut Tx<'_>, reason: String) -> Result<(), Error> {
        tracing::warn!(webhook = self.id, reason, "a webhook was switched off");
        self.enabled = false;
        self.disabled_reason = reason;
        self.updated = Timestamp::now().millis();
        self.put(tx)
    }

    /// Removes it with all its deliveries.
    pub(super) fn remove(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        tx.delete_setting(&self.key())?;
        remove_all_of(tx, &self.id)
    }
}

fn of_collection(id: &str) -> String {
    format!("{PREFIX}{id}/")
}

fn decode(bytes: &[u8]) -> Result<Webhook, Error> {
    serde_json::from_slice(bytes).map_err(Error::internal)
}

/// All hooks, the oldest first.
pub(super) fn all(snapshot: &Snapshot) -> Result<Vec<Webhook>, Error> {
    let entries = snapshot.settings(PREFIX, "", HOOKS_MAX)?;
    let hooks: Result<Vec<Webhook>, Error> =
        entries.iter().map(|(_, bytes)| decode(bytes)).collect();
    let mut hooks = hooks?;
    hooks.sort_by(|a, b| (a.created, &a.id).cmp(&(b.created, &b.id)));
    Ok(hooks)
}

/// All hooks as a transaction sees them.
pub(super) fn all_in(tx: &Tx<'_>) -> Result<Vec<Webhook>, Error> {
    with_prefix(tx, PREFIX)
}

/// The hooks of one collection.
pub(super) fn hooks_of(tx: &Tx<'_>, collection: &Collection) -> Result<Vec<Webhook>, Error> {
    with_prefix(tx, &of_collection(collection.id.as_str()))
}

fn with_prefix(tx: &Tx<'_>, prefix: &str) -> Result<Vec<Webhook>, Error> {
    let mut hooks = Vec::new();
    for key in tx.setting_keys(prefix, HOOKS_MAX)? {
        if let Some(bytes) = tx.setting(&key)? {
            hooks.push(decode(&bytes)?);
        }
    }
    Ok(hooks)
}

/// The hook with this id.
pub(super) fn find_in(tx: &Tx<'_>, id: &str) -> Result<Option<Webhook>, Error> {
    Ok(all_in(tx)?.into_iter().find(|hook| hook.id == id))
}

/// Removes the hooks of a collection that goes.
pub(in crate::ops) fn forget_collection(
    tx: &mut Tx<'_>,
    collection: &Collection,
) -> Result<(), Error> {
    for hook in hooks_of(tx, collection)? {
        hook.remove(tx)?;
    }
    Ok(())
}

/// Makes filters follow what is called differently. One that could mean several things stays as it
/// is, and switches its hook off when it cannot be used any more.
pub(in crate::ops) fn follow_renames(
    tx: &mut Tx<'_>,
    renaming: &Renaming<'_>,
) -> Result<(), Error> {
    for mut hook in all_in(tx)? {
        let Some(base) = renaming.catalog.by_id(&hook.collection) else { continue };
        let renamed = renaming.apply(base, &hook.filter);
        if let Ok(filter) = renamed
            && filter != hook.filter
        {
            hook.filter = filter;
            hook.put(tx)?;
        }
    }
    Ok(())
}

//! Deliveries, and where they are kept. Those that wait lie at
//! `webhooks/due/<hook id>/<when>/<delivery id>`, so that the one due first is in front; those that
//! are over at `webhooks/done/<hook id>/<delivery id>` or `webhooks/dead/…`, the oldest first.

use serde::{Deserialize, Serialize};

use crate::model::Timestamp;
use crate::schema::values;
use crate::store::{Snapshot, Tx};

use super::Error;

/// Deliveries that may wait for one hook.
pub(super) const WAITING_MAX: u64 = 10_000;
/// Deliveries that arrived and are remembered, for each hook.
pub(super) const DONE_KEPT: usize = 100;
/// Deliveries that were given up and are kept, for each hook.
pub(super) const DEAD_KEPT: usize = 1000;
/// Waiting deliveries that are shown.
const WAITING_SHOWN: usize = 100;
/// Attempts that a delivery remembers.
const ATTEMPTS_KEPT: usize = 20;
/// Entries that are looked at together.
const AT_ONCE: usize = 500;

/// Something that a server is to be told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, which stays the same however often it is sent.
    pub id: String,
    /// What happened, such as `record.created`.
    pub event: String,
    /// The record; empty for tests.
    pub record: String,
    /// When it happened, in milliseconds since 1970.
    pub created: i64,
    /// What is sent.
    pub body: String,
    /// The last attempts, the oldest first.
    pub attempts: Vec<Attempt>,
    /// Failures since it was posted, or sent again.
    pub failures: usize,
}

/// One attempt to deliver.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// How long it took, in milliseconds.
    pub latency: u64,
    /// The status of the answer; 0 when there was none.
    pub status: u16,
    /// How the answer begins.
    pub response: String,
    /// Why there is no answer; empty when there is one.
    pub error: String,
}

/// What has become of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// It is to be sent then.
    Waiting(Timestamp),
    /// A server has taken it.
    Delivered,
    /// It was given up.
    Failed,
}

impl Delivery {
    /// A delivery of `body` that was not tried yet.
    pub(super) fn new(event: &str, record: &str, now: Timestamp) -> Self {
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        Self {
            // Ids sort as they were made.
            id: format!("msg_{millis:012x}{}", values::new_record_id()),
            event: event.to_owned(),
            record: record.to_owned(),
            created: now.millis(),
            body: String::new(),
            attempts: Vec::new(),
            failures: 0,
        }
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(bytes).map_err(Error::internal)
    }

    /// Notes an attempt.
    pub(super) fn tried(&mut self, attempt: Attempt) {
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(ATTEMPTS_KEPT);
        self.attempts.drain(..surplus);
    }

    fn put(&self, tx: &mut Tx<'_>, key: &str) -> Result<(), Error> {
        let bytes = serde_json::to_vec(self).map_err(Error::internal)?;
        Ok(tx.put_setting(key, &bytes)?)
    }

    /// Has it wait until `due`. False when too many wait already.
    pub(super) fn post(&self, tx: &mut Tx<'_>, hook: &str, due: Timestamp) -> Result<bool, Error> {
        let waiting = waiting(tx, hook)?;
        if waiting >= WAITING_MAX {
            return Ok(false);
        }
        put_waiting(tx, hook, waiting + 1)?;
        self.put(tx, &due_key(hook, due, &self.id))?;
        Ok(true)
    }

    /// Keeps it among those that arrived, or those that were given up, of which the oldest go.
    pub(super) fn file(&self, tx: &mut Tx<'_>, hook: &str, arrived: bool) -> Result<(), Error> {
        let (prefix, kept) =
            if arrived { (done_prefix(hook), DONE_KEPT) } else { (dead_prefix(hook), DEAD_KEPT) };
        self.put(tx, &format!("{prefix}{}", self.id))?;
        let keys = tx.setting_keys(&prefix, kept + AT_ONCE)?;
        for key in keys.iter().take(keys.len().saturating_sub(kept)) {
            tx.delete_setting(key)?;
        }
        Ok(())
    }
}

fn due_prefix(hook: &str) -> String {
    format!("webhooks/due/{hook}/")
}

fn done_prefix(hook: &str) -> String {
    format!("webhooks/done/{hook}/")
}

fn dead_prefix(hook: &str) -> String {
    format!("webhooks/dead/{hook}/")
}

fn waiting_key(hook: &str) -> String {
    format!("webhooks/waiting/{hook}")
}

fn due_key(hook: &str, due: Timestamp, id: &str) -> String {
    let millis = u64::try_from(due.millis()).unwrap_or(0);
    format!("{}{millis:016x}/{id}", due_prefix(hook))
}

/// When the delivery under `key` is due.
fn due_of(key: &str) -> Option<Timestamp> {
    let millis = i64::from_str_radix(key.rsplit('/').nth(1)?, 16).ok()?;
    Some(Timestamp::from_millis(millis))
}

fn number(bytes: Option<Vec<u8>>) -> u64 {
    let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// How many deliveries wait for a hook.
pub(super) fn waiting(tx: &Tx<'_>, hook: &str) -> Result<u64, Error> {
    Ok(number(tx.setting(&waiting_key(hook))?))
}

/// The same, of the last committed state.
pub(super) fn waiting_at(snapshot: &Snapshot, hook: &str) -> Result<u64, Error> {
    Ok(number(snapshot.setting(&waiting_key(hook))?))
}

fn put_waiting(tx: &mut Tx<'_>, hook: &str, count: u64) -> Result<(), Error> {
    Ok(tx.put_setting(&waiting_key(hook), count.to_string().as_bytes())?)
}

/// Takes a waiting delivery away; false when it is gone already.
pub(super) fn take_due(tx: &mut Tx<'_>, hook: &str, key: &str) -> Result<bool, Error> {
    let was_there = tx.delete_setting(key)?;
    if was_there {
        let left = waiting(tx, hook)?.saturating_sub(1);
        put_waiting(tx, hook, left)?;
    }
    Ok(was_there)
}

/// Takes a delivery away wherever it lies.
pub(super) fn take(tx: &mut Tx<'_>, hook: &str, id: &str) -> Result<Option<Delivery>, Error> {
    for prefix in [done_prefix(hook), dead_prefix(hook)] {
        let key = format!("{prefix}{id}");
        if let Some(bytes) = tx.setting(&key)? {
            tx.delete_setting(&key)?;
            return Delivery::decode(&bytes).map(Some);
        }
    }
    let all = usize::try_from(WAITING_MAX).unwrap_or(usize::MAX);
    let suffix = format!("/{id}");
    let key = tx.setting_keys(&due_prefix(hook), all)?.into_iter().find(|k| k.ends_with(&suffix));
    let Some(key) = key else { return Ok(None) };
    let bytes = tx.setting(&key)?;
    take_due(tx, hook, &key)?;
    bytes.map(|bytes| Delivery::decode(&bytes)).transpose()
}

/// The first deliveries that wait for a hook: key, when, and the delivery, which may be damaged.
pub(super) fn first_due(
    snapshot: &Snapshot,
    hook: &str,
    count: usize,
) -> Result<Vec<(String, Timestamp, Vec<u8>)>, Error> {
    let entries = snapshot.settings(&due_prefix(hook), "", count)?.into_iter();
    let with_due = entries.filter_map(|(key, bytes)| due_of(&key).map(|due| (key, due, bytes)));
    Ok(with_due.collect())
}

/// What is known of the deliveries of a hook, the newest first.
pub(super) fn all(
    snapshot: &Snapshot,
    hook: &str,
) -> Result<Vec<(Delivery, DeliveryState)>, Error> {
    let mut found = Vec::new();
    for (_, due, bytes) in first_due(snapshot, hook, WAITING_SHOWN)? {
        found.push((Delivery::decode(&bytes)?, DeliveryState::Waiting(due)));
    }
    for (prefix, kept, state) in [
        (done_prefix(hook), DONE_KEPT, DeliveryState::Delivered),
        (dead_prefix(hook), DEAD_KEPT, DeliveryState::Failed),
    ] {
        for (_, bytes) in snapshot.settings(&prefix, "", kept)? {
            found.push((Delivery::decode(&bytes)?, state));
        }
    }
    found.sort_by(|(a, _), (b, _)| b.id.cmp(&a.id));
    Ok(found)
}

/// Removes all deliveries of a hook.
pub(super) fn remove_all_of(tx: &mut Tx<'_>, hook: &str) -> Result<(), Error> {
    for prefix in [due_prefix(hook), done_prefix(hook), dead_prefix(hook)] {
        loop {
            let keys = tx.setting_keys(&prefix, AT_ONCE)?;
            for key in &keys {
                tx.delete_setting(key)?;
            }
            if keys.len() < AT_ONCE {
                break;
            }
        }
    }
    tx.delete_setting(&waiting_key(hook))?;
    Ok(())
}

//! `Idempotency-Key`: a create that is sent twice happens once.
//!
//! The record that a key made is remembered for [`KEPT_MS`] in the transaction that made it, and
//! the same request gets it again. Entries whose time is over leave with later creates.

use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::model::{RowBuf, Timestamp, stable_hash};
use crate::schema::Collection;
use crate::store::Tx;

use super::Error;

/// How long a key is remembered, in milliseconds.
const KEPT_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest key in bytes.
pub const KEY_BYTES_MAX: usize = 255;
/// Old entries that one create takes with it.
const SWEPT_MAX: usize = 8;

const ENTRIES: &str = "idempotency/entry/";
const BY_TIME: &str = "idempotency/time/";

/// A key together with what it stands for: this caller, this collection, this body.
#[derive(Debug)]
pub(super) struct IdempotentCreate {
    entry: String,
    body: u64,
}

impl IdempotentCreate {
    pub(super) fn new(
        key: &str,
        caller: &Caller,
        collection: &Collection,
        body: &Map<String, Json>,
    ) -> Self {
        let auth = caller.auth();
        let who = auth.map_or(("", ""), |a| (a.collection.id.as_str(), a.row.as_row().id()));
        let mut scope = format!("{}\n{}\n{}\n{key}", who.0, who.1, collection.id);
        if let Some(api_key) = caller.key() {
            scope.push('\n');
            scope.push_str(&api_key.id);
        }
        // Two hashes, as one alone would be easy to collide with on purpose.
        let reversed: String = scope.chars().rev().collect();
        let (one, two) = (stable_hash(scope.as_bytes()), stable_hash(reversed.as_bytes()));
        let text = Json::Object(body.clone()).to_string();
        Self { entry: format!("{one:016x}{two:016x}"), body: stable_hash(text.as_bytes()) }
    }

    /// The record that this request made before, if it did.
    pub(super) fn made(&self, tx: &Tx<'_>, now: Timestamp) -> Result<Option<RowBuf>, Error> {
        let Some(entry) = tx.setting(&format!("{ENTRIES}{}", self.entry))? else {
            return Ok(None);
        };
        let Some((head, row)) = entry.split_at_checked(16) else { return Ok(None) };
        let number = |bytes: &[u8]| bytes.try_into().map(u64::from_be_bytes).unwrap_or_default();
        let (at, body) = (number(&head[..8]) as i64, number(&head[8..]));
        if at < now.millis() - KEPT_MS {
            return Ok(None);
        }
        if body != self.body {
            return Err(Error::KeyReused);
        }
        Ok(Some(RowBuf::from_bytes(row)))
    }

    /// Remembers what this request made, and forgets what is too old.
    pub(super) fn remember(
        &self,
        tx: &mut Tx<'_>,
        row: &RowBuf,
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut entry = now.millis().to_be_bytes().to_vec();
        entry.extend_from_slice(&self.body.to_be_bytes());
        entry.extend_from_slice(row.as_bytes());
        tx.put_setting(&format!("{ENTRIES}{}", self.entry), &entry)?;
        tx.put_setting(&by_time(now.millis(), &self.entry), &[])?;
        let first_kept = by_time(now.millis() - KEPT_MS, "");
        for key in tx.setting_keys(BY_TIME, SWEPT_MAX)? {
            if key >= first_kept {
                break;
            }
            if let Some((_, entry)) = key.rsplit_once('/') {
                tx.delete_setting(&format!("{ENTRIES}{entry}"))?;
            }
            tx.delete_setting(&key)?;
        }
        Ok(())
    }
}

fn by_time(millis: i64, entry: &str) -> String {
    format!("{BY_TIME}{:016x}/{entry}", millis.max(0))
}

//! Which changes of the schema by programs were made in this data folder.
//!
//! A setting `migrations/<name>` for each, with the milliseconds since 1970 when it was made, written
//! in the transaction that makes it.

use std::sync::Arc;

use crate::hooks::{Data, Rejection};
use crate::model::Timestamp;
use crate::store::Tx;

use super::hooked::Session;
use super::{Backend, Error};

const PREFIX: &str = "migrations/";
/// Bytes of a name.
const NAME_MAX: usize = 200;

/// Runs `up` unless the migration called `name` was made before; false when it was. Blocks until
/// the commit.
pub fn apply(
    backend: &Backend,
    name: &str,
    now: Timestamp,
    up: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + 'static,
) -> Result<bool, Error> {
    let key = key(name)?;
    if backend.snapshot().setting(&key)?.is_some() {
        return Ok(false);
    }
    let (shared, name) = (Arc::clone(backend.shared()), name.to_owned());
    backend.write(move |tx| {
        if tx.setting(&key)?.is_some() {
            return Ok(false);
        }
        up(&Session::new(tx, &shared))?;
        note(tx, &name, now)?;
        Ok(true)
    })
}

/// Runs `down` if the migration called `name` was made; false when it was not. Blocks until the
/// commit.
pub fn revert(
    backend: &Backend,
    name: &str,
    down: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + 'static,
) -> Result<bool, Error> {
    let key = key(name)?;
    let shared = Arc::clone(backend.shared());
    backend.write(move |tx| {
        if tx.setting(&key)?.is_none() {
            return Ok(false);
        }
        down(&Session::new(tx, &shared))?;
        Ok(tx.delete_setting(&key)?)
    })
}

/// A migration that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its name.
    pub name: String,
    /// When, in milliseconds since 1970.
    pub at: u64,
}

/// The migrations that were made, in the order in which that happened.
pub fn made(backend: &Backend) -> Result<Vec<Made>, Error> {
    let notes = backend.snapshot().settings(PREFIX, "", usize::MAX)?;
    let read = |(key, value): (String, Vec<u8>)| {
        let at = std::str::from_utf8(&value).ok().and_then(|text| text.parse().ok());
        Some(Made { name: key.strip_prefix(PREFIX)?.to_owned(), at: at.unwrap_or_default() })
    };
    let mut made: Vec<Made> = notes.into_iter().filter_map(read).collect();
    // Those of one moment stay in the order of their names.
    made.sort_by_key(|made| made.at);
    Ok(made)
}

/// Whether the migration called `name` was made.
pub(in crate::ops) fn is_made(backend: &Backend, name: &str) -> Result<bool, Error> {
    Ok(backend.snapshot().setting(&key(name)?)?.is_some())
}

/// Notes that the migration called `name` was made.
pub(in crate::ops) fn note(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<(), Error> {
    Ok(tx.put_setting(&key(name)?, now.millis().to_string().as_bytes())?)
}

/// The names of all that were made, as a transaction sees them.
pub(in crate::ops) fn noted(tx: &Tx<'_>) -> Result<Vec<String>, Error> {
    let keys = tx.setting_keys(PREFIX, usize::MAX)?;
    Ok(keys.iter().filter_map(|key| Some(key.strip_prefix(PREFIX)?.to_owned())).collect())
}

/// Forgets that the migrations called `names` were made, and changes nothing else. Blocks until the
/// commit.
pub fn forget(backend: &Backend, names: &[String]) -> Result<(), Error> {
    let keys = names.iter().map(|name| key(name)).collect::<Result<Vec<_>, _>>()?;
    backend.write(move |tx| {
        for key in &keys {
            tx.delete_setting(key)?;
        }
        Ok(())
    })
}

fn key(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.len() > NAME_MAX {
        return Err(Error::Refused(format!("A name of a migration has 1 to {NAME_MAX} bytes.")));
    }
    Ok(format!("{PREFIX}{name}"))
}

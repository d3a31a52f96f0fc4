//! Which changes of the schema by programs were made in this data folder.
//!
//! A setting `migrations/<name>` for each, with the milliseconds since 1970 when it was made, written
//! in the transaction that makes it.

use std::sync::Arc;

use crate::hooks::{Data, Rejection};
use crate::model::Timestamp;

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
    let shared = Arc::clone(backend.shared());
    backend.write(move |tx| {
        if tx.setting(&key)?.is_some() {
            return Ok(false);
        }
        up(&Session::new(tx, &shared))?;
        tx.put_setting(&key, now.millis().to_string().as_bytes())?;
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

/// The names of all migrations that were made, sorted.
pub fn applied(backend: &Backend) -> Result<Vec<String>, Error> {
    let made = backend.snapshot().settings(PREFIX, "", usize::MAX)?;
    Ok(made.into_iter().filter_map(|(key, _)| Some(key.strip_prefix(PREFIX)?.to_owned())).collect())
}

fn key(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.len() > NAME_MAX {
        return Err(Error::Refused(format!("A name of a migration has 1 to {NAME_MAX} bytes.")));
    }
    Ok(format!("{PREFIX}{name}"))
}

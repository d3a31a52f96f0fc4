//! Giving space back that a data folder does not need any more.

use std::fmt;
use std::path::Path;

use crate::store::{Store, StoreError, StoreOptions};

use super::STORE;
use super::error::DumpError;

/// The size of a store in bytes, before and after it was compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
}

/// Makes the store in the data folder `data`, which no server may be using, as small as what it
/// holds. Deleted data leaves space in it that new data uses again; only this gives it back to the
/// system.
///
/// # Errors
/// [`DumpError`]; the data is whole then, whatever its size.
pub fn compact(data: &Path) -> Result<Compacted, DumpError> {
    if !data.join(STORE).exists() {
        return Err(DumpError::NoData(data.to_owned()));
    }
    let (before, after) =
        Store::compact(data, &StoreOptions::default()).map_err(|error| match error {
            StoreError::Locked => DumpError::InUse(data.to_owned()),
            error => error.into(),
        })?;
    Ok(Compacted { before, after })
}

impl fmt::Display for Compacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { before, after } = self;
        write!(f, "{before} bytes before, {after} bytes after")
    }
}

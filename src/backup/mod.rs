//! Backups: a data folder as one zip file, and the way back.
//!
//! Owns: the layout of the archive ([`mod@archive`]), the chain of a full backup and its increments
//! ([`chain()`]), how they are unpacked and checked, how what came of it takes the place of a data folder
//! ([`replace`]), and the [`Shelf`] that backups lie on. Knows nothing of HTTP, of settings, or of who
//! asks.
//! Invariant: a chain holds a committed state and the files that it names, and everything that happened
//! from its first archive to its last; a data folder is replaced only by what was read and checked to
//! its end, and can be had back until that has opened.
//! Start reading at [`mod@archive`].

pub mod archive;
mod chain;
mod error;
mod hashed;
mod manifest;
pub mod replace;
mod shelf;
#[cfg(test)]
mod tests;
mod unpack;

pub use crate::store::Moment;
pub use chain::{Link, Local, chain, cut, moment};
pub use error::BackupError;
pub use manifest::About;
pub use shelf::{Item, Shelf, is_key};
pub use unpack::{unpack, verify};

/// The store in a data folder.
const STORE: &str = "data.redb";
/// Its write-ahead log.
const LOG: &str = "data.wal";
/// The folder of the files in a data folder, and of those in an archive.
const STORAGE: &str = "storage";
/// What an archive calls the dump of the data.
const DATA_ENTRY: &str = "data.ndjson";
/// What an increment calls what happened.
const CHANGES_ENTRY: &str = "changes.bin";
/// What an archive calls its table of contents.
const MANIFEST_ENTRY: &str = "manifest.json";

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: zip::result::ZipError) -> BackupError {
    BackupError::NotABackup(error.to_string())
}

//! Backups: a data folder as one zip file, and the way back.
//!
//! Owns: the layout of the archive ([`mod@archive`]), how it is unpacked and checked, how what came of
//! it takes the place of a data folder ([`replace`]), and the [`Shelf`] that backups lie on. Knows
//! nothing of HTTP, of settings, or of who asks.
//! Invariant: an archive holds one committed state and the files that it names; a data folder is
//! replaced only by what was read and checked to its end, and can be had back until that has opened.
//! Start reading at [`mod@archive`].

pub mod archive;
mod error;
pub mod replace;
mod shelf;
mod unpack;

pub use error::BackupError;
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
/// What an archive calls its table of contents.
const MANIFEST_ENTRY: &str = "manifest.json";

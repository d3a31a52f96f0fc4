//! Why there is no dump, or no data folder from one.

use std::io;
use std::path::{Path, PathBuf};

use crate::import::ImportError;
use crate::query::ReadError;
use crate::store::{StoreError, WriteError};

/// Why an export, an import or a check did not happen. Nothing is left behind then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DumpError {
    /// There is no store to export or check.
    #[error("{} holds no data", .0.display())]
    NoData(PathBuf),
    /// Another process has the data folder open.
    #[error(
        "a server is running on {}; stop it, or let it write the dump with --output FILE",
        .0.display()
    )]
    InUse(PathBuf),
    /// The file to write is there already.
    #[error("{} exists already; choose another name, or --force to replace it", .0.display())]
    Exists(PathBuf),
    /// The file to write is among the files to export.
    #[error("{} is inside the folder to export; choose another place", .0.display())]
    InsideStorage(PathBuf),
    /// The file to read is something else.
    #[error("this is no dump of Haversack")]
    NotADump,
    /// A later program wrote the dump.
    #[error("the dump has version {found}, this program knows version {known}")]
    Version {
        /// The version of the file.
        found: u32,
        /// The version that this program reads and writes.
        known: u32,
    },
    /// The file to read ends too early.
    #[error("the dump is not complete: it ends after line {lines}")]
    Truncated {
        /// Whole lines that there are.
        lines: u64,
    },
    /// The file to read was changed after it was written.
    #[error("the dump was changed after it was written: its checksum is wrong")]
    Checksum,
    /// A line of the file to read makes no sense.
    #[error("line {number} of the dump: {what}")]
    Line {
        /// The first line is 1.
        number: u64,
        /// What is wrong.
        what: String,
    },
    /// What the dump says contradicts itself.
    #[error("the content of the dump makes no sense: {0}")]
    Content(String),
    /// A record cannot be read from the store.
    #[error("the data is damaged: {0}; see haversack check")]
    Damaged(String),
    /// A record is larger than any reader takes.
    #[error("a record is larger than a dump can hold: 1 GiB in one line")]
    TooLong,
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The server is shutting down.
    #[error("the export was broken off")]
    Stopped,
    /// The target cannot be used.
    #[error(transparent)]
    Target(#[from] ImportError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store refused a change.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl DumpError {
    /// For `map_err`: what went wrong with `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}

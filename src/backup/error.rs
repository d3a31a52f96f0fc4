//! Why there is no backup, or no data folder from one.

use std::io;
use std::path::{Path, PathBuf};

use zip::result::ZipError;

use crate::dump::DumpError;
use crate::store::StoreError;

/// Why a backup was not made or not restored. Nothing was replaced then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The file is no archive, or not a whole one.
    #[error("this is no backup: {0}")]
    NotABackup(String),
    /// The file is a backup of the program that this one resembles.
    #[error(
        "this is a backup of PocketBase; unpack it and run haversack import pocketbase on the folder"
    )]
    PocketBase,
    /// A later program made it.
    #[error(
        "another version of haversack made the backup (version {found}, this one knows {known})"
    )]
    Version {
        /// The version of the archive.
        found: u64,
        /// The version that this program reads and writes.
        known: u64,
    },
    /// What is in the archive contradicts itself.
    #[error("the backup is damaged: {0}")]
    Damaged(String),
    /// An archive that it builds on is missing or another one.
    #[error("the backup cannot be used: {0}")]
    Chain(String),
    /// Nothing can be built on the archive.
    #[error("there can be no increment: {0}; make a full backup")]
    NoBase(String),
    /// The backup does not tell of the moment that was asked for.
    #[error("{0}")]
    NotThen(String),
    /// There is something of that name.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// Another process has the data folder open.
    #[error("a server is running on {}", .0.display())]
    InUse(PathBuf),
    /// The data in the archive, or that to be put into one.
    #[error(transparent)]
    Dump(#[from] DumpError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file or folder cannot be read or written.
    #[error("{}: {source}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
}

impl BackupError {
    /// For `map_err`: what went wrong with `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }

    /// For `map_err`: what went wrong while writing the archive `path`.
    pub(super) fn zip(path: &Path) -> impl FnOnce(ZipError) -> Self {
        let path = path.to_owned();
        |error| match error {
            ZipError::Io(source) => Self::Io { path, source },
            other => Self::Io { path, source: io::Error::other(other) },
        }
    }
}

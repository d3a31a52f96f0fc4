//! Why an import did not happen.

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use crate::store::{StoreError, WriteError};

/// Why an import did not happen. The target is as it was before.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The source is no `PocketBase` data folder.
    #[error("{} is no PocketBase data folder: {reason}", folder.display())]
    NotPocketBase {
        /// The folder given.
        folder: PathBuf,
        /// What is missing.
        reason: &'static str,
    },
    /// A `PocketBase` before 0.23 wrote the source.
    #[error(
        "{} was written by a PocketBase before 0.23, whose format is not supported; \
         start a recent PocketBase on a copy of it once, stop it and import that copy",
        .0.display()
    )]
    TooOld(PathBuf),
    /// A server works with the source.
    #[error("{} is in use; stop the PocketBase that serves it, or import a backup", .0.display())]
    SourceInUse(PathBuf),
    /// The target has collections or files already.
    #[error("{} holds data already; import into a new data folder", .0.display())]
    TargetOccupied(PathBuf),
    /// A server or another import works with the target.
    #[error("{} is in use by a running server or another import", .0.display())]
    TargetInUse(PathBuf),
    /// The target is inside the source.
    #[error("{} is inside the folder to import; choose another data folder", .0.display())]
    TargetInsideSource(PathBuf),
    /// The source's database cannot be read.
    #[error("the PocketBase database cannot be read")]
    Database(#[source] Box<dyn Error + Send + Sync>),
    /// A file or folder cannot be read or written.
    #[error("{}", path.display())]
    Io {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store refused a change.
    #[error(transparent)]
    Write(#[from] WriteError),
}

impl ImportError {
    /// For `map_err`: what went wrong with `path`.
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |source| Self::Io { path, source }
    }
}

impl From<rusqlite::Error> for ImportError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(Box::new(error))
    }
}

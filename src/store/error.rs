//! What can go wrong with the store.

use crate::query::ReadError;
use crate::schema::IndexNumber;

/// A failure of the store as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has the data folder open.
    #[error("the data folder is in use by another process")]
    Locked,
    /// The data was written by another version of the program.
    #[error("{}", other_format(*.found, *.known))]
    Format {
        /// The format of the data.
        found: u64,
        /// The format that this program reads and writes.
        known: u64,
    },
    /// Values are sealed, and no key was given, or another one.
    #[error("{}", needs_key(*.has_key))]
    Sealed {
        /// Whether there was a key.
        has_key: bool,
    },
    /// The data contradicts itself. The text says where.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// The engine or the disk below failed.
    #[error("the storage engine failed")]
    Engine(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The store was closed before the write could run.
    #[error("the store is closed")]
    Closed,
    /// Too many writes are waiting already.
    #[error("too many writes are waiting")]
    Busy,
    /// The job panicked; nothing of it was kept.
    #[error("the write panicked")]
    Panicked,
}

fn other_format(found: u64, known: u64) -> String {
    if found > known {
        format!(
            "a newer version of haversack wrote the data (format {found}, this one knows format \
             {known}); use that version, or go back to a backup that this one can read"
        )
    } else {
        format!("the data has format {found}, this program knows format {known}")
    }
}

fn needs_key(has_key: bool) -> &'static str {
    if has_key {
        "the secrets of the data are encrypted with another key than that of `encryption.key_env`"
    } else {
        "the secrets of the data are encrypted: `encryption.key_env` has to name the variable with \
         the key"
    }
}

impl StoreError {
    pub(super) fn engine(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Engine(Box::new(error))
    }
}

impl From<ReadError> for StoreError {
    fn from(error: ReadError) -> Self {
        match error.0.downcast::<Self>() {
            Ok(own) => *own,
            Err(other) => Self::Engine(other),
        }
    }
}

/// What is damaged, as a failure to read.
pub(super) fn damaged(what: impl Into<String>) -> ReadError {
    ReadError(Box::new(StoreError::Damaged(what.into())))
}

/// Why a change to the store was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// Another record has the same key in a unique index. The transaction is as before the call.
    #[error("another record has the same key in a unique index")]
    NotUnique {
        /// The index.
        index: IndexNumber,
    },
    /// The id belongs to another record or collection. The transaction is as before the call.
    #[error("the id is taken")]
    IdTaken,
    /// A unique index cannot be made because rows share a key. The job must fail.
    #[error("rows share a key of the unique index {index_name}")]
    DuplicateKeys {
        /// The name of the index.
        index_name: String,
    },
    /// The row is gone or is not what the caller took it for. The transaction is as before the call.
    #[error("the record changed meanwhile")]
    Stale,
    /// There is no such collection. The transaction is as before the call.
    #[error("no such collection")]
    NoCollection,
    /// Reading failed.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

//! What can go wrong with credentials.

/// Why a password was neither hashed nor compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashError {
    /// As many passwords wait as may; try again later.
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    /// The hasher has no threads, for it is shutting down or none could be started.
    #[error("the password hasher has stopped")]
    Stopped,
    /// The stored hash is damaged, of an unknown kind, or would take too long.
    #[error("the stored password hash cannot be used")]
    Unusable,
}

/// Why there is no key to sign with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the key of the record or the secret of its collection is empty")]
pub struct KeyError;

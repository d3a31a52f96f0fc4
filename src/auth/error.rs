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

/// Why a ceremony with a passkey did not go through.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PasskeyError {
    /// What a browser sent is not shaped like a credential.
    #[error("not a credential")]
    Malformed(#[from] serde_json::Error),
    /// It is one, and is not good.
    #[error(transparent)]
    Refused(#[from] webauthn_rs::prelude::WebauthnError),
}

impl PasskeyError {
    /// Whether the key counted backwards, as a copy of it would.
    pub fn is_copy(&self) -> bool {
        use webauthn_rs::prelude::WebauthnError;
        matches!(self, Self::Refused(WebauthnError::CredentialPossibleCompromise))
    }
}

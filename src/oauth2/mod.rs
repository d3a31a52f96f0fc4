//! Logins through providers elsewhere: OAuth2 and `OpenID` Connect, from our side of the wire.
//!
//! Owns: the catalogue of providers as data, the address that a browser is sent to, the exchange of
//! a code, id tokens and the keys they are signed with, and [`User`], what a provider says of
//! somebody. Knows no accounts and no records.
//! Invariant: [`User::email`] is an address that the provider vouches for, or empty; an id token is
//! believed only if it is for us, in time, and signed by a key of its provider where keys are known.
//! Start reading at [`Provider`], then `catalogue`.

mod apple;
mod catalogue;
mod entry;
mod id_token;
mod jwk;
mod lookup;
mod provider;
mod remembered;
mod token;
mod user;

pub use apple::{AppleSecret, SecretError};
pub use catalogue::catalogue;
pub use entry::Entry;
pub use provider::{Offer, Provider};
pub use remembered::{Remembered, Talk};
pub use token::Token;
pub use user::User;

use crate::outbound::OutboundError;

/// Why a provider could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProviderError {
    /// It is configured in a way that cannot work.
    #[error("the provider is not configured completely: {0}")]
    Configuration(String),
    /// It could not be reached, or answered too much or too late.
    #[error("{0}")]
    Outbound(#[from] OutboundError),
    /// It answered with a failure.
    #[error("the provider refused: {0}")]
    Refused(String),
    /// It answered something that is not what was asked for.
    #[error("the provider's answer makes no sense: {0}")]
    Malformed(&'static str),
    /// Its id token cannot be believed.
    #[error("the id token is not good: {0}")]
    IdToken(&'static str),
    /// It does not let this user in itself.
    #[error("the user is not active")]
    Inactive,
}

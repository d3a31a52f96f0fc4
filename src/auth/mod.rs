//! Credentials: password hashes, signed tokens, API keys.
//!
//! Owns: [`PasswordHasher`], [`Claims`] and [`SigningKey`]. Looks nothing up and does no IO: who a
//! token or a password belongs to is the caller's business.
//! Invariant: plain passwords and keys never show in `Debug`, and secrets are compared in constant
//! time.
//! Start reading at [`PasswordHasher`] for passwords and at [`peek`] for tokens.

mod api_key;
mod error;
mod password;
mod pool;
mod token;

pub use api_key::{api_key_id, api_key_prefix, new_api_key};
pub use error::{HashError, KeyError};
pub use password::{PasswordHasher, Verdict};
pub use token::{Claims, SigningKey, TokenKind, mint, peek, verify};

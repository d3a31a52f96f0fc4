//! Credentials: password hashes and signed tokens.
//!
//! Owns: [`PasswordHasher`], [`Claims`] and [`SigningKey`]. Looks nothing up and does no IO: who a
//! token or a password belongs to is the caller's business.
//! Invariant: plain passwords and keys never show in `Debug`, and secrets are compared in constant
//! time.
//! Start reading at [`PasswordHasher`] for passwords and at [`peek`] for tokens.

mod error;
mod password;
mod pool;
mod strength;
mod token;

pub use error::{HashError, KeyError};
pub use password::{NO_PASSWORD, PasswordHasher, Verdict};
pub use strength::{CommonPasswords, Strength};
pub use token::{Claims, SigningKey, TokenKind, mint, peek, verify};

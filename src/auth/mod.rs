//! Credentials: password hashes, signed tokens, API keys, codes of apps, passkeys.
//!
//! Owns: [`PasswordHasher`], [`Claims`], [`SigningKey`], [`TotpSecret`], [`RelyingParty`]. Looks nothing up and does no IO: who a
//! token or a password belongs to is the caller's business.
//! Invariant: plain passwords and keys never show in `Debug`, and secrets are compared in constant
//! time.
//! Start reading at [`PasswordHasher`] for passwords and at [`peek`] for tokens.

mod api_key;
mod error;
mod passkey;
mod password;
mod pool;
mod recovery;
mod strength;
mod token;
mod totp;

pub use api_key::{api_key_id, api_key_prefix, new_api_key};
pub use error::{HashError, KeyError, PasskeyError};
pub use passkey::{
    Assertion, Challenge, KeyUse, PublicKey, Registration, RelyingParty, UserHandle,
};
pub use password::{NO_PASSWORD, PasswordHasher, Verdict};
pub use recovery::{fingerprint, position_of_hash, recovery_code, recovery_hash};
pub use strength::{CommonPasswords, Strength};
pub use token::{Claims, SigningKey, TokenKind, mint, peek, verify};
pub use totp::TotpSecret;

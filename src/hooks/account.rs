//! What programs ask for in the name of an account.

/// A token for an account.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountToken {
    /// One to make requests with.
    Auth {
        /// Whether it can be exchanged for a new one.
        refreshable: bool,
        /// How long it is good, in seconds; `None` = as long as the collection says.
        seconds: Option<i64>,
    },
    /// One to download protected files with.
    File,
    /// One that verifies the address.
    Verification,
    /// One that sets a new password.
    PasswordReset,
    /// One that changes the address.
    EmailChange {
        /// The new address.
        new_email: String,
    },
}

/// One of the mails that every auth collection has.
#[derive(Clone, PartialEq, Eq)]
pub enum AccountMail {
    /// A link that verifies the address.
    Verification,
    /// A link that sets a new password.
    PasswordReset,
    /// A link, sent to a new address, that makes it the account's.
    EmailChange {
        /// The new address.
        new_email: String,
    },
    /// A one-time password that was made before.
    Otp {
        /// The id of the row of `_otps`.
        id: String,
        /// The password in the clear.
        code: String,
    },
    /// Somebody logged in from a new place.
    AuthAlert {
        /// Which place, in words.
        info: String,
    },
}

macro_rules! shows_no_secret {
    ($($kind:ty)*) => {$(
        impl std::fmt::Debug for $kind {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($kind))
            }
        }
    )*};
}

shows_no_secret! { AccountToken AccountMail }

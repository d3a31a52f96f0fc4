//! Mail: what it says and how it leaves.
//!
//! Owns: [`Mail`] and its placeholders, the layout around every body, the text made of HTML, and
//! the talk with an SMTP server. Knows nothing of queues, accounts or tokens.
//! Invariant: what a placeholder is filled with can neither add markup to a body, nor a line to a
//! header, nor another placeholder.
//! Start reading at [`Placeholders`].

mod delivery;
mod placeholders;
mod plain_text;
mod smtp;

pub use delivery::{Authorities, Delivery, NoCertificates, Security, Sender, Smtp, SmtpLogin};
pub use placeholders::Placeholders;
pub use plain_text::plain_text;
pub use smtp::{SendError, send};

use serde::{Deserialize, Serialize};

/// A mail to one person, as it was written. The text for those who see no HTML is made of it when
/// it leaves.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mail {
    /// Whom it goes to: one address.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The whole HTML document.
    pub html: String,
}

/// Without subject and body: they carry codes and links that log somebody in.
impl std::fmt::Debug for Mail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mail").field("to", &self.to).finish_non_exhaustive()
    }
}

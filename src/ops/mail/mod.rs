//! Mail that requests cause.
//!
//! Owns: the outbox, in which a mail lies from the transaction that causes it until a server has
//! taken it, and what follows from sending it or not.
//! Invariant: a mail is in the outbox exactly if what caused it was committed; none is lost because
//! a server is away, and none holds up a request.
//! Start reading at [`Letter`], then [`deliver_due`].

mod bell;
mod deliver;
#[cfg(test)]
mod tests;

pub use bell::Bell;
pub use deliver::{delete_old_failures, deliver_due};

use serde::{Deserialize, Serialize};

use serde_json::{Map, Value as Json};

use crate::hooks::MailKind;
use crate::mail::Mail;
use crate::model::Timestamp;
use crate::schema::Record;
use crate::store::{Snapshot, Tx};

use super::Error;

/// Where letters lie that will never be sent, behind all others.
const NEVER: u64 = 1 << 62;

/// How many mails wait to be sent.
pub(super) fn waiting(snapshot: &Snapshot) -> Result<u64, Error> {
    Ok(snapshot.outbox_len(NEVER)?)
}

/// A mail in the outbox.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Letter {
    mail: Mail,
    /// The row of `_otps` whose code this carries.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    otp: Option<String>,
    /// The account that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    about: Option<About>,
    /// When what it says is void, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<i64>,
    /// How often it could not be sent.
    attempts: u32,
    /// Why it was given up, and when in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<(i64, String)>,
}

/// What a letter to the holder of an account is about.
#[derive(Clone, Serialize, Deserialize)]
struct About {
    kind: MailKind,
    /// The ids of the collection and the account.
    collection: String,
    record: String,
    /// What it carries.
    meta: Map<String, Json>,
}

/// Without what it carries, which logs somebody in.
impl std::fmt::Debug for About {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("About").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Letter {
    /// A letter that is worth sending whenever it works.
    pub fn new(mail: Mail) -> Self {
        Self { mail, otp: None, about: None, expires: None, attempts: 0, failed: None }
    }

    /// Says that what it says is void after `seconds` from now on.
    #[must_use]
    pub fn expires_in(mut self, seconds: i64) -> Self {
        self.expires = Some(Timestamp::now().millis().saturating_add(seconds.saturating_mul(1000)));
        self
    }

    /// Says which mail it is, to the holder of which account, and what it carries.
    #[must_use]
    pub fn about(mut self, kind: MailKind, account: &Record, meta: &[(&str, &str)]) -> Self {
        let meta = meta.iter().map(|(name, text)| ((*name).to_owned(), (*text).into()));
        self.about = Some(About {
            kind,
            collection: account.collection().id.as_str().to_owned(),
            record: account.id().to_owned(),
            meta: meta.collect(),
        });
        self
    }

    /// Says that it carries the code of this row of `_otps`.
    #[must_use]
    pub fn carries_otp(mut self, id: &str) -> Self {
        self.otp = Some(id.to_owned());
        self
    }

    /// Puts it into the outbox. [`super::Backend::bell`] makes it leave at once.
    pub fn post(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        self.put(tx, millis(Timestamp::now()))
    }

    fn put(&self, tx: &mut Tx<'_>, due: u64) -> Result<(), Error> {
        tx.put_outbox(due, &serde_json::to_vec(self).map_err(Error::internal)?)?;
        Ok(())
    }
}

/// Costs what posting a letter costs, and posts none: for those who must not find out by the clock
/// whether there was anybody to write to.
pub fn post_nothing(tx: &mut Tx<'_>) -> Result<(), Error> {
    let key = tx.put_outbox(NEVER, b"{}")?;
    tx.take_outbox(key)?;
    Ok(())
}

fn millis(at: Timestamp) -> u64 {
    u64::try_from(at.millis()).unwrap_or(0)
}

//! Two logins by two methods, held together by a row of `_mfas`.

use crate::model::{Timestamp, Value};
use crate::ops::records::belongings;
use crate::schema::{AuthOptions, Collection, Record};
use crate::store::Tx;

use super::{Error, Method};

/// What the option says before anybody changes it.
const SECONDS_DEFAULT: i64 = 600;

/// One of the two logins, which was good as far as it goes.
#[derive(Debug)]
pub(super) struct Step<'a> {
    pub(super) collection: &'a Collection,
    /// The account.
    pub(super) id: &'a str,
    pub(super) method: Method,
    /// The row that the first login made; empty for the first itself.
    pub(super) mfa_id: &'a str,
    pub(super) now: Timestamp,
}

/// What comes of it.
#[derive(Debug)]
pub(super) enum Answer {
    /// This was the second; nothing is missing.
    Complete,
    /// This was the first; the second names this row.
    Begun(String),
    /// This was no second, for this reason.
    Refused(&'static str),
}

impl Step<'_> {
    /// Begins with a row, or uses one up.
    pub(super) fn run(&self, tx: &mut Tx<'_>) -> Result<Answer, Error> {
        if self.mfa_id.is_empty() {
            let method = [("method", self.method.as_str())];
            let made = belongings::add(tx, belongings::MFAS, self.collection, self.id, &method)?;
            return Ok(Answer::Begun(made));
        }
        let Some((rowid, _, mfa)) = belongings::find(tx, belongings::MFAS, self.mfa_id)? else {
            return Ok(Answer::Refused("Invalid or expired MFA session."));
        };
        if is_over(&mfa, seconds(self.collection), self.now) {
            belongings::delete_one(tx, belongings::MFAS, rowid)?;
            return Ok(Answer::Refused("Invalid or expired MFA session."));
        }
        let is_own = mfa.text("recordRef") == self.id
            && mfa.text("collectionRef") == self.collection.id.as_str();
        if !is_own {
            return Ok(Answer::Refused("Invalid MFA session."));
        }
        if mfa.text("method") == self.method.as_str() {
            return Ok(Answer::Refused("A different authentication method is required."));
        }
        belongings::delete_one(tx, belongings::MFAS, rowid)?;
        Ok(Answer::Complete)
    }
}

/// Seconds within which a second login must follow.
pub(super) fn seconds(collection: &Collection) -> i64 {
    collection.auth().map_or(0, seconds_of)
}

/// The same, by the options of a collection.
pub(super) fn seconds_of(options: &AuthOptions) -> i64 {
    // Codes of apps are a second factor where the option is off, and may never have been set.
    if options.mfa.duration > 0 { options.mfa.duration } else { SECONDS_DEFAULT }
}

/// Whether `record` was made more than `seconds` before `now`.
pub(super) fn is_over(record: &Record, seconds: i64, now: Timestamp) -> bool {
    let Some(Value::Date(Some(created))) = record.get("created") else { return true };
    created.millis().saturating_add(seconds.saturating_mul(1000)) < now.millis()
}

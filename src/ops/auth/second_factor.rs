//! Two logins by two methods, held together by a row of `_mfas`.

use crate::model::{Timestamp, Value};
use crate::ops::records::belongings;
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::{Error, Method};

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
        let seconds = self.collection.auth().map_or(0, |auth| auth.mfa.duration);
        if is_over(&mfa, seconds, self.now) {
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

/// Whether `record` was made more than `seconds` before `now`.
pub(super) fn is_over(record: &Record, seconds: i64, now: Timestamp) -> bool {
    let Some(Value::Date(Some(created))) = record.get("created") else { return true };
    created.millis().saturating_add(seconds.saturating_mul(1000)) < now.millis()
}

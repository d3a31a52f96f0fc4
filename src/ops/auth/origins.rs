//! Where an account logs in from, and the alert about a new place.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::Arc;

use md5::{Digest, Md5};

use crate::mail::Delivery;
use crate::model::{RowBuf, RowId, Timestamp, Value};
use crate::ops::records::{belongings, touch};
use crate::query::Rows;
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::{Error, letters};

/// Places remembered of one account.
const PLACES_MAX: usize = 5;
/// Longest name of a program that counts, in bytes.
const USER_AGENT_MAX: usize = 200;

/// Where a login comes from.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: String,
    pub(super) user_agent: String,
}

impl Place {
    pub(super) fn new(address: IpAddr, user_agent: &str) -> Self {
        let mut end = USER_AGENT_MAX;
        let user_agent = if user_agent.len() > end {
            while !user_agent.is_char_boundary(end) {
                end -= 1;
            }
            format!("{}...", &user_agent[..end])
        } else {
            user_agent.to_owned()
        };
        Self { address: address.to_string(), user_agent }
    }

    /// What `_authOrigins` keeps of it. MD5 because those that were imported are; nothing secret
    /// depends on it.
    fn fingerprint(&self) -> String {
        let digest =
            Md5::new().chain_update(&self.address).chain_update(&self.user_agent).finalize();
        digest.iter().fold(String::new(), |mut hex, byte| {
            // Writing to a text cannot fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

/// Notes that the account in `row` logged in from `place`, and posts an alert if it never did while
/// it did from elsewhere.
pub(super) fn note(
    tx: &mut Tx<'_>,
    delivery: &Delivery,
    collection: &Arc<Collection>,
    row: &RowBuf,
    place: &Place,
) -> Result<(), Error> {
    let Some(origins) = tx.catalog().by_name(belongings::ORIGINS).cloned() else { return Ok(()) };
    let (id, now) = (row.as_row().id(), Timestamp::now());
    let mut known: Vec<(RowId, RowBuf, Record)> =
        belongings::rows_of(tx, belongings::ORIGINS, collection, Some(id))?
            .into_iter()
            .map(|(rowid, row)| {
                let record = Record::from_row(origins.clone(), row.as_row());
                (rowid, row, record)
            })
            .collect();
    let fingerprint = place.fingerprint();
    let same = known.iter_mut().find(|(.., origin)| origin.text("fingerprint") == fingerprint);
    if let Some((rowid, row, origin)) = same {
        touch(origin, now);
        tx.update(&origins, *rowid, row, &origin.to_row())?;
        return Ok(());
    }
    let account = Record::from_row(collection.clone(), row.as_row());
    let email = account.text("email");
    if !known.is_empty() && !email.is_empty() {
        let info = format!("{now} - {} {}", place.address, place.user_agent);
        letters::auth_alert(delivery, &account, info.trim_end())?.post(tx)?;
    }
    known.sort_by_key(|(rowid, _, origin)| (std::cmp::Reverse(created(origin)), *rowid));
    for (rowid, ..) in known.iter().skip(PLACES_MAX - 1) {
        belongings::delete_one(tx, belongings::ORIGINS, *rowid)?;
    }
    let texts = [("fingerprint", fingerprint.as_str())];
    belongings::add(tx, belongings::ORIGINS, collection, id, &texts)?;
    Ok(())
}

fn created(origin: &Record) -> Option<i64> {
    match origin.get("created") {
        Some(Value::Date(created)) => created.map(Timestamp::millis),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_md5_of_address_and_program() {
        let place = Place::new(IpAddr::from([192, 0, 2, 1]), "");
        assert_eq!(place.fingerprint(), "d0f88d6c87767262ba8e93d6acccd784");
    }

    #[test]
    fn long_names_of_programs_are_cut_between_characters() {
        let name = |text: &str| Place::new(IpAddr::from([192, 0, 2, 1]), text).user_agent;
        assert_eq!(name(&"a".repeat(200)), "a".repeat(200));
        assert_eq!(name(&"a".repeat(201)), format!("{}...", "a".repeat(200)));
        assert_eq!(name(&format!("{}éé", "a".repeat(199))), format!("{}...", "a".repeat(199)));
    }
}

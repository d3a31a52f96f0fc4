//! Logins that are kept track of: who is logged in from where, and ending that.
//!
//! A session is looked up at every use of its tokens, by a key that the token gives, so nothing is
//! searched. When it was used last is written behind, see [`super::last_use`].

use std::net::IpAddr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::access::{Caller, RuleCache};
use crate::auth::TokenKind;
use crate::model::{CollectionId, Row, Timestamp};
use crate::query::{AuthRow, Rows};
use crate::schema::{Collection, values};
use crate::store::{Snapshot, Tx};

use super::Error;
use super::ledger::{Account, Kind, Ledger, end};
use super::origins::Place;
use super::owner::Owner;
use super::principal::{issue, issue_for_session, token_seconds};

/// Sessions of one account when its collection does not say how many.
const SESSIONS_MAX: usize = 100;
/// Sessions that are looked through at most; above any limit that a collection can set.
const LISTED_MAX: usize = 2000;
/// Sessions removed in one transaction by the clean-up.
const SWEPT_AT_ONCE: usize = 500;

/// A login that is kept track of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id, which its tokens name.
    pub id: String,
    /// How the account logged in, such as `password`; `impersonate` when a superuser did.
    pub method: String,
    /// Where the login came from.
    pub address: String,
    /// The program that logged in, as it called itself; cut to some 200 bytes.
    pub user_agent: String,
    /// When it began.
    pub created: Timestamp,
    /// When it was used last, give or take a minute or two.
    pub last_used: Timestamp,
    /// When it ends unless a refresh prolongs it.
    pub expires: Timestamp,
}

/// A session as it is stored; times in milliseconds.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    method: String,
    address: String,
    agent: String,
    created: i64,
    used: i64,
    expires: i64,
}

impl Session {
    fn decode(id: &str, bytes: &[u8]) -> Result<Self, Error> {
        let stored: Stored = serde_json::from_slice(bytes).map_err(Error::internal)?;
        Ok(Self {
            id: id.to_owned(),
            method: stored.method,
            address: stored.address,
            user_agent: stored.agent,
            created: Timestamp::from_millis(stored.created),
            last_used: Timestamp::from_millis(stored.used),
            expires: Timestamp::from_millis(stored.expires),
        })
    }

    fn put(&self, tx: &mut Tx<'_>, account: &Account) -> Result<(), Error> {
        let stored = Stored {
            method: self.method.clone(),
            address: self.address.clone(),
            agent: self.user_agent.clone(),
            created: self.created.millis(),
            used: self.last_used.millis(),
            expires: self.expires.millis(),
        };
        let bytes = serde_json::to_vec(&stored).map_err(Error::internal)?;
        Ok(tx.put_setting(&account.key(Kind::Session, &self.id), &bytes)?)
    }
}

/// How somebody logs in, and where from.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) method: &'a str,
    pub(super) place: &'a Place,
}

/// The session `id` of an account.
pub(super) fn find(
    state: &dyn Ledger,
    account: &Account,
    id: &str,
) -> Result<Option<Session>, Error> {
    let Some(bytes) = state.entry(&account.key(Kind::Session, id))? else { return Ok(None) };
    Session::decode(id, &bytes).map(Some)
}

/// All sessions of an account that are not over, the newest first.
fn all(state: &dyn Ledger, account: &Account, now: Timestamp) -> Result<Vec<Session>, Error> {
    let prefix = account.key(Kind::Session, "");
    let mut found = Vec::new();
    for key in state.keys(&prefix, LISTED_MAX)? {
        let session = find(state, account, &key[prefix.len()..])?;
        found.extend(session.filter(|session| now < session.expires));
    }
    found.sort_by(|a, b| (b.created, &b.id).cmp(&(a.created, &a.id)));
    Ok(found)
}

/// The auth token of a new login: one of a new session, when the collection keeps them. It is good
/// for `seconds`, or as long as its collection says.
pub(super) fn token_of_login(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    row: Row<'_>,
    refreshable: bool,
    seconds: Option<i64>,
    origin: &Origin<'_>,
) -> Result<String, Error> {
    let options = collection.auth().ok_or(Error::NotAuthCollection)?;
    if !options.sessions.enabled {
        return issue(collection, row, TokenKind::Auth, Some(refreshable), seconds);
    }
    let (account, now) = (Account::new(collection, row.id()), Timestamp::now());
    let max = usize::try_from(options.sessions.max_per_user).unwrap_or(0);
    make_room(tx, &account, if max == 0 { SESSIONS_MAX } else { max }, now)?;
    let session = Session {
        id: values::new_record_id(),
        method: origin.method.to_owned(),
        address: origin.place.address.clone(),
        user_agent: origin.place.user_agent.clone(),
        created: now,
        last_used: now,
        expires: after(now, seconds.unwrap_or_else(|| token_seconds(options, TokenKind::Auth))),
    };
    session.put(tx, &account)?;
    issue_for_session(collection, row, refreshable, seconds, Some(&session.id))
}

/// Ends the sessions used least recently until one more is within `max`.
fn make_room(tx: &mut Tx<'_>, account: &Account, max: usize, now: Timestamp) -> Result<(), Error> {
    let mut known = all(tx, account, now)?;
    known.sort_by_key(|session| std::cmp::Reverse(session.last_used));
    for session in known.iter().skip(max.saturating_sub(1)) {
        end(tx, &account.key(Kind::Session, &session.id))?;
    }
    Ok(())
}

/// Lets the session of `auth` go on for as long as the token that it just got. Fails when it has
/// ended meanwhile.
pub fn prolong(tx: &mut Tx<'_>, auth: &AuthRow) -> Result<(), Error> {
    let Some(id) = auth.credential.session() else { return Ok(()) };
    let (account, now) = (Account::of(auth), Timestamp::now());
    let mut session = find(tx, &account, id)?.ok_or(Error::Unauthenticated)?;
    let collection = tx.catalog().by_id(&account.collection).cloned();
    let options = collection.as_ref().and_then(|collection| collection.auth());
    let seconds = options.map_or(0, |options| token_seconds(options, TokenKind::Auth));
    session.expires = session.expires.max(after(now, seconds));
    session.last_used = now;
    session.put(tx, &account)
}

/// The session in which a superuser acts as an account.
#[derive(Debug)]
pub struct Impersonation {
    /// The account's collection.
    pub collection: CollectionId,
    /// The account.
    pub id: String,
    /// How long it lasts; 0 = as long as the collection says.
    pub seconds: i64,
    /// Where the superuser sits.
    pub address: IpAddr,
    /// The superuser's program.
    pub user_agent: String,
}

impl Impersonation {
    /// Begins it. Returns its token, which cannot be refreshed.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<String, Error> {
        let collection = super::auth_collection(tx, self.collection.as_str())?;
        let rowid = tx.find(&collection, &self.id)?.ok_or(Error::NotFound)?;
        let row = tx.row(&collection, rowid)?.ok_or(Error::NotFound)?;
        let place = Place::new(self.address, &self.user_agent);
        let origin = Origin { method: "impersonate", place: &place };
        let seconds = (self.seconds > 0).then_some(self.seconds);
        token_of_login(tx, &collection, row.as_row(), false, seconds, &origin)
    }
}

/// The sessions of an account, the newest first: the caller's own, or those of `record` when the
/// caller manages it. They are no more than some hundreds.
pub fn list_sessions(
    snapshot: &Snapshot,
    rules: &RuleCache,
    caller: &Caller,
    collection: &str,
    record: &str,
) -> Result<Vec<Session>, Error> {
    let owner = Owner::find(snapshot, rules, caller, collection, record)?;
    all(snapshot, &owner.account, Timestamp::now())
}

/// Ends sessions of the caller, or of another account that the caller manages. Their tokens are
/// nobody's from the commit on.
#[derive(Debug)]
pub struct EndSessions {
    /// Who asks.
    pub caller: Arc<Caller>,
    /// What decides who manages whom.
    pub rules: Arc<RuleCache>,
    /// The account's collection, by id or name.
    pub collection: String,
    /// The account; empty = the caller.
    pub record: String,
    /// The session; `None` = all, but not the one that the caller uses.
    pub id: Option<String>,
}

impl EndSessions {
    /// Ends them.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let owner = Owner::find(tx, &self.rules, &self.caller, &self.collection, &self.record)?;
        let account = &owner.account;
        if let Some(id) = &self.id {
            let is_there = end(tx, &account.key(Kind::Session, id))?;
            return if is_there { Ok(()) } else { Err(Error::NotFound) };
        }
        let current = self.caller.auth().and_then(|auth| auth.credential.session());
        let prefix = account.key(Kind::Session, "");
        for key in tx.keys(&prefix, LISTED_MAX)? {
            if Some(&key[prefix.len()..]) != current {
                end(tx, &key)?;
            }
        }
        Ok(())
    }
}

/// Ends the session that the caller uses. Fails when the caller's token belongs to none.
pub fn log_out(tx: &mut Tx<'_>, caller: &Caller, collection: &str) -> Result<(), Error> {
    let owner = Owner::own(tx, caller, collection)?;
    let current = caller.auth().and_then(|auth| auth.credential.session());
    let Some(id) = current else {
        let message = "The token belongs to no session, so it cannot be ended.";
        return Err(Error::Refused(message.to_owned()));
    };
    end(tx, &owner.account.key(Kind::Session, id))?;
    Ok(())
}

/// Removes sessions whose time is over. Returns how many. Blocks.
pub fn delete_expired(backend: &crate::ops::Backend, now: Timestamp) -> Result<usize, Error> {
    let prefix = Kind::Session.prefix();
    let (mut after, mut count) = (String::new(), 0);
    loop {
        let some = backend.snapshot().settings(&prefix, &after, SWEPT_AT_ONCE)?;
        let Some((last, _)) = some.last() else { return Ok(count) };
        last.clone_into(&mut after);
        let is_over =
            move |bytes: &[u8]| Ok::<_, Error>(Session::decode("", bytes)?.expires <= now);
        let mut expired = Vec::new();
        for (key, bytes) in some {
            if is_over(&bytes)? {
                expired.push(key);
            }
        }
        if expired.is_empty() {
            continue;
        }
        count += expired.len();
        backend.write(move |tx| {
            for key in &expired {
                // A refresh may have prolonged it meanwhile.
                if tx.setting(key)?.map_or(Ok(false), |bytes| is_over(&bytes))? {
                    tx.delete_setting(key)?;
                }
            }
            Ok(())
        })?;
    }
}

fn after(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_add(seconds.saturating_mul(1000)))
}

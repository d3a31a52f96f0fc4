//! What programs and scripts do in the name of accounts: tokens, mails, passwords.

use std::net::{IpAddr, Ipv4Addr};

use crate::auth::{PasswordHasher, TokenKind, Verdict};
use crate::hooks::{AccountMail, AccountToken};
use crate::mail::Delivery;
use crate::ops::mail::Letter;
use crate::query::{AuthRow, Rows};
use crate::schema::Record;
use crate::store::Tx;

use super::ledger::Ledger;
use super::origins::Place;
use super::principal::{bearer, holder, issue, issue_file_token, issue_for_mail};
use super::sessions::{Origin, token_of_login};
use super::{Error, auth_collection, letters};

const KINDS: [TokenKind; 5] = [
    TokenKind::Auth,
    TokenKind::File,
    TokenKind::Verification,
    TokenKind::PasswordReset,
    TokenKind::EmailChange,
];

/// The account `id` of `collection` as it is stored.
pub(in crate::ops) fn account(
    rows: &dyn Rows,
    collection: &str,
    id: &str,
) -> Result<Record, Error> {
    let collection = auth_collection(rows, collection)?;
    let rowid = rows.find(&collection, id)?.ok_or(Error::NotFound)?;
    let row = rows.row(&collection, rowid)?.ok_or(Error::NotFound)?;
    Ok(Record::from_row(collection, row.as_row()))
}

/// A token for `account`; `None` when it needs a session, which [`session_token`] makes.
pub(in crate::ops) fn token(
    account: &Record,
    token: &AccountToken,
) -> Result<Option<String>, Error> {
    let (collection, row) = (account.collection(), account.to_row());
    let options = collection.auth().ok_or(Error::NotAuthCollection)?;
    let for_mail = |kind, new_email| issue_for_mail(collection, row.as_row(), kind, new_email);
    let made = match token {
        AccountToken::Auth { .. } | AccountToken::File if options.sessions.enabled => {
            return Ok(None);
        }
        AccountToken::Auth { refreshable, seconds } => {
            issue(collection, row.as_row(), TokenKind::Auth, Some(*refreshable), *seconds)
        }
        AccountToken::File => issue_file_token(&AuthRow::new(collection.clone(), row.clone())),
        AccountToken::Verification => for_mail(TokenKind::Verification, None),
        AccountToken::PasswordReset => for_mail(TokenKind::PasswordReset, None),
        AccountToken::EmailChange { new_email } => {
            for_mail(TokenKind::EmailChange, Some(new_email))
        }
    };
    made.map(Some)
}

/// An auth token of a new session of `account`, for collections that keep sessions.
pub(in crate::ops) fn session_token(
    tx: &mut Tx<'_>,
    account: &Record,
    token: &AccountToken,
) -> Result<String, Error> {
    let AccountToken::Auth { refreshable, seconds } = token else {
        let message = "Where sessions are kept, files are for those who are logged in.";
        return Err(Error::Refused(message.to_owned()));
    };
    let place = Place::new(IpAddr::V4(Ipv4Addr::LOCALHOST), "");
    let origin = Origin { method: "program", place: &place };
    let row = account.to_row();
    token_of_login(tx, account.collection(), row.as_row(), *refreshable, *seconds, &origin)
}

/// The account that `token` is good for, when it is one of these kinds; none means any.
pub(in crate::ops) fn holder_of(
    state: &dyn Ledger,
    token: &str,
    kinds: &[&str],
) -> Result<Option<Record>, Error> {
    for kind in KINDS {
        if !kinds.is_empty() && !kinds.contains(&kind.as_str()) {
            continue;
        }
        let found = match kind {
            TokenKind::Auth | TokenKind::File => bearer(state, token, kind)?,
            _ => holder(state, token, kind)?,
        };
        if let Some((auth, _)) = found {
            return Ok(Some(Record::from_row(auth.collection.clone(), auth.row.as_row())));
        }
    }
    Ok(None)
}

/// One of the mails of auth collections to the holder of `account`.
pub(in crate::ops) fn letter(
    delivery: &Delivery,
    account: &Record,
    mail: &AccountMail,
) -> Result<Letter, Error> {
    match mail {
        AccountMail::Verification => letters::verification(delivery, account),
        AccountMail::PasswordReset => letters::password_reset(delivery, account),
        AccountMail::EmailChange { new_email } => {
            letters::email_change(delivery, account, new_email)
        }
        AccountMail::Otp { id, code } => letters::otp(delivery, account, id, code),
        AccountMail::AuthAlert { info } => letters::auth_alert(delivery, account, info),
    }
}

/// Whether `plain` is the password of `account`. Blocks for a hash.
pub(in crate::ops) fn is_password(
    hasher: &PasswordHasher,
    account: &Record,
    plain: &str,
) -> Result<bool, Error> {
    Ok(hasher.verify(plain, account.text("password"))? != Verdict::NoMatch)
}

//! From a token to the record that it speaks for, and back.

use std::net::IpAddr;
use std::sync::Arc;

use crate::auth::{Claims, SigningKey, TokenKind, api_key_id, mint, peek, verify};
use crate::model::{Row, RowBuf, RowId, Timestamp};
use crate::query::{AuthRow, Credential, Rows};
use crate::schema::{AuthOptions, Collection, TokenOptions};

use super::ledger::{Account, Ledger};
use super::{Error, api_keys, sessions};

/// The record that `token` is an auth token or an API key of. Anything wrong with it means nobody, as the
/// contract wants: an endpoint that needs somebody says so itself.
/// `address` tells where the request comes from, for API keys that are bound to some.
pub fn principal(
    state: &dyn Ledger,
    token: &str,
    address: impl FnOnce() -> IpAddr,
) -> Result<Option<AuthRow>, Error> {
    if api_key_id(token).is_some() {
        return api_keys::holder(state, token, address());
    }
    Ok(token_holder(state, token)?.map(|(auth, _)| auth))
}

/// The record that `token` is an auth token of, and until when that is so if nothing changes.
pub(super) fn token_holder(
    state: &dyn Ledger,
    token: &str,
) -> Result<Option<(AuthRow, Timestamp)>, Error> {
    let Some((auth, claims)) = bearer(state, token, TokenKind::Auth)? else { return Ok(None) };
    let mut until = Timestamp::from_millis(claims.expires.saturating_mul(1000));
    if let Credential::Session(id) = &auth.credential {
        let Some(session) = sessions::find(state, &Account::of(&auth), id)? else {
            return Ok(None);
        };
        until = until.min(session.expires);
    }
    Ok(Some((auth, until)))
}

/// The record that `token` lets download protected files; anything wrong with it means nobody.
pub(in crate::ops) fn file_token_holder(
    state: &dyn Ledger,
    token: &str,
) -> Result<Option<AuthRow>, Error> {
    Ok(bearer(state, token, TokenKind::File)?.map(|(auth, _)| auth))
}

/// A token with which `auth` can download protected files. It ends with the session of `auth`.
pub(in crate::ops) fn issue_file_token(auth: &AuthRow) -> Result<String, Error> {
    if auth.credential.key().is_some() {
        return Err(Error::OutOfScope);
    }
    sign(&auth.collection, auth.row.as_row(), TokenKind::File, None, |claims| {
        claims.session = auth.credential.session().map(str::to_owned);
    })
}

/// The record that a token of kind `kind` lets somebody act as, with its claims. This is the one
/// place that asks about sessions: a token that names one is good while that is there, and one that
/// names none while its collection does not keep them.
pub(super) fn bearer(
    state: &dyn Ledger,
    token: &str,
    kind: TokenKind,
) -> Result<Option<(AuthRow, Claims)>, Error> {
    let Some((mut auth, claims)) = holder(state, token, kind)? else { return Ok(None) };
    if let Some(session) = &claims.session {
        auth.credential = Credential::Session(session.as_str().into());
    }
    let suits = auth.collection.auth().is_some_and(|options| auth.credential.suits(options));
    Ok((suits && stands(state, &auth, Timestamp::now())?).then_some((auth, claims)))
}

/// Whether what `auth` is authenticated by is still there, as far as something is stored about it.
pub(in crate::ops) fn stands(
    state: &dyn Ledger,
    auth: &AuthRow,
    now: Timestamp,
) -> Result<bool, Error> {
    match &auth.credential {
        Credential::Token => Ok(true),
        Credential::Session(id) => {
            let session = sessions::find(state, &Account::of(auth), id)?;
            Ok(session.is_some_and(|session| now < session.expires))
        }
        Credential::Key(scope) => {
            Ok(!scope.is_over(now) && api_keys::stands(state, &Account::of(auth), &scope.id)?)
        }
    }
}

/// The record that `token` was made for, with its claims, if it is of kind `kind`, not too old, and
/// signed with the keys of now.
pub(super) fn holder(
    rows: &dyn Rows,
    token: &str,
    kind: TokenKind,
) -> Result<Option<(AuthRow, Claims)>, Error> {
    let Some(claims) = peek(token, now_seconds()).filter(|claims| claims.kind == kind) else {
        return Ok(None);
    };
    let Some(collection) = rows.catalog().by_id(&claims.collection_id) else { return Ok(None) };
    let Some(options) = collection.auth() else { return Ok(None) };
    let Some(rowid) = rows.find(collection, &claims.id)? else { return Ok(None) };
    let Some(row) = rows.row(collection, rowid)? else { return Ok(None) };
    let good = signing_key(collection, row.as_row(), token_options(options, kind))
        .is_some_and(|key| verify(token, &key));
    Ok(good.then(|| (AuthRow::new(collection.clone(), row), claims)))
}

/// The row that a mailed token was made for, which was found good before.
pub(super) fn mailed_holder(
    rows: &dyn Rows,
    token: &str,
    kind: TokenKind,
) -> Result<(RowId, RowBuf), Error> {
    let (holder, _) = holder(rows, token, kind)?.ok_or(Error::NotFound)?;
    let rowid = rows.find(&holder.collection, holder.row.as_row().id())?;
    Ok((rowid.ok_or(Error::NotFound)?, holder.row))
}

/// A token for the record in `row`, good for `seconds`, or as long as its collection says.
pub(super) fn issue(
    collection: &Arc<Collection>,
    row: Row<'_>,
    kind: TokenKind,
    refreshable: Option<bool>,
    seconds: Option<i64>,
) -> Result<String, Error> {
    sign(collection, row, kind, seconds, |claims| claims.refreshable = refreshable)
}

/// An auth token of a session of the record in `row`.
pub(super) fn issue_for_session(
    collection: &Arc<Collection>,
    row: Row<'_>,
    refreshable: bool,
    seconds: Option<i64>,
    session: Option<&str>,
) -> Result<String, Error> {
    sign(collection, row, TokenKind::Auth, seconds, |claims| {
        claims.refreshable = Some(refreshable);
        claims.session = session.map(str::to_owned);
    })
}

/// A token to be mailed to the holder of the record in `row`. It names the address that the record
/// has now, and the one it is to have.
pub(super) fn issue_for_mail(
    collection: &Arc<Collection>,
    row: Row<'_>,
    kind: TokenKind,
    new_email: Option<&str>,
) -> Result<String, Error> {
    let email = collection.field("email").map(|field| row.value(field.slot, field.kind.zero()));
    sign(collection, row, kind, None, |claims| {
        claims.email = email.as_ref().and_then(|email| email.as_text()).map(str::to_owned);
        claims.new_email = new_email.map(str::to_owned);
    })
}

fn sign(
    collection: &Arc<Collection>,
    row: Row<'_>,
    kind: TokenKind,
    seconds: Option<i64>,
    say: impl FnOnce(&mut Claims),
) -> Result<String, Error> {
    let options = collection.auth().ok_or(Error::NotAuthCollection)?;
    let options = token_options(options, kind);
    let key = signing_key(collection, row, options)
        .ok_or_else(|| Error::internal("an account without a token key"))?;
    let mut claims = Claims {
        id: row.id().to_owned(),
        collection_id: collection.id.as_str().to_owned(),
        kind,
        expires: now_seconds().saturating_add(seconds.unwrap_or(options.duration)),
        refreshable: None,
        email: None,
        new_email: None,
        session: None,
    };
    say(&mut claims);
    Ok(mint(&claims, &key))
}

/// How long a token of kind `kind` is good, in seconds.
pub(super) fn token_seconds(options: &AuthOptions, kind: TokenKind) -> i64 {
    token_options(options, kind).duration
}

fn token_options(options: &AuthOptions, kind: TokenKind) -> &TokenOptions {
    match kind {
        TokenKind::Auth => &options.auth_token,
        TokenKind::File => &options.file_token,
        TokenKind::Verification => &options.verification_token,
        TokenKind::PasswordReset => &options.password_reset_token,
        TokenKind::EmailChange => &options.email_change_token,
    }
}

/// What signs the auth tokens of the record in `row`, and seals its API keys.
pub(super) fn token_signing_key(collection: &Collection, row: Row<'_>) -> Option<SigningKey> {
    signing_key(collection, row, &collection.auth()?.auth_token)
}

fn signing_key(
    collection: &Collection,
    row: Row<'_>,
    options: &TokenOptions,
) -> Option<SigningKey> {
    let field = collection.field("tokenKey")?;
    let value = row.value(field.slot, field.kind.zero());
    SigningKey::new(value.as_text()?, &options.secret).ok()
}

fn now_seconds() -> i64 {
    Timestamp::now().millis().div_euclid(1000)
}

//! From a token to the record that it speaks for, and back.

use std::sync::Arc;

use crate::auth::{Claims, SigningKey, TokenKind, mint, peek, verify};
use crate::model::{Row, RowBuf, RowId, Timestamp};
use crate::query::{AuthRow, Rows};
use crate::schema::{AuthOptions, Collection, TokenOptions};

use super::Error;

/// The record that `token` is an auth token of. Anything wrong with it means nobody, as the
/// contract wants: an endpoint that needs somebody says so itself.
pub fn principal(rows: &dyn Rows, token: &str) -> Result<Option<AuthRow>, Error> {
    Ok(holder(rows, token, TokenKind::Auth)?.map(|(auth, _)| auth))
}

/// The record that `token` lets download protected files; anything wrong with it means nobody.
pub(in crate::ops) fn file_token_holder(
    rows: &dyn Rows,
    token: &str,
) -> Result<Option<AuthRow>, Error> {
    Ok(holder(rows, token, TokenKind::File)?.map(|(auth, _)| auth))
}

/// A token with which `auth` can download protected files.
pub(in crate::ops) fn issue_file_token(auth: &AuthRow) -> Result<String, Error> {
    issue(&auth.collection, auth.row.as_row(), TokenKind::File, None, None)
}

/// The record that `token` was made for, with its claims, if it is of kind `kind` and still good.
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
    Ok(good.then(|| (AuthRow { collection: collection.clone(), row }, claims)))
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
    };
    say(&mut claims);
    Ok(mint(&claims, &key))
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

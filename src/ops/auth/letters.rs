//! The mails that every auth collection has, filled in for one account.

use std::sync::Arc;

use crate::auth::TokenKind;
use crate::hooks::MailKind;
use crate::mail::{Delivery, Placeholders};
use crate::ops::mail::Letter;
use crate::schema::{AuthOptions, Collection, Record};

use super::Error;
use super::principal::issue_for_mail;

/// How long an alert is worth sending, in seconds.
const ALERT_SECONDS: i64 = 24 * 60 * 60;

fn options(account: &Record) -> Result<&AuthOptions, Error> {
    account.collection().auth().ok_or(Error::NotAuthCollection)
}

fn token(account: &Record, kind: TokenKind, new_email: Option<&str>) -> Result<String, Error> {
    let collection: &Arc<Collection> = account.collection();
    issue_for_mail(collection, account.to_row().as_row(), kind, new_email)
}

/// A link that verifies the address of `account`.
pub(in crate::ops) fn verification(delivery: &Delivery, account: &Record) -> Result<Letter, Error> {
    let options = options(account)?;
    let token = token(account, TokenKind::Verification, None)?;
    let mail = Placeholders::new(delivery, account)
        .with("TOKEN", &token)
        .fill(&options.verification_template, account.text("email"));
    Ok(Letter::new(mail).expires_in(options.verification_token.duration).about(
        MailKind::Verification,
        account,
        &[("token", &token)],
    ))
}

/// A link that sets a new password of `account`.
pub(in crate::ops) fn password_reset(
    delivery: &Delivery,
    account: &Record,
) -> Result<Letter, Error> {
    let options = options(account)?;
    let token = token(account, TokenKind::PasswordReset, None)?;
    let mail = Placeholders::new(delivery, account)
        .with("TOKEN", &token)
        .fill(&options.reset_password_template, account.text("email"));
    Ok(Letter::new(mail).expires_in(options.password_reset_token.duration).about(
        MailKind::PasswordReset,
        account,
        &[("token", &token)],
    ))
}

/// A link that makes `new_email` the address of `account`.
pub(in crate::ops) fn email_change(
    delivery: &Delivery,
    account: &Record,
    new_email: &str,
) -> Result<Letter, Error> {
    let options = options(account)?;
    let token = token(account, TokenKind::EmailChange, Some(new_email))?;
    let mail = Placeholders::new(delivery, account)
        .with("TOKEN", &token)
        .fill(&options.confirm_email_change_template, new_email);
    let meta = [("token", token.as_str()), ("newEmail", new_email)];
    Ok(Letter::new(mail).expires_in(options.email_change_token.duration).about(
        MailKind::EmailChange,
        account,
        &meta,
    ))
}

/// The one-time password `code` of `account`, which is the row `id` of `_otps`.
pub(in crate::ops) fn otp(
    delivery: &Delivery,
    account: &Record,
    id: &str,
    code: &str,
) -> Result<Letter, Error> {
    let options = &options(account)?.otp;
    let mail = Placeholders::new(delivery, account)
        .with("OTP", code)
        .with("OTP_ID", id)
        .fill(&options.email_template, account.text("email"));
    Ok(Letter::new(mail)
        .expires_in(options.duration)
        .about(MailKind::Otp, account, &[("otpId", id), ("password", code)])
        .carries_otp(id))
}

/// Word of a login of `account` from a new place, which `info` describes.
pub(in crate::ops) fn auth_alert(
    delivery: &Delivery,
    account: &Record,
    info: &str,
) -> Result<Letter, Error> {
    let options = options(account)?;
    let mail = Placeholders::new(delivery, account)
        .with("ALERT_INFO", info)
        .fill(&options.auth_alert_template, account.text("email"));
    Ok(Letter::new(mail).expires_in(ALERT_SECONDS).about(
        MailKind::AuthAlert,
        account,
        &[("info", info)],
    ))
}

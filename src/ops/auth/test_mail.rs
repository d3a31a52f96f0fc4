//! Sending one of a collection's mails to somebody who wants to see it.

use std::sync::Arc;

use crate::auth::TokenKind;
use crate::mail::{Delivery, Mail, Placeholders, plain_text, send};
use crate::model::{Timestamp, Value};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, FieldKind, Record, Violation, values};

use super::Error;
use super::form::{Form, TEXT_BYTES_MAX};
use super::principal::issue_for_mail;

/// The names of the mails that can be tried out.
const TEMPLATES: [&str; 5] =
    ["verification", "password-reset", "email-change", "otp", "login-alert"];

/// What a superuser sends to see a mail.
#[derive(Debug, Clone)]
pub struct TestMail {
    /// Where it is to go.
    pub email: String,
    /// One of `verification`, `password-reset`, `email-change`, `otp` and `login-alert`.
    pub template: String,
    /// The id or name of an auth collection; empty = that of superusers.
    pub collection: String,
}

impl TestMail {
    /// Sends it, filled with samples, and waits until the mail server has taken it: some 15 seconds
    /// for each step of the talk at most. Without a mail server it goes to the log.
    pub fn send(&self, backend: &Backend) -> Result<(), Error> {
        let collection = self.check(&*backend.snapshot())?;
        let delivery = backend.delivery();
        let mail = self.mail(&delivery, &collection)?;
        let Some(smtp) = &delivery.smtp else {
            tracing::info!(
                to = mail.to,
                subject = mail.subject,
                "test mail, not sent because no mail server is set:\n{}",
                plain_text(&mail.html),
            );
            return Ok(());
        };
        send(&delivery, smtp, &mail).map_err(|error| {
            Error::Refused(format!("Failed to send the test email. Raw error: \n{error}"))
        })
    }

    fn check(&self, rows: &dyn Rows) -> Result<Arc<Collection>, Error> {
        let mut form = Form::default();
        form.length("collection", &self.collection, 1, TEXT_BYTES_MAX);
        form.email("email", &self.email);
        if self.template.is_empty() {
            form.add("template", Violation::required());
        } else if !TEMPLATES.contains(&self.template.as_str()) {
            let message = "Must be a valid value.";
            form.add("template", Violation::new("validation_in_invalid", message));
        }
        let name = match self.collection.as_str() {
            "" => Collection::SUPERUSERS,
            name => name,
        };
        let found = rows.catalog().find(name).filter(|collection| collection.is_auth()).cloned();
        if found.is_none() {
            let message = "Must be a valid auth collection id or name.";
            form.add("collection", Violation::new("validation_invalid_auth_collection", message));
        }
        form.check_as(Failure::TestMail)?;
        found.ok_or(Error::NotAuthCollection)
    }

    fn mail(&self, delivery: &Delivery, collection: &Arc<Collection>) -> Result<Mail, Error> {
        let options = collection.auth().ok_or(Error::NotAuthCollection)?;
        let account = sample(collection, &self.email)?;
        let row = account.to_row();
        let filled = Placeholders::new(delivery, &account);
        let token = |kind, new_email| issue_for_mail(collection, row.as_row(), kind, new_email);
        let (filled, template) = match self.template.as_str() {
            "verification" => (
                filled.with("TOKEN", &token(TokenKind::Verification, None)?),
                &options.verification_template,
            ),
            "password-reset" => (
                filled.with("TOKEN", &token(TokenKind::PasswordReset, None)?),
                &options.reset_password_template,
            ),
            "email-change" => (
                filled.with("TOKEN", &token(TokenKind::EmailChange, Some(&self.email))?),
                &options.confirm_email_change_template,
            ),
            "otp" => (
                filled.with("OTP", "123456").with("OTP_ID", "_PB_TEST_OTP_ID_"),
                &options.otp.email_template,
            ),
            _ => {
                let info = format!("{} - TEST_IP TEST_USER_AGENT", Timestamp::now());
                (filled.with("ALERT_INFO", &info), &options.auth_alert_template)
            }
        };
        Ok(filled.fill(template, &self.email))
    }
}

/// An account of nobody, whose texts say which field they are from. Its token key is random, so the
/// tokens made for it are good for nothing.
fn sample(collection: &Arc<Collection>, email: &str) -> Result<Record, Error> {
    let mut account = Record::new(Arc::clone(collection));
    for field in &collection.fields {
        let is_text = matches!(field.kind.zero(), Value::Text(_));
        if is_text && !field.hidden && !matches!(field.kind, FieldKind::Password(_)) {
            account.set(&field.name, Value::Text(format!("__pb_test_{}__", field.name)));
        }
    }
    let key = values::autogenerate::generate("[a-zA-Z0-9]{50}").map_err(Error::internal)?;
    account.set("tokenKey", Value::Text(key));
    account.set("email", Value::Text(email.to_owned()));
    Ok(account)
}

//! A new password for those who forgot theirs.

use std::net::IpAddr;
use std::time::Instant;

use crate::auth::TokenKind;
use crate::model::{Timestamp, Value};
use crate::ops::mail::post_nothing;
use crate::ops::records::{account, password_policy, touch};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::{Collection, FieldKind, Record, Violation, Violations, values};

use super::form::{Form, TEXT_BYTES_MAX, check_email};
use super::letters;
use super::principal::{holder, mailed_holder};
use super::throttle::MailKind;
use super::{Error, auth_collection, find_by_identity};

/// Posts a link that sets a new password, if an account has this address. Says nothing about whether
/// that was so. Blocks for a commit.
pub fn request_password_reset(
    backend: &Backend,
    collection: &str,
    email: &str,
    address: IpAddr,
) -> Result<(), Error> {
    let snapshot = backend.snapshot();
    let collection = auth_collection(&*snapshot, collection)?;
    if collection.auth().is_some_and(|auth| !auth.password_auth.enabled) {
        return Err(Error::Refused(
            "The collection is not configured to allow password authentication.".to_owned(),
        ));
    }
    check_email("email", email)?;
    backend.throttles().ask_for_mail(collection.id.as_str(), email, address)?;
    let account = match email {
        // Nobody reads the mail of the account behind the setup link.
        account::INSTALLER_EMAIL => None,
        email => find_by_identity(&*snapshot, &collection, "email", email)?
            .map(|(_, row)| row.as_row().id().to_owned()),
    };
    drop(snapshot);
    let take =
        |id: &String| backend.throttles().take_mail(MailKind::PasswordReset, id, Instant::now());
    let account = account.filter(take);
    let delivery = backend.delivery();
    let (collection, id) = (collection.id.clone(), account.clone());
    let posted = backend.write(move |tx| {
        let collection = auth_collection(tx, collection.as_str())?;
        let rowid = id.as_ref().map(|id| tx.find(&collection, id)).transpose()?.flatten();
        let row = rowid.map(|rowid| tx.row(&collection, rowid)).transpose()?.flatten();
        let Some(row) = row else { return post_nothing(tx) };
        let account = Record::from_row(collection.clone(), row.as_row());
        letters::password_reset(&delivery, &account)?.post(tx)
    });
    match (&posted, &account) {
        (Ok(()), _) => backend.bell().ring(),
        (Err(_), Some(id)) => backend.throttles().release_mail(MailKind::PasswordReset, id),
        (Err(_), None) => {}
    }
    posted
}

/// What a client sends to set a new password.
#[derive(Clone)]
pub struct ConfirmPasswordReset {
    /// The token that was mailed.
    pub token: String,
    /// The new password.
    pub password: String,
    /// The same again.
    pub password_confirm: String,
}

impl std::fmt::Debug for ConfirmPasswordReset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ConfirmPasswordReset").finish_non_exhaustive()
    }
}

impl ConfirmPasswordReset {
    /// Sets the password, which ends the token and all others of the account. Blocks for a hash and
    /// a commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<(), Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        self.check(&*snapshot, &collection)?;
        let (_, row) = mailed_holder(&*snapshot, &self.token, TokenKind::PasswordReset)?;
        drop(snapshot);
        let account = Record::from_row(collection.clone(), row.as_row());
        let known = ["email", "username", "name"].map(|name| account.text(name));
        let field = collection.field("password").ok_or(Error::NotAuthCollection)?;
        values::check_plain_password(field, &self.password)
            .and_then(|()| {
                password_policy::check(backend.hasher(), &collection, &self.password, &known)
            })
            .map_err(|violation| {
                Error::Rejected(Failure::SetPassword, Violations::of("password", violation))
            })?;
        let hash = backend.hasher().hash(&self.password)?;
        let (form, collection) = (self.clone(), collection.id.clone());
        let account = backend.write(move |tx| {
            let collection = auth_collection(tx, collection.as_str())?;
            form.check(tx, &collection)?;
            let (rowid, row) = mailed_holder(tx, &form.token, TokenKind::PasswordReset)?;
            let claimed = holder(tx, &form.token, TokenKind::PasswordReset)?
                .and_then(|(_, claims)| claims.email)
                .unwrap_or_default();
            let mut account = Record::from_row(collection.clone(), row.as_row());
            account.set("password", Value::Text(hash.clone()));
            // The link went to this address, so whoever followed it can read what goes there.
            if account.text("email") == claimed {
                account.set("verified", Value::Bool(true));
            }
            touch(&mut account, Timestamp::now());
            let id = account.id().to_owned();
            account::replace(tx, rowid, &row, account)?;
            Ok(id)
        })?;
        backend.throttles().release_mail(MailKind::PasswordReset, &account);
        Ok(())
    }

    fn check(&self, rows: &dyn Rows, collection: &Collection) -> Result<(), Error> {
        let mut form = Form::default();
        if self.token.is_empty() {
            form.add("token", Violation::required());
        } else {
            match holder(rows, &self.token, TokenKind::PasswordReset)? {
                None => {
                    let message = "Invalid or expired token.";
                    form.add("token", Violation::new("validation_invalid_token", message));
                }
                Some((holder, _)) if holder.collection.id != collection.id => {
                    let message = "The provided token is for different auth collection.";
                    let code = "validation_token_collection_mismatch";
                    form.add("token", Violation::new(code, message));
                }
                Some(_) => {}
            }
        }
        let min = match collection.field("password").map(|field| &field.kind) {
            Some(FieldKind::Password(options)) => usize::try_from(options.min).unwrap_or(0).max(1),
            _ => 1,
        };
        form.required("password", &self.password, min, TEXT_BYTES_MAX);
        if self.password_confirm.is_empty() {
            form.add("passwordConfirm", Violation::required());
        } else if self.password_confirm != self.password {
            let message = "Values don't match.";
            form.add("passwordConfirm", Violation::new("validation_values_mismatch", message));
        }
        form.check()
    }
}

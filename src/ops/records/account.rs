//! What is special about writing records that can log in.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::access::{Create, Granted, Update};
use crate::hooks::{Action, RecordWrite};
use crate::model::{RowBuf, RowId, Value};
use crate::ops::auth::{self, end_of_account};
use crate::ops::hooked::records as hooked;
use crate::query::Rows;
use crate::schema::values::{self, Submission, autogenerate};
use crate::schema::{Collection, Record, Violation, Violations};
use crate::store::Tx;

use super::Error;
use super::belongings;
use super::cascade::delete_row;
use super::write::WriteOrError;

/// The account behind the setup link; it goes away when a real superuser appears.
pub(crate) const INSTALLER_EMAIL: &str = "__pbinstaller@example.com";
/// Holds the token key of an account.
const TOKEN_KEY_PATTERN: &str = "[a-zA-Z0-9]{50}";

/// The part of a body that is about the account and not about fields.
#[derive(Debug)]
pub(super) struct Form<'a> {
    password: Option<&'a str>,
    confirm: String,
    old_password: String,
    record: &'a Record,
}

impl<'a> Form<'a> {
    pub(super) fn new(
        body: &Map<String, Json>,
        submission: &'a Submission,
        record: &'a Record,
    ) -> Self {
        let plain = submission.plain_passwords.iter().find(|(field, _)| field == "password");
        Self {
            password: plain.map(|(_, plain)| plain.as_str()),
            confirm: text_of(body.get("passwordConfirm")),
            old_password: text_of(body.get("oldPassword")),
            record,
        }
    }

    /// What is wrong with the form of a new account.
    pub(super) fn check_new(&self, manages: bool) -> Violations {
        let mut violations = Violations::new();
        let password = self.password.unwrap_or("");
        if password.is_empty() {
            violations.add("password", Violation::required());
        }
        self.check_confirmation(password, true, &mut violations);
        if !manages && self.record.is_true("verified") {
            violations.add("verified", mismatch());
        }
        violations
    }

    /// What is wrong with the form of a changed account. `old_matches` is the stored hash that the
    /// submitted old password was verified against.
    pub(super) fn check_changed(
        &self,
        manages: bool,
        old: &Record,
        old_matches: Option<&str>,
    ) -> Violations {
        let mut violations = Violations::new();
        let password = self.password.unwrap_or("");
        let others_given = !self.confirm.is_empty() || !self.old_password.is_empty();
        if password.is_empty() && others_given {
            violations.add("password", Violation::required());
        }
        let must_confirm = !password.is_empty() || !self.old_password.is_empty();
        self.check_confirmation(password, must_confirm, &mut violations);
        if manages {
            return violations;
        }
        if !password.is_empty() || !self.confirm.is_empty() {
            if self.old_password.is_empty() {
                violations.add("oldPassword", Violation::required());
            } else if old_matches != Some(old.text("password")) {
                let message = "Missing or invalid old password.";
                violations
                    .add("oldPassword", Violation::new("validation_invalid_old_password", message));
            }
        }
        if self.record.text("email") != old.text("email") {
            violations.add("email", mismatch());
        }
        if self.record.is_true("verified") != old.is_true("verified") {
            violations.add("verified", mismatch());
        }
        violations
    }

    fn check_confirmation(&self, password: &str, required: bool, violations: &mut Violations) {
        if required && self.confirm.is_empty() {
            violations.add("passwordConfirm", Violation::required());
        } else if self.confirm != password {
            violations.add("passwordConfirm", mismatch());
        }
    }
}

fn mismatch() -> Violation {
    Violation::new("validation_values_mismatch", "Values don't match.")
}

/// A submitted scalar as text; empty when missing or not a scalar.
pub(super) fn text_of(json: Option<&Json>) -> String {
    match json {
        Some(Json::String(text)) => text.clone(),
        Some(json @ (Json::Number(_) | Json::Bool(_))) => json.to_string(),
        _ => String::new(),
    }
}

/// Ids of accounts are unique among all auth collections.
pub(super) fn check_id_is_free(
    rows: &dyn Rows,
    collection: &Collection,
    id: &str,
    violations: &mut Violations,
) -> Result<(), Error> {
    for other in rows.catalog().all() {
        if other.is_auth() && other.id != collection.id && rows.find(other, id)?.is_some() {
            let message = "Invalid or duplicated auth record id.";
            violations.add("id", Violation::new("validation_invalid_auth_id", message));
        }
    }
    Ok(())
}

/// Whether it is the account of a visitor who has not said who they are.
pub(super) fn is_anonymous(record: &Record) -> bool {
    record.collection().is_anonymous(record.to_row().as_row())
}

/// Superusers count as verified, whatever anybody says.
pub(super) fn force_superuser(record: &mut Record) {
    if record.collection().is_superusers() {
        record.set("verified", Value::Bool(true));
    }
}

/// Inserts a new record that a rule allowed.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    record: &Record,
    _granted: &Granted<Create>,
) -> Result<RowBuf, WriteOrError> {
    add_row(tx, record)
}

/// Inserts a new record for the process itself.
pub(crate) fn add(tx: &mut Tx<'_>, record: &Record) -> Result<RowBuf, WriteOrError> {
    if !hooked::wants_in(tx, Action::Create, record.collection()) {
        return add_row(tx, record);
    }
    let write = hooked::write_of(tx, Action::Create, record.clone(), None);
    written(tx, write, &mut |tx, record| add_row(tx, record))
}

/// Writes a row within its hooks. Conflicts stay conflicts, since a caller may know what to say.
fn written(
    tx: &mut Tx<'_>,
    write: RecordWrite,
    store: &mut dyn FnMut(&mut Tx<'_>, &Record) -> Result<RowBuf, WriteOrError>,
) -> Result<RowBuf, WriteOrError> {
    let (mut row, mut conflict) = (None, None);
    let outcome = hooked::write(tx, write, &mut |tx, write| match store(tx, &write.record) {
        Ok(stored) => {
            write.record = Record::from_row(write.record.collection().clone(), stored.as_row());
            row = Some(stored);
            Ok(())
        }
        Err(WriteOrError::Other(error)) => Err(error),
        Err(WriteOrError::Write(error)) => {
            conflict = Some(error);
            Err(Error::Stopped)
        }
    });
    if let Some(conflict) = conflict {
        return Err(conflict.into());
    }
    outcome?;
    Ok(row.ok_or(Error::Stopped)?)
}

/// Inserts a new row. The first real superuser ends the setup account.
fn add_row(tx: &mut Tx<'_>, record: &Record) -> Result<RowBuf, WriteOrError> {
    let collection = record.collection().clone();
    let row = record.to_row();
    tx.insert(&collection, &row)?;
    if collection.is_superusers() && record.text("email") != INSTALLER_EMAIL {
        remove_installer(tx, &collection)?;
    }
    Ok(row)
}

/// Replaces a stored row as a rule allowed.
pub(super) fn update(
    tx: &mut Tx<'_>,
    rowid: RowId,
    old_row: &RowBuf,
    record: Record,
    _granted: &Granted<Update>,
) -> Result<RowBuf, WriteOrError> {
    replace_row(tx, rowid, old_row, record)
}

/// Replaces a stored row for the process itself.
pub(crate) fn replace(
    tx: &mut Tx<'_>,
    rowid: RowId,
    old_row: &RowBuf,
    record: Record,
) -> Result<RowBuf, WriteOrError> {
    if !hooked::wants_in(tx, Action::Update, record.collection()) {
        return replace_row(tx, rowid, old_row, record);
    }
    let old = Record::from_row(record.collection().clone(), old_row.as_row());
    let write = hooked::write_of(tx, Action::Update, record, Some(Arc::new(old)));
    written(tx, write, &mut |tx, record| replace_row(tx, rowid, old_row, record.clone()))
}

/// Replaces a stored row, with what a change of password, email or verification brings with it.
fn replace_row(
    tx: &mut Tx<'_>,
    rowid: RowId,
    old_row: &RowBuf,
    mut record: Record,
) -> Result<RowBuf, WriteOrError> {
    let collection = record.collection().clone();
    if !collection.is_auth() {
        let row = record.to_row();
        tx.update(&collection, rowid, old_row, &row)?;
        return Ok(row);
    }
    let old = Record::from_row(collection.clone(), old_row.as_row());
    let changed = |record: &Record, name: &str| record.get(name) != old.get(name);
    let password_changed = changed(&record, "password");
    let mut rotates = password_changed || changed(&record, "email");
    if record.is_true("verified") && !old.is_true("verified") {
        // Whoever linked a provider before the address was proven may not be its owner.
        rotates |= belongings::delete(tx, "_externalAuths", &collection, record.id())? > 0;
        // The same goes for who added a passkey or an app.
        rotates |= auth::forget(tx, &collection.id, record.id())?;
    }
    if rotates && !changed(&record, "tokenKey") {
        let key = autogenerate::generate(TOKEN_KEY_PATTERN).map_err(Error::internal)?;
        record.set("tokenKey", Value::Text(key));
    }
    let row = record.to_row();
    tx.update(&collection, rowid, old_row, &row)?;
    if password_changed {
        belongings::delete(tx, "_mfas", &collection, record.id())?;
        belongings::delete(tx, "_authOrigins", &collection, record.id())?;
    }
    if changed(&record, "tokenKey") {
        belongings::delete(tx, "_otps", &collection, record.id())?;
        end_of_account(tx, &collection, record.id())?;
    }
    if collection.is_superusers() && record.text("email") != INSTALLER_EMAIL {
        remove_installer(tx, &collection)?;
    }
    Ok(row)
}

/// Stores a new hash of the same password: nothing else changes and nobody is signed out.
pub(crate) fn rehash(
    tx: &mut Tx<'_>,
    collection: &Collection,
    rowid: RowId,
    old_row: &RowBuf,
    mut record: Record,
    hash: String,
) -> Result<(), Error> {
    record.set("password", Value::Text(hash));
    Ok(tx.update(collection, rowid, old_row, &record.to_row())?)
}

fn remove_installer(tx: &mut Tx<'_>, superusers: &Arc<Collection>) -> Result<(), Error> {
    let installer = super::super::auth::find_by_identity(tx, superusers, "email", INSTALLER_EMAIL)?;
    if let Some((rowid, _)) = installer {
        delete_row(tx, superusers, rowid)?;
    }
    Ok(())
}

/// A random password for accounts that never log in with it.
pub(crate) fn random_password() -> Result<String, Error> {
    values::autogenerate::generate("[A-Za-z0-9]{30}").map_err(Error::internal)
}

//! Superusers from the command line, and the account behind the setup link.

use std::net::Ipv4Addr;
use std::sync::Arc;

use crate::model::{RowId, Timestamp, Value};
use crate::ops::records::{account, delete_unchecked, finish_draft, password_policy, touch};
use crate::ops::{Backend, Failure};
use crate::query::Rows;
use crate::schema::values::{self, autogenerate};
use crate::schema::{Collection, Record};
use crate::store::Tx;

use super::origins::Place;
use super::otp::make_otp;
use super::sessions::{Origin, token_of_login};
use super::totp::reset_superuser_totp;
use super::{Error, find_by_identity};

/// How long the setup link works, in seconds.
const SETUP_SECONDS: i64 = 1800;

/// What the command line asks of superusers.
#[derive(Clone)]
pub enum SuperuserCommand {
    /// Makes the account, or changes its password when it exists.
    Upsert {
        /// Its address.
        email: String,
        /// Its new password.
        password: String,
    },
    /// Makes the account; fails when it exists.
    Create {
        /// Its address.
        email: String,
        /// Its password.
        password: String,
    },
    /// Changes the password; fails when there is no such account.
    Update {
        /// Its address.
        email: String,
        /// Its new password.
        password: String,
    },
    /// Deletes the account; the last one stays.
    Delete {
        /// Its address.
        email: String,
    },
    /// Makes a one-time password.
    Otp {
        /// Its address.
        email: String,
    },
    /// Ends the need for codes of an app that is lost.
    TotpReset {
        /// Its address.
        email: String,
    },
}

impl std::fmt::Debug for SuperuserCommand {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (name, email) = match self {
            Self::Upsert { email, .. } => ("Upsert", email),
            Self::Create { email, .. } => ("Create", email),
            Self::Update { email, .. } => ("Update", email),
            Self::Delete { email } => ("Delete", email),
            Self::Otp { email } => ("Otp", email),
            Self::TotpReset { email } => ("TotpReset", email),
        };
        f.debug_struct(name).field("email", email).finish_non_exhaustive()
    }
}

impl SuperuserCommand {
    /// Carries it out and says what was done. Blocks the thread.
    pub fn run(&self, backend: &Backend) -> Result<String, Error> {
        match self.clone() {
            Self::Upsert { email, password } => save(backend, email, &password, true, true),
            Self::Create { email, password } => save(backend, email, &password, true, false),
            Self::Update { email, password } => save(backend, email, &password, false, true),
            Self::Delete { email } => delete(backend, email),
            Self::Otp { email } => otp(backend, &email),
            Self::TotpReset { email } => Ok(if reset_superuser_totp(backend, &email)? {
                format!("Superuser {email} needs no TOTP codes any more.")
            } else {
                format!("Superuser {email} has no TOTP; nothing to reset.")
            }),
        }
    }
}

fn save(
    backend: &Backend,
    email: String,
    password: &str,
    may_create: bool,
    may_update: bool,
) -> Result<String, Error> {
    if !values::is_email(&email) {
        return Err(Error::Refused("Missing or invalid email address.".to_owned()));
    }
    {
        let superusers = superusers(&*backend.snapshot())?;
        let field = superusers.field("password").ok_or(Error::NotAuthCollection)?;
        values::check_plain_password(field, password)
            .and_then(|()| {
                password_policy::check(backend.hasher(), &superusers, password, &[&email])
            })
            .map_err(|violation| Error::Refused(format!("Password: {}", violation.message)))?;
        if password.is_empty() {
            return Err(Error::Refused("Password: cannot be blank.".to_owned()));
        }
    }
    let hash = backend.hasher().hash(password)?;
    backend.write(move |tx| {
        let superusers = superusers(tx)?;
        let existing = find_by_identity(tx, &superusers, "email", &email)?;
        match existing {
            Some(_) if !may_update => {
                Err(Error::Refused(format!("Superuser {email} already exists.")))
            }
            None if !may_create => Err(Error::Refused(format!("Superuser {email} doesn't exist."))),
            Some((rowid, _)) => {
                set_password(tx, &superusers, rowid, &hash)?;
                Ok(format!("Changed the password of superuser {email}."))
            }
            None => {
                insert(tx, &superusers, &email, &hash)?;
                Ok(format!("Created superuser {email}."))
            }
        }
    })
}

fn set_password(
    tx: &mut Tx<'_>,
    superusers: &Arc<Collection>,
    rowid: RowId,
    hash: &str,
) -> Result<(), Error> {
    let row = tx.row(superusers, rowid)?.ok_or(Error::NotFound)?;
    let mut record = Record::from_row(superusers.clone(), row.as_row());
    record.set("password", Value::Text(hash.to_owned()));
    touch(&mut record, Timestamp::now());
    account::replace(tx, rowid, &row, record)?;
    Ok(())
}

fn insert(
    tx: &mut Tx<'_>,
    superusers: &Arc<Collection>,
    email: &str,
    hash: &str,
) -> Result<Record, Error> {
    let mut record = Record::new(superusers.clone());
    record.set("email", Value::Text(email.to_owned()));
    record.set("password", Value::Text(hash.to_owned()));
    finish_draft(&mut record, Timestamp::now())?;
    account::add(tx, &record)?;
    Ok(record)
}

fn delete(backend: &Backend, email: String) -> Result<String, Error> {
    backend.write(move |tx| {
        let superusers = superusers(tx)?;
        match find_by_identity(tx, &superusers, "email", &email)? {
            None => Ok(format!("There is no superuser {email}; nothing to delete.")),
            Some((rowid, _)) => {
                delete_unchecked(tx, &superusers, rowid, Failure::DeleteRecord)?;
                Ok(format!("Deleted superuser {email}."))
            }
        }
    })
}

fn otp(backend: &Backend, email: &str) -> Result<String, Error> {
    if !values::is_email(email) {
        return Err(Error::Refused("Missing or invalid email address.".to_owned()));
    }
    let otp = make_otp(backend, Collection::SUPERUSERS, email)?;
    Ok(format!(
        "One-time password for superuser {email}:\nid: {}\npassword: {}\nvalid for: {} seconds",
        otp.id, otp.code, otp.duration
    ))
}

/// A token with which the first superuser can be made, when there is none yet. It belongs to an
/// account that disappears with the first real superuser, and the token with it.
pub fn setup_token(backend: &Backend) -> Result<Option<String>, Error> {
    {
        let snapshot = backend.snapshot();
        let superusers = superusers(&*snapshot)?;
        let others = snapshot.count(&superusers)?;
        let installer =
            find_by_identity(&*snapshot, &superusers, "email", account::INSTALLER_EMAIL)?;
        if others > u64::from(installer.is_some()) {
            return Ok(None);
        }
    }
    let hash = backend.hasher().hash(&account::random_password()?)?;
    let token_key = autogenerate::generate("[a-zA-Z0-9]{50}").map_err(Error::internal)?;
    let token = backend.write(move |tx| {
        let superusers = superusers(tx)?;
        let existing = find_by_identity(tx, &superusers, "email", account::INSTALLER_EMAIL)?;
        let row = match existing {
            None => insert(tx, &superusers, account::INSTALLER_EMAIL, &hash)?.to_row(),
            // A link printed by an earlier start stops working.
            Some((rowid, row)) => {
                let mut record = Record::from_row(superusers.clone(), row.as_row());
                record.set("tokenKey", Value::Text(token_key.clone()));
                account::replace(tx, rowid, &row, record)?
            }
        };
        let place = Place::new(Ipv4Addr::LOCALHOST.into(), "");
        let origin = Origin { method: "setup", place: &place };
        token_of_login(tx, &superusers, row.as_row(), false, Some(SETUP_SECONDS), &origin)
    })?;
    Ok(Some(token))
}

fn superusers(rows: &dyn Rows) -> Result<Arc<Collection>, Error> {
    rows.catalog()
        .by_name(Collection::SUPERUSERS)
        .cloned()
        .ok_or_else(|| Error::internal("the collection of superusers is missing"))
}

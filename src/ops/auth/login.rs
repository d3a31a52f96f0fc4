//! Password logins and token refreshes.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use crate::access::{Caller, Gate, RuleCache};
use crate::auth::{TokenKind, Verdict};
use crate::model::{RowBuf, RowId, Value};
use crate::ops::Backend;
use crate::ops::records::account;
use crate::ops::views::Writing;
use crate::query::Rows;
use crate::schema::{Collection, PasswordAuth, Record, Violation, values};

use super::admission::{Admission, LoggedIn, own_view};
use super::form::{Form, TEXT_BYTES_MAX};
use super::ledger::Ledger;
use super::principal::{bearer, issue, issue_for_session};
use super::throttle::{Throttles, Trial};
use super::{Attempt, Error, Login, Method, auth_collection, find_by_identity};

/// What a client sends to log in with a password.
#[derive(Clone)]
pub struct PasswordLogin {
    /// An email address, or another field's value.
    pub identity: String,
    /// The plain password.
    pub password: String,
    /// The field that `identity` is a value of; empty = any of the collection's identity fields.
    pub identity_field: String,
    /// Who tries, and where from.
    pub attempt: Attempt,
}

impl std::fmt::Debug for PasswordLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordLogin").field("identity", &self.identity).finish_non_exhaustive()
    }
}

impl PasswordLogin {
    /// Checks the password and makes a token, or asks for a second factor. Blocks the thread for as
    /// long as a hash takes, and a commit.
    pub fn run(&self, backend: &Backend, collection: &str) -> Result<Login, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        let options = collection.auth().ok_or(Error::NotAuthCollection)?;
        if !options.password_auth.enabled {
            return Err(Error::PasswordAuthDisabled);
        }
        self.check_form(&options.password_auth)?;
        let found = self.find(&*snapshot, &collection, &options.password_auth)?;
        drop(snapshot);
        let guesses = Guesses::of(self, backend, &collection);
        guesses.check()?;
        let hasher = backend.hasher();
        let Some((rowid, row)) = found else {
            hasher.verify_nobody(&self.password)?;
            return Err(guesses.wrong());
        };
        let record = Record::from_row(collection.clone(), row.as_row());
        let verdict = hasher.verify(&self.password, record.text("password"))?;
        if verdict == Verdict::NoMatch {
            return Err(guesses.wrong());
        }
        // Many guesses sent at once were all let through, and one may have been right.
        guesses.check()?;
        let admission = Admission::new(backend, self.attempt.clone(), Method::Password);
        let ended = if Admission::writes(&collection) {
            let (admission, id) = (admission.clone(), collection.id.clone());
            let verified = record.text("password").to_owned();
            backend.write(move |tx| {
                let collection = auth_collection(tx, id.as_str())?;
                let row = tx.row(&collection, rowid)?.ok_or(Error::WrongCredentials)?;
                let record = Record::from_row(collection.clone(), row.as_row());
                // The password may have been changed since it was compared.
                if record.get("password") != Some(&Value::Text(verified.clone())) {
                    return Err(Error::WrongCredentials);
                }
                admission.run(tx, &collection, &row)
            })?
        } else {
            admission.read(&*backend.snapshot(), &collection, row.clone())?
        };
        let login = admission.answer(backend, ended)?;
        if verdict == Verdict::MatchOutdated {
            self.rehash(backend, &collection, rowid, &row)?;
        }
        Ok(login)
    }

    fn check_form(&self, options: &PasswordAuth) -> Result<(), Error> {
        let mut form = Form::default();
        form.required("identity", &self.identity, 1, TEXT_BYTES_MAX);
        form.required("password", &self.password, 1, TEXT_BYTES_MAX);
        form.length("identityField", &self.identity_field, 1, TEXT_BYTES_MAX);
        if !self.identity_field.is_empty()
            && !options.identity_fields.contains(&self.identity_field)
        {
            let violation = Violation::new("validation_in_invalid", "Must be a valid value.");
            form.add("identityField", violation);
        }
        form.check()
    }

    fn find(
        &self,
        rows: &dyn Rows,
        collection: &Collection,
        options: &PasswordAuth,
    ) -> Result<Option<(RowId, RowBuf)>, Error> {
        let mut fields: Vec<&String> = if self.identity_field.is_empty() {
            options.identity_fields.iter().collect()
        } else {
            vec![&self.identity_field]
        };
        // The email goes first, so that nobody takes over an account by naming themselves so.
        fields.sort_by_key(|field| *field != "email");
        for field in fields {
            if field == "email" && !values::is_email(&self.identity) {
                continue;
            }
            if let Some(found) = find_by_identity(rows, collection, field, &self.identity)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Replaces a hash of an older kind, unless the record changed meanwhile.
    fn rehash(
        &self,
        backend: &Backend,
        collection: &Arc<Collection>,
        rowid: RowId,
        row: &RowBuf,
    ) -> Result<(), Error> {
        let hash = backend.hasher().hash(&self.password)?;
        let (id, row) = (collection.id.clone(), row.clone());
        backend.write(move |tx| {
            let Some(collection) = tx.catalog().by_id(id.as_str()).cloned() else { return Ok(()) };
            if tx.row(&collection, rowid)?.as_ref() != Some(&row) {
                return Ok(());
            }
            let record = Record::from_row(collection.clone(), row.as_row());
            account::rehash(tx, &collection, rowid, &row, record, hash.clone())
        })
    }
}

/// How often somebody at one address was wrong about a password. Whether there is such an account
/// makes no difference.
struct Guesses<'a> {
    throttles: &'a Throttles,
    identity: String,
    address: IpAddr,
}

impl<'a> Guesses<'a> {
    fn of(login: &PasswordLogin, backend: &'a Backend, collection: &Collection) -> Self {
        Self {
            throttles: backend.throttles(),
            identity: format!("{}/{}", collection.id.as_str(), login.identity),
            address: login.attempt.address,
        }
    }

    /// Fails when there were too many.
    fn check(&self) -> Result<(), Error> {
        let is_spent =
            |trial, subject| self.throttles.is_spent(trial, subject, self.address, Instant::now());
        if is_spent(Trial::Password, &self.identity) || is_spent(Trial::AnyPassword, "") {
            return Err(Error::TooManyRequests);
        }
        Ok(())
    }

    /// Counts one that was wrong.
    fn wrong(&self) -> Error {
        let now = Instant::now();
        self.throttles.take(Trial::Password, &self.identity, self.address, now);
        self.throttles.take(Trial::AnyPassword, "", self.address, now);
        Error::WrongCredentials
    }
}

/// Gives the caller a new token for the record that `token` belongs to. A token that may not be
/// refreshed comes back as it was. One of a session stays one of it; [`super::prolong`] does the rest.
pub fn refresh(
    rows: &dyn Ledger,
    rules: &RuleCache,
    caller: &Caller,
    collection: &str,
    token: &str,
    expand: &str,
) -> Result<LoggedIn, Error> {
    let wanted = rows.catalog().find(collection).ok_or(Error::NoCollection)?.clone();
    let auth = caller.auth().ok_or(Error::Unauthenticated)?;
    if auth.collection.id != wanted.id {
        return Err(Error::OtherCollection(auth.collection.name.clone()));
    }
    let Some((holder, claims)) = bearer(rows, token, TokenKind::Auth)? else {
        return Err(Error::Unauthenticated);
    };
    let with_views = Writing::over(rows);
    let gate = Gate::new(&with_views, rules, caller);
    let row = holder.row;
    // An auth rule that cannot be evaluated lets nobody in.
    if !gate.may_authenticate(&wanted, row.as_row(), caller.request()).unwrap_or(false) {
        return Err(Error::AuthRuleFailed);
    }
    let token = if claims.refreshable == Some(true) {
        issue_for_session(&wanted, row.as_row(), true, None, claims.session.as_deref())?
    } else {
        token.to_owned()
    };
    let record = own_view(rows, rules, caller.request().clone(), &wanted, row, expand)?;
    Ok(LoggedIn { token, record })
}

/// A token of the account `id` for a superuser to act with, good for `seconds`, or as long as its
/// collection says when that is 0. It cannot be refreshed. Where sessions are kept,
/// [`super::Impersonation`] has to make the token in its stead.
pub fn impersonate(
    rows: &dyn Rows,
    rules: &RuleCache,
    caller: &Caller,
    collection: &str,
    id: &str,
    seconds: i64,
    expand: &str,
) -> Result<LoggedIn, Error> {
    if !caller.is_superuser() {
        return Err(Error::Forbidden);
    }
    let collection = auth_collection(rows, collection)?;
    let rowid = rows.find(&collection, id)?.ok_or(Error::NotFound)?;
    let row = rows.row(&collection, rowid)?.ok_or(Error::NotFound)?;
    if seconds < 0 {
        let violation =
            Violation::new("validation_min_greater_equal_than_required", "Must be no less than 0.");
        let mut form = Form::default();
        form.add("duration", violation.with("threshold", 0));
        form.check()?;
    }
    let seconds = (seconds > 0).then_some(seconds);
    let token = issue(&collection, row.as_row(), TokenKind::Auth, Some(false), seconds)?;
    let record = own_view(rows, rules, caller.request().clone(), &collection, row, expand)?;
    Ok(LoggedIn { token, record })
}

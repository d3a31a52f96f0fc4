//! Password logins and token refreshes.

use std::sync::Arc;

use crate::access::{Caller, Gate, RuleCache};
use crate::auth::{TokenKind, Verdict};
use crate::model::{RowBuf, RowId};
use crate::ops::records::{Enricher, Expand, RecordView, account};
use crate::ops::{Backend, Failure};
use crate::query::{AuthRow, Context, Request, Rows};
use crate::schema::{Collection, PasswordAuth, Record, Violation, Violations, values};

use super::principal::{holder, issue};
use super::{Error, find_by_identity};
use crate::ops::views::Writing;

/// Longest identity, password and identity field, in bytes.
const FORM_BYTES_MAX: usize = 255;

/// What a client sends to log in with a password.
#[derive(Clone, Default)]
pub struct PasswordLogin {
    /// An email address, or another field's value.
    pub identity: String,
    /// The plain password.
    pub password: String,
    /// The field that `identity` is a value of; empty = any of the collection's identity fields.
    pub identity_field: String,
    /// Relations to expand in the answer.
    pub expand: String,
}

impl std::fmt::Debug for PasswordLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordLogin").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// The answer to a login.
#[derive(Debug)]
pub struct LoggedIn {
    /// The token.
    pub token: String,
    /// The account, as it may see itself.
    pub record: RecordView,
}

impl PasswordLogin {
    /// Checks the password and makes a token. Blocks the thread for as long as a hash takes.
    pub fn run(
        &self,
        backend: &Backend,
        caller: &Caller,
        collection: &str,
    ) -> Result<LoggedIn, Error> {
        let snapshot = backend.snapshot();
        let collection = auth_collection(&*snapshot, collection)?;
        let options = collection.auth().ok_or(Error::NotAuthCollection)?;
        if !options.password_auth.enabled {
            return Err(Error::PasswordAuthDisabled);
        }
        self.check_form(&options.password_auth)?;
        let found = self.find(&*snapshot, &collection, &options.password_auth)?;
        let hasher = backend.hasher();
        let Some((rowid, row)) = found else {
            hasher.verify_nobody(&self.password)?;
            return Err(Error::WrongCredentials);
        };
        let record = Record::from_row(collection.clone(), row.as_row());
        let verdict = hasher.verify(&self.password, record.text("password"))?;
        if verdict == Verdict::NoMatch {
            return Err(Error::WrongCredentials);
        }
        if options.mfa.enabled {
            // Half a login must never become a whole one.
            return Err(Error::Refused(
                "Multi-factor authentication is required and not supported yet.".to_owned(),
            ));
        }
        let request = Request { context: Context::Password, ..caller.request().clone() };
        let logged_in = log_in(
            &*snapshot,
            backend.rules(),
            caller,
            &request,
            &collection,
            row.clone(),
            &self.expand,
            None,
        )?;
        if verdict == Verdict::MatchOutdated {
            self.rehash(backend, &collection, rowid, &row)?;
        }
        Ok(logged_in)
    }

    fn check_form(&self, options: &PasswordAuth) -> Result<(), Error> {
        let mut violations = Violations::new();
        for (name, value, required) in [
            ("identity", &self.identity, true),
            ("password", &self.password, true),
            ("identityField", &self.identity_field, false),
        ] {
            if value.is_empty() && required {
                violations.add(name, Violation::required());
            } else if value.len() > FORM_BYTES_MAX {
                let message = format!("The length must be between 1 and {FORM_BYTES_MAX}.");
                let violation = Violation::new("validation_length_out_of_range", message)
                    .with("min", 1)
                    .with("max", FORM_BYTES_MAX);
                violations.add(name, violation);
            }
        }
        if !self.identity_field.is_empty()
            && !options.identity_fields.contains(&self.identity_field)
        {
            let violation = Violation::new("validation_in_invalid", "Must be a valid value.");
            violations.add("identityField", violation);
        }
        violations.into_result().map_err(|violations| Error::Rejected(Failure::Form, violations))
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

/// Gives the caller a new token for the record that `token` belongs to. A token that may not be
/// refreshed comes back as it was.
pub fn refresh(
    rows: &dyn Rows,
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
    let Some((holder, claims)) = holder(rows, token, TokenKind::Auth)? else {
        return Err(Error::Unauthenticated);
    };
    let kept = (claims.refreshable != Some(true)).then(|| token.to_owned());
    log_in(rows, rules, caller, caller.request(), &wanted, holder.row, expand, kept)
}

/// The tail of every login: the auth rule, the token, the record as its owner sees it.
#[expect(clippy::too_many_arguments, reason = "one private tail for all logins, all parts named")]
fn log_in(
    rows: &dyn Rows,
    rules: &RuleCache,
    caller: &Caller,
    request: &Request,
    collection: &Arc<Collection>,
    row: RowBuf,
    expand: &str,
    kept_token: Option<String>,
) -> Result<LoggedIn, Error> {
    let with_views = Writing::over(rows);
    let gate = Gate::new(&with_views, rules, caller);
    // An auth rule that cannot be evaluated lets nobody in.
    if !gate.may_authenticate(collection, row.as_row(), request).unwrap_or(false) {
        return Err(Error::AuthRuleFailed);
    }
    let token = match kept_token {
        Some(token) => token,
        None => issue(collection, row.as_row(), TokenKind::Auth, Some(true), None)?,
    };
    let auth = AuthRow { collection: collection.clone(), row: row.clone() };
    let owner = Caller::new(Request { auth: Some(auth), ..request.clone() });
    let enricher = Enricher::new(Gate::new(&with_views, rules, &owner));
    let record = enricher.view(collection, row, Expand::parse(expand).as_ref())?;
    Ok(LoggedIn { token, record })
}

fn auth_collection(rows: &dyn Rows, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    let collection = rows.catalog().find(id_or_name).ok_or(Error::NoCollection)?;
    if collection.is_auth() { Ok(collection.clone()) } else { Err(Error::NotAuthCollection) }
}

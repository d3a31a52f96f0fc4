//! Whose sessions and API keys a caller may look after.

use std::sync::Arc;

use crate::access::{Caller, Gate, RuleCache};
use crate::model::RowBuf;
use crate::ops::views::Writing;
use crate::query::{Rows, Subject};
use crate::schema::{Collection, Violation};

use super::form::Form;
use super::ledger::Account;
use super::{Error, auth_collection};

/// The account whose credentials are looked after.
#[derive(Debug)]
pub(super) struct Owner {
    pub(super) collection: Arc<Collection>,
    pub(super) row: RowBuf,
    pub(super) account: Account,
}

impl Owner {
    /// The caller itself, or the account `record` if it is not empty and the caller manages it.
    /// An account that the caller does not manage looks missing.
    pub(super) fn find(
        rows: &dyn Rows,
        rules: &RuleCache,
        caller: &Caller,
        collection: &str,
        record: &str,
    ) -> Result<Self, Error> {
        let wanted = auth_collection(rows, collection)?;
        let auth = caller.auth().ok_or(Error::Unauthenticated)?;
        // Nothing that a key could make may reach further than the key.
        if auth.credential.key().is_some() {
            return Err(Error::OutOfScope);
        }
        if record.is_empty() && auth.collection.id != wanted.id && caller.is_superuser() {
            let mut form = Form::default();
            form.add("recordId", Violation::required());
            form.check()?;
        }
        if record.is_empty() || caller.is_record(wanted.id.as_str(), record) {
            return Self::own(rows, caller, collection);
        }
        let rowid = rows.find(&wanted, record)?.ok_or(Error::NotFound)?;
        let row = rows.row(&wanted, rowid)?.ok_or(Error::NotFound)?;
        let with_views = Writing::over(rows);
        let gate = Gate::new(&with_views, rules, caller);
        let subject = Subject::Stored(row.as_row());
        // A manage rule that cannot be evaluated grants nothing.
        if !gate.manages(&wanted, caller.request(), subject).unwrap_or(false) {
            return Err(Error::NotFound);
        }
        Ok(Self::new(wanted, row))
    }

    /// The caller itself, which must be an account of `collection`.
    pub(super) fn own(rows: &dyn Rows, caller: &Caller, collection: &str) -> Result<Self, Error> {
        let wanted = auth_collection(rows, collection)?;
        let auth = caller.auth().ok_or(Error::Unauthenticated)?;
        if auth.credential.key().is_some() {
            return Err(Error::OutOfScope);
        }
        if auth.collection.id != wanted.id {
            return Err(Error::OtherCollection(auth.collection.name.clone()));
        }
        Ok(Self::new(wanted, auth.row.clone()))
    }

    fn new(collection: Arc<Collection>, row: RowBuf) -> Self {
        let account = Account::new(&collection, row.as_row().id());
        Self { collection, row, account }
    }
}

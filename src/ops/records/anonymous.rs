//! Making the account of a visitor who has not said who they are.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::model::Timestamp;
use crate::ops::Failure;
use crate::query::Rows;
use crate::schema::values::{self, WriteAccess};
use crate::schema::{Collection, Record, Violation, Violations};
use crate::store::Tx;

use super::draft::{check_fields, check_files, finish};
use super::write::{WriteOrError, conflict};
use super::{Error, account, belongings};

/// What people log in with, and what only the server says.
const NOT_GIVEN: [&str; 4] = ["email", "password", "passwordConfirm", "verified"];

/// Inserts an account without email and password whose other fields are those of `body`, as far as
/// clients can set them. Every check of an ordinary create is done but that of its rule.
pub(crate) fn add(
    tx: &mut Tx<'_>,
    collection: &Arc<Collection>,
    body: &Map<String, Json>,
    now: Timestamp,
) -> Result<Record, Error> {
    let record = draft(tx, collection, body, now)?;
    match account::add(tx, &record) {
        Ok(_) => Ok(record),
        Err(WriteOrError::Write(error)) => Err(conflict(error, collection, Failure::CreateRecord)),
        Err(WriteOrError::Other(error)) => Err(error),
    }
}

fn draft(
    rows: &dyn Rows,
    collection: &Arc<Collection>,
    body: &Map<String, Json>,
    now: Timestamp,
) -> Result<Record, Error> {
    let mut violations = Violations::new();
    for name in NOT_GIVEN {
        let is_given = !matches!(body.get(name), None | Some(Json::Null | Json::Bool(false)))
            && body[name] != "";
        if is_given {
            violations.add(name, Violation::new("validation_empty", "Must be blank."));
        }
    }
    refuse(violations)?;
    let mut record = Record::new(collection.clone());
    values::apply(&mut record, body, WriteAccess::Client);
    finish(&mut record, now)?;
    let checked = check_fields(rows, &record, None, true, |field, value| {
        check_files(field, value, None, &[])
    })?;
    refuse(checked)?;
    refuse(belongings::check(rows, &record)?)?;
    Ok(record)
}

fn refuse(violations: Violations) -> Result<(), Error> {
    violations
        .into_result()
        .map_err(|violations| Error::Rejected(Failure::CreateRecord, violations))
}

//! Asking the data with SQL, for superusers.

use std::time::Duration;

use serde_json::{Map, Value as Json};

use crate::query::Rows;
use crate::schema::{Violation, Violations};
use crate::sql::{Answer, Limits, Select};

use super::{Error, Failure};

/// Bytes of a query.
const QUERY_MAX: usize = 5000;
/// Rows beyond these are left out of an answer.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(10),
    rows_read: usize::MAX,
    rows: 1000,
    cut: true,
    bytes: 64 << 20,
};

/// The same for programs, which get all rows or a failure.
const PROGRAM_LIMITS: Limits = Limits { rows: 100_000, cut: false, ..LIMITS };

/// What the SELECT `query` of a program says of `rows`: each row by the names of its columns. May
/// take seconds.
pub(in crate::ops) fn select(
    rows: &dyn Rows,
    query: &str,
) -> Result<Vec<Map<String, Json>>, Error> {
    let refused = |error| Error::Refused(format!("The query failed: {error}."));
    let select = Select::prepare(rows.catalog(), query, None).map_err(refused)?;
    let Answer { columns, rows } = select.texts(rows, &PROGRAM_LIMITS).map_err(refused)?;
    let named = |row: Vec<Option<String>>| {
        columns.iter().cloned().zip(row.into_iter().map(Json::from)).collect()
    };
    Ok(rows.into_iter().map(named).collect())
}

/// What the SELECT `query` says of `rows`. May take seconds.
pub fn ask(rows: &dyn Rows, query: &str) -> Result<Answer, Error> {
    check_length(query)?;
    let refused = |error| Error::Refused(format!("Failed to execute query. Raw error:\n{error}"));
    let select = Select::prepare(rows.catalog(), query, None).map_err(refused)?;
    select.texts(rows, &LIMITS).map_err(refused)
}

/// Refuses a query that is missing or too long for a form.
pub(super) fn check_length(query: &str) -> Result<(), Error> {
    let violation = if query.is_empty() {
        Violation::required()
    } else if query.len() > QUERY_MAX {
        let message = format!("The length must be no more than {QUERY_MAX}.");
        Violation::new("validation_length_too_long", message).with("max", QUERY_MAX)
    } else {
        return Ok(());
    };
    Err(Error::Rejected(Failure::Form, Violations::of("query", violation)))
}

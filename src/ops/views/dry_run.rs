//! Trying the query of a view out.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use serde_json::{Map, Value as Json};

use crate::model::{RowBuf, Timestamp};
use crate::ops::console::check_length;
use crate::ops::records::{RecordView, Visibility};
use crate::query::Rows;
use crate::schema::{Collection, Draft};
use crate::sql::Limits;

use super::Error;
use super::definition::{SAMPLE_ROWS, sampled};

/// What a try may take.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(3),
    rows_read: usize::MAX,
    rows: SAMPLE_ROWS,
    cut: true,
    bytes: 64 << 20,
};

/// What a view would look like.
#[derive(Debug)]
pub struct DryRun {
    /// A collection that exists nowhere else, with the fields of the query.
    pub view: Arc<Collection>,
    /// Its first records.
    pub sample: Vec<RecordView>,
}

/// Tries `query` out over `rows`. May take seconds.
pub fn dry_run(rows: &dyn Rows, query: &str) -> Result<DryRun, Error> {
    check_length(query)?;
    let name = format!("temp_view_{}", letters());
    let body: Map<String, Json> = [("name", name.as_str()), ("type", "view"), ("viewQuery", query)]
        .map(|(key, text)| (key.to_owned(), text.into()))
        .into_iter()
        .collect();
    let catalog = rows.catalog();
    let mut draft =
        Draft::create(catalog, &body, Timestamp::now()).map_err(|error| refused(&error))?;
    let (view, sample) = sampled(rows, catalog, draft.collection(), query, &LIMITS)
        .map_err(|error| refused(&error))?;
    draft.set_view_fields(view.fields);
    let view = draft
        .check(catalog, &|_, _| Ok(()))
        .map_err(|violations| refused(&violations.to_json()))?;
    let view = Arc::new(view);
    let record = |row: RowBuf| RecordView {
        collection: Arc::clone(&view),
        row,
        visibility: Visibility { hidden: false, email: true },
        expand: None,
        enrichment: None,
    };
    let sample = sample.into_iter().map(record).collect();
    Ok(DryRun { view, sample })
}

fn refused(error: &dyn std::fmt::Display) -> Error {
    Error::Refused(format!("Invalid view query. Raw error: \n{error}"))
}

fn letters() -> String {
    let mut rng = rand::rng();
    (0..5).map(|_| char::from(rng.random_range(b'a'..=b'z'))).collect()
}

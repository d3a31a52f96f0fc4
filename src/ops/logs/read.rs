//! Looking into the log.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use crate::model::{RowBuf, Timestamp, Value};
use crate::ops::records::ListParams;
use crate::query::{
    Direction, Filter, FilterError, ListQuery, ListSpec, Page, ReadError, Request, Rows, Scope,
    Subject,
};
use crate::schema::{Collection, Record};

use super::writer::left_out_in;
use super::{Error, Logs, logs_of};

/// Entries on one page when the client does not say, and at most.
const PER_PAGE_DEFAULT: u64 = 30;
const PER_PAGE_MAX: u64 = 1000;

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredEntry {
    /// Its id.
    pub id: String,
    /// When it happened.
    pub created: Option<Timestamp>,
    /// The details, as JSON.
    pub data: String,
    /// What happened, in a line.
    pub message: String,
    /// How bad it is.
    pub level: i64,
}

/// A page of entries.
#[derive(Debug)]
pub struct LogPage {
    /// The entries.
    pub entries: Vec<StoredEntry>,
    /// The page's number, from 1.
    pub page: u64,
    /// How many fit on a page.
    pub per_page: u64,
    /// How many there are on all pages; `None` when not asked for.
    pub total: Option<u64>,
}

/// What there is of one hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogHour {
    /// When it began.
    pub begin: Timestamp,
    /// The entries.
    pub total: u64,
    /// How many requests those entries stand for that only say how many there were.
    pub left_out: u64,
}

impl Logs {
    /// One page of entries, filtered and sorted as records are. Blocks.
    pub fn list(&self, params: &ListParams) -> Result<LogPage, Error> {
        self.flush();
        let snapshot = self.store.snapshot();
        let collection = logs_of(snapshot.catalog())?;
        let given = |text: &'_ str| !text.is_empty();
        let spec = ListSpec {
            rule: None,
            filter: Some(params.filter.as_str()).filter(|text| given(text)),
            sort: Some(params.sort.as_str()).filter(|text| given(text)),
            superuser: true,
        };
        let query = ListQuery::compile(snapshot.catalog(), &collection, &spec)?;
        let page = params.page.max(1) as u64;
        let per_page = match params.per_page {
            ..=0 => PER_PAGE_DEFAULT,
            asked => (asked as u64).min(PER_PAGE_MAX),
        };
        let wanted = Page {
            offset: (page - 1).saturating_mul(per_page),
            limit: per_page,
            total: !params.skip_total,
        };
        let request = Request::default();
        let found = query.plan(&*snapshot, &request, wanted)?.run(&*snapshot)?;
        let entries = found.rows.iter().map(|(_, row)| entry(&collection, row)).collect();
        Ok(LogPage { entries, page, per_page, total: found.total })
    }

    /// The entry with this id. Blocks.
    pub fn view(&self, id: &str) -> Result<StoredEntry, Error> {
        self.flush();
        let snapshot = self.store.snapshot();
        let collection = logs_of(snapshot.catalog())?;
        let rowid = snapshot.find(&collection, id)?.ok_or(Error::NotFound)?;
        let row = snapshot.row(&collection, rowid)?.ok_or(Error::NotFound)?;
        Ok(entry(&collection, &row))
    }

    /// How many entries that pass `filter` there are in each hour that has any, in order. Blocks.
    pub fn stats(&self, filter: &str) -> Result<Vec<LogHour>, Error> {
        self.flush();
        let snapshot = self.store.snapshot();
        let collection = logs_of(snapshot.catalog())?;
        let filter = (!filter.is_empty())
            .then(|| {
                let scope = Scope::Client { superuser: true };
                Filter::compile(snapshot.catalog(), &collection, filter, scope)
            })
            .transpose()?;
        let request = Request::default();
        let mut hours: BTreeMap<i64, (u64, u64)> = BTreeMap::new();
        let mut failed: Option<FilterError> = None;
        let read: Result<(), ReadError> = snapshot.scan(
            &collection,
            (Bound::Unbounded, Bound::Unbounded),
            Direction::Forward,
            &mut |_, row| {
                let passes = filter.as_ref().map_or(Ok(true), |filter| {
                    filter.matches(&*snapshot, &request, Subject::Stored(row))
                });
                match passes {
                    Ok(false) => {}
                    Ok(true) => {
                        let record = Record::from_row(collection.clone(), row);
                        if let Some(Value::Date(Some(created))) = record.get("created") {
                            let hour = created.millis().div_euclid(3_600_000);
                            let (total, left_out) = hours.entry(hour).or_default();
                            *total += 1;
                            if let Some(Value::Json(data)) = record.get("data") {
                                *left_out += left_out_in(data.as_str());
                            }
                        }
                    }
                    Err(error) => {
                        failed = Some(error);
                        return Ok(ControlFlow::Break(()));
                    }
                }
                Ok(ControlFlow::Continue(()))
            },
        );
        read?;
        if let Some(error) = failed {
            return Err(error.into());
        }
        let begin = |hour: i64| Timestamp::from_millis(hour.saturating_mul(3_600_000));
        let hour = |(at, (total, left_out))| LogHour { begin: begin(at), total, left_out };
        Ok(hours.into_iter().map(hour).collect())
    }
}

fn entry(collection: &Arc<Collection>, row: &RowBuf) -> StoredEntry {
    let record = Record::from_row(collection.clone(), row.as_row());
    StoredEntry {
        id: record.id().to_owned(),
        created: match record.get("created") {
            Some(Value::Date(created)) => *created,
            _ => None,
        },
        data: match record.get("data") {
            Some(Value::Json(json)) => json.as_str().to_owned(),
            _ => "{}".to_owned(),
        },
        message: record.text("message").to_owned(),
        level: match record.get("level") {
            Some(Value::Number(level)) => *level as i64,
            _ => 0,
        },
    }
}

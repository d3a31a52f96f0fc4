//! The thread that writes the log.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::model::{JsonText, Timestamp, Value};
use crate::query::Rows;
use crate::schema::{Record, values};
use crate::store::{Store, Tx};

use super::allowance::{Allowance, Allowances};
use super::queue::{Batch, Queue};
use super::{Error, LogEntry, logs_of};

/// The levels of what says how many requests were left out.
const INFO: i64 = 0;
const ERROR: i64 = 8;
/// What the details of such an entry are, and how their text begins.
const SUMMARY: &str = "summary";
const SUMMARY_START: &str = r#"{"type":"summary","#;

/// What the thread works with.
pub(super) struct Writer {
    pub(super) store: Store,
    pub(super) queue: Arc<Queue>,
    pub(super) allowances: Arc<Allowances>,
}

impl Writer {
    /// Writes what comes until the queue is closed.
    pub(super) fn run(&self) {
        loop {
            let Batch { entries, told, is_last } = self.queue.next();
            self.write(entries.into_iter().map(|make| make()).collect());
            for done in told {
                let _ = done.send(());
            }
            if is_last {
                return;
            }
        }
    }

    fn write(&self, mut batch: Vec<LogEntry>) {
        let Allowances { successes, failures } = &*self.allowances;
        batch.extend(left_out(successes, INFO));
        batch.extend(left_out(failures, ERROR));
        if batch.is_empty() {
            return;
        }
        let written = self.store.write(move |tx| insert(tx, &batch));
        if let Err(error) = written {
            tracing::error!(%error, "cannot write the log of requests");
        }
    }
}

/// Says how many requests were left out, if any were.
fn left_out(allowance: &Allowance, level: i64) -> Option<LogEntry> {
    let count = allowance.take_left_out();
    let data = json!({ "type": SUMMARY, "count": count });
    (count > 0).then(|| LogEntry {
        created: Timestamp::now(),
        level,
        message: format!("{count} more requests, too many to log each"),
        data: data.as_object().cloned().unwrap_or_default(),
    })
}

/// How many requests an entry with these details tells of without a line for each.
pub(super) fn left_out_in(data: &str) -> u64 {
    // So that no others are parsed.
    if !data.starts_with(SUMMARY_START) {
        return 0;
    }
    let data: Json = serde_json::from_str(data).unwrap_or_default();
    data["count"].as_u64().unwrap_or(0)
}

fn insert(tx: &mut Tx<'_>, batch: &[LogEntry]) -> Result<(), Error> {
    let collection = logs_of(tx.catalog())?;
    for entry in batch {
        let mut record = Record::new(collection.clone());
        record.set("id", Value::Text(values::new_record_id()));
        record.set("created", Value::Date(Some(entry.created)));
        record.set("level", Value::Number(entry.level as f64));
        record.set("message", Value::Text(entry.message.clone()));
        let data = Json::Object(entry.data.clone());
        record.set("data", Value::Json(JsonText::trusted(data.to_string())));
        tx.insert_unlogged(&collection, &record.to_row())?;
    }
    Ok(())
}

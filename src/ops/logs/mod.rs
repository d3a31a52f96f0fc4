//! The log of requests, kept in a store of its own beside the data.
//!
//! Entries go through a bounded queue to a thread that writes them in batches, one a second. Nobody
//! waits for it, and a request under full load does no more for it than look at a counter: of what
//! goes beyond an allowance only the number is kept, and said in an entry of its own.

mod allowance;
mod queue;
mod read;
#[cfg(test)]
mod tests;
mod writer;

pub use read::{LogHour, LogPage, StoredEntry};

use std::ops::{Bound, ControlFlow};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::{Map, Value as Json, json};

use crate::model::{RowBuf, RowId, Timestamp, Value};
use crate::query::{Direction, Rows};
use crate::schema::{Catalog, Collection, Record, create_from_body};
use crate::store::Store;

use super::Error;
use allowance::Allowances;
use queue::Queue;
use writer::Writer;

/// The name of the one collection.
const NAME: &str = "logs";
/// How long to wait for what is to be written before reading.
const FLUSH_WAIT: Duration = Duration::from_secs(2);
/// Entries deleted in one transaction.
const DELETED_AT_ONCE: usize = 1000;
/// A day, in milliseconds.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct LogEntry {
    /// When.
    pub created: Timestamp,
    /// -4 debug, 0 info, 4 warning, 8 error.
    pub level: i64,
    /// What, in a line.
    pub message: String,
    /// The details. No secrets.
    pub data: Map<String, Json>,
}

/// The log. Dropping it writes what waits.
#[derive(Debug)]
pub struct Logs {
    store: Store,
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    allowances: Arc<Allowances>,
}

impl Logs {
    /// The log in `store`, which holds nothing else. Blocks for a commit when it is new. Fails when
    /// there can be no more threads, too.
    pub fn start(store: Store) -> Result<Self, Error> {
        if store.snapshot().catalog().by_name(NAME).is_none() {
            let collection = definition()?;
            store.write(move |tx| {
                tx.create_collection(collection.clone())?;
                Ok::<_, Error>(())
            })?;
        }
        let (queue, allowances) = (Arc::<Queue>::default(), Arc::<Allowances>::default());
        let writer = Writer {
            store: store.clone(),
            queue: Arc::clone(&queue),
            allowances: Arc::clone(&allowances),
        };
        let thread = std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || writer.run())
            .map_err(Error::internal)?;
        Ok(Self { store, queue, thread: Mutex::new(Some(thread)), allowances })
    }

    /// Whether an entry of this level will be kept now. Where the answer is no it counts as left out,
    /// so ask once for each entry.
    pub fn admits(&self, level: i64) -> bool {
        self.allowances.of(level).admits(Timestamp::now())
    }

    /// Adds the entry that `make` makes, soon, on another thread. Never waits.
    pub fn push(&self, level: i64, make: impl FnOnce() -> LogEntry + Send + 'static) {
        if !self.queue.push(Box::new(make)) {
            self.allowances.of(level).leave_out();
        }
    }

    /// Waits until what was added so far can be read, for two seconds at most.
    pub fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        if self.queue.flush(done) {
            // Whoever reads sees what there is then.
            let _ = is_done.recv_timeout(FLUSH_WAIT);
        }
    }

    /// Deletes entries that are older than `max_days` days, all when that is 0, and those below
    /// `min_level`. Returns how many. Blocks.
    pub fn delete_old(
        &self,
        max_days: i64,
        min_level: i64,
        now: Timestamp,
    ) -> Result<usize, Error> {
        // What waits may be such an entry as well.
        self.flush();
        let before = now.millis().saturating_sub(max_days.max(0).saturating_mul(DAY));
        let snapshot = self.store.snapshot();
        let collection = logs_of(snapshot.catalog())?;
        let mut doomed: Vec<(RowId, RowBuf)> = Vec::new();
        snapshot.scan(
            &collection,
            (Bound::Unbounded, Bound::Unbounded),
            Direction::Forward,
            &mut |rowid, row| {
                let record = Record::from_row(collection.clone(), row);
                let is_old = match record.get("created") {
                    Some(Value::Date(Some(created))) => created.millis() < before,
                    _ => true,
                };
                let is_minor = matches!(
                    record.get("level"), Some(Value::Number(level)) if *level < min_level as f64
                );
                if is_old || is_minor || max_days <= 0 {
                    doomed.push((rowid, record.to_row()));
                }
                Ok(ControlFlow::Continue(()))
            },
        )?;
        drop(snapshot);
        for some in doomed.chunks(DELETED_AT_ONCE) {
            let some = some.to_vec();
            self.store.write(move |tx| {
                let collection = logs_of(tx.catalog())?;
                for (rowid, row) in &some {
                    if tx.row(&collection, *rowid)?.as_ref() == Some(row) {
                        tx.delete(&collection, *rowid, row)?;
                    }
                }
                Ok::<_, Error>(())
            })?;
        }
        Ok(doomed.len())
    }

    /// Writes what waits and closes the store.
    pub fn close(&self) -> Result<(), Error> {
        self.queue.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
        self.store.close().map_err(Error::from)
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        // Whoever wants to know whether this succeeds calls `close`.
        let _ = self.close();
    }
}

fn logs_of(catalog: &Catalog) -> Result<Arc<Collection>, Error> {
    catalog.by_name(NAME).cloned().ok_or_else(|| Error::internal("the log has no collection"))
}

fn definition() -> Result<Collection, Error> {
    let body = json!({
        "name": NAME,
        "type": "base",
        "fields": [
            { "name": "created", "type": "date" },
            { "name": "level", "type": "number" },
            { "name": "message", "type": "text" },
            { "name": "data", "type": "json" },
        ],
    });
    let catalog = Catalog::new(0, Vec::new());
    let empty = Map::new();
    let body = body.as_object().unwrap_or(&empty);
    create_from_body(&catalog, body, Timestamp::now(), &|_, _| Ok(()))
        .map_err(|_| Error::internal("the definition of the log is refused"))
}

//! The log of requests, kept in a store of its own beside the data.
//!
//! Entries go through a bounded queue to a thread that writes them in batches. Nobody waits for it:
//! when it cannot keep up, entries are dropped and counted.

mod read;
#[cfg(test)]
mod tests;

pub use read::{LogPage, StoredEntry};

use std::ops::{Bound, ControlFlow};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use serde_json::{Map, Value as Json, json};

use crate::model::{JsonText, RowBuf, RowId, Timestamp, Value};
use crate::query::{Direction, Rows};
use crate::schema::{Catalog, Collection, Record, create_from_body, values};
use crate::store::{Store, Tx};

use super::Error;

/// The name of the one collection.
const NAME: &str = "logs";
/// Entries that may wait to be written.
const QUEUE_MAX: usize = 4096;
/// Entries written in one transaction.
const BATCH_MAX: usize = 200;
/// How long an entry waits for company.
const BATCH_WAIT: Duration = Duration::from_secs(3);
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
    queue: Mutex<Option<SyncSender<Message>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Message {
    Entry(Box<LogEntry>),
    /// Write what came before this, then say so.
    Flush(SyncSender<()>),
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
        let (sender, waiting) = sync_channel(QUEUE_MAX);
        let dropped = Arc::new(AtomicU64::new(0));
        let writer = Writer { store: store.clone(), dropped: Arc::clone(&dropped) };
        let thread = std::thread::Builder::new()
            .name("logs".to_owned())
            .spawn(move || writer.run(&waiting))
            .map_err(Error::internal)?;
        Ok(Self {
            store,
            queue: Mutex::new(Some(sender)),
            thread: Mutex::new(Some(thread)),
            dropped,
        })
    }

    /// Adds an entry, soon. Never waits.
    pub fn push(&self, entry: LogEntry) {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(sender) = &*queue else { return };
        if let Err(TrySendError::Full(_)) = sender.try_send(Message::Entry(Box::new(entry))) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits until what was added so far can be read, for two seconds at most.
    pub fn flush(&self) {
        let (done, is_done) = sync_channel(1);
        let sender = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if sender.is_some_and(|sender| sender.try_send(Message::Flush(done)).is_ok()) {
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
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
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

struct Writer {
    store: Store,
    dropped: Arc<AtomicU64>,
}

impl Writer {
    fn run(&self, waiting: &Receiver<Message>) {
        let mut batch = Vec::new();
        let mut told = Vec::new();
        let mut deadline: Option<Instant> = None;
        loop {
            let message = match deadline {
                None => waiting.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(at) => waiting.recv_timeout(at.saturating_duration_since(Instant::now())),
            };
            let is_over = match message {
                Ok(Message::Entry(entry)) => {
                    batch.push(*entry);
                    deadline.get_or_insert_with(|| Instant::now() + BATCH_WAIT);
                    if batch.len() < BATCH_MAX {
                        continue;
                    }
                    false
                }
                Ok(Message::Flush(done)) => {
                    told.push(done);
                    false
                }
                Err(RecvTimeoutError::Timeout) => false,
                Err(RecvTimeoutError::Disconnected) => true,
            };
            self.write(std::mem::take(&mut batch));
            deadline = None;
            for done in told.drain(..) {
                let _ = done.send(());
            }
            if is_over {
                return;
            }
        }
    }

    fn write(&self, batch: Vec<LogEntry>) {
        let dropped = self.dropped.swap(0, Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(dropped, "requests came faster than their log could be written");
        }
        if batch.is_empty() {
            return;
        }
        let written = self.store.write(move |tx| insert(tx, &batch));
        if let Err(error) = written {
            tracing::error!(%error, "cannot write the log of requests");
        }
    }
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

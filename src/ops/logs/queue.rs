//! What waits to be logged.

use std::mem::take;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::LogEntry;

/// Entries that may wait to be written.
const QUEUE_MAX: usize = 4096;
/// Entries written in one transaction, give or take a few.
const BATCH_MAX: usize = 2000;
/// How long an entry waits for company.
const BATCH_WAIT: Duration = Duration::from_secs(1);

/// Makes an entry.
pub(super) type Make = Box<dyn FnOnce() -> LogEntry + Send>;

/// Entries that wait. Whoever adds one wakes nobody, but for the first and the last of a batch.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    entries: Vec<Make>,
    /// When the entries are to be written; `None` while there are none.
    due: Option<Instant>,
    /// Who wants to hear that they are written.
    told: Vec<SyncSender<()>>,
    is_closed: bool,
}

/// What is to be written together.
pub(super) struct Batch {
    pub(super) entries: Vec<Make>,
    pub(super) told: Vec<SyncSender<()>>,
    /// Whether it is the last one.
    pub(super) is_last: bool,
}

impl Queue {
    /// Adds an entry; false when there are too many.
    pub(super) fn push(&self, entry: Make) -> bool {
        let mut waiting = self.waiting();
        if waiting.is_closed {
            return true;
        }
        if waiting.entries.len() >= QUEUE_MAX {
            return false;
        }
        waiting.entries.push(entry);
        let is_first = waiting.due.is_none();
        if is_first {
            waiting.due = Some(Instant::now() + BATCH_WAIT);
        }
        if is_first || waiting.entries.len() == BATCH_MAX {
            drop(waiting);
            self.changed.notify_one();
        }
        true
    }

    /// Has what waits written now; `done` hears of it. False once it is closed.
    pub(super) fn flush(&self, done: SyncSender<()>) -> bool {
        let mut waiting = self.waiting();
        if !waiting.is_closed {
            waiting.told.push(done);
            self.changed.notify_one();
        }
        !waiting.is_closed
    }

    /// Lets nothing more in.
    pub(super) fn close(&self) {
        self.waiting().is_closed = true;
        self.changed.notify_one();
    }

    /// Waits for the next batch.
    pub(super) fn next(&self) -> Batch {
        let mut waiting = self.waiting();
        loop {
            let is_full = waiting.entries.len() >= BATCH_MAX;
            let left = waiting.due.map(|due| due.saturating_duration_since(Instant::now()));
            if waiting.is_closed
                || is_full
                || !waiting.told.is_empty()
                || left == Some(Duration::ZERO)
            {
                waiting.due = None;
                return Batch {
                    entries: take(&mut waiting.entries),
                    told: take(&mut waiting.told),
                    is_last: waiting.is_closed,
                };
            }
            waiting = match left {
                None => self.changed.wait(waiting).unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let woken = self.changed.wait_timeout(waiting, left);
                    woken.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Queue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Queue").field("waiting", &self.waiting().entries.len()).finish()
    }
}

//! Which records are getting files right now, and when there is something to sweep.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// Which records are getting files right now, so that nobody removes what is about to be named.
/// Also rings for the sweep.
#[derive(Debug, Default)]
pub struct InFlight {
    /// Collection id and record id → how many writes.
    records: Mutex<HashMap<(String, String), usize>>,
    /// Who wants all files to stay for now.
    holds: AtomicUsize,
    /// Whether somebody asked for a sweep since the last one began.
    wanted: Mutex<bool>,
    bell: Condvar,
}

/// While it lives, no file is removed.
#[derive(Debug)]
pub struct Hold(Arc<InFlight>);

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.holds.fetch_sub(1, Ordering::SeqCst);
        self.0.ring();
    }
}

/// A write that brings files to a record. Over when this is dropped.
#[derive(Debug)]
pub struct UnderWay {
    all: Arc<InFlight>,
    record: (String, String),
}

impl InFlight {
    /// Begins a write of files to a record.
    pub(in crate::ops) fn enter(self: &Arc<Self>, collection: &str, record: &str) -> UnderWay {
        let record = (collection.to_owned(), record.to_owned());
        *lock(&self.records).entry(record.clone()).or_default() += 1;
        UnderWay { all: Arc::clone(self), record }
    }

    /// Keeps all files that are there now for as long as the value lives; they are removed afterwards.
    pub fn hold(self: &Arc<Self>) -> Hold {
        // Under the lock, so that no removal is under way once this returns.
        let _records = lock(&self.records);
        self.holds.fetch_add(1, Ordering::SeqCst);
        Hold(Arc::clone(self))
    }

    /// Runs `work` while no files come to the record, or returns `None` when some are coming or
    /// somebody wants all to stay.
    pub(super) fn while_quiet<T>(
        &self,
        collection: &str,
        record: &str,
        work: impl FnOnce() -> T,
    ) -> Option<T> {
        let records = lock(&self.records);
        let is_quiet = !records.contains_key(&(collection.to_owned(), record.to_owned()));
        (is_quiet && self.holds.load(Ordering::SeqCst) == 0).then(work)
    }

    /// Asks for a sweep.
    pub fn ring(&self) {
        *lock(&self.wanted) = true;
        self.bell.notify_all();
    }

    /// Waits until somebody asks for a sweep.
    pub fn wait(&self) {
        let mut wanted = lock(&self.wanted);
        while !*wanted {
            wanted = self.bell.wait(wanted).unwrap_or_else(PoisonError::into_inner);
        }
        *wanted = false;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut records = lock(&self.all.records);
        if let Some(count) = records.get_mut(&self.record) {
            *count -= 1;
            if *count == 0 {
                records.remove(&self.record);
            }
        }
        drop(records);
        self.all.ring();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

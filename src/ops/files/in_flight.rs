//! Which records are getting files right now, and when there is something to sweep.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::files::Location;

/// Which records are getting files right now, so that nobody removes what is about to be named.
/// Also rings for the sweep.
#[derive(Debug, Default)]
pub struct InFlight {
    /// Collection id and record id → who is there.
    records: Mutex<HashMap<(String, String), Presence>>,
    /// Rung when the sweep leaves a record.
    left: Condvar,
    /// Files that were put in their places inside a transaction of which nobody knows how it ended.
    suspects: Mutex<Vec<Location>>,
    /// Who wants all files to stay for now.
    holds: AtomicUsize,
    /// Whether somebody asked for a sweep since the last one began.
    wanted: Mutex<bool>,
    bell: Condvar,
}

/// Who is at a record: the sweep, or so many writes.
#[derive(Debug)]
enum Presence {
    Sweep,
    Writes(usize),
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
    /// What came to its place before it was on the list of what is pending.
    suspects: Vec<Location>,
}

impl UnderWay {
    /// Has the sweep look at these files once this is over, whatever becomes of the write.
    pub(in crate::ops) fn suspect(&mut self, locations: &[Location]) {
        self.suspects.extend_from_slice(locations);
    }
}

impl InFlight {
    /// The files that have to be looked at.
    pub(super) fn take_suspects(&self) -> Vec<Location> {
        std::mem::take(&mut *lock(&self.suspects))
    }

    /// Begins a write of files to a record. Waits while the sweep is there.
    pub(in crate::ops) fn enter(self: &Arc<Self>, collection: &str, record: &str) -> UnderWay {
        let record = (collection.to_owned(), record.to_owned());
        let mut records = lock(&self.records);
        loop {
            match records.entry(record.clone()).or_insert(Presence::Writes(0)) {
                Presence::Writes(count) => {
                    *count += 1;
                    break;
                }
                Presence::Sweep => {
                    records = self.left.wait(records).unwrap_or_else(PoisonError::into_inner);
                }
            }
        }
        drop(records);
        UnderWay { all: Arc::clone(self), record, suspects: Vec::new() }
    }

    /// Keeps all files that are there now for as long as the value lives; they are removed afterwards.
    pub fn hold(self: &Arc<Self>) -> Hold {
        let mut records = lock(&self.records);
        self.holds.fetch_add(1, Ordering::SeqCst);
        // No removal is to be under way once this returns.
        while records.values().any(|presence| matches!(presence, Presence::Sweep)) {
            records = self.left.wait(records).unwrap_or_else(PoisonError::into_inner);
        }
        drop(records);
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
        let record = (collection.to_owned(), record.to_owned());
        let mut records = lock(&self.records);
        if self.holds.load(Ordering::SeqCst) > 0 {
            return None;
        }
        match records.entry(record.clone()) {
            Entry::Occupied(_) => return None,
            Entry::Vacant(entry) => entry.insert(Presence::Sweep),
        };
        drop(records);
        let _leaving = Leaving { all: self, record };
        Some(work())
    }

    /// Asks for a sweep.
    pub fn ring(&self) {
        *lock(&self.wanted) = true;
        self.bell.notify_all();
    }

    /// Waits until somebody asks for a sweep, or for so long.
    pub fn wait(&self, at_most: Option<Duration>) {
        let wanted = lock(&self.wanted);
        let mut wanted = match at_most {
            None => self.bell.wait_while(wanted, |wanted| !*wanted),
            Some(time) => self
                .bell
                .wait_timeout_while(wanted, time, |wanted| !*wanted)
                .map(|(wanted, _)| wanted)
                .map_err(|poisoned| PoisonError::new(poisoned.into_inner().0)),
        }
        .unwrap_or_else(PoisonError::into_inner);
        *wanted = false;
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut records = lock(&self.all.records);
        if let Some(Presence::Writes(count)) = records.get_mut(&self.record) {
            *count -= 1;
            if *count == 0 {
                records.remove(&self.record);
            }
        }
        drop(records);
        lock(&self.all.suspects).append(&mut self.suspects);
        self.all.ring();
    }
}

/// Ends the sweep of a record, also when it panics.
struct Leaving<'a> {
    all: &'a InFlight,
    record: (String, String),
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        lock(&self.all.records).remove(&self.record);
        self.all.left.notify_all();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn a_write_waits_for_the_sweep_of_its_record_and_no_other() {
        let all = Arc::new(InFlight::default());
        let is_swept = Arc::new(AtomicBool::new(false));
        let waiting = all.while_quiet("c", "r", || {
            drop(all.enter("c", "other"));
            assert!(all.while_quiet("c", "r", || ()).is_none(), "one sweep is there");
            let (all, is_swept) = (Arc::clone(&all), Arc::clone(&is_swept));
            let done = Arc::clone(&is_swept);
            let writer = std::thread::spawn(move || {
                let under_way = all.enter("c", "r");
                (is_swept.load(Ordering::SeqCst), under_way)
            });
            std::thread::sleep(Duration::from_millis(20));
            done.store(true, Ordering::SeqCst);
            writer
        });
        let (came_after, under_way) = waiting.expect("nobody was there").join().unwrap();
        assert!(came_after);
        assert!(all.while_quiet("c", "r", || ()).is_none());
        drop(under_way);
        assert!(all.while_quiet("c", "r", || ()).is_some());
    }
}

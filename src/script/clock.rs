//! How long a script may run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When the call that is under way must be over.
#[derive(Debug)]
pub(super) struct Clock {
    began: Instant,
    /// Nanoseconds since then.
    until: AtomicU64,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), until: AtomicU64::new(u64::MAX) }
    }

    /// Gives the script so much time from now on.
    pub(super) fn wind(&self, time: Duration) {
        self.set(self.now() + time.as_nanos() as u64);
    }

    /// How much time is left.
    pub(super) fn left(&self) -> Duration {
        Duration::from_nanos(self.until.load(Ordering::Relaxed).saturating_sub(self.now()))
    }

    pub(super) fn is_over(&self) -> bool {
        self.left().is_zero()
    }

    /// Does something whose time is not the script's own.
    pub(super) fn pause<T>(&self, other: impl FnOnce() -> T) -> T {
        let before = self.now();
        let done = other();
        let until = self.until.load(Ordering::Relaxed);
        self.set(until.saturating_add(self.now() - before));
        done
    }

    fn now(&self) -> u64 {
        self.began.elapsed().as_nanos() as u64
    }

    fn set(&self, until: u64) {
        self.until.store(until, Ordering::Relaxed);
    }
}

//! How much is logged in a second.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::model::Timestamp;

/// Entries of each kind that are kept in one second. A thousand cost about a hundredth of a core.
pub(super) const ENTRIES_PER_SECOND: u64 = 1000;
/// From this level on an entry tells of something that went wrong.
const WARNING: i64 = 4;

/// What went well and what did not are counted apart, so that neither hides the other.
#[derive(Debug, Default)]
pub(super) struct Allowances {
    pub(super) successes: Allowance,
    pub(super) failures: Allowance,
}

impl Allowances {
    /// The one for entries of this level.
    pub(super) fn of(&self, level: i64) -> &Allowance {
        if level < WARNING { &self.successes } else { &self.failures }
    }
}

/// How many entries were let through in this second, and how many were left out since somebody asked.
#[derive(Debug, Default)]
pub(super) struct Allowance {
    /// The second in the upper half, the number of entries in the lower one.
    window: AtomicU64,
    left_out: AtomicU64,
}

impl Allowance {
    /// Whether there is room for one more at `now`; if not, it counts as left out.
    pub(super) fn admits(&self, now: Timestamp) -> bool {
        const HALF: u32 = 32;
        let second = (now.millis().div_euclid(1000) as u64) << HALF;
        let admitted = self.window.try_update(Relaxed, Relaxed, |window| {
            let is_new = window >> HALF << HALF != second;
            let window = if is_new { second } else { window };
            (window - second < ENTRIES_PER_SECOND).then_some(window + 1)
        });
        if admitted.is_err() {
            self.leave_out();
        }
        admitted.is_ok()
    }

    /// Counts one that could not be kept.
    pub(super) fn leave_out(&self) {
        self.left_out.fetch_add(1, Relaxed);
    }

    /// How many were left out since this was asked last.
    pub(super) fn take_left_out(&self) -> u64 {
        if self.left_out.load(Relaxed) == 0 { 0 } else { self.left_out.swap(0, Relaxed) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_second_has_room_for_so_many_and_the_rest_is_counted() {
        let allowance = Allowance::default();
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000 + 7);
        let admitted = (0..ENTRIES_PER_SECOND + 5).filter(|_| allowance.admits(at(5))).count();
        assert_eq!(admitted as u64, ENTRIES_PER_SECOND);
        assert_eq!(allowance.take_left_out(), 5);
        assert_eq!(allowance.take_left_out(), 0);
        assert!(allowance.admits(at(6)));
        // A clock that was set back begins a second, too.
        assert!(allowance.admits(at(5)));
    }

    #[test]
    fn many_successes_leave_room_for_failures() {
        let allowances = Allowances::default();
        let now = Timestamp::from_millis(1);
        assert!((0..=ENTRIES_PER_SECOND).any(|_| !allowances.of(0).admits(now)));
        assert!(allowances.of(8).admits(now));
    }
}

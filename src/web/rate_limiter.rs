//! Counting requests: so many for each client within a window of time.

use std::collections::HashMap;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::settings::{RateLimitRule, network_of};

/// Windows that are kept at most. Beyond that the older half is forgotten: under such an attack the
/// limits fail open rather than the memory.
const WINDOWS_MAX: usize = 100_000;
/// Windows from which on it is worth looking for those that ended.
const SWEPT_FROM: usize = 1024;

/// The counters of all clients. They live in memory only.
#[derive(Default)]
pub struct RateLimiter {
    windows: Mutex<Windows>,
}

#[derive(Default)]
struct Windows {
    open: HashMap<(Box<str>, IpAddr), Window>,
    /// How many there may be before those that ended are removed.
    sweep_at: usize,
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: Instant,
    length: Duration,
    left: i64,
}

impl Window {
    fn has_ended(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.start) >= self.length
    }
}

impl RateLimiter {
    /// Counts a request of `client` at `now`; false when there were too many. `counter` names what
    /// is counted together.
    pub(super) fn admits(
        &self,
        counter: String,
        client: IpAddr,
        rule: &RateLimitRule,
        now: Instant,
    ) -> bool {
        let fresh = Window {
            start: now,
            length: Duration::from_secs(u64::try_from(rule.duration).unwrap_or(0)),
            left: rule.max_requests,
        };
        let mut windows = self.windows();
        windows.make_room(now);
        let window = windows.open.entry((counter.into(), network_of(client))).or_insert(fresh);
        if window.has_ended(now) {
            *window = fresh;
        }
        window.left -= 1;
        window.left >= 0
    }

    /// Forgets all counters.
    pub fn reset(&self) {
        *self.windows() = Windows::default();
    }

    fn windows(&self) -> MutexGuard<'_, Windows> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Windows {
    /// Removes what ended whenever the number has doubled, so that each window is looked at a few
    /// times in its life.
    fn make_room(&mut self, now: Instant) {
        if self.open.len() < self.sweep_at.max(SWEPT_FROM) {
            return;
        }
        self.open.retain(|_, window| !window.has_ended(now));
        if self.open.len() >= WINDOWS_MAX {
            let mut starts: Vec<Instant> = self.open.values().map(|window| window.start).collect();
            let middle = starts.len() / 2;
            let median = *starts.select_nth_unstable(middle).1;
            let mut surplus = middle;
            self.open.retain(|_, window| {
                let goes = window.start <= median && surplus > 0;
                surplus -= usize::from(goes);
                !goes
            });
        }
        self.open.shrink_to(SWEPT_FROM);
        self.sweep_at = (self.open.len() * 2).min(WINDOWS_MAX);
    }
}

impl fmt::Debug for RateLimiter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RateLimiter").field("open", &self.windows().open.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(max_requests: i64, duration: i64) -> RateLimitRule {
        RateLimitRule { duration, max_requests, ..RateLimitRule::default() }
    }

    #[test]
    fn a_window_starts_with_the_first_request_and_is_fixed() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        let ip = "1.2.3.4".parse().unwrap();
        let outcomes: Vec<bool> = [0, 1, 9, 10, 11, 12, 20, 21]
            .map(|second| {
                let now = start + Duration::from_secs(second);
                limiter.admits("a".to_owned(), ip, &rule(2, 10), now)
            })
            .into();
        assert_eq!(outcomes, [true, true, false, true, true, false, true, true]);
    }

    #[test]
    fn counters_and_clients_are_counted_apart_and_ipv6_by_network() {
        let (limiter, now) = (RateLimiter::default(), Instant::now());
        for (counter, ip, expected) in [
            ("a", "1.2.3.4", true),
            ("a", "1.2.3.4", false),
            ("a", "::ffff:1.2.3.4", false),
            ("b", "1.2.3.4", true),
            ("a", "1.2.3.5", true),
            ("a", "2001:db8::1", true),
            ("a", "2001:db8::ffff:1", false),
            ("a", "2001:db8:0:1::1", true),
        ] {
            let ip = ip.parse().unwrap();
            assert_eq!(limiter.admits(counter.to_owned(), ip, &rule(1, 10), now), expected);
        }
        limiter.reset();
        assert!(limiter.admits("a".to_owned(), "1.2.3.4".parse().unwrap(), &rule(1, 10), now));
    }

    #[test]
    fn memory_is_bounded_whether_or_not_windows_end() {
        let (limiter, start) = (RateLimiter::default(), Instant::now());
        let ip = |n: u32| IpAddr::from(n.to_be_bytes());
        for n in 0..(WINDOWS_MAX as u32 * 2) {
            assert!(limiter.admits(String::new(), ip(n), &rule(1, 10), start));
        }
        assert!(limiter.windows().open.len() <= WINDOWS_MAX);
        let later = start + Duration::from_secs(10);
        for n in 0..(WINDOWS_MAX as u32) {
            limiter.admits(String::new(), ip(n), &rule(1, 0), later);
        }
        assert!(limiter.windows().open.len() <= SWEPT_FROM + 1);
    }
}

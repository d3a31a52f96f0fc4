//! Which slow lists are logged: enough to see what is wrong, and not as many as there are.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Lines in a window.
const LINES_MAX: u32 = 10;
const WINDOW: Duration = Duration::from_mins(1);

/// Counts lines about slow lists, and those that were left out.
#[derive(Debug, Default)]
pub struct SlowLog(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    began: Option<Instant>,
    lines: u32,
    left_out: u64,
}

impl SlowLog {
    /// Whether a line may be written now; then, how many were left out since the one before.
    pub(super) fn admit(&self, now: Instant) -> Option<u64> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.began.is_none_or(|began| now.duration_since(began) >= WINDOW) {
            (counts.began, counts.lines) = (Some(now), 0);
        }
        if counts.lines == LINES_MAX {
            counts.left_out += 1;
            return None;
        }
        counts.lines += 1;
        Some(std::mem::take(&mut counts.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_lines_a_minute_and_then_how_many_were_left_out() {
        let (log, now) = (SlowLog::default(), Instant::now());
        for _ in 0..LINES_MAX {
            assert_eq!(log.admit(now), Some(0));
        }
        for _ in 0..7 {
            assert_eq!(log.admit(now + Duration::from_secs(59)), None);
        }
        assert_eq!(log.admit(now + WINDOW), Some(7));
        assert_eq!(log.admit(now + WINDOW), Some(0));
    }
}

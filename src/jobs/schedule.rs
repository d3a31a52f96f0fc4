//! The clock of the cron jobs.

use std::fmt;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ops::Backend;

/// A minute, in milliseconds.
const MINUTE: i64 = 60_000;

/// Starts the cron jobs of a backend in their minutes, for as long as the value lives.
pub struct Schedule {
    /// Dropping it ends the thread.
    _alive: Sender<()>,
}

impl fmt::Debug for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Schedule").finish_non_exhaustive()
    }
}

impl Schedule {
    /// Looks at the clock on a thread of its own. Fails when there can be no more threads.
    pub fn start(backend: Arc<Backend>) -> std::io::Result<Self> {
        let (alive, ended) = channel::<()>();
        std::thread::Builder::new().name("schedule".to_owned()).spawn(move || {
            let mut next = next_minute(Timestamp::now());
            loop {
                let wait = next.millis().saturating_sub(Timestamp::now().millis());
                let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
                match ended.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
                backend.crons().start_due(next);
                // Minutes that were missed, while the machine slept for example, are not made up
                // for, and one that comes again when the clock is set back is not skipped.
                next = next_minute(Timestamp::now());
            }
        })?;
        Ok(Self { _alive: alive })
    }
}

fn next_minute(now: Timestamp) -> Timestamp {
    Timestamp::from_millis((now.millis().div_euclid(MINUTE) + 1).saturating_mul(MINUTE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_begin_at_zero_seconds() {
        let at = |text| Timestamp::parse(text).unwrap();
        let expected = at("2026-01-01 11:00:00.000Z");
        assert_eq!(next_minute(at("2026-01-01 10:59:00.000Z")), expected);
        assert_eq!(next_minute(at("2026-01-01 10:59:59.999Z")), expected);
    }
}

//! Work that is done every so often.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ops;

/// Something to be done every so often.
pub struct Task {
    /// What the log calls it.
    pub name: &'static str,
    /// How many seconds lie between two runs, counted from midnight UTC of 1970-01-01; so 3600 means
    /// on the hour.
    pub seconds: u32,
    /// What is to be done.
    pub run: Box<dyn Fn(Timestamp) -> Result<(), ops::Error> + Send>,
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("name", &self.name)
            .field("seconds", &self.seconds)
            .finish_non_exhaustive()
    }
}

/// Runs tasks, one after the other, for as long as the value lives.
#[derive(Debug)]
pub struct Schedule {
    /// Dropping it ends the thread, once the task under way is done.
    _alive: Sender<()>,
}

impl Schedule {
    /// Runs `tasks` when their times come, on a thread of its own. Fails when there can be no more
    /// threads.
    pub fn start(tasks: Vec<Task>) -> std::io::Result<Self> {
        let (alive, ended) = channel::<()>();
        std::thread::Builder::new().name("schedule".to_owned()).spawn(move || {
            let mut last = Timestamp::now();
            while let Some(next) = tasks.iter().map(|task| next_after(last, task.seconds)).min() {
                let wait = next.millis().saturating_sub(Timestamp::now().millis());
                let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
                match ended.recv_timeout(wait) {
                    Err(RecvTimeoutError::Timeout) => {}
                    Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                }
                for task in tasks.iter().filter(|task| next_after(last, task.seconds) == next) {
                    run(task, next);
                }
                // Runs that were missed, while the machine slept for example, are not made up for.
                last = next.max(Timestamp::now());
            }
        })?;
        Ok(Self { _alive: alive })
    }
}

fn run(task: &Task, now: Timestamp) {
    let outcome = catch_unwind(AssertUnwindSafe(|| (task.run)(now)));
    match outcome {
        Ok(Ok(())) => tracing::debug!(task = task.name, "done"),
        Ok(Err(error)) => tracing::error!(task = task.name, %error, "failed"),
        Err(_) => tracing::error!(task = task.name, "panicked"),
    }
}

/// The first moment after `last` that is a multiple of `seconds`, which is taken for 1 when it is 0.
fn next_after(last: Timestamp, seconds: u32) -> Timestamp {
    let period = i64::from(seconds.max(1)) * 1000;
    let past = last.millis().div_euclid(period);
    Timestamp::from_millis(past.saturating_add(1).saturating_mul(period))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    #[test]
    fn a_period_is_counted_from_the_hour() {
        let at = |text| Timestamp::parse(text).unwrap();
        let next = |text| next_after(at(text), 3600);
        assert_eq!(next("2026-01-01 10:00:00.000Z"), at("2026-01-01 11:00:00.000Z"));
        assert_eq!(next("2026-01-01 10:59:59.999Z"), at("2026-01-01 11:00:00.000Z"));
        assert_eq!(next_after(at("2026-01-01 10:00:00.500Z"), 0), at("2026-01-01 10:00:01.000Z"));
    }

    #[test]
    fn a_task_that_panics_runs_again_and_hinders_no_other() {
        let (ran, runs) = channel();
        let other = ran.clone();
        let panicking = Task {
            name: "panicking",
            seconds: 1,
            run: Box::new(move |_| {
                let _ = ran.send("panicking");
                panic!("on purpose")
            }),
        };
        let good = Task {
            name: "good",
            seconds: 1,
            run: Box::new(move |_| {
                let _ = other.send("good");
                Ok(())
            }),
        };
        let schedule = Schedule::start(vec![panicking, good]).unwrap();
        for expected in ["panicking", "good", "panicking", "good"] {
            assert_eq!(runs.recv_timeout(Duration::from_secs(10)), Ok(expected));
        }
        drop(schedule);
    }
}

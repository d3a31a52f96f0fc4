//! Jobs with names that run when a cron expression says so, or when somebody asks.
//!
//! The registry is here, so that the API can show it and start a job; `jobs` looks at the clock.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::Timestamp;
use crate::settings::Schedule;

use super::Error;

/// Longest id, in bytes.
const ID_BYTES_MAX: usize = 255;
/// Jobs at most.
const JOBS_MAX: usize = 1000;

/// What a job does; the parameter is when it was due.
pub type CronRun = Arc<dyn Fn(Timestamp) -> Result<(), Error> + Send + Sync>;

/// A job as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CronEntry {
    /// Its name.
    pub id: String,
    /// When it runs: five fields.
    pub expression: String,
}

/// Why a job was not taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CronError {
    /// The id is empty or too long.
    #[error("the id of a job must have 1 to {ID_BYTES_MAX} bytes")]
    Id,
    /// The expression cannot be read.
    #[error("{0}")]
    Expression(String),
    /// There are enough.
    #[error("there can be no more than {JOBS_MAX} jobs")]
    TooMany,
}

/// All jobs. A job with a name that begins with two underscores belongs to the server.
#[derive(Default)]
pub struct Crons(Mutex<Vec<Arc<Job>>>);

struct Job {
    id: String,
    expression: String,
    schedule: Schedule,
    run: CronRun,
    is_running: AtomicBool,
}

impl fmt::Debug for Crons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.jobs().iter().map(|job| &job.id)).finish()
    }
}

impl Crons {
    /// Adds a job, in place of the one called so if there is one. The expression is UTC.
    pub fn add(
        &self,
        id: &str,
        expression: &str,
        run: impl Fn(Timestamp) -> Result<(), Error> + Send + Sync + 'static,
    ) -> Result<(), CronError> {
        if !(1..=ID_BYTES_MAX).contains(&id.len()) {
            return Err(CronError::Id);
        }
        let job = Arc::new(Job {
            id: id.to_owned(),
            expression: Schedule::spelled_out(expression).to_owned(),
            schedule: Schedule::parse(expression).map_err(CronError::Expression)?,
            run: Arc::new(run),
            is_running: AtomicBool::new(false),
        });
        let mut jobs = self.jobs();
        match jobs.iter().position(|other| other.id == id) {
            Some(at) => jobs[at] = job,
            None if jobs.len() >= JOBS_MAX => return Err(CronError::TooMany),
            None => jobs.push(job),
        }
        Ok(())
    }

    /// Removes a job; false when there is none called so. One that runs goes on to its end.
    pub fn remove(&self, id: &str) -> bool {
        let mut jobs = self.jobs();
        let before = jobs.len();
        jobs.retain(|job| job.id != id);
        jobs.len() < before
    }

    /// All jobs: in order of their names, those of the server last.
    pub fn list(&self) -> Vec<CronEntry> {
        let mut entries: Vec<CronEntry> = self
            .jobs()
            .iter()
            .map(|job| CronEntry { id: job.id.clone(), expression: job.expression.clone() })
            .collect();
        entries
            .sort_by(|a, b| (a.id.starts_with("__"), &a.id).cmp(&(b.id.starts_with("__"), &b.id)));
        entries
    }

    /// Starts a job on a thread of its own; false when there is none called so. One that runs
    /// already is not started again.
    pub fn start(&self, id: &str, now: Timestamp) -> bool {
        let job = self.jobs().iter().find(|job| job.id == id).cloned();
        job.is_some_and(|job| {
            job.start(now);
            true
        })
    }

    /// Starts every job that is due in the minute of `now`.
    pub fn start_due(&self, now: Timestamp) {
        let due: Vec<Arc<Job>> =
            self.jobs().iter().filter(|job| job.schedule.is_due_at(now)).cloned().collect();
        for job in due {
            job.start(now);
        }
    }

    fn jobs(&self) -> MutexGuard<'_, Vec<Arc<Job>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn start(self: Arc<Self>, now: Timestamp) {
        if self.is_running.swap(true, Ordering::SeqCst) {
            tracing::warn!(job = self.id, "still running, so not started again");
            return;
        }
        let (id, job) = (self.id.clone(), Arc::clone(&self));
        let started = std::thread::Builder::new().name("cron".to_owned()).spawn(move || {
            let outcome = catch_unwind(AssertUnwindSafe(|| (job.run)(now)));
            job.is_running.store(false, Ordering::SeqCst);
            match outcome {
                Ok(Ok(())) => tracing::debug!(job = job.id, "done"),
                Ok(Err(error)) => tracing::error!(job = job.id, %error, "failed"),
                Err(_) => tracing::error!(job = job.id, "broke off"),
            }
        });
        if let Err(error) = started {
            self.is_running.store(false, Ordering::SeqCst);
            tracing::error!(job = id, %error, "cannot start");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;
    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn jobs_are_listed_by_name_with_those_of_the_server_last() {
        let crons = Crons::default();
        for (id, expression) in [("__own__", "@daily"), ("b", "* * * * *"), ("a", "@hourly")] {
            crons.add(id, expression, |_| Ok(())).unwrap();
        }
        crons.add("b", "5 * * * *", |_| Ok(())).unwrap();
        let listed: Vec<String> =
            crons.list().iter().map(|e| format!("{} {}", e.id, e.expression)).collect();
        assert_eq!(listed, ["a 0 * * * *", "b 5 * * * *", "__own__ 0 0 * * *"]);
        assert!(crons.remove("a") && !crons.remove("a"));
        assert_eq!(crons.add("", "@daily", |_| Ok(())), Err(CronError::Id));
        assert!(matches!(crons.add("c", "never", |_| Ok(())), Err(CronError::Expression(_))));
    }

    #[test]
    fn jobs_run_in_their_minute_and_one_that_panics_hinders_nobody() {
        let crons = Crons::default();
        let (ran, runs) = channel();
        let say = |name: &'static str| {
            let ran = ran.clone();
            move |_| {
                let _ = ran.send(name);
                assert!(name != "panics", "on purpose");
                Ok(())
            }
        };
        crons.add("panics", "30 10 22 11 0", say("panics")).unwrap();
        crons.add("other", "31 10 * * *", say("other")).unwrap();
        let next = || runs.recv_timeout(Duration::from_secs(10));
        crons.start_due(at("2026-11-22 10:30:00.000Z"));
        assert_eq!(next(), Ok("panics"));
        crons.start_due(at("2026-11-22 10:31:59.000Z"));
        assert_eq!(next(), Ok("other"));
        crons.start_due(at("2026-11-23 10:30:00.000Z"));
        assert!(!crons.start("nobody", Timestamp::now()));
        // It may take a moment to be over.
        while !matches!(runs.try_recv(), Ok("panics")) {
            assert!(crons.start("panics", Timestamp::now()));
            std::thread::yield_now();
        }
    }
}

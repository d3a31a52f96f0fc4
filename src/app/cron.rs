//! Jobs of an embedding program that run at certain times.

use std::sync::Arc;

use super::App;
use super::link::Link;
use crate::hooks::Data;
use crate::jobs::Task;
use crate::model::Timestamp;
use crate::ops;
use crate::settings::Schedule;
use crate::web::BoxError;

type Job = Arc<dyn Fn(&App, &dyn Data) -> Result<(), BoxError> + Send + Sync>;

/// A job that runs at certain times.
#[derive(Clone)]
pub(super) struct Cron {
    pub(super) id: String,
    schedule: Schedule,
    job: Job,
}

impl Cron {
    /// Fails with a sentence when `expression` is none.
    pub(super) fn new(
        id: &str,
        expression: &str,
        job: impl Fn(&App, &dyn Data) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        let schedule = Schedule::parse(expression)?;
        Ok(Self { id: id.to_owned(), schedule, job: Arc::new(job) })
    }

    /// Runs the job now.
    pub(super) fn run(&self, app: &App) -> Result<(), BoxError> {
        (self.job)(app, &app.data().blocking())
    }

    /// Whether it is due at this minute, in UTC.
    fn is_due(&self, now: Timestamp) -> bool {
        let text = now.to_string();
        let part = |from: usize, to: usize| text.get(from..to).and_then(|t| t.parse().ok());
        let (Some(month), Some(day), Some(hour), Some(minute)) =
            (part(5, 7), part(8, 10), part(11, 13), part(14, 16))
        else {
            return false;
        };
        // 1970-01-01 was a Thursday.
        let weekday = (now.millis().div_euclid(86_400_000) + 4).rem_euclid(7) as u32;
        self.schedule.is_due(minute, hour, day, month, weekday)
    }
}

/// What the schedule of the server has to do every minute for `crons`.
pub(super) fn task(crons: Arc<[Cron]>, link: Link) -> Task {
    Task {
        name: "run the program's own jobs",
        seconds: 60,
        run: Box::new(move |now| {
            let Some(app) = link.app() else { return Ok(()) };
            for cron in crons.iter().filter(|cron| cron.is_due(now)) {
                let (cron, app) = (cron.clone(), app.clone());
                // A thread of its own: one that takes hours must not hold up the others.
                std::thread::Builder::new()
                    .name("cron".to_owned())
                    .spawn(move || {
                        if let Err(error) = cron.run(&app) {
                            tracing::error!(job = cron.id, %error, "a job failed");
                        }
                    })
                    .map_err(ops::Error::internal)?;
            }
            Ok(())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_is_due_at_the_minutes_of_its_expression() {
        let at = |text| Timestamp::parse(text).unwrap();
        let cron = |expression| Cron::new("x", expression, |_, _| Ok(())).unwrap();
        // A Sunday.
        let noon = at("2026-11-22 12:00:30.000Z");
        for (expression, expected) in [
            ("* * * * *", true),
            ("0 12 22 11 0", true),
            ("0 12 * * 1", false),
            ("@daily", false),
            ("*/15 8-18 * * *", true),
        ] {
            assert_eq!(cron(expression).is_due(noon), expected, "{expression}");
        }
        assert!(Cron::new("x", "every day", |_, _| Ok(())).is_err());
    }
}

//! Jobs of an embedding program that run at certain times.

use std::sync::Arc;

use super::App;
use super::link::Link;
use crate::hooks::Data;
use crate::ops::crons::CronError;
use crate::ops::{self, Backend};
use crate::web::BoxError;

type Job = Arc<dyn Fn(&App, &dyn Data) -> Result<(), BoxError> + Send + Sync>;

/// A job that runs at certain times.
#[derive(Clone)]
pub(super) struct Cron {
    pub(super) id: String,
    expression: String,
    job: Job,
}

impl Cron {
    pub(super) fn new(
        id: &str,
        expression: &str,
        job: impl Fn(&App, &dyn Data) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        Self { id: id.to_owned(), expression: expression.to_owned(), job: Arc::new(job) }
    }

    /// Runs the job now.
    pub(super) fn run(&self, app: &App) -> Result<(), BoxError> {
        (self.job)(app, &app.data().blocking())
    }

    /// Has it run at its times while the app of `link` lives.
    pub(super) fn register(&self, backend: &Backend, link: &Link) -> Result<(), CronError> {
        let (cron, link) = (self.clone(), link.clone());
        backend.crons().add(&self.id, &self.expression, move |_| match link.app() {
            Some(app) => cron.run(&app).map_err(ops::Error::internal),
            None => Ok(()),
        })
    }
}

//! What a server does beside answering requests.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::control::{self, Control};
use super::{App, cron};
use crate::jobs::{ConfigWatch, FileSweep, Postman, Schedule, Task};
use crate::ops::{self, Backend};

/// What a server does beside answering requests, for as long as the value lives: watching the
/// config file, taking commands on a socket in the data folder, sending mail, and what is due every
/// so often.
pub struct Running {
    _watch: Option<ConfigWatch>,
    _sweep: FileSweep,
    _control: Option<Control>,
    _postman: Postman,
    _schedule: Schedule,
}

impl Running {
    pub(super) fn start(app: &App) -> io::Result<Self> {
        let parts = &app.0;
        let on_reload = Arc::clone(&parts.on_reload);
        let watch = parts
            .sources
            .clone()
            .map(|sources| {
                let live = Arc::clone(&parts.state.live);
                ConfigWatch::start(sources, parts.boot.clone(), live, move |live| on_reload(live))
            })
            .transpose()
            .map_err(io::Error::other)?
            .flatten();
        let backend = &parts.state.backend;
        let mut tasks = tasks(backend);
        if !parts.crons.is_empty() {
            tasks.push(cron::task(Arc::clone(&parts.crons), parts.link.clone()));
        }
        Ok(Self {
            _watch: watch,
            _sweep: FileSweep::start(backend)?,
            _control: control::listen(app)?,
            _postman: Postman::start(Arc::clone(backend))?,
            _schedule: Schedule::start(tasks)?,
        })
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

/// What a server does by itself every so often.
fn tasks(backend: &Arc<Backend>) -> Vec<Task> {
    const HOUR: u32 = 3600;
    let (accounts, outbox) = (Arc::clone(backend), Arc::clone(backend));
    vec![
        Task {
            name: "delete expired second factors and one-time passwords",
            seconds: HOUR,
            run: Box::new(move |now| ops::auth::delete_expired(&accounts, now).map(drop)),
        },
        Task {
            name: "delete old mail that could not be sent",
            seconds: HOUR,
            run: Box::new(move |now| ops::mail::delete_old_failures(&outbox, now)),
        },
    ]
}

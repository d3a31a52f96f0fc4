//! What a server does beside answering requests.

use std::fmt;
use std::io;
use std::sync::Arc;

use super::control::{self, Control};
use super::{App, scripting};
use crate::jobs::{ConfigWatch, FileSweep, FolderWatch, Postman, Schedule, Webhooks};

/// What a server does beside answering requests, for as long as the value lives: watching the
/// config file, taking commands on a socket in the data folder, sending mail and
/// webhooks, and what is due every
/// so often.
pub struct Running {
    _watch: Option<ConfigWatch>,
    _hooks_watch: Option<FolderWatch>,
    _sweep: FileSweep,
    _control: Option<Control>,
    _postman: Postman,
    _schedule: Schedule,
    _webhooks: Webhooks,
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
                let backend = Arc::clone(&parts.state.backend);
                ConfigWatch::start(sources, parts.boot.clone(), live, move |live| {
                    if let Err(error) = backend.pin_settings(&live.pinned) {
                        tracing::error!(%error, "the settings of before stay pinned");
                    }
                    on_reload(live);
                })
            })
            .transpose()
            .map_err(io::Error::other)?
            .flatten();
        let backend = &parts.state.backend;
        let restart = Arc::clone(&parts.restart);
        parts.state.backups.on_restart(move || restart.ask());
        Ok(Self {
            _watch: watch,
            _hooks_watch: scripting::watch(&parts.boot, &parts.scripts)?,
            _sweep: FileSweep::start(backend)?,
            _control: control::listen(app)?,
            _postman: Postman::start(Arc::clone(backend))?,
            _schedule: Schedule::start(Arc::clone(backend))?,
            _webhooks: Webhooks::start(Arc::clone(backend))?,
        })
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").finish_non_exhaustive()
    }
}

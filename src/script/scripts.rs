//! The files of a folder at work.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;

use crate::access::Caller;
use crate::hooks::{Rejection, When};
use crate::ops::Backend;
use crate::ops::backups::Backups;
use crate::ops::hooked::LiveData;
use crate::ops::realtime::Feed;

use super::around::Pass;
use super::fault::Fault;
use super::hooking::{self, Undo};
use super::program::{Entry, Kind, Program, Shared};
use super::routes::{Incoming, Outcome, Routes};
use super::services::World;
use super::stage::Alone;

/// What a script may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptLimits {
    /// How long a call may run, what it waits for outside of transactions not counted.
    pub time: Duration,
    /// Bytes of the heap of an engine; there may be one for each call that is under way.
    pub memory: usize,
}

impl Default for ScriptLimits {
    fn default() -> Self {
        Self { time: Duration::from_secs(5), memory: 64 << 20 }
    }
}

/// The scripts of a server: hooks, routes and jobs of the files in one folder.
pub struct Scripts {
    backend: std::sync::Weak<Backend>,
    shared: Arc<Shared>,
    routes: ArcSwap<Routes>,
    at_work: Mutex<AtWork>,
}

/// What hangs at other places, to be taken away again.
#[derive(Default)]
struct AtWork {
    undo: Vec<Undo>,
    crons: Vec<String>,
}

impl Scripts {
    /// No scripts yet. `data_dir` is what `$app.dataDir()` returns.
    pub fn new(
        backend: &Arc<Backend>,
        folder: &Path,
        data_dir: &Path,
        limits: ScriptLimits,
    ) -> Self {
        let world = World::new(backend, folder, data_dir);
        Self {
            backend: Arc::downgrade(backend),
            shared: Arc::new(Shared::new(world, limits)),
            routes: ArcSwap::default(),
            at_work: Mutex::default(),
        }
    }

    /// The folder of the files.
    pub fn folder(&self) -> PathBuf {
        self.shared.world.folder().to_owned()
    }

    /// Reads the files and puts what is in them in the place of what was there before. Returns how
    /// many handlers there are; a folder that is missing has none.
    ///
    /// # Errors
    /// The first mistake in a file. What was there before goes on then.
    pub fn load(&self) -> Result<usize, Fault> {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(backend) = self.backend.upgrade() else { return Ok(0) };
        let program = Arc::new(Program::read(&self.shared)?);
        let routes = Routes::of(&program)?;
        let mut new = AtWork::default();
        for (number, entry) in program.entries.iter().enumerate() {
            if entry.kind != Kind::Hook {
                continue;
            }
            let when = When::from(entry.tags.clone());
            let hung = hooking::hang(&backend, &entry.name, when, &program, number);
            let Some(undo) = hung else {
                take_away(&backend, new.undo);
                return Err(entry.fault(&format!("{} is not supported", entry.name)));
            };
            new.undo.push(undo);
        }
        if let Err(fault) = check_crons(&program) {
            take_away(&backend, new.undo);
            return Err(fault);
        }
        // From here on, the hooks of before let everything through, and the new ones run.
        self.shared.generation.store(program.generation, Ordering::SeqCst);
        self.routes.store(Arc::new(routes));
        let jobs = program.entries.iter().enumerate().filter(|(_, e)| e.kind == Kind::Cron);
        for (number, entry) in jobs {
            let (program, weak) = (Arc::clone(&program), self.backend.clone());
            let run = move |_| match weak.upgrade() {
                Some(backend) => run_alone(&program, number, &backend).map_err(Into::into),
                None => Ok(()),
            };
            backend
                .crons()
                .add(&entry.id, &entry.expression, run)
                .map_err(|error| entry.fault(&error.to_string()))?;
            new.crons.push(entry.id.clone());
        }
        let old = std::mem::replace(&mut *at_work, new);
        take_away(&backend, old.undo);
        for gone in old.crons.iter().filter(|id| !at_work.crons.contains(id)) {
            backend.crons().remove(gone);
        }
        Ok(program.entries.len())
    }

    /// Whether a script answers this.
    pub fn has_route(&self, method: &http::Method, path: &str) -> bool {
        self.routes.load().find(method, path).is_some()
    }

    /// Whether a script put something around every request.
    pub fn has_uses(&self) -> bool {
        self.routes.load().everywhere().is_some()
    }

    /// How large the body of this request may be, in bytes; `None` when no script says.
    pub fn body_limit(&self, method: &http::Method, path: &str) -> Option<u64> {
        self.routes.load().body_limit(method, path)
    }

    /// Runs what scripts put around every request; `pass` answers it with what is further in, if they
    /// let it through. Blocks. `None` when there is nothing.
    ///
    /// # Errors
    /// What the middleware or `pass` says.
    pub fn around(
        &self,
        caller: &Arc<Caller>,
        pass: Pass<'_>,
    ) -> Option<Result<Outcome, Rejection>> {
        let backend = self.backend.upgrade()?;
        let routes = self.routes.load_full();
        Some(routes.everywhere()?.around(caller, backend, pass))
    }

    /// Lets scripts reach open streams and backups. Only the first call counts.
    pub fn serve_with(&self, streams: Arc<Feed>, backups: Arc<Backups>) {
        self.shared.world.serve_with(streams, backups);
    }

    /// Answers a request with the handler of a script; `None` when none is there for it. Blocks.
    ///
    /// # Errors
    /// What the handler says.
    pub fn answer(&self, incoming: Incoming) -> Option<Result<Outcome, Rejection>> {
        let backend = self.backend.upgrade()?;
        self.routes.load_full().answer(incoming, backend)
    }
}

fn take_away(backend: &Backend, undo: Vec<Undo>) {
    for undo in undo {
        undo(backend.hooks());
    }
}

fn check_crons(program: &Program) -> Result<(), Fault> {
    for entry in program.entries.iter().filter(|entry| entry.kind == Kind::Cron) {
        if entry.id.starts_with("__") {
            return Err(entry.fault("names that begin with __ belong to the server"));
        }
        crate::ops::crons::Crons::default()
            .add(&entry.id, &entry.expression, |_| Ok(()))
            .map_err(|error| entry.fault(&error.to_string()))?;
    }
    Ok(())
}

fn run_alone(program: &Program, number: usize, backend: &Arc<Backend>) -> Result<(), Rejection> {
    let caller = Arc::new(Caller::system());
    let data = LiveData::new(Arc::clone(backend), caller);
    program.call(number, &Alone { data: &data, is_transactional: false })
}

impl Entry {
    /// A fault where this is in its file.
    pub(super) fn fault(&self, what: &str) -> Fault {
        Fault::new(format!("{}:{}", self.file, self.line), what)
    }
}

impl fmt::Debug for Scripts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripts").field("folder", &self.folder()).finish_non_exhaustive()
    }
}

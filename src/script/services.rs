//! What scripts reach besides collections and records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use serde_json::Value as Json;

use crate::hooks::Rejection;
use crate::ops::Backend;
use crate::ops::backups::{Backups, Kind, moment};
use crate::ops::realtime::Feed;

use super::clock::Clock;
use super::{os, outgoing, record_files, streams};

/// What `$app.store()` keeps, and how large each may be as JSON.
const STORE_KEYS_MAX: usize = 10_000;
const STORE_VALUE_MAX: usize = 1 << 20;
/// The largest file that a script reads, a module included.
pub(super) const FILE_BYTES_MAX: u64 = 16 << 20;

/// What all scripts of a server share.
pub(super) struct World {
    /// The backend holds the hooks, so they must not hold it.
    backend: Weak<Backend>,
    folder: PathBuf,
    data_dir: PathBuf,
    store: Mutex<BTreeMap<String, Json>>,
    /// Open streams and backups, once there is a server.
    reach: OnceLock<(Arc<Feed>, Arc<Backups>)>,
}

impl World {
    pub(super) fn new(backend: &Arc<Backend>, folder: &Path, data_dir: &Path) -> Self {
        Self {
            backend: Arc::downgrade(backend),
            folder: folder.to_owned(),
            data_dir: data_dir.to_owned(),
            store: Mutex::default(),
            reach: OnceLock::new(),
        }
    }

    /// For scripts that run before there is a server.
    pub(super) fn apart(folder: &Path, data_dir: &Path) -> Self {
        Self {
            backend: Weak::new(),
            folder: folder.to_owned(),
            data_dir: data_dir.to_owned(),
            store: Mutex::default(),
            reach: OnceLock::new(),
        }
    }

    pub(super) fn serve_with(&self, streams: Arc<Feed>, backups: Arc<Backups>) {
        let _ = self.reach.set((streams, backups));
    }

    fn reach(&self) -> Result<&(Arc<Feed>, Arc<Backups>), Rejection> {
        self.reach.get().ok_or_else(|| Rejection::new(503, "There is no server yet."))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn backend(&self) -> Result<Arc<Backend>, Rejection> {
        self.backend.upgrade().ok_or_else(|| Rejection::new(503, "The server is closing."))
    }

    /// Answers what is not about an event or data.
    pub(super) fn ask(
        &self,
        name: &str,
        values: &[Json],
        clock: &Clock,
        is_in_haste: bool,
    ) -> Result<Option<Json>, Rejection> {
        let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
        let answer = match name {
            "sleep" => {
                let wanted = values.first().and_then(Json::as_f64).unwrap_or_default().max(0.0);
                std::thread::sleep(Duration::from_millis(wanted as u64).min(clock.left()));
                return Ok(None);
            }
            "cron.remove" => {
                // Those of the server itself stay.
                let is_own = !text(0).starts_with("__");
                return Ok(Some((is_own && self.backend()?.crons().remove(text(0))).into()));
            }
            "realtime.clients" => streams::clients(&self.reach()?.0),
            "realtime.send" => {
                let hub = self.reach()?.0.hub();
                hub.send_to(text(0), text(1), text(2)).into()
            }
            "backup.create" | "backup.restore" if is_in_haste => {
                return Err(Rejection::new(500, "backups cannot be made in a transaction"));
            }
            "backup.create" => {
                let (backend, name) = (self.backend()?, text(0));
                clock
                    .pause(|| {
                        self.reach()?.1.create(&backend, name, &Kind::Full).map_err(Rejection::from)
                    })?
                    .into()
            }
            "backup.restore" => {
                let backend = self.backend()?;
                let whole = moment(None)?;
                self.reach()?.1.restore(&backend, text(0), whole)?;
                return Ok(None);
            }
            "app.dataDir" => self.data_dir.to_string_lossy().into(),
            "os.getenv" => std::env::var(text(0)).unwrap_or_default().into(),
            "http.send" => {
                let wanted = values.first().unwrap_or(&Json::Null);
                let backend = self.backend()?;
                let sent = if is_in_haste {
                    // Every other write waits for this transaction.
                    outgoing::send(&backend, wanted, clock.left())
                } else {
                    clock.pause(|| outgoing::send(&backend, wanted, outgoing::TIME_MAX))
                };
                sent.map_err(|error| {
                    Rejection::new(500, format!("$http.send: {}", error.message()))
                        .with_cause(error)
                })?
            }
            _ => match name.split_once('.') {
                Some(("store", verb)) => return self.keep(verb, text(0), values),
                Some(("os", verb)) => return os::ask(verb, values),
                Some(("files", verb)) => {
                    let backend = self.backend()?;
                    return clock.pause(|| record_files::ask(&backend, verb, values));
                }
                _ => return Err(Rejection::new(500, format!("there is no {name}"))),
            },
        };
        Ok(Some(answer))
    }

    fn keep(&self, verb: &str, key: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
        let mut store = self.store();
        let answer = match verb {
            "get" => return Ok(store.get(key).cloned()),
            "has" => store.contains_key(key).into(),
            "length" => store.len().into(),
            "all" => store.iter().map(|(key, value)| (key.clone(), value.clone())).collect(),
            "remove" => store.remove(key).is_some().into(),
            "clear" => {
                store.clear();
                Json::Null
            }
            "set" | "setWithin" => {
                let limit = values.get(2).and_then(Json::as_u64).filter(|_| verb == "setWithin");
                let limit = limit.and_then(|limit| usize::try_from(limit).ok());
                if limit.is_some_and(|max| store.len() >= max && !store.contains_key(key)) {
                    return Ok(Some(false.into()));
                }
                let value = values.get(1).cloned().unwrap_or_default();
                let is_full = store.len() >= STORE_KEYS_MAX && !store.contains_key(key);
                if is_full || value.to_string().len() > STORE_VALUE_MAX {
                    return Err(Rejection::new(500, "$app.store() is full"));
                }
                store.insert(key.to_owned(), value);
                true.into()
            }
            _ => return Err(Rejection::new(500, format!("$app.store() cannot {verb}"))),
        };
        Ok(Some(answer))
    }

    fn store(&self) -> MutexGuard<'_, BTreeMap<String, Json>> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text of a file.
pub(super) fn read(path: &Path) -> Result<String, Rejection> {
    let failed = |error: std::io::Error| {
        Rejection::new(500, format!("{}: {error}", path.display())).with_cause(error)
    };
    if fs::metadata(path).map_err(failed)?.len() > FILE_BYTES_MAX {
        return Err(Rejection::new(500, format!("{} is too large", path.display())));
    }
    fs::read_to_string(path).map_err(failed)
}

/// Answers `console` and loggers.
pub(super) fn log(level: &str, text: &str) {
    match level {
        "debug" => tracing::debug!(target: "haversack::script", "{text}"),
        "warn" => tracing::warn!(target: "haversack::script", "{text}"),
        "error" => tracing::error!(target: "haversack::script", "{text}"),
        _ => tracing::info!(target: "haversack::script", "{text}"),
    }
}

//! What scripts reach besides collections and records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::hooks::Rejection;
use crate::ops::Backend;
use crate::ops::backups::{Backups, Kind, moment};
use crate::ops::realtime::Feed;
use crate::outbound::{Call, Reach};

use super::clock::Clock;
use super::streams;

/// What `$app.store()` keeps, and how large each may be as JSON.
const STORE_KEYS_MAX: usize = 10_000;
const STORE_VALUE_MAX: usize = 1 << 20;
/// The largest file that a script reads, a module included.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// The largest answer of `$http.send`.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// The longest call of `$http.send`.
const CALL_TIME_MAX: Duration = Duration::from_mins(2);
const REDIRECTS_MAX: usize = 5;

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
            "log" => {
                log(text(0), text(1));
                return Ok(None);
            }
            "sleep" => {
                let wanted = values.first().and_then(Json::as_f64).unwrap_or_default().max(0.0);
                std::thread::sleep(Duration::from_millis(wanted as u64).min(clock.left()));
                return Ok(None);
            }
            "require" => self.module(text(0))?,
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
                let backups = &self.reach()?.1;
                clock.pause(|| backups.create(&backend, name, &Kind::Full))?.into()
            }
            "backup.restore" => {
                let backend = self.backend()?;
                self.reach()?.1.restore(&backend, text(0), moment(None)?)?;
                return Ok(None);
            }
            "app.dataDir" => self.data_dir.to_string_lossy().into(),
            "os.getenv" => std::env::var(text(0)).unwrap_or_default().into(),
            "os.readFile" => read(Path::new(text(0)))?.into(),
            "http.send" => {
                let wanted = values.first().unwrap_or(&Json::Null);
                if is_in_haste {
                    // Every other write waits for this transaction.
                    self.send(wanted, clock.left())?
                } else {
                    clock.pause(|| self.send(wanted, CALL_TIME_MAX))?
                }
            }
            "text.bytes" => text(0).bytes().map(Json::from).collect(),
            "text.of" => {
                let bytes = values.first().and_then(Json::as_array).into_iter().flatten();
                let bytes: Vec<u8> = bytes.map(|b| b.as_u64().unwrap_or_default() as u8).collect();
                String::from_utf8_lossy(&bytes).into()
            }
            _ => match name.strip_prefix("store.") {
                Some(verb) => return self.keep(verb, text(0), values),
                None => return Err(Rejection::new(500, format!("there is no {name}"))),
            },
        };
        Ok(Some(answer))
    }

    /// A file to be required, and what it is called.
    fn module(&self, path: &str) -> Result<Json, Rejection> {
        let path = Path::new(path);
        let path = if path.is_absolute() { path.to_owned() } else { self.folder.join(path) };
        let endings = ["", ".js", ".json", "/index.js"];
        let named = |ending: &&str| PathBuf::from(format!("{}{ending}", path.display()));
        let found = endings.iter().map(named).find(|path| path.is_file());
        let found = found.and_then(|path| fs::canonicalize(path).ok());
        let found = found
            .ok_or_else(|| Rejection::new(500, format!("there is no module {}", path.display())))?;
        // The folder may be a link itself.
        let folder = fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        if !found.starts_with(folder) {
            return Err(Rejection::new(500, "a module has to be in the folder of the hooks"));
        }
        Ok(json!({ "name": found.to_string_lossy(), "source": read(&found)? }))
    }

    fn send(&self, wanted: &Json, time_max: Duration) -> Result<Json, Rejection> {
        let text = |name: &str| wanted[name].as_str().unwrap_or_default();
        let method = http::Method::from_bytes(text("method").as_bytes())
            .map_err(|_| Rejection::bad_request("The method is invalid."))?;
        let seconds = wanted["timeout"].as_f64().unwrap_or(120.0).max(0.0);
        let time = Duration::try_from_secs_f64(seconds).unwrap_or(time_max).min(time_max);
        let mut call = Call::get(Reach::Public, text("url"))
            .method(method.clone())
            .until(Instant::now() + time)
            .size_max(ANSWER_BYTES_MAX);
        if method == http::Method::GET {
            call = call.redirects(REDIRECTS_MAX);
        }
        if !text("body").is_empty() {
            call = call.body(text("body"));
        }
        for (name, value) in wanted["headers"].as_object().into_iter().flatten() {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            call = call.header(name, value);
        }
        let backend = self.backend()?;
        let failed = |error: crate::outbound::OutboundError| {
            Rejection::new(500, format!("$http.send: {error}")).with_cause(error)
        };
        let answer = backend.outbound().send(&call).map_err(failed)?;
        Ok(json!({
            "status": answer.status, "type": answer.content_type,
            "raw": String::from_utf8_lossy(&answer.body),
        }))
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

fn log(level: &str, text: &str) {
    match level {
        "debug" => tracing::debug!(target: "haversack::script", "{text}"),
        "warn" => tracing::warn!(target: "haversack::script", "{text}"),
        "error" => tracing::error!(target: "haversack::script", "{text}"),
        _ => tracing::info!(target: "haversack::script", "{text}"),
    }
}

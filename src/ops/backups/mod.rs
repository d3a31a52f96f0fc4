//! Backups: make, keep, and go back to one. One at a time.

mod names;
mod scheduled;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::access::Caller;
use crate::backup::{self, BackupError, Item, Shelf, archive, replace};
use crate::hooks::{BackupCall, Event, Rejection};
use crate::model::Timestamp;
use crate::ops::auth::Ledger;
use crate::ops::files::Upload;
use crate::ops::hooked::LiveData;
use crate::query::AuthRow;
use crate::schema::{Violation, Violations};

use super::auth::file_token_holder;
use super::{Backend, Error, Failure};

pub use names::key;

/// How long a restore waits at least before the server goes down, so that its answer gets out.
const RESTART_DELAY: Duration = Duration::from_secs(1);

const BUSY: &str = "Try again later - another backup/restore process has already been started.";

/// The backups of a data folder, and what is being done with them.
pub struct Backups {
    data: PathBuf,
    shelf: Shelf,
    /// The key of the backup that is being made or restored.
    active: Mutex<Option<String>>,
    stopping: AtomicBool,
    restart: OnceLock<Box<dyn Fn() + Send + Sync>>,
}

/// Something that is being done with a backup; nothing else is until it is dropped.
#[derive(Debug)]
struct Active {
    backups: Arc<Backups>,
}

impl Drop for Active {
    fn drop(&mut self) {
        *self.backups.active() = None;
    }
}

impl Backups {
    /// The backups of the data folder `data`.
    pub fn of(data: impl Into<PathBuf>) -> Arc<Self> {
        let data = data.into();
        Arc::new(Self {
            shelf: Shelf::of(&data),
            data,
            active: Mutex::default(),
            stopping: AtomicBool::new(false),
            restart: OnceLock::new(),
        })
    }

    /// Runs `restart` once a backup is ready to take the place of the data, which happens at the next
    /// start. Only the first one counts.
    pub fn on_restart(&self, restart: impl Fn() + Send + Sync + 'static) {
        let _ = self.restart.set(Box::new(restart));
    }

    /// Breaks off what is being done.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether a backup is being made or restored.
    pub fn is_busy(&self) -> bool {
        self.active().is_some()
    }

    /// All backups, in order of name.
    pub fn list(&self) -> Result<Vec<Item>, Error> {
        self.shelf.list().map_err(Error::internal)
    }

    /// Opens a backup for the holder of a superuser's file token, if `welcome` lets them pass.
    pub fn open(
        &self,
        rows: &dyn Ledger,
        key: &str,
        token: &str,
        welcome: impl Fn(&AuthRow) -> bool,
    ) -> Result<(File, Item), Error> {
        let holder = file_token_holder(rows, token)?;
        if !holder.is_some_and(|auth| auth.collection.is_superusers() && welcome(&auth)) {
            return Err(Error::BackupForbidden);
        }
        self.shelf.open(key).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound,
            _ => Error::internal(error),
        })
    }

    /// Makes a backup of what is committed now, and returns its key: `name`, or one that tells the
    /// application and the time. Writes go on meanwhile. Blocks.
    pub fn create(self: &Arc<Self>, backend: &Backend, name: &str) -> Result<String, Error> {
        if self.is_busy() {
            return Err(Error::Refused(BUSY.to_owned()));
        }
        let key = key(name, &backend.settings().meta.app_name, |name| self.shelf.has(name))?;
        self.make(backend, &key)
    }

    /// Makes a backup within the hooks around that, and returns its name, which they may change.
    fn make(self: &Arc<Self>, backend: &Backend, key: &str) -> Result<String, Error> {
        let chain = &backend.hooks().backup_create;
        if !chain.wants(None) {
            return self.make_now(backend, key).map(|()| key.to_owned());
        }
        let data = LiveData::new(backend, Arc::new(Caller::system()));
        let mut event = Event::new(BackupCall { name: key.to_owned() }, &data);
        let mut is_made = false;
        chain.run(&mut event, &mut |event| {
            if !backup::is_key(&event.name) {
                return Err(Rejection::internal("a hook gave a backup a name that is none"));
            }
            self.make_now(backend, &event.name)?;
            is_made = true;
            Ok(())
        })?;
        if is_made { Ok(event.payload.name) } else { Err(Error::Stopped) }
    }

    fn make_now(self: &Arc<Self>, backend: &Backend, key: &str) -> Result<(), Error> {
        let _active = self.begin(key)?;
        let failed = |error: &dyn fmt::Display| {
            tracing::error!(key, %error, "no backup");
            Error::Refused("Failed to create backup.".to_owned())
        };
        let path = self.shelf.path(key).ok_or_else(|| failed(&"the name is none"))?;
        // First, so that every file which the snapshot names is there until the end.
        let _files_stay = backend.in_flight().hold();
        let snapshot = backend.snapshot();
        let stopping = || self.stopping.load(Ordering::Relaxed);
        let summary = archive::write(&snapshot, &self.data, &path, &stopping);
        let summary = summary.map_err(|error| failed(&error))?;
        tracing::info!(key, %summary, "made a backup");
        Ok(())
    }

    /// Takes in a backup that was made elsewhere, under the name that it was sent with. It is read only
    /// when it is restored.
    pub fn adopt(&self, upload: Option<Upload>) -> Result<(), Error> {
        let refused =
            |violation| Err(Error::Rejected(Failure::Form, Violations::of("file", violation)));
        let Some(upload) = upload else { return refused(Violation::required()) };
        let key = upload.submitted_name.as_str();
        if upload.content_type.media_type() != "application/zip" {
            let message = format!("\"{key}\" mime type must be one of: application/zip.");
            return refused(Violation::new("validation_invalid_mime_type", message));
        }
        let taken = || {
            let message = "Backup file with the specified name already exists.";
            refused(Violation::new("validation_backup_name_exists", message))
        };
        if !backup::is_key(key) || self.shelf.has(key) {
            return taken();
        }
        match self.shelf.put(key, upload.scratch.path()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken(),
            put => put.map_err(Error::internal),
        }
    }

    /// Removes a backup.
    pub fn delete(&self, key: &str) -> Result<(), Error> {
        if self.active().as_deref() == Some(key) {
            let message = "The backup is currently being used and cannot be deleted.";
            return Err(Error::Refused(message.to_owned()));
        }
        self.shelf.remove(key).map_err(|error| {
            let message = "Invalid or already deleted backup file. Raw error:";
            Error::Refused(format!("{message} \n{error}"))
        })
    }

    /// Begins to restore a backup and returns at once. It is unpacked and checked beside the data,
    /// and when it is sound, the server is asked to start again, which puts it in place. What goes
    /// wrong is in the log, and nothing has changed then.
    pub fn restore(self: &Arc<Self>, backend: &Backend, key: &str) -> Result<(), Error> {
        let chain = &backend.hooks().backup_restore;
        if chain.wants(None) {
            let data = LiveData::new(backend, Arc::new(Caller::system()));
            if !chain.ask(&mut Event::new(BackupCall { name: key.to_owned() }, &data))? {
                return Err(Error::Stopped);
            }
        }
        let active = self.begin(key)?;
        let path = self.shelf.path(key).filter(|path| path.is_file());
        let path =
            path.ok_or_else(|| Error::Refused("Missing or invalid backup file.".to_owned()))?;
        let (backups, key) = (Arc::clone(self), key.to_owned());
        let work = move || {
            let began = Instant::now();
            match replace::stage(&backups.data, &path) {
                Ok(summary) => {
                    tracing::info!(key, %summary, "restoring a backup: starting again");
                    std::thread::sleep(RESTART_DELAY.saturating_sub(began.elapsed()));
                    // Nothing else is done with backups until the process has ended.
                    std::mem::forget(active);
                    if let Some(restart) = backups.restart.get() {
                        restart();
                    }
                }
                Err(error) => tracing::error!(key, %error, "the backup was not restored"),
            }
        };
        std::thread::Builder::new()
            .name("restore".to_owned())
            .spawn(work)
            .map_err(Error::internal)?;
        Ok(())
    }

    /// Reads a backup to its end, and says what is in it. Blocks.
    pub fn verify(&self, key: &str) -> Result<String, BackupError> {
        let path = self.shelf.path(key).unwrap_or_default();
        backup::verify(&path).map(|summary| summary.to_string())
    }

    /// Makes a backup if the settings say that one is due at `now`, a full minute, and removes the
    /// oldest of those made so beyond the number to keep. When it
    /// fails, every superuser gets a mail. Blocks.
    pub fn run_schedule(self: &Arc<Self>, backend: &Backend, now: Timestamp) -> Result<(), Error> {
        let settings = backend.settings();
        if !scheduled::is_due(&settings.backups.cron, now) {
            return Ok(());
        }
        let key = names::automatic(scheduled::PREFIX, &settings.meta.app_name, now);
        if let Err(error) = self.make(backend, &key) {
            scheduled::tell_superusers(backend, &key)?;
            return Err(error);
        }
        let keep = usize::try_from(settings.backups.cron_max_keep).unwrap_or(0);
        for item in scheduled::beyond(self.list()?, keep) {
            if let Err(error) = self.shelf.remove(&item.key) {
                tracing::warn!(key = item.key, %error, "an old backup was not removed");
            }
        }
        Ok(())
    }

    fn begin(self: &Arc<Self>, key: &str) -> Result<Active, Error> {
        let mut active = self.active();
        if active.is_some() {
            return Err(Error::Refused(BUSY.to_owned()));
        }
        *active = Some(key.to_owned());
        Ok(Active { backups: Arc::clone(self) })
    }

    fn active(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Backups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Backups").field("data", &self.data).finish_non_exhaustive()
    }
}

//! Backups: make, keep, and go back to one, or to a moment between two. One at a time.

mod chains;
mod names;
mod scheduled;
mod shelves;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use crate::access::Caller;
use crate::backup::{self, BackupError, Link, Local, Shelf, archive, replace};
use crate::files::StoredFile;
use crate::hooks::{BackupCall, Event, Rejection};
use crate::model::Timestamp;
use crate::ops::auth::Ledger;
use crate::ops::files::Upload;
use crate::ops::hooked::LiveData;
use crate::query::AuthRow;
use crate::schema::{Violation, Violations};
use crate::store::{Keys, Moment};

use super::auth::file_token_holder;
use super::{Backend, Error, Failure};

pub use chains::{Kind, moment};
pub use names::key;
pub use shelves::Listed;

use shelves::{Known, Shelves, unavailable};

/// How long a restore waits at least before the server goes down, so that its answer gets out.
const RESTART_DELAY: Duration = Duration::from_secs(1);

const BUSY: &str = "Try again later - another backup/restore process has already been started.";
const MISSING: &str = "Missing or invalid backup file.";

/// The backups of a data folder, and what is being done with them.
pub struct Backups {
    data: PathBuf,
    keys: Keys,
    shelves: Shelves,
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
        Self::with_keys(data, Keys::default())
    }

    /// The same, of a folder whose secrets are read with `keys`.
    pub fn with_keys(data: impl Into<PathBuf>, keys: Keys) -> Arc<Self> {
        let data = data.into();
        Arc::new(Self {
            keys,
            shelves: Shelves::new(&data),
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

    /// Whether something starts again once a backup is ready to take the place of the data.
    pub fn restarts(&self) -> bool {
        self.restart.get().is_some()
    }

    /// Breaks off what is being done.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether a backup is being made or restored.
    pub fn is_busy(&self) -> bool {
        self.active().is_some()
    }

    /// Keeps a history for increments, or none, as the settings say.
    pub fn settle(&self, backend: &Backend) -> Result<(), Error> {
        let wanted = backend.settings().backups.full_every > 0;
        if backend.snapshot().recording().is_some() != wanted {
            backend.write(move |tx| Ok(tx.set_recording(wanted)?))?;
        }
        backend.files().keep_removed(wanted).map_err(Error::internal)
    }

    /// All backups, in order of name. Blocks for as long as the place where they are takes.
    pub fn list(&self, backend: &Backend) -> Result<Vec<Listed>, Error> {
        self.shelves.list(&self.shelf(backend)?)
    }

    /// Opens a backup for the holder of a superuser's file token, if `welcome` lets them pass. Blocks
    /// as [`Self::list`] does.
    pub fn open(
        &self,
        backend: &Backend,
        rows: &dyn Ledger,
        key: &str,
        token: &str,
        welcome: impl Fn(&AuthRow) -> bool,
    ) -> Result<StoredFile, Error> {
        let holder = file_token_holder(rows, token)?;
        if !holder.is_some_and(|auth| auth.collection.is_superusers() && welcome(&auth)) {
            return Err(Error::BackupForbidden);
        }
        self.shelf(backend)?.open(key).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Error::NotFound,
            _ => unavailable(&error),
        })
    }

    /// Makes a backup of what is committed now, and returns its key: `name`, or one that tells the
    /// application and the time. Writes go on meanwhile. Blocks.
    pub fn create(
        self: &Arc<Self>,
        backend: &Backend,
        name: &str,
        kind: &Kind,
    ) -> Result<String, Error> {
        if self.is_busy() {
            return Err(Error::Refused(BUSY.to_owned()));
        }
        let shelf = self.shelf(backend)?;
        let has = |name: &str| shelf.has(name).map_err(|error| unavailable(&error));
        let is_taken = if name.is_empty() { false } else { has(name)? };
        let mut key = key(name, &backend.settings().meta.app_name, |_| is_taken)?;
        if name.is_empty() {
            // Two of one second.
            let stem = key.trim_end_matches(".zip").to_owned();
            for number in 2..100 {
                if !has(&key)? {
                    break;
                }
                key = format!("{stem}_{number}.zip");
            }
        }
        self.make(backend, &key, kind)
    }

    /// Makes a backup within the hooks around that, and returns its name, which they may change.
    fn make(self: &Arc<Self>, backend: &Backend, key: &str, kind: &Kind) -> Result<String, Error> {
        let chain = &backend.hooks().backup_create;
        if !chain.wants(None) {
            return self.make_now(backend, key, kind).map(|()| key.to_owned());
        }
        let data = LiveData::new(backend, Arc::new(Caller::system()));
        let mut event = Event::new(BackupCall { name: key.to_owned() }, &data);
        let mut is_made = false;
        chain.run(&mut event, &mut |event| {
            if !backup::is_key(&event.name) {
                return Err(Rejection::internal("a hook gave a backup a name that is none"));
            }
            self.make_now(backend, &event.name, kind)?;
            is_made = true;
            Ok(())
        })?;
        if is_made { Ok(event.payload.name) } else { Err(Error::Stopped) }
    }

    fn make_now(self: &Arc<Self>, backend: &Backend, key: &str, kind: &Kind) -> Result<(), Error> {
        let _active = self.begin(key)?;
        let failed = |error: &dyn fmt::Display| {
            tracing::error!(key, %error, "no backup");
            Error::Refused("Failed to create backup.".to_owned())
        };
        let shelf = self.shelf(backend)?;
        self.settle(backend)?;
        // First, so that every file which the snapshot names is there until the end.
        let _files_stay = backend.in_flight().hold();
        let at = Timestamp::now();
        let snapshot = backend.snapshot();
        let ground = chains::ground(&self.shelves, &shelf, &snapshot, kind)?;
        let stopping = || self.stopping.load(Ordering::Relaxed);
        let bucket = if backend.settings().backups.include_files {
            backend.files().bucket().map_err(|error| failed(&error))?
        } else {
            None
        };
        let bucket = bucket.as_ref();
        let made = archive::write(&snapshot, at, &self.data, bucket, ground, &stopping);
        let made = made.map_err(|error| match error {
            BackupError::NoBase(_) => kind.refused(&error),
            error => failed(&error),
        })?;
        shelf.put(key, made.path()).map_err(|error| {
            tracing::error!(key, %error, "no backup");
            if shelf.is_remote() { unavailable(&error) } else { failed(&error) }
        })?;
        tracing::info!(key, summary = made.summary, "made a backup");
        Ok(())
    }

    /// Takes in a backup that was made elsewhere, under the name that it was sent with. It is read only
    /// when it is restored. Blocks.
    pub fn adopt(&self, backend: &Backend, upload: Option<Upload>) -> Result<(), Error> {
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
        if !backup::is_key(key) {
            return taken();
        }
        match self.shelf(backend)?.put(key, upload.scratch.path()) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => taken(),
            put => put.map_err(|error| unavailable(&error)),
        }
    }

    /// Removes a backup, unless another one builds on it. Blocks as [`Self::list`] does.
    pub fn delete(&self, backend: &Backend, key: &str) -> Result<(), Error> {
        if self.active().as_deref() == Some(key) {
            let message = "The backup is currently being used and cannot be deleted.";
            return Err(Error::Refused(message.to_owned()));
        }
        let shelf = self.shelf(backend)?;
        let all = self.shelves.list(&shelf)?;
        if let Some(other) = all.iter().find(|other| other.base() == Some(key)) {
            let name = &other.item.key;
            let message = format!("The backup {name} builds on this one. Delete that one first.");
            return Err(Error::Refused(message));
        }
        shelf.remove(key).map_err(|error| {
            let message = "Invalid or already deleted backup file. Raw error:";
            Error::Refused(format!("{message} \n{error}"))
        })
    }

    /// Begins to go back to a backup, or to the moment `until` within its chain, and returns at once.
    /// It is unpacked and checked beside the data, and when it is sound, the server is asked to start
    /// again, which puts it in place. What goes wrong is in the log, and nothing has changed then.
    /// Where nothing starts again, this returns once all is ready for the next start.
    ///
    /// Fails when a link of the chain is missing, or the chain does not tell of that moment.
    pub fn restore(
        self: &Arc<Self>,
        backend: &Backend,
        key: &str,
        until: Moment,
    ) -> Result<(), Error> {
        let chain = &backend.hooks().backup_restore;
        if chain.wants(None) {
            let data = LiveData::new(backend, Arc::new(Caller::system()));
            if !chain.ask(&mut Event::new(BackupCall { name: key.to_owned() }, &data))? {
                return Err(Error::Stopped);
            }
        }
        let active = self.begin(key)?;
        let shelf = self.shelf(backend)?;
        let links = self.links(&shelf, key, until)?;
        let (backups, key) = (Arc::clone(self), key.to_owned());
        if !self.restarts() {
            let staged = backups.fetch(&shelf, &links);
            let staged = staged.and_then(|locals| {
                replace::stage(&backups.data, &locals, until, &backups.keys).map(drop)
            });
            return staged.map_err(|error| Error::Refused(error.to_string()));
        }
        let work = move || {
            let began = Instant::now();
            let staged = backups
                .fetch(&shelf, &links)
                .and_then(|locals| replace::stage(&backups.data, &locals, until, &backups.keys));
            match staged {
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

    /// Restores a backup with its chain aside, checks it, and says what is in it. Blocks.
    pub fn verify(
        self: &Arc<Self>,
        backend: &Backend,
        key: &str,
        until: Moment,
    ) -> Result<String, Error> {
        let _active = self.begin(key)?;
        let shelf = self.shelf(backend)?;
        let links = self.links(&shelf, key, until)?;
        self.fetch(&shelf, &links)
            .and_then(|locals| backup::verify(&locals, &self.data.join("tmp"), until))
            .map(|summary| summary.to_string())
            .map_err(|error| Error::Refused(error.to_string()))
    }

    /// The links of a chain that the state at `until` needs.
    fn links(&self, shelf: &Shelf, key: &str, until: Moment) -> Result<Vec<Link>, Error> {
        if !shelf.has(key).map_err(|error| unavailable(&error))? {
            return Err(Error::Refused(MISSING.to_owned()));
        }
        let mut links = chains::links(&mut Known::new(&self.shelves, shelf), key)
            .map_err(|error| Error::Refused(format!("{MISSING} Raw error: \n{error}")))?;
        backup::cut(&mut links, until).map_err(|error| {
            let violation = Violation::new("validation_not_in_backup", error.to_string());
            Error::Rejected(Failure::Form, Violations::of("until", violation))
        })?;
        Ok(links)
    }

    fn fetch(&self, shelf: &Shelf, links: &[Link]) -> Result<Vec<Local>, BackupError> {
        let scratch = self.data.join("tmp");
        links.iter().map(|link| shelf.local(link, &scratch)).collect()
    }

    /// Makes a backup if the settings say that one is due at `now`, a full minute, and removes the
    /// oldest of those made so beyond the number to keep. When it
    /// fails, every superuser gets a mail. Blocks.
    pub fn run_schedule(self: &Arc<Self>, backend: &Backend, now: Timestamp) -> Result<(), Error> {
        self.settle(backend)?;
        let settings = backend.settings();
        if !scheduled::is_due(&settings.backups.cron, now) {
            return Ok(());
        }
        let key = names::automatic(scheduled::PREFIX, &settings.meta.app_name, now);
        if let Err(error) = self.make_scheduled(backend, &key) {
            scheduled::tell_superusers(backend, &key)?;
            return Err(error);
        }
        let keep = usize::try_from(settings.backups.cron_max_keep).unwrap_or(0);
        let shelf = self.shelf(backend)?;
        for item in scheduled::beyond(self.shelves.list(&shelf)?, keep) {
            if let Err(error) = shelf.remove(&item.key) {
                tracing::warn!(key = item.key, %error, "an old backup was not removed");
            }
        }
        Ok(())
    }

    /// An increment where the chain may grow, else a full backup.
    fn make_scheduled(self: &Arc<Self>, backend: &Backend, key: &str) -> Result<(), Error> {
        let length = usize::try_from(backend.settings().backups.full_every).unwrap_or(0);
        if length > 1 {
            let all = self.list(backend)?;
            if let Some(base) = scheduled::base(&all, &backend.snapshot(), length) {
                match self.make(backend, key, &Kind::IncrementOn(base)) {
                    Err(error @ Error::Rejected(..)) => {
                        tracing::warn!(key, %error, "no increment, so it is a full backup");
                    }
                    made => return made.map(drop),
                }
            }
        }
        self.make(backend, key, &Kind::Full).map(drop)
    }

    fn shelf(&self, backend: &Backend) -> Result<Shelf, Error> {
        self.shelves.current(&backend.settings().backups.s3)
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

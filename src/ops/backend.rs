//! What every use case works with.

use std::sync::Arc;

use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::access::RuleCache;
use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::query::Rows;
use crate::settings::Settings;
use crate::store::{Snapshot, Store, Tx};

use super::files::InFlight;
use super::{Error, settings};

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    rules: Arc<RuleCache>,
    hasher: PasswordHasher,
    files: Storage,
    in_flight: Arc<InFlight>,
    settings: ArcSwap<CachedSettings>,
    /// Held while settings are read and cached, so that older ones never replace newer ones.
    reloading: Mutex<()>,
}

/// The settings as of some commit.
#[derive(Debug, Default)]
struct CachedSettings {
    settings: Arc<Settings>,
    /// The version of the catalog then: a rename of a collection changes settings too. `None` when
    /// they were never read.
    catalog_version: Option<u64>,
}

impl Backend {
    /// A backend over an open store and the files that belong to it.
    pub fn new(store: Store, hasher: PasswordHasher, files: Storage) -> Self {
        Self {
            store,
            rules: Arc::default(),
            hasher,
            files,
            in_flight: Arc::default(),
            settings: ArcSwap::default(),
            reloading: Mutex::new(()),
        }
    }

    /// The last committed state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    /// Compiled rules.
    pub fn rules(&self) -> &Arc<RuleCache> {
        &self.rules
    }

    /// Password hashing.
    pub fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// The files of records.
    pub fn files(&self) -> &Storage {
        &self.files
    }

    /// Which records are getting files right now.
    pub fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    /// Has files removed soon that no record names any more. Worth a call after every commit that
    /// may have left some; without it they go with the next one that does, or at the next start.
    pub fn sweep_soon(&self) {
        self.in_flight.ring();
    }

    /// The settings that are in force.
    pub fn settings(&self) -> Arc<Settings> {
        let cached = self.settings.load();
        let version = self.store.snapshot().catalog().version();
        if cached.catalog_version == Some(version) {
            return Arc::clone(&cached.settings);
        }
        // What cannot be read now was read before: better those settings than none.
        self.reload_settings().unwrap_or_else(|_| Arc::clone(&cached.settings))
    }

    /// Reads the settings anew: at the start, and after they were written.
    pub fn reload_settings(&self) -> Result<Arc<Settings>, Error> {
        let _guard = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.store.snapshot();
        let settings = Arc::new(settings::load(&snapshot)?);
        let catalog_version = Some(snapshot.catalog().version());
        let cached = CachedSettings { settings: Arc::clone(&settings), catalog_version };
        self.settings.store(Arc::new(cached));
        Ok(settings)
    }

    /// Runs `job` in a write transaction and waits for the commit. Blocks the thread.
    pub fn write<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write(job)
    }

    /// Runs `job` in a write transaction; `done` hears of the commit, on the writer's thread.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) {
        self.store.submit(job, done);
    }

    /// Finishes what was submitted and closes the store.
    pub fn close(&self) -> Result<(), Error> {
        self.store.close().map_err(Error::from)
    }
}

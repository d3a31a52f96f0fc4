//! What every use case works with.

use std::sync::Arc;

use crate::access::RuleCache;
use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::store::{Snapshot, Store, Tx};

use super::Error;
use super::files::InFlight;

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    rules: Arc<RuleCache>,
    hasher: PasswordHasher,
    files: Storage,
    in_flight: Arc<InFlight>,
}

impl Backend {
    /// A backend over an open store and the files that belong to it.
    pub fn new(store: Store, hasher: PasswordHasher, files: Storage) -> Self {
        Self { store, rules: Arc::default(), hasher, files, in_flight: Arc::default() }
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

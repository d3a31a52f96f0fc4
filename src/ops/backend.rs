//! What every use case works with.

use std::sync::Arc;

use crate::access::RuleCache;
use crate::auth::PasswordHasher;
use crate::store::{Snapshot, Store, Tx};

use super::Error;

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    rules: Arc<RuleCache>,
    hasher: PasswordHasher,
}

impl Backend {
    /// A backend over an open store.
    pub fn new(store: Store, hasher: PasswordHasher) -> Self {
        Self { store, rules: Arc::default(), hasher }
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

    /// Runs `listener` after each commit, on the writer's thread; it must be quick and never wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + 'static) {
        self.store.on_commit(listener);
    }

    /// Finishes what was submitted and closes the store.
    pub fn close(&self) -> Result<(), Error> {
        self.store.close().map_err(Error::from)
    }
}

//! What every use case works with.

use std::sync::Arc;

use crate::access::RuleCache;
use crate::auth::PasswordHasher;
use crate::mail::Delivery;
use crate::store::{Snapshot, Store, Tx};

use super::Error;
use super::auth::Throttles;
use super::mail::Bell;

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    rules: Arc<RuleCache>,
    hasher: PasswordHasher,
    throttles: Throttles,
    bell: Bell,
}

impl Backend {
    /// A backend over an open store.
    pub fn new(store: Store, hasher: PasswordHasher) -> Self {
        Self {
            store,
            rules: Arc::default(),
            hasher,
            throttles: Throttles::default(),
            bell: Bell::default(),
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

    /// Who has to wait.
    pub(crate) fn throttles(&self) -> &Throttles {
        &self.throttles
    }

    /// Where mail goes out, and in whose name.
    pub fn delivery(&self) -> Result<Delivery, Error> {
        Ok(Delivery::default())
    }

    /// Wakes whoever sends mail; it is rung by those who posted a letter, once that is committed.
    pub fn bell(&self) -> &Bell {
        &self.bell
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

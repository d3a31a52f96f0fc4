//! What every handler can reach.

use std::fmt;
use std::sync::Arc;

use super::wire::{EventWriter, RecordWriter};
use super::{Blocking, RateLimiter};
use crate::config::SharedLive;
use crate::ops::Backend;
use crate::ops::backups::Backups;
use crate::ops::realtime::Feed;

/// Thumbs that are made at once; each may take some hundred megabytes.
const THUMBS_AT_ONCE_MAX: usize = 2;
/// Calls of the outside world that are made at once; each may wait for half a minute.
const CALLS_AT_ONCE_MAX: usize = 64;

/// Transfers to and from a storage of files elsewhere that go on at once; each waits for the network.
const TRANSFERS_AT_ONCE_MAX: usize = 256;

/// What every handler can reach: one value for the life of the server.
pub struct State {
    /// The options that may change while the server runs.
    pub live: SharedLive,
    /// The store and what goes with it.
    pub backend: Arc<Backend>,
    /// The bridge to blocking work: the store, files.
    pub blocking: Blocking,
    /// The bridge to password hashing, so that logins cannot starve everything else.
    pub hashing: Blocking,
    /// The bridge to the making of thumbs, which takes a core and much memory.
    pub thumbs: Blocking,
    /// The bridge to files that lie elsewhere, so that a slow network holds up nothing else.
    pub(super) transfers: Blocking,
    /// The bridge to what calls the outside world, so that slow servers elsewhere hold up nothing.
    pub outbound: Blocking,
    /// Counts the requests of clients.
    pub(super) rate_limiter: RateLimiter,
    /// Backups.
    pub backups: Arc<Backups>,
    /// Open streams, and what feeds them.
    pub realtime: Arc<Feed>,
    /// Writes records as JSON.
    pub(super) records: RecordWriter,
}

impl State {
    /// Brings together what handlers need.
    pub fn new(
        live: SharedLive,
        backend: Arc<Backend>,
        backups: Arc<Backups>,
        blocking: Blocking,
        hashing: Blocking,
    ) -> Self {
        let thumbs = Blocking::new(THUMBS_AT_ONCE_MAX);
        let transfers = Blocking::new(TRANSFERS_AT_ONCE_MAX);
        let render = EventWriter::new(backend.clone());
        let realtime = Arc::new(Feed::new(backend.clone(), live.clone(), render));
        Self {
            live,
            backend,
            backups,
            blocking,
            hashing,
            thumbs,
            transfers,
            outbound: Blocking::new(CALLS_AT_ONCE_MAX),
            rate_limiter: RateLimiter::default(),
            realtime,
            records: RecordWriter::default(),
        }
    }

    /// The bridge to the files of records, wherever they are.
    pub(super) fn file_work(&self) -> &Blocking {
        if self.backend.files().is_remote() { &self.transfers } else { &self.blocking }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("live", &self.live.load()).finish_non_exhaustive()
    }
}

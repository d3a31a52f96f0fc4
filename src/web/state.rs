//! What every handler can reach.

use std::fmt;
use std::sync::Arc;

use super::{Authenticate, Blocking};
use crate::config::SharedLive;

/// What every handler can reach: one value for the life of the server.
pub struct State {
    /// The options that may change while the server runs.
    pub live: SharedLive,
    /// The bridge to blocking work: the store, files.
    pub blocking: Blocking,
    /// The bridge to password hashing, so that logins cannot starve everything else.
    pub hashing: Blocking,
    /// Who a token belongs to; without one, everyone is a guest.
    pub authenticate: Option<Arc<dyn Authenticate>>,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("live", &self.live.load()).finish_non_exhaustive()
    }
}

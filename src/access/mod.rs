//! Access: decides whether somebody may do something to a record, and hands out proof of it.
//!
//! Owns: [`Caller`], [`Granted`], [`Denied`], and the cache of compiled rules. Knows nothing of HTTP,
//! tokens or transactions; rows come in through [`crate::query::Rows`].
//! Invariant: a missing rule means superusers only; there is no path from "no rule" to "allowed",
//! and a [`Granted`] cannot be made outside this room.
//! Start reading at [`Gate`].

mod caller;
mod gate;
mod rule_cache;

pub use caller::Caller;
pub use gate::{Create, Delete, Denied, Gate, Granted, List, Update, View};
pub use rule_cache::RuleCache;

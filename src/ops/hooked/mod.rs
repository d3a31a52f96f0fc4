//! Hooks inside use cases: where they are fired, what they see of the data, and who hears of it after
//! the commit.
//!
//! Owns: the context that travels with a transaction, [`Session`] and [`LiveData`], the two kinds of
//! [`crate::hooks::Data`], and the queue of what is told after commits. Every write of a record ends in `records`,
//! whichever use case it comes from, so no use case can forget a hook.
//! Start reading at `Context`, then `records`.

mod after;
pub(in crate::ops) mod collections;
mod context;
mod convert;
pub mod enrich;
mod live;
mod reading;
pub(in crate::ops) mod records;
mod session;

pub(crate) use after::AfterQueue;
pub(in crate::ops) use context::{
    Effect, Notes, Shared, acting_as, attempt, run, settings_changed,
};
pub use live::LiveData;
pub use session::Session;

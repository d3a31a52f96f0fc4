//! HTTP to the outside world: login providers, pictures, whatever else a server has to fetch.
//!
//! Owns: [`Outbound`], the only way out, with its time limits, size limits and the guard of the
//! inner network; the only room that names reqwest. Everything here blocks.
//! Invariant: a [`Reach::Public`] call connects to public addresses only, on each hop: what is
//! connected to is what was checked, so a name cannot change its mind in between.
//! Start reading at [`Outbound::send`], then `address`.

mod address;
mod call;
mod client;
mod resolver;

pub use address::is_public;
pub use call::{Answer, Call, OutboundError, Reach};
pub use client::Outbound;

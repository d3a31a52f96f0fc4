//! Use cases: what can be done to collections, records and accounts, one file each.
//!
//! Owns: [`Backend`], the order of checks in every use case, and [`Error`], which speaks of the
//! domain and knows no HTTP status. Everything here is synchronous: writes run inside a job of the
//! store's writer, reads over a snapshot.
//! Invariant: a record changes only with a [`crate::access::Granted`] in hand, and a use case that
//! fails leaves nothing behind.
//! Start reading at [`Backend`], then [`records`].

pub mod auth;
pub mod automigrate;
mod backend;
pub mod backups;
pub mod batch;
mod bootstrap;
pub mod collections;
pub mod console;
pub mod crons;
mod error;
pub mod files;
pub mod hooked;
pub mod logs;
pub mod mail;
pub mod migrations;
pub mod realtime;
pub mod records;
pub mod settings;
pub mod views;
pub mod webhooks;

pub use backend::Backend;
pub use bootstrap::bootstrap;
pub use error::{Error, Failure};

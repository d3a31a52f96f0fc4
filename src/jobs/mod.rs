//! Work that goes on beside requests.
//!
//! Owns: [`AfterHooks`], [`ConfigWatch`], [`FileSweep`], [`FolderWatch`], [`Schedule`], [`Postman`],
//! [`Webhooks`]. Knows nothing of HTTP.
//! Invariant: a job that fails says so in the log and leaves everything as it was.
//! Start reading at [`ConfigWatch`].

mod after_hooks;
mod config_watch;
mod file_sweep;
mod folder_watch;
mod postman;
mod schedule;
mod webhooks;

pub use after_hooks::AfterHooks;
pub use config_watch::ConfigWatch;
pub use file_sweep::FileSweep;
pub use folder_watch::FolderWatch;
pub use postman::Postman;
pub use schedule::Schedule;
pub use webhooks::Webhooks;

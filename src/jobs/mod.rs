//! Work that goes on beside requests.
//!
//! Owns: [`ConfigWatch`]. Knows nothing of HTTP.
//! Invariant: a job that fails says so in the log and leaves everything as it was.
//! Start reading at [`ConfigWatch`].

mod config_watch;

pub use config_watch::ConfigWatch;

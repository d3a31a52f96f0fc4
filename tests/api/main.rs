//! The web API from outside: the real program, one server for each story.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod backups;
mod bad_input;
mod batch;
mod concurrency;
mod explain;
mod files;
mod passkeys;
mod presence;
mod rate_limits;
mod realtime;
mod realtime_strain;
mod records;
mod settings;
mod totp;
mod views;

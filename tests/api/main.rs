//! The web API from outside: the real program, one server for each story.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod anonymous;
mod bad_input;
mod batch;
mod concurrency;
mod crons;
mod explain;
mod files;
mod logs;
mod passkeys;
mod passwords;
mod rate_limits;
mod realtime;
mod records;
mod settings;
mod totp;
mod views;

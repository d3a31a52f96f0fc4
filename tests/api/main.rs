//! The web API from outside: the real program, one server for each story.

#[path = "../harness/mod.rs"]
mod harness;

mod accounts;
mod anonymous;
mod api_keys;
mod backups;
mod bad_input;
mod batch;
mod concurrency;
mod crons;
mod encryption;
mod explain;
mod extensions;
mod files;
mod identity;
mod increments;
mod logs;
mod oauth2;
mod observe;
mod passkeys;
mod passwords;
mod presence;
mod rate_limits;
mod realtime;
mod realtime_strain;
mod records;
mod sessions;
mod settings;
mod shown_files;
mod totp;
mod transfer;
mod uploads;
mod views;
mod webhooks;

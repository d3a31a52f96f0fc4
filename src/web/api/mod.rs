//! The handlers, one file for each area, and the one list of their routes.

mod accounts;
mod api_keys;
mod auth;
mod backups;
mod batch;
mod collections;
mod crons;
mod explain;
mod files;
mod health;
mod logs;
mod oauth2;
mod passkeys;
mod realtime;
mod records;
mod routes;
mod sessions;
mod settings;
mod sql;
mod totp;
pub(super) mod uploads;

pub use routes::routes;

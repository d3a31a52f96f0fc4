//! The handlers, one file for each area, and the one list of their routes.

mod accounts;
mod auth;
mod batch;
mod collections;
mod explain;
mod files;
mod health;
mod oauth2;
mod passkeys;
mod realtime;
mod records;
mod routes;
mod settings;
mod sql;
mod totp;
pub(super) mod uploads;

pub use routes::routes;

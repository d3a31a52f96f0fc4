//! The handlers, one file for each area, and the one list of their routes.

mod auth;
mod collections;
mod health;
mod realtime;
mod records;
mod routes;

pub use routes::routes;

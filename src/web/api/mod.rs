//! The handlers, one file for each area, and the one list of their routes.

mod health;
mod routes;

pub use routes::routes;

//! Haversack: a whole backend in one executable.
//!
//! An HTTP server, an embedded store, collections with rules, auth and an admin dashboard, as a
//! program (`haversack serve`) and as this library.

pub mod import;
pub mod model;
pub mod query;
pub mod schema;
pub mod store;

//! Haversack: a whole backend in one executable.
//!
//! An HTTP server, an embedded store, collections with rules, auth and an admin dashboard, as a
//! program (`haversack serve`) and as this library.

pub mod access;
pub mod app;
pub mod auth;
pub mod config;
pub mod import;
pub mod jobs;
pub mod model;
pub mod ops;
pub mod query;
pub mod realtime;
pub mod schema;
pub mod store;
pub mod web;

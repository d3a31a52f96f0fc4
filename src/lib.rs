//! Haversack: a whole backend in one executable.
//!
//! An HTTP server, an embedded store, collections with rules, auth and an admin dashboard, as a
//! program (`haversack serve`) and as this library.
//!
//! ```no_run
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! use haversack::app::App;
//!
//! let app = App::builder().build()?;
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
//! app.serve(listener, std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```
//!
//! Start reading at [`app`]. `ARCHITECTURE.md` in the repository is the map of the rooms.

pub mod access;
pub mod app;
pub mod auth;
pub mod backup;
pub mod config;
pub mod dump;
pub mod files;
pub mod import;
pub mod jobs;
pub mod mail;
pub mod model;
pub mod oauth2;
pub mod ops;
pub mod outbound;
pub mod query;
pub mod realtime;
pub mod schema;
pub mod settings;
pub mod sql;
pub mod store;
pub mod web;

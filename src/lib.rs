//! Haversack: a whole backend in one executable, and as this library.
//!
//! An HTTP server, an embedded store, collections with rules, auth and an admin dashboard. The
//! program (`haversack serve`) is the first user of [`app`].
//!
//! # Five minutes to a first hook
//!
//! A server with everything in it, on the folder `./data`, with the dashboard at
//! <http://127.0.0.1:8090/_/>:
//!
//! ```no_run
//! use haversack::app::App;
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let app = App::builder().build()?;
//!     let listener = tokio::net::TcpListener::bind("127.0.0.1:8090").await?;
//!     app.serve(listener, std::future::pending()).await?;
//!     Ok(app.close()?)
//! }
//! ```
//!
//! Collections can come from code, so that every data folder has them, and hooks say what happens to
//! their records. This is a whole program, without a server:
//!
//! ```
//! use haversack::app::App;
//! use haversack::config::Config;
//! use haversack::hooks::{Find, Rejection};
//! use serde_json::json;
//!
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let mut config = Config::default();
//! # config.boot.data = folder.path().join("data");
//! let app = App::builder()
//!     .config(config)
//!     .migration(
//!         "1_posts",
//!         |data| {
//!             data.save_collection(json!({
//!                 "name": "posts",
//!                 "type": "base",
//!                 "fields": [{ "name": "title", "type": "text" }],
//!             }))?;
//!             Ok(())
//!         },
//!         |data| data.delete_collection("posts"),
//!     )
//!     // Inside the transaction: may change the record, or refuse.
//!     .before_create("posts", |event| {
//!         let title = event.record.text("title").trim().to_owned();
//!         if title.is_empty() {
//!             return Err(Rejection::field("title", "validation_title", "Say something."));
//!         }
//!         event.record.set("title", title);
//!         Ok(())
//!     })
//!     // After the commit: async, and nobody waits for it.
//!     .after_create("posts", async |event| {
//!         println!("{} is stored", event.record.text("title"));
//!         Ok(())
//!     })
//!     .build()?;
//!
//! let data = app.data();
//! data.create("posts", json!({ "title": "  hello " })).await?;
//! assert!(data.create("posts", json!({ "title": " " })).await.is_err());
//! let found = data.list("posts", Find::filter("title = {:t}").bind("t", "hello")).await?;
//! assert_eq!(found.len(), 1);
//! # tokio::task::spawn_blocking(move || app.close()).await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to go on
//!
//! - [`app::AppBuilder`]: hooks, routes, middleware, jobs, commands, migrations.
//! - [`app::DataHandle`] for async code and [`hooks::Data`] inside hooks and transactions:
//!   collections and records without HTTP.
//! - [`hooks::Hooks`]: every place where a hook can hang; [`hooks::Chain::around`] for hooks around
//!   something.
//! - [`app::App::service`] mounts everything in another hyper server.
//! - `examples/` in the repository: `hello`, `blog`, `hooks`, `custom_routes`, `scheduled_job`,
//!   `mounted`.
//! - `ARCHITECTURE.md` in the repository is the map of the rooms.

pub mod access;
pub mod app;
pub mod auth;
pub mod backup;
pub mod config;
pub mod dump;
pub mod files;
pub mod hooks;
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
pub mod script;
pub mod settings;
pub mod sql;
pub mod store;
pub mod web;

//! HTTP: connections, routes, and what requests and answers look like on the wire.
//!
//! Owns: [`serve`], [`Router`], [`Request`], [`Reply`], [`ApiError`], the order of the
//! middleware, and the one bridge to blocking work, [`Blocking`]. Only this room names hyper.
//! Knows nothing of storage engines, and decides nothing about who may do what.
//! Invariant: whatever a client sends, it gets one well-formed answer or a closed connection.
//! Start reading at [`middleware::handle`], then [`api::routes`].

#[cfg(feature = "admin-ui")]
mod admin_ui;
pub mod api;
mod asking;
mod blocking;
mod body;
mod caller;
mod compression;
mod connection;
mod domain_error;
mod endless;
mod error;
mod event_stream;
mod excerpt;
#[cfg(feature = "admin-ui")]
mod extensions;
mod fields;
mod file_body;
mod incoming;
mod metrics;
pub mod middleware;
mod multipart;
mod public_folder;
mod query;
mod range;
mod rate_limiter;
mod real_ip;
mod reply;
mod request;
mod router;
mod server;
mod service;
mod state;
mod tls;
mod upload_form;
mod wire;

pub use blocking::{Blocking, Report, committed};
pub use error::ApiError;
#[cfg(feature = "admin-ui")]
pub use extensions::add_extensions;
pub use fields::FieldsPicker;
pub use multipart::FormFile;
pub use public_folder::PublicFolder;
pub use query::Query;
pub use rate_limiter::RateLimiter;
pub use reply::{Payload, Reply};
pub use request::{Params, Request, SuccessLog};
pub use router::{Actions, Handler, Middleware, Next, RouteError, Router};
pub use server::{Door, serve};
pub use service::Service;
pub use state::State;
pub use tls::{Tls, TlsError};

use real_ip::real_ip;

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Any error, for the log.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

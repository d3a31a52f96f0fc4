//! What routes and middleware of an embedding program get.

use std::fmt;
use std::ops::{Deref, DerefMut};

use super::{App, DataHandle};
use crate::web::{self, ApiError, Reply};

/// A request to a route of an embedding program. All of [`web::Request`] is here: the parts of the
/// path in `params`, `query`, `headers`, the body as [`json`](web::Request::json),
/// [`form`](web::Request::form) or bytes, and the [`caller`](web::Request::caller).
pub struct Request {
    app: App,
    inner: web::Request,
}

impl Request {
    pub(super) fn new(app: App, inner: web::Request) -> Self {
        Self { app, inner }
    }

    /// The app, with which everything can be done.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Collections and records as the caller may use them: rules apply. For what the caller may not
    /// do, but the program does for them, there is [`App::data`].
    pub fn data(&self) -> DataHandle {
        self.app.data().as_caller(self.inner.caller())
    }
}

impl Deref for Request {
    type Target = web::Request;

    fn deref(&self) -> &web::Request {
        &self.inner
    }
}

impl DerefMut for Request {
    fn deref_mut(&mut self) -> &mut web::Request {
        &mut self.inner
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

/// What a middleware is around.
#[derive(Debug)]
pub struct Next(pub(super) web::Next);

impl Next {
    /// Answers `request` with what is further in.
    ///
    /// Errors: 404 when there is no such route, and what middleware and handler say.
    pub async fn run(self, request: Request) -> Result<Reply, ApiError> {
        self.0.run(request.inner).await
    }
}

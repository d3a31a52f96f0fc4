//! The whole server as one hyper service, to be mounted in another program's server.

use std::convert::Infallible;
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

use super::{BoxError, BoxFuture, Payload, Router, State, middleware};

/// Answers the requests of one connection. The program that accepts connections sets their limits
/// of time and size of heads; all others are kept here.
#[derive(Clone)]
pub struct Service {
    state: Arc<State>,
    router: Arc<Router>,
    remote: IpAddr,
}

impl Service {
    /// A service for a connection from `remote`.
    pub fn new(state: Arc<State>, router: Arc<Router>, remote: IpAddr) -> Self {
        Self { state, router, remote: remote.to_canonical() }
    }

    /// Answers one request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Payload>
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (state, router) = (Arc::clone(&self.state), Arc::clone(&self.router));
        middleware::handle(state, router, self.remote, request).await
    }
}

impl<B> hyper::service::Service<Request<B>> for Service
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Payload>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(service.answer(request).await) })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").field("remote", &self.remote).finish_non_exhaustive()
    }
}

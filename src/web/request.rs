//! What handlers are asked.

use std::fmt;
use std::net::IpAddr;
use std::pin::Pin;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::CONTENT_LENGTH;
use http::{Extensions, HeaderMap, Method, StatusCode};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::{Map, Value as Json};
use tokio::time::{Instant, timeout, timeout_at};

use super::{ApiError, BoxError, Query, body};
use crate::config::{ByteSize, Live};

/// The parts of the path that the route names, decoded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn new(params: Vec<(String, String)>) -> Self {
        Self(params)
    }

    /// The part called `name`; empty when the route has no such part.
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }
}

/// A request, with its body not yet read.
pub struct Request {
    /// The method; HEAD requests show GET.
    pub method: Method,
    /// The path as it came, percent signs and all.
    pub path: String,
    /// The parts of the path that the route names.
    pub params: Params,
    /// The parameters after the question mark.
    pub query: Query,
    /// The headers.
    pub headers: HeaderMap,
    /// The address at the other end of the connection.
    pub remote: IpAddr,
    /// The id of the request in the log and in the `X-Request-Id` header of the answer.
    pub id: String,
    /// What the middleware found out, such as who is asking.
    pub extensions: Extensions,
    body: Option<UnsyncBoxBody<Bytes, BoxError>>,
    limits: BodyLimits,
}

/// The bounds of reading a body, as they were when the request began.
#[derive(Debug, Clone, Copy)]
struct BodyLimits {
    size_max: ByteSize,
    timeout: Duration,
    idle_timeout: Duration,
}

/// How much of a refused body is read and thrown away: a client that is still sending sees the
/// answer only if somebody reads, but not forever.
const DRAIN_BYTES_MAX: usize = 64 << 20;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

impl Request {
    pub(super) fn new<B>(request: http::Request<B>, remote: IpAddr, id: String, live: &Live) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            params: Params::default(),
            query: parts.uri.query().map(Query::parse).unwrap_or_default(),
            headers: parts.headers,
            remote,
            id,
            extensions: Extensions::new(),
            body: Some(UnsyncBoxBody::new(body.map_err(Into::into))),
            limits: BodyLimits {
                size_max: live.body_size_max,
                timeout: live.body_timeout,
                idle_timeout: live.idle_timeout,
            },
        }
    }

    /// The value of a header, when it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Reads the body; later calls return nothing.
    ///
    /// Errors: 413 when it is larger than the configured limit, 408 when it takes too long, 400
    /// when it breaks off.
    pub async fn body(&mut self) -> Result<Bytes, ApiError> {
        self.body_within(self.limits.size_max).await
    }

    /// Reads the body as [`body`](Self::body) does, with another size limit.
    pub async fn body_within(&mut self, size_max: ByteSize) -> Result<Bytes, ApiError> {
        let Some(mut body) = self.body.take() else {
            return Ok(Bytes::new());
        };
        let size_max = usize::try_from(size_max.get()).unwrap_or(usize::MAX);
        let announced = self.header(CONTENT_LENGTH.as_str()).and_then(|text| text.parse().ok());
        if announced.is_some_and(|announced: u64| announced > size_max as u64) {
            // Someone who waits for our word before sending will hear the refusal instead.
            if self.header("expect").is_none() {
                tokio::spawn(drain(body));
            }
            return Err(ApiError::too_large());
        }
        let deadline = Instant::now() + self.limits.timeout;
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        loop {
            let next = timeout(self.limits.idle_timeout, body.frame());
            let frame = match timeout_at(deadline, next).await {
                Ok(Ok(Some(Ok(frame)))) => frame,
                Ok(Ok(Some(Err(cause)))) => {
                    return Err(ApiError::bad_request("").with_cause(cause));
                }
                Ok(Ok(None)) => break,
                Ok(Err(_)) | Err(_) => return Err(ApiError::generic(StatusCode::REQUEST_TIMEOUT)),
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if data.len() > size_max - first.len() - joined.len() {
                tokio::spawn(drain(body));
                return Err(ApiError::too_large());
            }
            // Most bodies are one frame, which then need not be copied.
            if first.is_empty() && joined.is_empty() {
                first = data;
            } else {
                joined.extend_from_slice(&std::mem::take(&mut first));
                joined.extend_from_slice(&data);
            }
        }
        Ok(if joined.is_empty() { first } else { joined.freeze() })
    }

    /// Reads the body as an object: JSON or a form without files; nothing is an empty object.
    ///
    /// Errors: those of [`body`](Self::body), and 400 when it is something else.
    pub async fn body_object(&mut self) -> Result<Map<String, Json>, ApiError> {
        self.body_object_within(self.limits.size_max).await
    }

    /// Reads the body as [`body_object`](Self::body_object) does, with another size limit.
    pub async fn body_object_within(
        &mut self,
        size_max: ByteSize,
    ) -> Result<Map<String, Json>, ApiError> {
        let bytes = self.body_within(size_max).await?;
        body::parse(self.header("content-type"), &bytes)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("id", &self.id)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

async fn drain(mut body: UnsyncBoxBody<Bytes, BoxError>) {
    let read = async {
        let mut left = DRAIN_BYTES_MAX;
        while let Some(Ok(frame)) = Pin::new(&mut body).frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    };
    // Running out of time is how a client that never stops is let go.
    let _ = timeout(DRAIN_TIME_MAX, read).await;
}

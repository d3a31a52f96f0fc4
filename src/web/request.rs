//! What handlers are asked.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{Extensions, HeaderMap, Method};
use http_body::Body;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use super::caller::caller_of;
use super::incoming::{BodyStream, IncomingBody};
use super::multipart::FormFile;
use super::{ApiError, BoxError, Query, body, multipart};
use crate::access::Caller;
use crate::config::{ByteSize, Live};
use crate::schema::{Violation, Violations};

/// The parts of the path that the route names, decoded.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params {
    /// As the route names them.
    names: Arc<[Box<str>]>,
    values: Vec<String>,
}

impl Params {
    /// The parts in the order of `names`.
    pub(super) fn new(names: Arc<[Box<str>]>, values: Vec<String>) -> Self {
        Self { names, values }
    }

    /// The part called `name`; empty when the route has no such part.
    pub fn get(&self, name: &str) -> &str {
        let at = self.names.iter().position(|known| **known == *name);
        at.and_then(|at| self.values.get(at)).map_or("", String::as_str)
    }
}

/// Whether the log hears of a request when all goes well.
#[derive(Debug, Clone, Default)]
pub struct SuccessLog(Arc<AtomicBool>);

impl SuccessLog {
    /// Leaves the request out of the log unless it fails.
    pub fn skip(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_skipped(&self) -> bool {
        self.0.load(Ordering::Relaxed)
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
    /// Where it comes from, once trusted proxies were seen through; `None` before that is known.
    pub(super) address: Option<IpAddr>,
    success_log: SuccessLog,
    body: IncomingBody,
}

impl Request {
    pub(super) fn new<B>(
        request: http::Request<B>,
        remote: IpAddr,
        id: String,
        success_log: SuccessLog,
        live: &Live,
    ) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let body = IncomingBody::new(body, &parts.headers, live);
        Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            params: Params::default(),
            query: parts.uri.query().map(Query::parse).unwrap_or_default(),
            headers: parts.headers,
            remote,
            id,
            extensions: Extensions::new(),
            address: None,
            success_log,
            body,
        }
    }

    /// Who asks, with what rules may know of the request but its body.
    pub fn caller(&self) -> Arc<Caller> {
        caller_of(self)
    }

    /// What decides whether the log hears of this request when all goes well.
    pub fn success_log(&self) -> SuccessLog {
        self.success_log.clone()
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
        self.body.read(self.body.size_max()).await
    }

    /// Reads the body as [`body`](Self::body) does, with another size limit.
    pub async fn body_within(&mut self, size_max: ByteSize) -> Result<Bytes, ApiError> {
        self.body.read(size_max).await
    }

    /// The body as a stream; `None` when there is none. Later calls return none.
    ///
    /// Errors: 413 when it is announced to be larger than `size_max`.
    pub(super) fn body_stream(
        &mut self,
        size_max: ByteSize,
    ) -> Result<Option<BodyStream>, ApiError> {
        self.body.take_stream(size_max)
    }

    /// Reads the body as an object: JSON or a form without files; nothing is an empty object.
    ///
    /// Errors: those of [`body`](Self::body), and 400 when it is something else.
    pub async fn body_object(&mut self) -> Result<Map<String, Json>, ApiError> {
        self.body_object_within(self.body.size_max()).await
    }

    /// Reads the body as JSON of the shape of `T`, whatever type it says to be.
    ///
    /// Errors: those of [`body`](Self::body), and 400 when it is something else.
    pub async fn json<T: DeserializeOwned>(&mut self) -> Result<T, ApiError> {
        let bytes = self.body().await?;
        serde_json::from_slice(&bytes).map_err(|error| {
            ApiError::bad_request("The body is not the JSON that is expected.").with_cause(error)
        })
    }

    /// Reads the body as [`body_object`](Self::body_object) does, but a form may have files. All of
    /// them are in memory, within the limit of the body.
    ///
    /// Errors: those of [`body_object`](Self::body_object).
    pub async fn form(&mut self) -> Result<(Map<String, Json>, Vec<FormFile>), ApiError> {
        self.body_parts_within(self.body.size_max()).await
    }

    /// Reads the body as [`body_object`](Self::body_object) does, with another size limit.
    pub async fn body_object_within(
        &mut self,
        size_max: ByteSize,
    ) -> Result<Map<String, Json>, ApiError> {
        let (object, files) = self.body_parts_within(size_max).await?;
        match files.first() {
            None => Ok(object),
            Some(file) => Err(ApiError::bad_request("").with_violations(&no_file_here(&file.name))),
        }
    }

    /// Reads the body as [`form`](Self::form) does, with another size limit.
    pub(super) async fn body_parts_within(
        &mut self,
        size_max: ByteSize,
    ) -> Result<(Map<String, Json>, Vec<FormFile>), ApiError> {
        let bytes = self.body_within(size_max).await?;
        let content_type = self.header("content-type");
        if multipart::is_multipart(content_type) {
            let parts = multipart::parts(content_type.unwrap_or_default(), bytes).await?;
            return Ok((body::form(parts.texts, &self.query)?, parts.files));
        }
        Ok((body::parse(content_type, &bytes, &self.query)?, Vec::new()))
    }
}

/// What is wrong with a file in the part called `name`, where none can be taken.
fn no_file_here(name: &str) -> Violations {
    let violation = Violation::new("validation_invalid_file", "Files cannot be uploaded here.");
    Violations::of(name, violation)
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

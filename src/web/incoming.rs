//! Reading the body of a request, within bounds.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderMap};
use http_body::Body;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout, timeout_at};

use super::{ApiError, BoxError};
use crate::config::{ByteSize, Live};

/// How much of an unwanted body is read and thrown away: a client that is still sending sees
/// the answer only if somebody reads, but not forever.
const DRAIN_BYTES_MAX: usize = 64 << 20;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// A body that is still to be read, with the bounds of the moment the request began.
pub(super) struct IncomingBody {
    body: Option<UnsyncBoxBody<Bytes, BoxError>>,
    /// How many bytes the client announced.
    announced: Option<u64>,
    /// Whether the client waits for our word before it sends. It will hear the answer instead.
    asks_first: bool,
    size_max: ByteSize,
    timeout: Duration,
    idle_timeout: Duration,
}

impl IncomingBody {
    pub(super) fn new<B>(body: B, headers: &HeaderMap, live: &Live) -> Self
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        Self {
            announced: announced.and_then(|text| text.parse().ok()),
            body: (!body.is_end_stream()).then(|| UnsyncBoxBody::new(body.map_err(Into::into))),
            asks_first: headers.contains_key(EXPECT),
            size_max: live.body_size_max,
            timeout: live.body_timeout,
            idle_timeout: live.idle_timeout,
        }
    }

    /// The configured size limit.
    pub(super) fn size_max(&self) -> ByteSize {
        self.size_max
    }

    /// Reads everything, once; later calls return nothing. What is left after an error is
    /// drained when the value is dropped.
    pub(super) async fn read(&mut self, size_max: ByteSize) -> Result<Bytes, ApiError> {
        if self.announced.is_some_and(|announced| announced > size_max.get()) {
            return Err(ApiError::too_large());
        }
        let size_max = usize::try_from(size_max.get()).unwrap_or(usize::MAX);
        let deadline = Instant::now() + self.timeout;
        let mut first = Bytes::new();
        let mut joined = BytesMut::new();
        while let Some(body) = &mut self.body {
            // The first read is our word.
            self.asks_first = false;
            let next = timeout(self.idle_timeout, body.frame());
            let frame = match timeout_at(deadline, next).await {
                Ok(Ok(Some(Ok(frame)))) => frame,
                Ok(Ok(Some(Err(cause)))) => {
                    self.body = None;
                    return Err(ApiError::bad_request("").with_cause(cause));
                }
                Ok(Ok(None)) => {
                    self.body = None;
                    break;
                }
                Ok(Err(_)) | Err(_) => {
                    self.body = None;
                    return Err(ApiError::generic(StatusCode::REQUEST_TIMEOUT));
                }
            };
            let Ok(data) = frame.into_data() else {
                continue;
            };
            if data.len() > size_max - first.len() - joined.len() {
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
}

impl Drop for IncomingBody {
    fn drop(&mut self) {
        let Some(body) = self.body.take() else { return };
        if !body.is_end_stream()
            && !self.asks_first
            && let Ok(runtime) = Handle::try_current()
        {
            runtime.spawn(drain(body));
        }
    }
}

async fn drain(mut body: UnsyncBoxBody<Bytes, BoxError>) {
    let read = async {
        let mut left = DRAIN_BYTES_MAX;
        while left > 0
            && let Some(Ok(frame)) = body.frame().await
        {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
        }
    };
    // Running out of time is how a client that never stops is let go.
    let _ = timeout(DRAIN_TIME_MAX, read).await;
}

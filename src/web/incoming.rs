//! Reading the body of a request, within bounds.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, EXPECT, HeaderMap};
use http_body::{Body, Frame};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use tokio::runtime::Handle;
use tokio::time::{Instant, Sleep, sleep_until, timeout, timeout_at};

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

impl IncomingBody {
    /// What is left of the body, as a stream; `None` when there is none.
    pub(super) fn take_stream(
        &mut self,
        size_max: ByteSize,
    ) -> Result<Option<BodyStream>, ApiError> {
        if self.announced.is_some_and(|announced| announced > size_max.get()) {
            return Err(ApiError::too_large());
        }
        let Some(body) = self.body.take() else { return Ok(None) };
        let now = Instant::now();
        Ok(Some(BodyStream {
            incoming: Self { body: Some(body), ..*self },
            left: size_max.get(),
            deadline: Box::pin(sleep_until(now + self.timeout)),
            idle: Box::pin(sleep_until(now + self.idle_timeout)),
            is_waiting: false,
            unclaimed: Arc::default(),
            just_gave: false,
        }))
    }
}

/// Bytes that a parser may take in without finding anything in them, such as endless headers.
const UNCLAIMED_MAX: usize = 16 << 10;

/// A body as a stream, within the bounds of size and time.
///
/// After each frame it says once that there is no more yet: a parser that reads for as long as it
/// can would otherwise take a whole file into memory.
pub(super) struct BodyStream {
    incoming: IncomingBody,
    left: u64,
    deadline: Pin<Box<Sleep>>,
    idle: Pin<Box<Sleep>>,
    /// Whether the idle time runs.
    is_waiting: bool,
    unclaimed: Arc<AtomicUsize>,
    just_gave: bool,
}

impl BodyStream {
    /// The bytes that were given since this was set to 0. Past a limit the stream fails.
    pub(super) fn unclaimed(&self) -> Arc<AtomicUsize> {
        Arc::clone(&self.unclaimed)
    }

    fn fail(&mut self, fault: BodyFault) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        if !matches!(fault, BodyFault::TooLarge) {
            self.incoming.body = None;
        }
        Poll::Ready(Some(Err(fault)))
    }
}

/// Why a body could not be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyFault {
    #[error("the body is too large")]
    TooLarge,
    #[error("the body took too long")]
    TooSlow,
    #[error("the body broke off")]
    Broken(#[source] BoxError),
}

impl Body for BodyStream {
    type Data = Bytes;
    type Error = BodyFault;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyFault>>> {
        let this = &mut *self;
        let Some(body) = &mut this.incoming.body else { return Poll::Ready(None) };
        if std::mem::take(&mut this.just_gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        // The first read is our word.
        this.incoming.asks_first = false;
        match Pin::new(body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                this.is_waiting = false;
                this.just_gave = true;
                let len = frame.data_ref().map_or(0, Bytes::len);
                let unclaimed = this.unclaimed.fetch_add(len, Ordering::Relaxed);
                match this.left.checked_sub(len as u64) {
                    Some(left) if unclaimed <= UNCLAIMED_MAX => this.left = left,
                    _ => return this.fail(BodyFault::TooLarge),
                }
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(cause))) => this.fail(BodyFault::Broken(cause)),
            Poll::Ready(None) => {
                this.incoming.body = None;
                Poll::Ready(None)
            }
            Poll::Pending => {
                // Only the client's time counts, not ours between two reads.
                if !std::mem::replace(&mut this.is_waiting, true) {
                    this.idle.as_mut().reset(Instant::now() + this.incoming.idle_timeout);
                }
                let is_late = this.deadline.as_mut().poll(context).is_ready()
                    | this.idle.as_mut().poll(context).is_ready();
                if is_late { this.fail(BodyFault::TooSlow) } else { Poll::Pending }
            }
        }
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

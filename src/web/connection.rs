//! One connection: what it has been doing, and whether it may go on.
//!
//! Clients that are slow on purpose are found in one place, [`Activity::overdue`], which a
//! clock asks now and then.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::BoxError;
use super::reply::Payload;
use crate::config::Live;

/// What a connection has been doing. Times are milliseconds since it began.
#[derive(Debug)]
pub(super) struct Activity {
    began: Instant,
    /// Requests whose answer has not been handed over in full.
    in_flight: AtomicUsize,
    /// Answers with bytes at hand that nobody has taken.
    ready: AtomicUsize,
    /// When bytes were last written, or a request last began or ended.
    progress: AtomicU64,
    /// When the socket stopped taking bytes; 0 while it takes them.
    blocked: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            began: Instant::now(),
            in_flight: AtomicUsize::new(0),
            ready: AtomicUsize::new(0),
            progress: AtomicU64::new(0),
            blocked: AtomicU64::new(0),
        })
    }

    /// Why the connection should be cut, if it should.
    pub(super) fn overdue(&self, live: &Live) -> Option<&'static str> {
        let now = self.now();
        let since = |then: u64| Duration::from_millis(now.saturating_sub(then));
        let quiet = since(self.progress.load(Relaxed));
        let blocked = self.blocked.load(Relaxed);
        if blocked != 0 && since(blocked) > live.idle_timeout {
            Some("the client stopped reading")
        } else if self.ready.load(Relaxed) > 0 && quiet > live.idle_timeout {
            Some("the client does not take its answer")
        } else if self.in_flight.load(Relaxed) == 0 && quiet > live.header_timeout {
            Some("no request came")
        } else {
            None
        }
    }

    /// Notes that a request began. It lasts as long as the value.
    pub(super) fn request(self: &Arc<Self>) -> InFlight {
        self.in_flight.fetch_add(1, Relaxed);
        self.note_progress();
        InFlight(Arc::clone(self))
    }

    fn note_progress(&self) {
        self.progress.store(self.now(), Relaxed);
    }

    fn now(&self) -> u64 {
        // Never 0, which stands for "not blocked".
        self.began.elapsed().as_millis() as u64 + 1
    }
}

/// A request whose answer is not yet handed over in full.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.note_progress();
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}

/// The bytes of an answer, which know whether they wait for the client or for their source.
#[derive(Debug)]
pub(super) struct Answer {
    payload: Payload,
    request: InFlight,
    counted: bool,
}

impl Answer {
    pub(super) fn new(payload: Payload, request: InFlight) -> Self {
        let mut answer = Self { payload, request, counted: false };
        answer.count(true);
        answer
    }

    fn count(&mut self, ready: bool) {
        if ready != self.counted {
            let counter = &self.request.0.ready;
            if ready {
                counter.fetch_add(1, Relaxed)
            } else {
                counter.fetch_sub(1, Relaxed)
            };
            self.counted = ready;
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.count(false);
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.payload).poll_frame(context);
        self.count(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.payload.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.payload.size_hint()
    }
}

/// A socket that notes when it moves bytes.
#[derive(Debug)]
pub(super) struct Socket<S> {
    inner: S,
    activity: Arc<Activity>,
}

impl<S> Socket<S> {
    pub(super) fn new(inner: S, activity: Arc<Activity>) -> Self {
        Self { inner, activity }
    }

    /// Notes how a write went.
    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &polled {
            Poll::Ready(_) => {
                self.activity.blocked.store(0, Relaxed);
                self.activity.note_progress();
            }
            Poll::Pending if self.activity.blocked.load(Relaxed) == 0 => {
                self.activity.blocked.store(self.activity.now(), Relaxed);
            }
            Poll::Pending => {}
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Socket<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

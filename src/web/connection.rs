//! One connection: what it has been doing, and whether it may go on.
//!
//! Clients that are slow on purpose are found in one place, [`Activity::overdue`], which a
//! clock asks now and then.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
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

    /// Whether bytes wait for the socket to take them.
    pub(super) fn is_blocked(&self) -> bool {
        self.blocked.load(Relaxed) != 0
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

    /// Whether the answer goes on until somebody leaves.
    pub(super) fn is_endless(&self) -> bool {
        self.payload.is_endless()
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

/// A socket that notes when it moves bytes, and that can be taken back from whoever uses it.
#[derive(Debug)]
pub(super) struct Socket<S> {
    place: Place<S>,
    activity: Arc<Activity>,
}

/// Where a socket is until it is taken.
type Place<S> = Arc<Mutex<Option<S>>>;

/// Takes a socket back.
#[derive(Debug)]
pub(super) struct Taker<S>(Place<S>);

impl<S> Taker<S> {
    /// The socket; whoever used it finds it closed. `None` the second time.
    pub(super) fn take(self) -> Option<S> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl<S> Socket<S> {
    pub(super) fn new(inner: S, activity: Arc<Activity>) -> Self {
        Self { place: Arc::new(Mutex::new(Some(inner))), activity }
    }

    pub(super) fn taker(&self) -> Taker<S> {
        Taker(Arc::clone(&self.place))
    }

    /// Does something with the socket, unless it was taken.
    fn with<T>(&self, act: impl FnOnce(&mut S) -> T) -> Option<T> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).as_mut().map(act)
    }

    /// Notes how a write went.
    fn note<T>(&self, polled: Option<Poll<io::Result<T>>>) -> Poll<io::Result<T>> {
        let polled = polled.unwrap_or(Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())));
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
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = self.with(|socket| Pin::new(socket).poll_read(context, buffer));
        polled.unwrap_or(Poll::Ready(Ok(())))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Socket<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.note(self.with(|socket| Pin::new(socket).poll_write(context, bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.note(self.with(|socket| Pin::new(socket).poll_write_vectored(context, slices)))
    }

    fn is_write_vectored(&self) -> bool {
        self.with(|socket| socket.is_write_vectored()).unwrap_or(false)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.with(|socket| Pin::new(socket).poll_flush(context));
        polled.unwrap_or(Poll::Ready(Ok(())))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = self.with(|socket| Pin::new(socket).poll_shutdown(context));
        polled.unwrap_or(Poll::Ready(Ok(())))
    }
}

//! The accept loop, and the life of a connection.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{Activity, Answer, Socket};
use super::endless::Handover;
use super::{Router, State, endless, middleware};

/// How long requests that are under way at shutdown may take.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// How long to wait when the system has no more sockets to give.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The longest head of a request, in bytes. Filters live in the URL and may be long.
const HEAD_BYTES_MAX: usize = 128 << 10;

/// Requests of one HTTP/2 connection at once.
const STREAMS_MAX: u32 = 128;

/// How often a connection is checked for being overdue, at most and at least.
const CHECK_INTERVALS: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// Serves HTTP/1 and HTTP/2 in the clear on `listener` until `shutdown` is ready.
///
/// Then no connection is accepted, and requests under way have ten seconds to end.
pub async fn serve(
    listener: TcpListener,
    state: Arc<State>,
    router: Arc<Router>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let full = connections.len() >= state.live.load().connections_max.get();
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if !full => match accepted {
                Ok((stream, remote)) => {
                    let connection = Connection {
                        state: Arc::clone(&state),
                        router: Arc::clone(&router),
                        remote: remote.ip().to_canonical(),
                    };
                    connections.spawn(connection.run(stream, graceful.watcher(), graceful.watcher()));
                }
                Err(error) => {
                    // The client's connection may have died, or we have no file handle left.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    state.realtime.hub().close();
    if timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = connections.len(), "cutting connections that do not end");
    }
    connections.shutdown().await;
    Ok(())
}

struct Connection {
    state: Arc<State>,
    router: Arc<Router>,
    remote: IpAddr,
}

impl Connection {
    /// Serves the connection until it ends. The server waits for both `watcher` and `watched`.
    async fn run(self, stream: TcpStream, watcher: Watcher, watched: Watcher) {
        // Without it small answers wait for acknowledgements; failing is only slower.
        let _ = stream.set_nodelay(true);
        let (remote, state) = (self.remote, Arc::clone(&self.state));
        let activity = Activity::new();
        // In a box, so that what hyper needs is gone while an endless answer goes on.
        let conversation = Box::pin(self.converse(stream, Arc::clone(&activity), watcher));
        let Some((stream, answer)) = conversation.await else { return };
        tokio::select! {
            ended = endless::write(Socket::new(stream, Arc::clone(&activity)), answer) => {
                if let Err(error) = ended {
                    tracing::debug!(%remote, %error, "stream ended");
                }
            }
            reason = overdue(&activity, &state) => tracing::debug!(%remote, reason, "stream cut"),
        }
        drop(watched);
    }

    /// Answers requests until the connection ends, or until an answer has no end: that is returned
    /// with the connection, nothing of it written.
    async fn converse(
        self,
        stream: TcpStream,
        activity: Arc<Activity>,
        watcher: Watcher,
    ) -> Option<(TcpStream, Response<Answer>)> {
        let Self { state, router, remote } = self;
        let handover = Arc::new(Handover::default());
        let service = service_fn(|request: Request<Incoming>| {
            let under_way = activity.request();
            let may_chunk = request.version() == Version::HTTP_11;
            let answer =
                middleware::handle(Arc::clone(&state), Arc::clone(&router), remote, request);
            let handover = Arc::clone(&handover);
            async move {
                let response = answer.await.map(|payload| Answer::new(payload, under_way));
                if may_chunk && response.body().is_endless() {
                    handover.give(response);
                    return pending().await;
                }
                Ok::<_, Infallible>(response)
            }
        });
        let socket = Socket::new(stream, Arc::clone(&activity));
        let taker = socket.taker();
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(None);
        builder.http1().max_buf_size(HEAD_BYTES_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .max_concurrent_streams(STREAMS_MAX)
            .max_header_list_size(HEAD_BYTES_MAX as u32);
        let connection = watcher.watch(builder.serve_connection(TokioIo::new(socket), service));
        tokio::select! {
            // First, so that hyper has written what it could before the socket is taken.
            biased;
            // Errors here are clients that go away or speak something else.
            ended = connection => {
                if let Err(error) = ended {
                    tracing::debug!(%remote, error, "connection ended");
                }
                None
            }
            answer = handed_over(&handover, &activity) => Some((taker.take()?, answer)),
            reason = overdue(&activity, &state) => {
                tracing::debug!(%remote, reason, "connection cut");
                None
            }
        }
    }
}

/// Waits for an endless answer, and for the answers before it to be written.
async fn handed_over(handover: &Handover, activity: &Activity) -> Response<Answer> {
    let answer = handover.taken().await;
    while activity.is_blocked() {
        sleep(CHECK_INTERVALS.0).await;
    }
    answer
}

/// Waits until the connection is overdue by the limits of the moment.
async fn overdue(activity: &Activity, state: &State) -> &'static str {
    loop {
        let live = state.live.load();
        if let Some(reason) = activity.overdue(&live) {
            return reason;
        }
        let shortest = live.header_timeout.min(live.idle_timeout);
        drop(live);
        sleep((shortest / 4).clamp(CHECK_INTERVALS.0, CHECK_INTERVALS.1)).await;
    }
}

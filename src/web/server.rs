//! The accept loop, and the life of a connection.

use std::convert::Infallible;
use std::future::{pending, poll_fn};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use http::header::{HOST, HeaderMap, HeaderValue, LOCATION};
use http::uri::{Authority, PathAndQuery};
use http::{Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use super::connection::{Activity, Answer, Socket};
use super::endless::Handover;
use super::reply::Payload;
use super::{Router, State, Tls, endless, middleware};

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

/// A way in.
#[derive(Debug)]
pub enum Door {
    /// Requests in the clear.
    Plain(TcpListener),
    /// Encrypted requests.
    Tls(TcpListener, Tls),
    /// Requests in the clear that are told to come to this port encrypted.
    ToTls(TcpListener, u16),
}

/// What a connection that came through a door is served with.
#[derive(Clone)]
enum Greeting {
    Plain,
    Tls(Tls),
    ToTls(u16),
}

impl Door {
    fn listener(&self) -> &TcpListener {
        match self {
            Self::Plain(listener) | Self::Tls(listener, _) | Self::ToTls(listener, _) => listener,
        }
    }

    fn greeting(&self) -> Greeting {
        match self {
            Self::Plain(_) => Greeting::Plain,
            Self::Tls(_, tls) => Greeting::Tls(tls.clone()),
            Self::ToTls(_, port) => Greeting::ToTls(*port),
        }
    }
}

/// Serves HTTP/1 and HTTP/2 at `doors` until `shutdown` is ready.
///
/// Then no connection is accepted, and requests under way have ten seconds to end.
pub async fn serve(
    doors: Vec<Door>,
    state: Arc<State>,
    router: Arc<Router>,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut certificates = JoinSet::new();
    for door in &doors {
        if let Door::Tls(_, tls) = door {
            let tls = tls.clone();
            certificates.spawn(async move { tls.keep_fresh().await });
        }
    }
    loop {
        state.metrics.connections.store(connections.len(), Ordering::Relaxed);
        let full = connections.len() >= state.live.load().connections_max.get();
        tokio::select! {
            () = &mut shutdown => break,
            Some(_) = connections.join_next() => {}
            accepted = accept(&doors), if !full => match accepted {
                Ok((stream, remote, greeting)) => {
                    let connection = Connection {
                        state: Arc::clone(&state),
                        router: Arc::clone(&router),
                        remote: remote.ip().to_canonical(),
                    };
                    let watchers = [graceful.watcher(), graceful.watcher()];
                    connections.spawn(connection.greet(stream, greeting, watchers));
                }
                Err(error) => {
                    // The client's connection may have died, or we have no file handle left.
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(doors);
    drop(certificates);
    state.realtime.hub().close();
    if timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!(open = connections.len(), "cutting connections that do not end");
    }
    connections.shutdown().await;
    Ok(())
}

/// The next connection at any of the doors.
async fn accept(doors: &[Door]) -> io::Result<(TcpStream, SocketAddr, Greeting)> {
    poll_fn(|context| {
        for door in doors {
            if let Poll::Ready(accepted) = door.listener().poll_accept(context) {
                return Poll::Ready(
                    accepted.map(|(stream, remote)| (stream, remote, door.greeting())),
                );
            }
        }
        Poll::Pending
    })
    .await
}

struct Connection {
    state: Arc<State>,
    router: Arc<Router>,
    remote: IpAddr,
}

impl Connection {
    async fn greet(self, stream: TcpStream, greeting: Greeting, watchers: [Watcher; 2]) {
        // Without it small answers wait for acknowledgements; failing is only slower.
        let _ = stream.set_nodelay(true);
        match greeting {
            Greeting::Plain => self.run(stream, watchers, None).await,
            Greeting::ToTls(port) => self.run(stream, watchers, Some(port)).await,
            // Boxed, so that other connections do not keep the room that a handshake takes.
            Greeting::Tls(tls) => match Box::pin(tls.accept(stream)).await {
                Ok(Some(stream)) => Box::pin(self.run(stream, watchers, None)).await,
                Ok(None) => {}
                Err(error) => tracing::debug!(remote = %self.remote, %error, "no handshake"),
            },
        }
    }

    /// Serves the connection until it ends; with `to_tls` each request is told to come to that port.
    /// The server waits for both watchers.
    async fn run<S>(self, stream: S, watchers: [Watcher; 2], to_tls: Option<u16>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let [watcher, watched] = watchers;
        let (remote, state) = (self.remote, Arc::clone(&self.state));
        let activity = Activity::new();
        // In a box, so that what hyper needs is gone while an endless answer goes on.
        let conversation = self.converse(stream, Arc::clone(&activity), watcher, to_tls);
        let conversation = Box::pin(conversation);
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
    async fn converse<S>(
        self,
        stream: S,
        activity: Arc<Activity>,
        watcher: Watcher,
        to_tls: Option<u16>,
    ) -> Option<(S, Response<Answer>)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Self { state, router, remote } = self;
        let handover = Arc::new(Handover::default());
        let service = service_fn(|request: Request<Incoming>| {
            let under_way = activity.request();
            let may_chunk = request.version() == Version::HTTP_11;
            let (state, router) = (Arc::clone(&state), Arc::clone(&router));
            let handover = Arc::clone(&handover);
            async move {
                let response = match to_tls {
                    Some(port) => redirect(request.headers(), request.uri(), port),
                    None => middleware::handle(state, router, remote, request).await,
                };
                let response = response.map(|payload| Answer::new(payload, under_way));
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

/// Where the same is encrypted: at `port` of the host that the client named.
fn redirect(headers: &HeaderMap, uri: &Uri, port: u16) -> Response<Payload> {
    let named = headers.get(HOST).and_then(|host| host.to_str().ok());
    // Parsed rather than cut, so that nothing but a host comes out.
    let named = named.and_then(|named| named.parse::<Authority>().ok());
    let host = uri.host().or(named.as_ref().map(Authority::host));
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let place = host.map(|host| match port {
        443 => format!("https://{host}{path}"),
        _ => format!("https://{host}:{port}{path}"),
    });
    let mut response = Response::new(Payload::empty());
    match place.and_then(|place| HeaderValue::from_str(&place).ok()) {
        Some(place) => {
            *response.status_mut() = StatusCode::PERMANENT_REDIRECT;
            response.headers_mut().insert(LOCATION, place);
        }
        None => *response.status_mut() = StatusCode::BAD_REQUEST,
    }
    response
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

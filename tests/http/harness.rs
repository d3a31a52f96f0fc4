//! A server for a test, in this process or as the real program, and a client that sends bytes
//! exactly as told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::pin::Pin;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use bytes::Bytes;
use haversack::app::{App, AppBuilder};
use haversack::config::{Config, Live};
use haversack::web::Reply;
use http::{HeaderValue, Method, StatusCode};
use http_body::Frame;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::Sleep;

/// A server in this process, with a few routes to provoke it.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    data: TempDir,
}

impl Server {
    /// A server whose live options are the defaults as changed by `change`.
    pub(crate) fn start(change: impl FnOnce(&mut Live)) -> Self {
        let data = tempfile::tempdir().expect("a temporary folder");
        let mut config = Config::default();
        config.boot.data = data.path().into();
        config.boot.public_folder = data.path().join("public");
        change(&mut config.live);
        let app = provoking_routes(App::builder().config(config)).build().expect("an app");
        let (stop, stopped) = oneshot::channel();
        let (sender, address) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_multi_thread()
                .worker_threads(2)
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
                sender.send(listener.local_addr().expect("an address")).expect("a test");
                let shutdown = async {
                    let _ = stopped.await;
                };
                app.serve(listener, shutdown).await.expect("a clean end");
            });
        });
        let address = address.recv().expect("a server");
        Self { address, stop: Some(stop), thread: Some(thread), data }
    }

    /// A server with the default options.
    pub(crate) fn plain() -> Self {
        Self::start(|_| {})
    }

    /// Puts a file into the public folder.
    pub(crate) fn publish(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.data.path().join("public").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    pub(crate) fn connect(&self) -> Client {
        Client::connect(self.address)
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn send(&self, request: &str) -> Answer {
        let mut client = self.connect();
        client.write(request);
        client.answer()
    }

    /// Tells it to stop; the thread that is returned ends when it has.
    pub(crate) fn begin_stop(&mut self) -> JoinHandle<()> {
        self.stop.take().expect("stopped once").send(()).expect("a server");
        self.thread.take().expect("stopped once")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stop.is_some() {
            let ended = self.begin_stop().join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

fn provoking_routes(builder: AppBuilder) -> AppBuilder {
    builder
        .route(Method::GET, "/panic", async |_| panic!("as asked"))
        .route(Method::GET, "/slow", async |_| {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(Reply::json(StatusCode::OK, json!({"slow": true})))
        })
        .route(Method::POST, "/echo", async |mut request| {
            let object = request.body_object().await?;
            Ok(Reply::json(StatusCode::OK, object.into()))
        })
        .route(Method::GET, "/echo/{name}", async |request| {
            Ok(Reply::json(StatusCode::OK, json!(request.params.get("name"))))
        })
        .route(Method::GET, "/query", async |request| {
            Ok(Reply::json(StatusCode::OK, json!(request.query.get("q"))))
        })
        .route(Method::GET, "/endless", async |_| Ok(stream(Chunks { pause: None, ended: false })))
        .route(Method::GET, "/pausing", async |_| {
            let pause = Box::pin(tokio::time::sleep(Duration::from_millis(700)));
            Ok(stream(Chunks { pause: Some(pause), ended: false }))
        })
        .route(Method::GET, "/large", async |_| {
            let text = vec![b'x'; 64 << 20];
            let content_type = HeaderValue::from_static("text/plain");
            Ok(Reply::bytes(StatusCode::OK, content_type, text))
        })
}

fn stream(chunks: Chunks) -> Reply {
    Reply::stream(StatusCode::OK, HeaderValue::from_static("text/plain"), chunks)
}

/// One piece of text again and again, or only once after a pause.
struct Chunks {
    pause: Option<Pin<Box<Sleep>>>,
    ended: bool,
}

impl http_body::Body for Chunks {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if let Some(pause) = &mut self.pause {
            std::task::ready!(pause.as_mut().poll(context));
            self.ended = true;
        }
        Poll::Ready(Some(Ok(Frame::data(Bytes::from_static(b"some text\n")))))
    }
}

/// A connection that sends what it is told.
pub(crate) struct Client {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An HTTP/1 answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    /// The body as text, as far as it is.
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        stream.set_write_timeout(Some(Duration::from_secs(10))).expect("a timeout");
        Self { stream, received: Vec::new() }
    }

    pub(crate) fn write(&mut self, text: &str) {
        self.write_bytes(text.as_bytes());
    }

    pub(crate) fn write_bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("the server reads");
    }

    /// Writes, and says whether the server still took it.
    pub(crate) fn try_write(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Reads the next answer, whose length must be in its head.
    pub(crate) fn answer(&mut self) -> Answer {
        self.answer_to("GET")
    }

    pub(crate) fn answer_to(&mut self, method: &str) -> Answer {
        let end = loop {
            if let Some(at) = self.received.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.read_some() > 0, "the connection ended within a head");
        };
        let head = String::from_utf8(self.received.drain(..end).collect()).expect("a text head");
        let status = head[9..12].parse().expect("a status");
        let mut answer = Answer { status, head, body: String::new(), bytes: Vec::new() };
        let length = match answer.header("content-length") {
            Some(length) if method != "HEAD" => length.parse().expect("a length"),
            _ => 0,
        };
        while self.received.len() < length {
            assert!(self.read_some() > 0, "the connection ended within a body");
        }
        answer.bytes = self.received.drain(..length).collect();
        answer.body = String::from_utf8_lossy(&answer.bytes).into_owned();
        answer
    }

    /// Reads exactly `count` bytes.
    pub(crate) fn read_exact(&mut self, count: usize) -> Vec<u8> {
        while self.received.len() < count {
            assert!(self.read_some() > 0, "the connection ended");
        }
        self.received.drain(..count).collect()
    }

    fn read_some(&mut self) -> usize {
        let mut buffer = [0; 16 << 10];
        let count = self.stream.read(&mut buffer).expect("bytes or an end");
        self.received.extend_from_slice(&buffer[..count]);
        count
    }

    /// Reads what is there; 0 is the end.
    pub(crate) fn read_once(&mut self) -> std::io::Result<usize> {
        let mut buffer = vec![0; 64 << 10];
        self.stream.read(&mut buffer)
    }

    /// Waits until the server closes the connection; returns how long it took.
    pub(crate) fn wait_for_end(&mut self) -> Duration {
        let started = Instant::now();
        let mut buffer = [0; 16 << 10];
        loop {
            match self.stream.read(&mut buffer) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let reset = error.kind() == std::io::ErrorKind::ConnectionReset;
                    assert!(reset, "no end: {error}");
                    break;
                }
            }
        }
        started.elapsed()
    }
}

/// The real program, with nothing of our environment's own options.
pub(crate) fn program(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("HAVERSACK_") {
            command.env_remove(name);
        }
    }
    command.current_dir(folder).stdin(Stdio::null());
    command
}

/// Runs the program to its end.
pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Output {
    program(folder).args(arguments).output().expect("the program runs")
}

/// What a program wrote on its standard error.
pub(crate) fn error_text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `haversack serve` as a process, killed at the end of the test.
pub(crate) struct Process {
    pub(crate) address: SocketAddr,
    pub(crate) child: Child,
}

impl Process {
    /// Starts it in `folder` on a free port, with more arguments.
    pub(crate) fn start(folder: &Path, arguments: &[&str]) -> Self {
        let mut child = program(folder)
            .args(["serve", "--http", "127.0.0.1:0"])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("a first line");
        let address = line.trim().strip_prefix("listening on http://").expect("the address");
        Self { address: address.parse().expect("an address"), child }
    }

    /// Sends a signal, and returns the exit code.
    pub(crate) fn end_with(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status().expect("kill");
        assert!(sent.success());
        self.child.wait().expect("an end").code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

//! A realtime stream, read from a bare socket.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use super::{Client, Server};

/// Long enough for anything to arrive.
const SOON: Duration = Duration::from_secs(10);
/// Long enough to believe that nothing arrives.
const QUIET: Duration = Duration::from_millis(300);

/// One message of a stream.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) data: Json,
}

/// An open stream.
pub(crate) struct Stream {
    socket: TcpStream,
    raw: Vec<u8>,
    body: Vec<u8>,
    pub(crate) head: String,
    pub(crate) client_id: String,
    /// What came with the first message.
    pub(crate) connected: Json,
    ended: bool,
}

impl Stream {
    /// Opens a stream; `query` begins with a question mark unless empty.
    pub(crate) fn open(server: &Server, query: &str, headers: &[(&str, &str)]) -> Self {
        let mut socket = TcpStream::connect(&server.address).expect("a connection");
        let lines = headers.iter().map(|(name, value)| [*name, ": ", *value, "\r\n"]);
        let headers = lines.flatten().collect::<String>();
        let head = format!("GET /api/realtime{query} HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        socket.write_all(head.as_bytes()).expect("a request");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a timeout");
        let mut stream = Self {
            socket,
            raw: Vec::new(),
            body: Vec::new(),
            head: String::new(),
            client_id: String::new(),
            connected: Json::Null,
            ended: false,
        };
        let first = stream.next().expect("a first message");
        assert_eq!(first.name, "PB_CONNECT");
        assert_eq!(first.data["clientId"], first.id);
        stream.client_id = first.id;
        stream.connected = first.data;
        stream
    }

    /// Opens a stream and subscribes to `topics` as `client`.
    pub(crate) fn subscribed(server: &Server, client: &Client, topics: &[&str]) -> Self {
        let stream = Self::open(server, "", &[]);
        stream.subscribe(client, topics);
        stream
    }

    /// Sets the topics.
    #[track_caller]
    pub(crate) fn subscribe(&self, client: &Client, topics: &[&str]) {
        let body = json!({ "clientId": self.client_id, "subscriptions": topics });
        client.post("/api/realtime", &body).expect(204);
    }

    /// The next message; `None` when the stream ends first.
    #[track_caller]
    pub(crate) fn next(&mut self) -> Option<Event> {
        let event = self.within(SOON);
        assert!(event.is_some() || self.ended, "no message came");
        event
    }

    /// The action and the record of the next message, which is about a record.
    #[track_caller]
    pub(crate) fn change(&mut self) -> (String, Json) {
        let event = self.next().expect("the stream goes on");
        let action = event.data["action"].as_str().expect("an action").to_owned();
        (action, event.data["record"].clone())
    }

    /// The actions and titles of the next messages.
    #[track_caller]
    pub(crate) fn titles(&mut self, count: usize) -> Vec<String> {
        (0..count)
            .map(|_| {
                let (action, record) = self.change();
                format!("{action} {}", record["title"].as_str().unwrap_or_default())
            })
            .collect()
    }

    /// Checks that nothing comes.
    #[track_caller]
    pub(crate) fn expect_nothing(&mut self) {
        let event = self.within(QUIET);
        assert_eq!(event, None);
        assert!(!self.ended, "the stream ended");
    }

    fn within(&mut self, time: Duration) -> Option<Event> {
        let until = Instant::now() + time;
        loop {
            if let Some(event) = self.take() {
                return Some(event);
            }
            if self.ended || Instant::now() > until {
                return None;
            }
            let mut bytes = vec![0; 1 << 16];
            match self.socket.read(&mut bytes) {
                Ok(0) => self.ended = true,
                Ok(count) => self.raw.extend_from_slice(&bytes[..count]),
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => self.ended = true,
            }
            self.unpack();
        }
    }

    /// Takes the head and the chunks apart.
    fn unpack(&mut self) {
        if self.head.is_empty() {
            let Some(at) = find(&self.raw, b"\r\n\r\n") else { return };
            self.head = String::from_utf8_lossy(&self.raw[..at]).to_lowercase();
            self.raw.drain(..at + 4);
        }
        while let Some(at) = find(&self.raw, b"\r\n") {
            let size = std::str::from_utf8(&self.raw[..at]).expect("a chunk size");
            let size = usize::from_str_radix(size, 16).expect("a chunk size");
            if size == 0 {
                self.ended = true;
                return;
            }
            if self.raw.len() < at + 2 + size + 2 {
                return;
            }
            self.body.extend_from_slice(&self.raw[at + 2..at + 2 + size]);
            self.raw.drain(..at + 2 + size + 2);
        }
    }

    fn take(&mut self) -> Option<Event> {
        let at = find(&self.body, b"\n\n")?;
        let text = String::from_utf8(self.body[..at].to_vec()).expect("text");
        self.body.drain(..at + 2);
        let lines: Vec<&str> = text.split('\n').collect();
        let [id, name, data] = lines[..] else { panic!("not three lines: {text}") };
        let field = |line: &str, name: &str| {
            line.strip_prefix(name).unwrap_or_else(|| panic!("no {name} in {line}")).to_owned()
        };
        let data = field(data, "data:");
        Some(Event {
            id: field(id, "id:"),
            name: field(name, "event:"),
            data: serde_json::from_str(&data).expect("JSON"),
        })
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

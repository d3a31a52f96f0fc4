//! A server that takes webhooks, or refuses them as it is told to.

use std::collections::{HashMap, VecDeque};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use serde_json::Value as Json;

/// Long enough for anything to arrive.
const SOON: Duration = Duration::from_secs(15);
/// Long enough to believe that nothing arrives.
const QUIET: Duration = Duration::from_millis(500);

/// A request as it arrived.
#[derive(Debug)]
pub(crate) struct Delivered {
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: String,
}

impl Delivered {
    pub(crate) fn id(&self) -> &str {
        &self.headers["webhook-id"]
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_str(&self.body).expect("a JSON body")
    }

    /// Whether `secret` signed it, as a receiver finds out.
    pub(crate) fn is_signed_by(&self, secret: &Json) -> bool {
        let secret = secret.as_str().and_then(|text| text.strip_prefix("whsec_"));
        let key = STANDARD.decode(secret.expect("a secret")).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let timestamp = &self.headers["webhook-timestamp"];
        let signed = format!("{}.{timestamp}.{}", self.id(), self.body);
        let tag = self.headers["webhook-signature"].strip_prefix("v1,").expect("version 1");
        hmac::verify(&key, signed.as_bytes(), &STANDARD.decode(tag).expect("base64")).is_ok()
    }
}

pub(crate) struct Sink {
    pub(crate) url: String,
    statuses: Arc<Mutex<VecDeque<u16>>>,
    arrived: Receiver<Delivered>,
}

impl Sink {
    pub(crate) fn start() -> Self {
        Self::start_at("127.0.0.1:0")
    }

    pub(crate) fn start_at(address: &str) -> Self {
        let listener = TcpListener::bind(address).expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let statuses = Arc::<Mutex<VecDeque<u16>>>::default();
        let (sender, arrived) = channel();
        let script = Arc::clone(&statuses);
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (script, sender) = (Arc::clone(&script), sender.clone());
                std::thread::spawn(move || serve(&socket, &script, &sender));
            }
        });
        Self { url, statuses, arrived }
    }

    /// Answers the next requests with these statuses; those after them with 200.
    pub(crate) fn answer(&self, statuses: &[u16]) {
        self.statuses.lock().expect("a lock").extend(statuses);
    }

    pub(crate) fn next(&self) -> Delivered {
        self.arrived.recv_timeout(SOON).expect("a delivery")
    }

    pub(crate) fn expect_nothing(&self) {
        let found = self.arrived.recv_timeout(QUIET);
        assert!(found.is_err(), "{found:?}");
    }
}

/// Answers the requests of one connection.
fn serve(socket: &TcpStream, script: &Mutex<VecDeque<u16>>, sender: &Sender<Delivered>) {
    let mut reader = BufReader::new(socket);
    loop {
        let (mut headers, mut line) = (HashMap::new(), String::new());
        if reader.read_line(&mut line).is_ok_and(|read| read == 0) {
            return;
        }
        loop {
            line.clear();
            if reader.read_line(&mut line).is_err() || line.trim().is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':') {
                headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
            }
        }
        let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        let mut body = vec![0; length];
        if reader.read_exact(&mut body).is_err() {
            return;
        }
        let status = script.lock().expect("a lock").pop_front().unwrap_or(200);
        let text = "so be it";
        let answer = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{text}", text.len());
        let body = String::from_utf8(body).expect("text");
        // The test may be over.
        let _ = sender.send(Delivered { headers, body });
        if (&*socket).write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

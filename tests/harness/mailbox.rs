//! A mail server that keeps what it gets.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::Server;

/// How long a mail may take to arrive: a server that was away is asked again after seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long to wait for what must not come.
const SILENCE: Duration = Duration::from_millis(400);

/// A mail as it arrived.
#[derive(Debug)]
pub(crate) struct Mail {
    /// From the envelope.
    pub(crate) to: String,
    pub(crate) subject: String,
    /// The plain text part.
    pub(crate) text: String,
    /// The HTML part.
    pub(crate) html: String,
}

impl Mail {
    /// The token of the link to this page of the dashboard.
    pub(crate) fn token(&self, page: &str) -> String {
        let (_, rest) = self.text.split_once(&format!("/{page}/")).expect("a link");
        rest.split(')').next().expect("a token").to_owned()
    }

    /// The first number of at least four digits.
    pub(crate) fn code(&self) -> String {
        let mut numbers = self.text.split(|c: char| !c.is_ascii_digit());
        numbers.find(|digits| digits.len() >= 4).expect("a code").to_owned()
    }
}

/// A mail server that keeps what it gets.
pub(crate) struct Mailbox {
    pub(crate) port: u16,
    mails: Receiver<Mail>,
}

impl Mailbox {
    /// A mailbox that gets the mail of `server`.
    pub(crate) fn of(server: &Server) -> Self {
        let mailbox = Self::on(TcpListener::bind("127.0.0.1:0").expect("a port"));
        mailbox.serve(server);
        mailbox
    }

    /// A mailbox on this socket.
    pub(crate) fn on(listener: TcpListener) -> Self {
        let port = listener.local_addr().expect("an address").port();
        let (sender, mails) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                // Clients that go away in the middle have sent nothing.
                let Ok(stream) = stream else { continue };
                let _ = converse(&stream, &sender);
            }
        });
        Self { port, mails }
    }

    /// Makes `server` send its mail here.
    pub(crate) fn serve(&self, server: &Server) {
        let smtp = json!({ "enabled": true, "host": "127.0.0.1", "port": self.port });
        let body = json!({ "smtp": smtp, "meta": { "appName": "Depot" } });
        server.superuser().patch("/api/settings", &body).expect(200);
    }

    /// The next mail.
    #[track_caller]
    pub(crate) fn next(&self) -> Mail {
        self.mails.recv_timeout(PATIENCE).expect("a mail")
    }

    /// Makes sure that there is none.
    #[track_caller]
    pub(crate) fn expect_silence(&self) {
        if let Ok(mail) = self.mails.recv_timeout(SILENCE) {
            panic!("unexpected {mail:?}");
        }
    }
}

fn converse(stream: &TcpStream, sender: &Sender<Mail>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut out = stream;
    let mut say = |text: &str| out.write_all(format!("{text}\r\n").as_bytes());
    say("220 mailbox")?;
    let mut to = String::new();
    loop {
        let mut line = String::new();
        if lines.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let verb = line.get(..4).unwrap_or("").to_ascii_uppercase();
        match verb.as_str() {
            "EHLO" => say("250-mailbox\r\n250 8BITMIME")?,
            "RCPT" => {
                let address = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
                address.expect("an address").0.clone_into(&mut to);
                say("250 ok")?;
            }
            "DATA" => {
                say("354 go on")?;
                let mut message = String::new();
                loop {
                    let mut line = String::new();
                    lines.read_line(&mut line)?;
                    if line == ".\r\n" || line.is_empty() {
                        break;
                    }
                    message.push_str(line.strip_prefix('.').unwrap_or(&line));
                }
                let _ = sender.send(parse(&to, &message));
                say("250 ok")?;
            }
            "QUIT" => return say("221 bye"),
            _ => say("250 ok")?,
        }
    }
}

fn parse(to: &str, message: &str) -> Mail {
    let (head, body) = message.split_once("\r\n\r\n").expect("head and body");
    let head = head.replace("\r\n ", " ").replace("\r\n\t", " ");
    let (_, rest) = head.split_once("boundary=\"").expect("several parts");
    let boundary = format!("--{}", rest.split('"').next().expect("a boundary"));
    let part = |kind: &str| {
        let mut parts = body.split(&boundary).filter_map(|part| part.split_once("\r\n\r\n"));
        let (head, body) =
            parts.find(|(head, _)| head.contains(kind)).unwrap_or_else(|| panic!("no {kind}"));
        decode(head, body)
    };
    Mail {
        to: to.to_owned(),
        subject: header(&head, "subject").to_owned(),
        text: part("text/plain"),
        html: part("text/html"),
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let mut lines = head.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map_or("", |(_, value)| value)
}

fn decode(head: &str, body: &str) -> String {
    let bytes = match header(head, "content-transfer-encoding") {
        "base64" => STANDARD.decode(body.replace("\r\n", "")).expect("base64"),
        "quoted-printable" => {
            let joined = body.replace("=\r\n", "");
            let mut pieces = joined.split('=');
            let mut bytes = pieces.next().unwrap_or("").as_bytes().to_vec();
            for piece in pieces {
                let (hex, rest) = piece.split_at(2);
                bytes.push(u8::from_str_radix(hex, 16).expect("hex digits"));
                bytes.extend_from_slice(rest.as_bytes());
            }
            bytes
        }
        _ => body.as_bytes().to_vec(),
    };
    String::from_utf8(bytes).expect("UTF-8")
}

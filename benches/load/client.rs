//! An HTTP/1.1 client that does no more than a benchmark needs.
//!
//! It sends bytes that the caller has composed, and reads one reply, whose body is either as long
//! as `Content-Length` says or chunked. One buffer serves all replies of a client.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::Outcome;

/// How requests travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Travel {
    /// Each on a connection of its own, as in the published suite of the peer.
    New,
    /// All of a client's on one connection.
    Kept,
}

impl Travel {
    /// The letter that stands for it in tables.
    pub(crate) fn letter(self) -> &'static str {
        match self {
            Self::New => "N",
            Self::Kept => "K",
        }
    }
}

/// Composes a request; an empty `token` means a guest.
pub(crate) fn compose(method: &str, path: &str, token: &str, body: &str) -> Vec<u8> {
    let authorization =
        if token.is_empty() { String::new() } else { format!("Authorization: {token}\r\n") };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         {authorization}Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// One after another, requests to a server.
pub(crate) struct Client {
    address: String,
    travel: Travel,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    body: std::ops::Range<usize>,
}

impl Client {
    /// A client of the server at `host:port`.
    pub(crate) fn new(address: &str, travel: Travel) -> Self {
        let buffer = Vec::with_capacity(32 * 1024);
        Self { address: address.to_owned(), travel, stream: None, buffer, body: 0..0 }
    }

    /// Connects, if requests are to share a connection.
    pub(crate) async fn prepare(&mut self) -> Outcome<()> {
        if self.travel == Travel::Kept && self.stream.is_none() {
            self.stream = Some(connect(&self.address).await?);
        }
        Ok(())
    }

    /// Sends a request, reads its whole reply and answers the status.
    pub(crate) async fn send(&mut self, request: &[u8]) -> Outcome<u16> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => connect(&self.address).await?,
        };
        let status = self.exchange(&mut stream, request).await?;
        if self.travel == Travel::Kept {
            self.stream = Some(stream);
        }
        Ok(status)
    }

    /// The body of the last reply.
    pub(crate) fn body(&self) -> &[u8] {
        &self.buffer[self.body.clone()]
    }

    async fn exchange(&mut self, stream: &mut TcpStream, request: &[u8]) -> Outcome<u16> {
        stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            if let Some(end) = find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            self.read_more(stream).await?;
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        let status: u16 = head.get(9..12).ok_or("not an HTTP reply")?.parse()?;
        let length = header(head, "content-length").map(str::parse::<usize>).transpose()?;
        let is_chunked = header(head, "transfer-encoding").is_some();

        let body_end = match length {
            Some(length) => head_end + length,
            None if is_chunked => self.join_chunks(stream, head_end).await?,
            None => head_end,
        };
        while self.buffer.len() < body_end {
            self.read_more(stream).await?;
        }
        self.body = head_end..body_end;
        Ok(status)
    }

    /// Moves the chunks that start at `body_start` together, and answers where they end.
    async fn join_chunks(&mut self, stream: &mut TcpStream, body_start: usize) -> Outcome<usize> {
        let mut body_end = body_start;
        let mut at = body_start;
        loop {
            let line_end = loop {
                if let Some(end) = find(&self.buffer[at..], b"\r\n") {
                    break at + end;
                }
                self.read_more(stream).await?;
            };
            let size =
                usize::from_str_radix(std::str::from_utf8(&self.buffer[at..line_end])?.trim(), 16)?;
            let data = line_end + 2;
            while self.buffer.len() < data + size + 2 {
                self.read_more(stream).await?;
            }
            if size == 0 {
                return Ok(body_end);
            }
            self.buffer.copy_within(data..data + size, body_end);
            body_end += size;
            at = data + size + 2;
        }
    }

    async fn read_more(&mut self, stream: &mut TcpStream) -> Outcome<()> {
        if stream.read_buf(&mut self.buffer).await? == 0 {
            return Err("the server closed the connection".into());
        }
        Ok(())
    }
}

async fn connect(address: &str) -> Outcome<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends one request on a connection of its own and answers the body as JSON, `null` for none.
pub(crate) async fn call(address: &str, request: &[u8]) -> Outcome<serde_json::Value> {
    let mut client = Client::new(address, Travel::New);
    let status = client.send(request).await?;
    let body = client.body();
    if !(200..300).contains(&status) {
        return Err(format!("{status}: {}", String::from_utf8_lossy(body)).into());
    }
    Ok(if body.is_empty() { serde_json::Value::Null } else { serde_json::from_slice(body)? })
}

fn header<'head>(head: &'head str, name: &str) -> Option<&'head str> {
    head.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim())
    })
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

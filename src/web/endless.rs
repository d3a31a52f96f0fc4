//! Answers that have no end, written without hyper.
//!
//! hyper keeps 8 KiB to read and 8 KiB to write for as long as a connection lives, and what its
//! states need besides. Thousands of open streams need none of that: their socket is taken back, and
//! all that is left of the protocol are chunks.

use std::fmt::Write as _;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Buf, Bytes};
use http::Response;
use http::response::Parts;
use http_body::Body;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::sync::Notify;

use super::connection::Answer;

/// Bytes of a client that are thrown away at once.
const IGNORED_BYTES_MAX: usize = 512;

/// Where an endless answer waits for its connection to take it from hyper.
#[derive(Debug, Default)]
pub(super) struct Handover {
    answer: Mutex<Option<Response<Answer>>>,
    given: Notify,
}

impl Handover {
    /// Gives the answer away.
    pub(super) fn give(&self, answer: Response<Answer>) {
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answer);
        self.given.notify_one();
    }

    /// Waits for an answer.
    pub(super) async fn taken(&self) -> Response<Answer> {
        loop {
            self.given.notified().await;
            let answer = self.answer.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(answer) = answer {
                return answer;
            }
        }
    }
}

/// Writes the answer to a request of HTTP/1.1, until it ends or the client goes. What the client
/// sends meanwhile is not read as a request; the connection ends with the answer.
pub(super) async fn write<S>(mut socket: S, answer: Response<Answer>) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (parts, mut body) = answer.into_parts();
    socket.write_all(&head(&parts)).await?;
    socket.flush().await?;
    drop(parts);
    loop {
        let next = poll_fn(|context| {
            if let Poll::Ready(frame) = Pin::new(&mut body).poll_frame(context) {
                return Poll::Ready(frame);
            }
            has_left(&mut socket, context).map(|()| None)
        });
        let Some(frame) = next.await else { break };
        let Ok(data) = frame.map_err(io::Error::other)?.into_data() else { continue };
        // A chunk without bytes would be the last one.
        if !data.is_empty() {
            socket.write_all_buf(&mut chunk(data)).await?;
            // What encrypts keeps back what the socket did not take.
            socket.flush().await?;
        }
    }
    socket.write_all(b"0\r\n\r\n").await?;
    socket.shutdown().await
}

/// Ready when the client has closed its side.
fn has_left<S: AsyncRead + Unpin>(socket: &mut S, context: &mut Context<'_>) -> Poll<()> {
    loop {
        let mut bytes = [0; IGNORED_BYTES_MAX];
        let mut buffer = ReadBuf::new(&mut bytes);
        match Pin::new(&mut *socket).poll_read(context, &mut buffer) {
            Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
            Poll::Ready(_) => return Poll::Ready(()),
            Poll::Pending => return Poll::Pending,
        }
    }
}

fn chunk(data: Bytes) -> impl Buf {
    let size = Bytes::from(format!("{:x}\r\n", data.len()));
    size.chain(data).chain(&b"\r\n"[..])
}

fn head(parts: &Parts) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {}\r\n", parts.status).into_bytes();
    for (name, value) in &parts.headers {
        head.extend_from_slice(name.as_str().as_bytes());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    let mut rest = "transfer-encoding: chunked\r\nconnection: close\r\n".to_owned();
    if let Ok(date) = DateTimePrinter::new().timestamp_to_rfc9110_string(&Timestamp::now()) {
        let _ = write!(rest, "date: {date}\r\n");
    }
    head.extend_from_slice(rest.as_bytes());
    head.extend_from_slice(b"\r\n");
    head
}

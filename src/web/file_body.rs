//! A file as the body of an answer, read as the client takes it.

use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use super::{Blocking, BoxError, BoxFuture};

/// Bytes in memory at once for each download.
pub(super) const PIECE: u64 = 128 << 10;

/// The next bytes of a file. Its length is known, and an end that comes too early is an error.
pub(super) struct FileBody<R> {
    blocking: Blocking,
    /// `None` while a piece is being read.
    file: Option<R>,
    reading: Option<BoxFuture<'static, io::Result<(R, Bytes)>>>,
    left: u64,
}

impl<R> FileBody<R> {
    /// The next `len` bytes of `file`.
    pub(super) fn new(blocking: Blocking, file: R, len: u64) -> Self {
        Self { blocking, file: Some(file), reading: None, left: len }
    }
}

/// Reads exactly `len` bytes.
pub(super) fn read_exact<R: Read>(file: &mut R, len: u64) -> io::Result<Bytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(len).map_err(io::Error::other)?);
    file.take(len).read_to_end(&mut bytes)?;
    if (bytes.len() as u64) < len {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}

impl<R: Read + Send + Unpin + 'static> Body for FileBody<R> {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        if let Some(mut file) = this.file.take() {
            let len = this.left.min(PIECE);
            let blocking = this.blocking.clone();
            this.reading = Some(Box::pin(async move {
                blocking.run(move || read_exact(&mut file, len).map(|bytes| (file, bytes))).await
            }));
        }
        let Some(reading) = &mut this.reading else { return Poll::Ready(None) };
        let read = ready!(reading.as_mut().poll(context));
        this.reading = None;
        let (file, bytes) = match read {
            Ok(read) => read,
            Err(error) => return Poll::Ready(Some(Err(error.into()))),
        };
        this.file = Some(file);
        this.left -= bytes.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

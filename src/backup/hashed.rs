//! Digests of what passes by.

use std::io::{self, Read, Write};

use ring::digest::{Context, SHA256};

use super::manifest::hex;

/// Reads from or writes to something, and takes the SHA-256 of it all.
pub(super) struct Hashed<T> {
    inner: T,
    sha256: Context,
}

impl<T> Hashed<T> {
    pub(super) fn new(inner: T) -> Self {
        Self { inner, sha256: Context::new(&SHA256) }
    }

    /// The digest so far.
    pub(super) fn digest(&self) -> Vec<u8> {
        self.sha256.clone().finish().as_ref().to_vec()
    }

    /// The digest so far, in hexadecimal digits.
    pub(super) fn hex(&self) -> String {
        hex(&self.digest())
    }
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sha256.update(&buffer[..count]);
        Ok(count)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(buffer)?;
        self.sha256.update(&buffer[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// The digest of the files of an archive, in order.
pub(super) struct FilesDigest(Context);

impl FilesDigest {
    pub(super) fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    /// Takes in a file.
    pub(super) fn add(&mut self, below: &str, len: u64, digest: &[u8]) {
        self.0.update(below.as_bytes());
        self.0.update(&[0]);
        self.0.update(&len.to_le_bytes());
        self.0.update(digest);
    }

    pub(super) fn hex(self) -> String {
        hex(self.0.finish().as_ref())
    }
}

//! Writing lines, their checksum on the way.

use std::io::{self, Write};
use std::path::PathBuf;

use ring::digest::{Context, SHA256};

use super::error::DumpError;
use super::line::{LINE_BYTES_MAX, Line};
use super::summary::Summary;

/// Writes lines to `out`.
pub(super) struct LineWriter<W> {
    out: W,
    /// What `out` is, for errors.
    path: PathBuf,
    sha256: Context,
    line: Vec<u8>,
    /// Bytes that were written.
    pub(super) bytes: u64,
}

impl<W: Write> LineWriter<W> {
    pub(super) fn new(out: W, path: PathBuf) -> Self {
        Self { out, path, sha256: Context::new(&SHA256), line: Vec::new(), bytes: 0 }
    }

    /// Writes a line.
    pub(super) fn line(&mut self, line: &Line<'_>) -> Result<(), DumpError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line)
            .map_err(io::Error::from)
            .map_err(DumpError::io(&self.path))?;
        self.line.push(b'\n');
        if self.line.len() as u64 > LINE_BYTES_MAX {
            return Err(DumpError::TooLong);
        }
        self.sha256.update(&self.line);
        self.out.write_all(&self.line).map_err(DumpError::io(&self.path))?;
        self.bytes += self.line.len() as u64;
        Ok(())
    }

    /// Writes the last line and gives back what it wrote to.
    pub(super) fn end(mut self, summary: &Summary) -> Result<(W, u64), DumpError> {
        let sha256 = hex(self.sha256.clone());
        self.line(&Line::End(summary.end(sha256)))?;
        self.out.flush().map_err(DumpError::io(&self.path))?;
        Ok((self.out, self.bytes))
    }
}

/// The digest in hexadecimal digits.
pub(super) fn hex(context: Context) -> String {
    use std::fmt::Write as _;
    let digest = context.finish();
    digest.as_ref().iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

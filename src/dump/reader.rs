//! Reading lines, their checksum on the way.

use std::io::{BufRead, Read};
use std::path::PathBuf;

use ring::digest::{Context, SHA256};

use super::error::DumpError;
use super::line::{End, Header, LINE_BYTES_MAX, Line, VERSION};
use super::writer::hex;

/// The first line of a dump is far shorter; what is longer is something else.
const HEADER_BYTES_MAX: u64 = 4096;

/// Reads lines from `input`.
pub(super) struct LineReader<R> {
    input: R,
    /// What `input` is, for errors.
    path: PathBuf,
    sha256: Context,
    line: Vec<u8>,
    lines: u64,
    /// Bytes that were read.
    pub(super) bytes: u64,
}

impl<R: BufRead> LineReader<R> {
    /// Reads the first line, and refuses what is no dump or one of another version.
    pub(super) fn new(input: R, path: PathBuf) -> Result<Self, DumpError> {
        let sha256 = Context::new(&SHA256);
        let mut reader = Self { input, path, sha256, line: Vec::new(), lines: 0, bytes: 0 };
        let read = reader.read(HEADER_BYTES_MAX);
        if matches!(read, Err(DumpError::Io { .. })) {
            read?;
        }
        match serde_json::from_slice(&reader.line) {
            Ok(Line::HaversackDump(Header { version: VERSION })) => {
                reader.sha256.update(&reader.line);
                Ok(reader)
            }
            Ok(Line::HaversackDump(Header { version: found })) => {
                Err(DumpError::Version { found, known: VERSION })
            }
            _ => Err(DumpError::NotADump),
        }
    }

    /// The next line; the last one is given as it is, for [`Self::check_end`].
    pub(super) fn next(&mut self) -> Result<Line<'_>, DumpError> {
        self.read(LINE_BYTES_MAX)?;
        let number = self.lines;
        let line: Line<'_> = serde_json::from_slice(&self.line)
            .map_err(|error| DumpError::Line { number, what: error.to_string() })?;
        if !matches!(line, Line::End(_)) {
            self.sha256.update(&self.line);
        }
        Ok(line)
    }

    /// An error about the line that was read last.
    pub(super) fn fault(&self, what: impl Into<String>) -> DumpError {
        DumpError::Line { number: self.lines, what: what.into() }
    }

    /// Refuses a dump whose last line says otherwise, and one that goes on behind it.
    pub(super) fn check_end(
        &mut self,
        said: &End,
        found: impl FnOnce(String) -> End,
    ) -> Result<(), DumpError> {
        if *said != found(hex(self.sha256.clone())) {
            return Err(DumpError::Checksum);
        }
        let more = self.input.fill_buf().map_err(DumpError::io(&self.path))?;
        if more.is_empty() { Ok(()) } else { Err(self.fault("something follows the last line")) }
    }

    fn read(&mut self, bytes_max: u64) -> Result<(), DumpError> {
        self.line.clear();
        let mut limited = self.input.by_ref().take(bytes_max);
        limited.read_until(b'\n', &mut self.line).map_err(DumpError::io(&self.path))?;
        let is_whole = self.line.last() == Some(&b'\n');
        if !is_whole && self.line.len() as u64 == bytes_max {
            self.lines += 1;
            return Err(self.fault("the line is too long"));
        }
        if !is_whole {
            return Err(DumpError::Truncated { lines: self.lines });
        }
        self.bytes += self.line.len() as u64;
        self.lines += 1;
        Ok(())
    }
}

//! Files that are open for reading, wherever they lie.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::time::SystemTime;

use super::ContentType;
use super::bucket::ObjectReader;

/// A file that is open for reading.
#[derive(Debug)]
pub struct StoredFile {
    /// Its bytes, from the first one.
    pub content: Content,
    /// Its length in bytes.
    pub len: u64,
    /// When it was written.
    pub modified: SystemTime,
    /// What it is.
    pub content_type: ContentType,
}

/// The bytes of a file on disk or in a bucket. Reading blocks.
pub struct Content(Source);

enum Source {
    Disk(File),
    Bucket(Box<ObjectReader>),
}

impl Content {
    /// The bytes of a file that is open, at its start.
    pub fn on_disk(file: File) -> Self {
        Self(Source::Disk(file))
    }

    pub(super) fn in_bucket(object: ObjectReader) -> Self {
        Self(Source::Bucket(Box::new(object)))
    }

    /// Whether reading takes as long as the network does.
    pub fn is_remote(&self) -> bool {
        matches!(self.0, Source::Bucket(_))
    }

    /// Goes on reading at `position`, counted from the start.
    pub fn go_to(&mut self, position: u64) -> io::Result<()> {
        match &mut self.0 {
            Source::Disk(file) => file.seek(SeekFrom::Start(position)).map(drop),
            Source::Bucket(object) => {
                object.go_to(position);
                Ok(())
            }
        }
    }
}

impl Read for Content {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Source::Disk(file) => file.read(buffer),
            Source::Bucket(object) => object.read(buffer),
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Source::Disk(_) => "Content on disk",
            Source::Bucket(_) => "Content in a bucket",
        })
    }
}

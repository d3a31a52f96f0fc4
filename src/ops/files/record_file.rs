//! The file at a key, for programs: `collectionId/recordId/name`.

use std::io::{self, ErrorKind, Read as _, Write as _};

use crate::files::Location;
use crate::ops::Backend;

/// The place of a record's file, whether one is there or not. What programs put or remove there is
/// their own business: no record is asked and none is changed.
#[derive(Debug, Clone)]
pub struct RecordFile(Location);

/// What a file holds.
#[derive(Debug)]
pub struct FileContent {
    /// The bytes that were asked for.
    pub content: Vec<u8>,
    /// Bytes of the whole file.
    pub size: u64,
    /// Its media type.
    pub content_type: String,
}

impl RecordFile {
    /// The file at `key`; `None` when that is no key of a record's file.
    pub fn at(key: &str) -> Option<Self> {
        let mut parts = key.splitn(3, '/');
        let (collection, record, name) = (parts.next()?, parts.next()?, parts.next()?);
        Location::new(collection, record, name).map(Self)
    }

    /// Whether there is one. Blocks.
    pub fn exists(&self, backend: &Backend) -> io::Result<bool> {
        match backend.files().open(&self.0) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Reads it; with a `size_max` of 0 nothing but what it is. Blocks. Fails with
    /// [`ErrorKind::FileTooLarge`] when it has more than `size_max` bytes.
    pub fn read(&self, backend: &Backend, size_max: u64) -> io::Result<FileContent> {
        let file = backend.files().open(&self.0)?;
        let mut content = Vec::new();
        if size_max > 0 {
            if file.len > size_max {
                let message = format!("it is larger than {size_max} bytes");
                return Err(io::Error::new(ErrorKind::FileTooLarge, message));
            }
            file.content.take(size_max).read_to_end(&mut content)?;
        }
        let content_type = file.content_type.media_type().to_owned();
        Ok(FileContent { content, size: file.len, content_type })
    }

    /// Puts `bytes` there. Blocks.
    pub fn write(&self, backend: &Backend, bytes: &[u8]) -> io::Result<()> {
        let (scratch, mut file) = backend.files().scratch()?;
        file.write_all(bytes)?;
        backend.files().place(&scratch, &self.0)
    }

    /// Removes it; what is missing already is fine. Blocks.
    pub fn remove(&self, backend: &Backend) -> io::Result<()> {
        backend.files().remove(&self.0)
    }
}

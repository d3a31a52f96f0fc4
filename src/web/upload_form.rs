//! Request bodies with files: `multipart/form-data`, read as it comes.
//!
//! Files go to disk in pieces, so a request takes little memory however large its files are.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::StatusCode;
use http_body_util::BodyDataStream;
use multer::{Field, Multipart};
use serde_json::{Map, Value as Json};

use super::body::FormValues;
use super::incoming::BodyFault;
use super::{ApiError, Request, State};
use crate::config::ByteSize;
use crate::files::HEAD_LEN;
use crate::ops::Backend;
use crate::ops::files::Upload;

/// Parts of a body, values and files together.
const PARTS_MAX: usize = 1000;
/// Bytes of a part's name.
const PART_NAME_MAX: usize = 255;
/// Bytes that are written to disk at once.
const PIECE: usize = 256 << 10;

/// A form that came with files, or could have.
#[derive(Debug, Default)]
pub(super) struct Form {
    /// The values, with those of the URL's parameters.
    pub(super) body: Map<String, Json>,
    /// The files, in the order they came.
    pub(super) files: Vec<Upload>,
}

/// How much of a form is taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct FormLimits {
    /// Bytes of the whole body.
    pub(super) body: ByteSize,
    /// Bytes of all values that are no files; they are kept in memory.
    pub(super) values: ByteSize,
}

/// Reads a form. Of the files, those are kept whose key `wants` says yes to.
///
/// Errors: 413 past a limit, 408 when it takes too long, 400 when it is malformed.
pub(super) async fn read(
    state: &State,
    request: &mut Request,
    limits: FormLimits,
    wants: impl Fn(&str) -> bool,
) -> Result<Form, ApiError> {
    let boundary = multer::parse_boundary(request.header("content-type").unwrap_or_default())
        .map_err(|error| ApiError::bad_request("").with_cause(error))?;
    let Some(stream) = request.body_stream(limits.body)? else { return Ok(Form::default()) };
    let unclaimed = stream.unclaimed();
    let mut parts = Multipart::new(BodyDataStream::new(stream), boundary);
    let mut values = FormValues::default();
    let mut files = Vec::new();
    let mut values_left = usize::try_from(limits.values.get()).unwrap_or(usize::MAX);
    let mut count = 0;
    while let Some(field) = parts.next_field().await.map_err(fault)? {
        count += 1;
        let name = field.name().unwrap_or_default().to_owned();
        if count > PARTS_MAX || name.len() > PART_NAME_MAX {
            return Err(ApiError::bad_request("").with_cause("too many parts, or a name too long"));
        }
        let mut part = Part { field, unclaimed: Arc::clone(&unclaimed) };
        part.claim();
        // A file field of a web page that was left empty sends an empty file name.
        let file_name = part.field.file_name().filter(|name| !name.is_empty()).map(str::to_owned);
        match file_name {
            Some(file_name) if wants(&name) => {
                files.push(spool(state, part, name, &file_name).await?);
            }
            None if !name.is_empty() => {
                let bytes = part.bytes(values_left).await?;
                values_left -= bytes.len();
                let text = std::str::from_utf8(&bytes)
                    .map_err(|error| ApiError::bad_request("").with_cause(error))?;
                values.add(&name, text)?;
            }
            _ => while part.chunk().await?.is_some() {},
        }
    }
    Ok(Form { body: values.finish(&request.query), files })
}

/// One part of the body, and the count of what was read without finding anything.
struct Part<'r> {
    field: Field<'r>,
    unclaimed: Arc<AtomicUsize>,
}

impl Part<'_> {
    fn claim(&self) {
        self.unclaimed.store(0, Ordering::Relaxed);
    }

    async fn chunk(&mut self) -> Result<Option<bytes::Bytes>, ApiError> {
        let chunk = self.field.chunk().await.map_err(fault)?;
        self.claim();
        Ok(chunk)
    }

    async fn bytes(mut self, size_max: usize) -> Result<Vec<u8>, ApiError> {
        let mut bytes = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if chunk.len() > size_max - bytes.len() {
                return Err(ApiError::too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

/// Writes a file to disk as it comes.
async fn spool(
    state: &State,
    mut part: Part<'_>,
    key: String,
    file_name: &str,
) -> Result<Upload, ApiError> {
    let backend: Arc<Backend> = Arc::clone(&state.backend);
    let made = state.blocking.run(move || backend.files().scratch()).await;
    let (scratch, mut file) = made.map_err(ApiError::internal)?;
    let mut head = Vec::new();
    let mut piece = Vec::new();
    let mut size = 0;
    let mut checksum = crc32fast::Hasher::new();
    while let Some(chunk) = part.chunk().await? {
        size += chunk.len() as u64;
        checksum.update(&chunk);
        let missing = (HEAD_LEN - head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..missing]);
        piece.extend_from_slice(&chunk);
        if piece.len() >= PIECE {
            (file, piece) = write(state, file, piece).await.map_err(ApiError::internal)?;
        }
    }
    write(state, file, piece).await.map_err(ApiError::internal)?;
    // Some clients send the path.
    let file_name = file_name.rsplit('/').next().unwrap_or_default();
    Ok(Upload::new(key, file_name, scratch, size, checksum.finalize(), &head))
}

/// Writes a piece and gives back what can be used again.
async fn write(state: &State, mut file: File, mut piece: Vec<u8>) -> io::Result<(File, Vec<u8>)> {
    let write = move || {
        file.write_all(&piece)?;
        piece.clear();
        Ok((file, piece))
    };
    state.blocking.run(write).await
}

fn fault(error: multer::Error) -> ApiError {
    match &error {
        multer::Error::StreamReadFailed(cause) => match cause.downcast_ref::<BodyFault>() {
            Some(BodyFault::TooLarge) => ApiError::too_large(),
            Some(BodyFault::TooSlow) => ApiError::generic(StatusCode::REQUEST_TIMEOUT),
            Some(BodyFault::Broken(_)) | None => ApiError::bad_request("").with_cause(error),
        },
        _ => ApiError::bad_request("").with_cause(error),
    }
}

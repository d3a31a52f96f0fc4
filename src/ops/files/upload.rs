//! An uploaded file on its way to a record.

use std::sync::Arc;

use crate::files::{Claim, ContentType, Scratch, stored_name};
use crate::schema::{Field, FileOptions, Violation};
use crate::store::Tx;

use super::{Error, resumable};

/// Bytes per file when its field does not say.
const SIZE_MAX: u64 = 5 << 20;

/// An uploaded file that is complete, on disk, and not in its place yet.
#[derive(Debug, Clone)]
pub struct Upload {
    /// The key that it was sent under: the name of a field, maybe with a `+` before or behind it.
    pub key: String,
    /// The name that it was sent with.
    pub submitted_name: String,
    /// The name to store it under.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// What it is.
    pub content_type: ContentType,
    /// CRC-32 of the content.
    checksum: u32,
    pub(in crate::ops) scratch: Arc<Scratch>,
    /// The entry of an upload that came in pieces, which the record takes over; nobody else may
    /// meanwhile.
    source: Option<Arc<(String, Claim)>>,
}

impl Upload {
    /// The upload in `scratch`, `size` bytes with the CRC-32 `checksum` that begin with `head`; at
    /// least [`HEAD_LEN`](crate::files::HEAD_LEN) of them unless the file is shorter.
    pub fn new(
        key: impl Into<String>,
        submitted_name: &str,
        scratch: Scratch,
        size: u64,
        checksum: u32,
        head: &[u8],
    ) -> Self {
        let content_type = ContentType::sniff(head);
        Self {
            key: key.into(),
            submitted_name: submitted_name.to_owned(),
            name: stored_name(submitted_name, content_type.extension()),
            size,
            content_type,
            checksum,
            scratch: Arc::new(scratch),
            source: None,
        }
    }

    /// The upload in `scratch` that came in pieces; `source` is the key of its entry.
    pub(super) fn resumed(
        key: &str,
        submitted_name: &str,
        scratch: Scratch,
        size: u64,
        content_type: ContentType,
        source: (String, Claim),
    ) -> Self {
        Self {
            key: key.to_owned(),
            submitted_name: submitted_name.to_owned(),
            name: stored_name(submitted_name, content_type.extension()),
            size,
            content_type,
            checksum: 0,
            scratch: Arc::new(scratch),
            source: Some(Arc::new(source)),
        }
    }

    /// Notes in `tx` that a record has it.
    pub(in crate::ops) fn use_up(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        match &self.source {
            Some(source) => resumable::use_up(tx, &source.0, self.key.trim_matches('+')),
            None => Ok(()),
        }
    }

    /// Whether a file sent under `key` is meant for `field`.
    pub fn is_meant_for(key: &str, field: &Field) -> bool {
        let name = key.strip_suffix('+').or_else(|| key.strip_prefix('+'));
        key == field.name || name == Some(field.name.as_str())
    }

    /// What stays the same when the same file is sent again.
    pub(in crate::ops) fn fingerprint(&self) -> String {
        match &self.source {
            Some(source) => source.0.clone(),
            None => format!("{}/{}/{:08x}", self.submitted_name, self.size, self.checksum),
        }
    }

    /// Whether the file replaces what the field holds, rather than joining it.
    pub(in crate::ops) fn replaces(&self) -> bool {
        !self.key.starts_with('+') && !self.key.ends_with('+')
    }

    /// Whether a field with these options takes the file.
    pub(in crate::ops) fn check(&self, options: &FileOptions) -> Result<(), Violation> {
        let size_max = Self::size_max(options);
        if self.size > size_max {
            let file = self.submitted_name.chars().take(250).collect::<String>();
            let message = format!(
                "Failed to upload {file} - the maximum allowed file size is {size_max} bytes."
            );
            let violation = Violation::new("validation_file_size_limit", message);
            return Err(violation.with("file", file).with("maxSize", size_max));
        }
        let accepted = options.mime_types.as_deref().unwrap_or_default();
        if accepted.is_empty() || self.content_type.is_one_of(accepted, &self.submitted_name) {
            return Ok(());
        }
        let message =
            format!("\"{}\" mime type must be one of: {}.", self.name, accepted.join(", "));
        Err(Violation::new("validation_invalid_mime_type", message))
    }

    /// Bytes that all files of a field with these options may have together.
    pub fn total_size_max(options: &FileOptions) -> u64 {
        Self::size_max(options).saturating_mul(options.max_select.max(1) as u64)
    }

    /// Bytes that one file of a field with these options may have.
    pub(super) fn size_max(options: &FileOptions) -> u64 {
        u64::try_from(options.max_size).ok().filter(|size| *size > 0).unwrap_or(SIZE_MAX)
    }
}

//! What an archive says of itself, and of the one that it builds on.

use std::io::{Read, Seek};

use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use crate::model::Timestamp;

use super::{BackupError, MANIFEST_ENTRY};

/// The layout that this program writes; it reads those before it, too.
pub(super) const VERSION: u64 = 2;
/// Bytes of a manifest; it has far fewer.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
/// What the database of the original is called in its backups.
const POCKETBASE_ENTRY: &str = "data.db";

/// The table of contents. Its SHA-256 stands for the whole archive, as it holds those of the content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) haversack_backup: u64,
    pub(super) files: u64,
    pub(super) file_bytes: u64,
    /// What came with version 2.
    #[serde(flatten)]
    pub(super) more: Option<More>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct More {
    /// The state is that of this moment.
    pub(super) at: String,
    /// The sequence of the last change.
    pub(super) change: u64,
    /// Of the entry with the data or the changes.
    pub(super) data_sha256: String,
    /// Of the path, a zero byte, the length as 8 bytes, and the SHA-256 of each file, in order.
    pub(super) files_sha256: String,
    /// The history that was kept then; none when increments cannot follow.
    pub(super) history: Option<Place>,
    /// What an increment builds on.
    pub(super) base: Option<Base>,
}

/// A place in a history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Place {
    /// 16 hexadecimal digits.
    pub(super) epoch: String,
    /// The sequence of the last transaction.
    pub(super) sequence: u64,
    /// When that was, unless there was none.
    pub(super) at: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Base {
    /// The name of the archive.
    pub(super) name: String,
    /// The SHA-256 of its manifest.
    pub(super) sha256: String,
    /// The sequence of its last transaction.
    pub(super) sequence: u64,
}

/// What is known of an archive without reading it all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    pub(super) manifest: Manifest,
    /// The SHA-256 of the manifest.
    pub(super) sha256: String,
}

impl About {
    /// Reads it from an archive.
    ///
    /// # Errors
    /// [`BackupError`] when that is none.
    pub fn read(archive: impl Read + Seek) -> Result<Self, BackupError> {
        Self::of(&mut ZipArchive::new(archive).map_err(super::refused)?)
    }

    pub(super) fn of(archive: &mut ZipArchive<impl Read + Seek>) -> Result<Self, BackupError> {
        if archive.index_for_name(MANIFEST_ENTRY).is_none() {
            return Err(match archive.index_for_name(POCKETBASE_ENTRY) {
                Some(_) => BackupError::PocketBase,
                None => BackupError::NotABackup(format!("it has no {MANIFEST_ENTRY}")),
            });
        }
        let entry = archive.by_name(MANIFEST_ENTRY).map_err(super::refused)?;
        let mut text = Vec::new();
        let read = entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
        read.map_err(|error| BackupError::Damaged(error.to_string()))?;
        let manifest: Manifest = serde_json::from_slice(&text)
            .map_err(|error| BackupError::NotABackup(format!("{MANIFEST_ENTRY}: {error}")))?;
        match (manifest.haversack_backup, &manifest.more) {
            (1, _) | (VERSION, Some(_)) => {}
            (VERSION, None) => {
                return Err(BackupError::NotABackup(format!("{MANIFEST_ENTRY} lacks members")));
            }
            (found, _) => return Err(BackupError::Version { found, known: VERSION }),
        }
        Ok(Self { manifest, sha256: hex(digest(&SHA256, &text).as_ref()) })
    }

    /// The name of the archive that it builds on; `None` when it is a full one.
    pub fn base(&self) -> Option<&str> {
        self.base_link().map(|base| base.name.as_str())
    }

    pub(super) fn base_link(&self) -> Option<&Base> {
        self.more().and_then(|more| more.base.as_ref())
    }

    /// The moment whose state it holds; `None` when an earlier program made it.
    pub fn at(&self) -> Option<Timestamp> {
        self.more().and_then(|more| Timestamp::parse(&more.at))
    }

    /// The sequence of the last change in it; `None` when an earlier program made it.
    pub fn change(&self) -> Option<u64> {
        self.more().map(|more| more.change)
    }

    /// The history that was kept when it was made, and how far that went: epoch and sequence.
    pub fn history(&self) -> Option<(u64, u64)> {
        let place = self.place()?;
        Some((u64::from_str_radix(&place.epoch, 16).ok()?, place.sequence))
    }

    /// When the last transaction that is told of it happened; what comes later is later than that.
    pub(super) fn last_at(&self) -> Option<Timestamp> {
        match self.place().and_then(|place| place.at.as_deref()) {
            Some(at) => Timestamp::parse(at),
            None => self.at(),
        }
    }

    fn place(&self) -> Option<&Place> {
        self.more().and_then(|more| more.history.as_ref())
    }

    pub(super) fn more(&self) -> Option<&More> {
        self.manifest.more.as_ref()
    }
}

/// Bytes in hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

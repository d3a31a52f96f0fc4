//! What a dump holds.

use std::fmt;

use super::line::End;

/// What a dump holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Names of the collections in the order of their making, and how many records each has.
    pub collections: Vec<(String, u64)>,
    /// Settings and other entries that stand for themselves.
    pub entries: u64,
    /// Files.
    pub files: u64,
    /// Bytes of these files.
    pub file_bytes: u64,
    /// Bytes of the dump.
    pub bytes: u64,
}

impl Summary {
    /// How many records there are in all collections.
    pub fn records(&self) -> u64 {
        self.collections.iter().map(|(_, records)| records).sum()
    }

    pub(super) fn end(&self, sha256: String) -> End {
        End {
            collections: self.collections.len() as u64,
            records: self.records(),
            files: self.files,
            file_bytes: self.file_bytes,
            sha256,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} collections, {} records, {} files of {} bytes; the dump has {} bytes",
            self.collections.len(),
            self.records(),
            self.files,
            self.file_bytes,
            self.bytes
        )
    }
}

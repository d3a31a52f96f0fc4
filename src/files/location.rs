//! Where a file lies below `storage/`.

use std::path::{Path, PathBuf};

/// Longest part of a path that file systems take, in bytes.
const PART_MAX: usize = 255;
/// What the folder of a file's thumbs is called before the file's name.
const THUMBS: &str = "thumbs_";

/// Where a file lies: collection id, record id, stored name. None of them can lead elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    collection: String,
    record: String,
    name: String,
}

impl Location {
    /// The location of the file `name` of a record; `None` when a part is no plain name of a folder
    /// or file.
    pub fn new(collection: &str, record: &str, name: &str) -> Option<Self> {
        let plain = is_plain(collection) && is_plain(record) && is_plain(name);
        // Sidecars describe files and are none themselves.
        let is_sidecar =
            Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("attrs"));
        (plain && !is_sidecar).then(|| Self {
            collection: collection.to_owned(),
            record: record.to_owned(),
            name: name.to_owned(),
        })
    }

    /// The id of the collection.
    pub fn collection(&self) -> &str {
        &self.collection
    }

    /// The id of the record.
    pub fn record(&self) -> &str {
        &self.record
    }

    /// The stored name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key in a bucket.
    pub(super) fn key(&self) -> String {
        format!("{}/{}/{}", self.collection, self.record, self.name)
    }

    /// What the keys of the file's thumbs begin with in a bucket.
    pub(super) fn thumbs_prefix(&self) -> String {
        format!("{}/{}/{THUMBS}{}/", self.collection, self.record, self.name)
    }

    /// The key of the file's thumb that is called `thumb`.
    pub(super) fn thumb_key(&self, thumb: &str) -> String {
        self.thumbs_prefix() + thumb
    }

    /// The folder of the record below `root`.
    pub(super) fn folder(&self, root: &Path) -> PathBuf {
        root.join(&self.collection).join(&self.record)
    }

    /// The file below `root`.
    pub(super) fn file(&self, root: &Path) -> PathBuf {
        self.folder(root).join(&self.name)
    }

    /// The folder of the file's thumbs below `root`.
    pub(super) fn thumbs(&self, root: &Path) -> PathBuf {
        self.folder(root).join(format!("{THUMBS}{}", self.name))
    }
}

/// The name of the file whose thumbs are in the folder `folder`.
pub(super) fn file_of_thumbs(folder: &str) -> Option<&str> {
    folder.strip_prefix(THUMBS)
}

/// Whether `part` names something in a folder and nothing else anywhere.
pub(super) fn is_plain(part: &str) -> bool {
    !part.is_empty()
        && part.len() <= PART_MAX
        && part != "."
        && part != ".."
        && !part.contains(['/', '\\', ':'])
        && !part.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_leads_elsewhere() {
        assert!(Location::new("pbc_1", "abc", "x.png").is_some());
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "/etc", "C:x", "a\0", "a\nb"] {
            assert!(Location::new(bad, "r", "n").is_none(), "{bad:?}");
            assert!(Location::new("c", bad, "n").is_none(), "{bad:?}");
            assert!(Location::new("c", "r", bad).is_none(), "{bad:?}");
        }
        assert!(Location::new("c", "r", &"a".repeat(256)).is_none());
        assert!(Location::new("c", "r", "x.png.attrs").is_none());
        assert!(Location::new("c", "r", "x.ATTRS").is_none());
    }
}

//! Where backups lie: a folder of the data folder.
//!
//! Another place, such as a bucket, needs these functions and nothing else.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes of a key, which is a file name.
const KEY_BYTES_MAX: usize = 255;

/// The backups of a data folder.
#[derive(Debug, Clone)]
pub struct Shelf {
    folder: PathBuf,
}

/// One backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name.
    pub key: String,
    /// Its length in bytes.
    pub size: u64,
    /// When it was made.
    pub modified: SystemTime,
}

/// Whether `key` can be the name of a backup: never anything that leads elsewhere or is hidden.
pub fn is_key(key: &str) -> bool {
    !key.is_empty()
        && key.len() <= KEY_BYTES_MAX
        && !key.starts_with('.')
        && !key.contains(['/', '\\', ':'])
        && !key.contains(char::is_control)
}

impl Shelf {
    /// The backups in `backups/` of the data folder `data`.
    pub fn of(data: &Path) -> Self {
        Self { folder: data.join("backups") }
    }

    /// Where the backup `key` lies, whether or not it is there; `None` when it can be no name.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        is_key(key).then(|| self.folder.join(key))
    }

    /// Every backup, in order of name.
    pub fn list(&self) -> io::Result<Vec<Item>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut items = Vec::new();
        for entry in entries {
            let entry = entry?;
            let Ok(key) = entry.file_name().into_string() else { continue };
            // One that was removed a moment ago is none.
            let Ok(metadata) = entry.metadata() else { continue };
            if is_key(&key) && metadata.is_file() {
                let modified = metadata.modified()?;
                items.push(Item { key, size: metadata.len(), modified });
            }
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(items)
    }

    /// Whether there is a backup of this name.
    pub fn has(&self, key: &str) -> bool {
        self.path(key).is_some_and(|path| path.is_file())
    }

    /// Opens a backup.
    pub fn open(&self, key: &str) -> io::Result<(File, Item)> {
        let path = self.path(key).ok_or(ErrorKind::NotFound)?;
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(ErrorKind::NotFound.into());
        }
        let (size, modified) = (metadata.len(), metadata.modified()?);
        Ok((file, Item { key: key.to_owned(), size, modified }))
    }

    /// Moves the finished file at `from`, on the same disk, to its place; one of that name is not
    /// replaced.
    pub fn put(&self, key: &str, from: &Path) -> io::Result<()> {
        let path = self.path(key).ok_or(ErrorKind::InvalidInput)?;
        fs::create_dir_all(&self.folder)?;
        #[cfg(unix)]
        fs::set_permissions(from, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
        File::open(from)?.sync_all()?;
        if path.exists() {
            return Err(ErrorKind::AlreadyExists.into());
        }
        fs::rename(from, path)
    }

    /// Removes a backup.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        fs::remove_file(self.path(key).ok_or(ErrorKind::NotFound)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_leads_elsewhere() {
        for good in ["a.zip", "@auto_pb_backup_x.zip", "test", "a b", "ä.zip"] {
            assert!(is_key(good), "{good}");
        }
        let long = "x".repeat(256);
        for bad in ["", ".", "..", "../a", "a/b", "a\\b", ".hidden", "a\0", "c:x", &long] {
            assert!(!is_key(bad), "{bad}");
        }
    }
}

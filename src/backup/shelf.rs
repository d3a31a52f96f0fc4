//! Where backups lie: a folder of the data folder, or a bucket.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use zip::ZipArchive;

use crate::files::{Bucket, Content, ContentType, StoredFile};
use crate::store::Moment;

use super::chain::{Link, Local};
use super::{About, BackupError, STORAGE};

/// Bytes of a key, which is a file name.
const KEY_BYTES_MAX: usize = 255;
/// Bytes at the end of an archive that are fetched at once: mostly all that is asked for.
const TAIL: u64 = 256 << 10;
/// What all backups are.
const MEDIA_TYPE: &str = "application/zip";

/// The backups of a data folder.
#[derive(Debug, Clone)]
pub struct Shelf(Place);

#[derive(Debug, Clone)]
enum Place {
    Folder(PathBuf),
    Bucket(Arc<Bucket>),
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
        Self::folder(data.join("backups"))
    }

    /// The backups in a folder, which is made when it is needed.
    pub fn folder(folder: PathBuf) -> Self {
        Self(Place::Folder(folder))
    }

    /// The backups in a bucket, which has nothing else on its first level.
    pub fn bucket(bucket: Arc<Bucket>) -> Self {
        Self(Place::Bucket(bucket))
    }

    /// Whether everything takes as long as the network does.
    pub fn is_remote(&self) -> bool {
        matches!(self.0, Place::Bucket(_))
    }

    /// Every backup, in order of name.
    pub fn list(&self) -> io::Result<Vec<Item>> {
        let mut items = Vec::new();
        match &self.0 {
            Place::Folder(folder) => {
                let entries = match fs::read_dir(folder) {
                    Err(error) if error.kind() == ErrorKind::NotFound => return Ok(items),
                    entries => entries?,
                };
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
            }
            Place::Bucket(bucket) => bucket.list("", &mut |object| {
                if is_key(&object.key) {
                    let (size, modified) = (object.len, object.modified);
                    items.push(Item { key: object.key, size, modified });
                }
                Ok(())
            })?,
        }
        items.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(items)
    }

    /// Whether there is a backup of this name.
    pub fn has(&self, key: &str) -> io::Result<bool> {
        match &self.0 {
            _ if !is_key(key) => Ok(false),
            Place::Folder(folder) => Ok(folder.join(key).is_file()),
            Place::Bucket(bucket) => bucket.exists(key),
        }
    }

    /// Opens a backup; [`ErrorKind::NotFound`] when there is none of this name.
    pub fn open(&self, key: &str) -> io::Result<StoredFile> {
        if !is_key(key) {
            return Err(ErrorKind::NotFound.into());
        }
        match &self.0 {
            Place::Folder(folder) => {
                let file = File::open(folder.join(key))?;
                let metadata = file.metadata()?;
                if !metadata.is_file() {
                    return Err(ErrorKind::NotFound.into());
                }
                Ok(StoredFile {
                    len: metadata.len(),
                    modified: metadata.modified()?,
                    content: Content::on_disk(file),
                    content_type: ContentType::known(MEDIA_TYPE),
                })
            }
            Place::Bucket(bucket) => bucket.open(key),
        }
    }

    /// Puts the finished file at `from` into its place: moves it, if that is on the same disk, or
    /// sends it. One of that name is not replaced.
    pub fn put(&self, key: &str, from: &Path) -> io::Result<()> {
        if !is_key(key) {
            return Err(ErrorKind::InvalidInput.into());
        }
        if self.has(key)? {
            return Err(ErrorKind::AlreadyExists.into());
        }
        match &self.0 {
            Place::Folder(folder) => {
                fs::create_dir_all(folder)?;
                #[cfg(unix)]
                fs::set_permissions(from, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
                File::open(from)?.sync_all()?;
                fs::rename(from, folder.join(key))?;
                // Where folders cannot be opened as files, the system sees to it.
                let _ = File::open(folder).and_then(|folder| folder.sync_all());
                Ok(())
            }
            Place::Bucket(bucket) => {
                let mut file = File::open(from)?;
                let len = file.metadata()?.len();
                bucket.put(key, &mut file, len, MEDIA_TYPE)
            }
        }
    }

    /// Removes a backup; [`ErrorKind::NotFound`] when there is none of this name.
    pub fn remove(&self, key: &str) -> io::Result<()> {
        match &self.0 {
            _ if !is_key(key) => Err(ErrorKind::NotFound.into()),
            Place::Folder(folder) => fs::remove_file(folder.join(key)),
            Place::Bucket(bucket) if bucket.exists(key)? => bucket.delete(key),
            Place::Bucket(_) => Err(ErrorKind::NotFound.into()),
        }
    }

    /// What a backup says of itself; nothing when there is none of this name.
    ///
    /// # Errors
    /// [`BackupError`] when it cannot be read, or is none.
    pub fn about(&self, key: &str) -> Result<Option<About>, BackupError> {
        let Some(mut archive) = self.archive(key)? else { return Ok(None) };
        About::of(&mut archive).map(Some)
    }

    /// The files in a backup and their lengths, by path below `storage/`.
    ///
    /// # Errors
    /// [`BackupError`] when it cannot be read, or is none.
    pub fn files(&self, key: &str) -> Result<HashMap<String, u64>, BackupError> {
        let Some(mut archive) = self.archive(key)? else { return Ok(HashMap::new()) };
        let mut files = HashMap::new();
        for number in 0..archive.len() {
            let entry = archive.by_index_raw(number).map_err(super::refused)?;
            let name = entry.name().map_err(super::refused)?;
            let below = name.strip_prefix(STORAGE).and_then(|rest| rest.strip_prefix('/'));
            if let Some(below) = below.filter(|_| entry.is_file()) {
                files.insert(below.to_owned(), entry.size());
            }
        }
        Ok(files)
    }

    /// The archives that the state of the backup `key` at `until` needs, on disk: where they lie, or
    /// copies in the folder `scratch`.
    ///
    /// # Errors
    /// [`BackupError`] when one is missing, is another one than it was, or cannot be read, and when the
    /// chain does not tell of that moment.
    pub fn chain(
        &self,
        key: &str,
        until: Moment,
        scratch: &Path,
    ) -> Result<Vec<Local>, BackupError> {
        let mut links = super::chain(key, &mut |key| self.about(key))?;
        super::cut(&mut links, until)?;
        links.iter().map(|link| self.local(link, scratch)).collect()
    }

    /// A backup as a file on disk: where it lies, or a copy in the folder `scratch`.
    ///
    /// # Errors
    /// [`BackupError`] when it cannot be read, or is another one than `link` is about.
    pub fn local(&self, link: &Link, scratch: &Path) -> Result<Local, BackupError> {
        match &self.0 {
            Place::Folder(folder) => Local::new(link, folder.join(&link.key), false),
            Place::Bucket(bucket) => {
                fs::create_dir_all(scratch).map_err(BackupError::io(scratch))?;
                let path = scratch.join(format!("backup-{:016x}.zip", rand::random::<u64>()));
                let named = Path::new(&link.key);
                let mut remote = bucket.open(&link.key).map_err(BackupError::io(named))?;
                let mut options = File::options();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                let mut file = options.open(&path).map_err(BackupError::io(&path))?;
                let copied = io::copy(&mut remote.content, &mut file);
                let is_whole = copied.map(|bytes| bytes == remote.len);
                if !matches!(is_whole, Ok(true)) {
                    let _ = fs::remove_file(&path);
                    let error = is_whole.err().unwrap_or_else(|| ErrorKind::UnexpectedEof.into());
                    return Err(BackupError::io(named)(error));
                }
                Local::new(link, path, true)
            }
        }
    }

    fn archive(&self, key: &str) -> Result<Option<ZipArchive<BufReader<Jumping>>>, BackupError> {
        let opened = match self.open(key) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            opened => opened.map_err(BackupError::io(Path::new(key)))?,
        };
        let mut file = Jumping { content: opened.content, len: opened.len, position: 0 };
        // Where the directory is, and most that is in it.
        let warm = file.seek(SeekFrom::Start(opened.len.saturating_sub(TAIL)));
        warm.and_then(|_| file.read(&mut [0])).map_err(BackupError::io(Path::new(key)))?;
        ZipArchive::new(BufReader::new(file)).map(Some).map_err(super::refused)
    }
}

/// Content that can be read in any order.
struct Jumping {
    content: Content,
    len: u64,
    position: u64,
}

impl Read for Jumping {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.content.read(buffer)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Jumping {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.len.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = position.ok_or(ErrorKind::InvalidInput)?;
        self.content.go_to(self.position)?;
        Ok(self.position)
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

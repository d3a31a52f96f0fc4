//! The folders that files lie in.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::location::{Location, file_of_thumbs, is_plain};
use super::scratch::Scratch;
use super::thumb::{self, ThumbError, ThumbSize};
use super::{ContentType, HEAD_LEN};

/// Bytes of a sidecar that are looked at.
const SIDECAR_MAX: u64 = 64 << 10;
/// Thumbs that can be under way without waiting for each other by chance.
const THUMB_LOCKS: usize = 16;

/// The files of all records, in the layout of the contract:
/// `storage/<collection id>/<record id>/<name>`, thumbs beside it in `thumbs_<name>/`.
///
/// Everything here blocks.
#[derive(Debug)]
pub struct Storage {
    root: PathBuf,
    scratch: PathBuf,
    /// Who makes a thumb holds the lock of its name, so that it is made once.
    thumb_locks: [Mutex<()>; THUMB_LOCKS],
}

/// A file that is open for reading.
#[derive(Debug)]
pub struct StoredFile {
    /// The file, at its start.
    pub file: File,
    /// Its length in bytes.
    pub len: u64,
    /// When it was written.
    pub modified: SystemTime,
    /// What it is.
    pub content_type: ContentType,
}

impl Storage {
    /// The files below the data folder `data`. Folders are made when they are needed.
    pub fn new(data: &Path) -> Self {
        Self {
            root: data.join("storage"),
            scratch: data.join("tmp"),
            thumb_locks: Default::default(),
        }
    }

    /// A new empty file on the same disk, and a handle to write it with.
    pub fn scratch(&self) -> io::Result<(Scratch, File)> {
        Scratch::create(&self.scratch)
    }

    /// Moves a finished file to its place, and returns when both are safe on disk. Doing it again
    /// after it was done changes nothing.
    pub fn place(&self, scratch: &Scratch, location: &Location) -> io::Result<()> {
        let target = location.file(&self.root);
        match File::open(scratch.path()) {
            Ok(file) => file.sync_all()?,
            Err(error) if error.kind() == ErrorKind::NotFound && target.is_file() => return Ok(()),
            Err(error) => return Err(error),
        }
        let folder = location.folder(&self.root);
        if !folder.is_dir() {
            fs::create_dir_all(&folder)?;
            sync_folder(folder.parent().unwrap_or(&folder))?;
            sync_folder(&self.root)?;
        }
        fs::rename(scratch.path(), &target)?;
        sync_folder(&folder)
    }

    /// Opens a file. Fails with [`ErrorKind::NotFound`] when there is none.
    pub fn open(&self, location: &Location) -> io::Result<StoredFile> {
        open(&location.file(&self.root))
    }

    /// Opens a thumb of a file, made now if it was never asked for.
    pub fn open_thumb(
        &self,
        location: &Location,
        size: ThumbSize,
    ) -> Result<StoredFile, ThumbError> {
        let folder = location.thumbs(&self.root);
        let thumb = folder.join(format!("{size}_{}", location.name()));
        if let Ok(found) = open(&thumb) {
            return Ok(found);
        }
        let lock = &self.thumb_locks[lock_number(&thumb)];
        let _making = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(found) = open(&thumb) {
            return Ok(found);
        }
        let original = open(&location.file(&self.root))?;
        if !original.content_type.is_picture() {
            return Err(ThumbError::NoPicture);
        }
        let (scratch, file) = self.scratch()?;
        // Decoders are written with care, and still read what anybody may have made up.
        let render = AssertUnwindSafe(|| thumb::render(original.file, size, file));
        catch_unwind(render).unwrap_or(Err(ThumbError::Panicked))?;
        // Not `create_dir_all`: a record that went away in the meantime must not come back.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error.into()),
            _ => {}
        }
        fs::rename(scratch.path(), &thumb)?;
        let found = open(&thumb)?;
        if !location.file(&self.root).exists() {
            fs::remove_dir_all(&folder)?;
        }
        Ok(found)
    }

    /// Removes a file with its thumbs, and the record's folder when nothing is left in it. What is
    /// missing already is fine.
    pub fn remove(&self, location: &Location) -> io::Result<()> {
        let file = location.file(&self.root);
        ok_if_missing(fs::remove_file(&file))?;
        ok_if_missing(fs::remove_file(sidecar(&file)))?;
        ok_if_missing(fs::remove_dir_all(location.thumbs(&self.root)))?;
        // Fails as long as there is something in it, and then it stays.
        let _ = fs::remove_dir(location.folder(&self.root));
        Ok(())
    }

    /// Removes all files of a record. What is missing already is fine.
    pub fn remove_record(&self, collection: &str, record: &str) -> io::Result<()> {
        if is_plain(collection) && is_plain(record) {
            ok_if_missing(fs::remove_dir_all(self.root.join(collection).join(record)))?;
        }
        Ok(())
    }

    /// Removes the folder of a collection if nothing is left in it.
    pub fn remove_empty_collection(&self, collection: &str) {
        if is_plain(collection) {
            // Fails as long as there is something in it, and then it stays.
            let _ = fs::remove_dir(self.root.join(collection));
        }
    }

    /// The ids of the records of a collection that have a folder.
    pub fn records_of(&self, collection: &str) -> io::Result<Vec<String>> {
        if is_plain(collection) { names_in(&self.root.join(collection)) } else { Ok(Vec::new()) }
    }

    /// The names of the files in a record's folder, also of those of which only thumbs are left.
    pub fn names_of(&self, collection: &str, record: &str) -> io::Result<Vec<String>> {
        if !is_plain(collection) || !is_plain(record) {
            return Ok(Vec::new());
        }
        let mut names: Vec<String> = names_in(&self.root.join(collection).join(record))?
            .iter()
            .map(|name| file_of_thumbs(name).unwrap_or(name))
            .map(|name| name.strip_suffix(".attrs").unwrap_or(name).to_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Removes what uploads left that never ended. Call this before the first [`Self::scratch`].
    pub fn clear_scratch(&self) -> io::Result<()> {
        ok_if_missing(fs::remove_dir_all(&self.scratch))
    }
}

fn open(path: &Path) -> io::Result<StoredFile> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let content_type = if let Some(known) = content_type_of_sidecar(path) {
        known
    } else {
        let mut head = Vec::with_capacity(HEAD_LEN);
        (&mut file).take(HEAD_LEN as u64).read_to_end(&mut head)?;
        io::Seek::rewind(&mut file)?;
        ContentType::sniff(&head)
    };
    Ok(StoredFile { file, len: metadata.len(), modified: metadata.modified()?, content_type })
}

/// What PocketBase found out about a file that was imported. Ours have no sidecar.
fn content_type_of_sidecar(path: &Path) -> Option<ContentType> {
    let mut text = String::new();
    File::open(sidecar(path)).ok()?.take(SIDECAR_MAX).read_to_string(&mut text).ok()?;
    let attributes: serde_json::Value = serde_json::from_str(&text).ok()?;
    let media_type = attributes.get("user.content_type")?.as_str()?;
    (!media_type.is_empty()).then(|| ContentType::known(media_type))
}

fn sidecar(path: &Path) -> PathBuf {
    let mut sidecar = path.as_os_str().to_owned();
    sidecar.push(".attrs");
    sidecar.into()
}

fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no text is not ours.
        names.extend(entry?.file_name().into_string().ok());
    }
    Ok(names)
}

fn ok_if_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes sure that what was made or renamed in a folder is on disk.
fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened, and need not be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

fn lock_number(path: &Path) -> usize {
    crc32fast::hash(path.as_os_str().as_encoded_bytes()) as usize % THUMB_LOCKS
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn place(storage: &Storage, location: &Location, bytes: &[u8]) {
        let (scratch, mut file) = storage.scratch().unwrap();
        file.write_all(bytes).unwrap();
        storage.place(&scratch, location).unwrap();
        storage.place(&scratch, location).unwrap();
    }

    #[test]
    fn files_are_placed_opened_and_removed() {
        let data = tempfile::tempdir().unwrap();
        let storage = Storage::new(data.path());
        let location = Location::new("c", "r", "a_1.txt").unwrap();
        assert_eq!(storage.open(&location).unwrap_err().kind(), ErrorKind::NotFound);
        place(&storage, &location, b"hello");
        let mut found = storage.open(&location).unwrap();
        let mut text = String::new();
        found.file.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), found.len), ("hello", 5));
        assert_eq!(found.content_type.media_type(), "text/plain");
        assert_eq!(storage.records_of("c").unwrap(), ["r"]);
        assert_eq!(storage.names_of("c", "r").unwrap(), ["a_1.txt"]);
        assert!(fs::read_dir(data.path().join("tmp")).unwrap().next().is_none());
        storage.remove(&location).unwrap();
        storage.remove(&location).unwrap();
        assert!(storage.records_of("c").unwrap().is_empty());
        storage.remove_empty_collection("c");
        assert!(!data.path().join("storage/c").exists());
    }

    #[test]
    fn a_scratch_file_goes_away_unless_placed() {
        let data = tempfile::tempdir().unwrap();
        let storage = Storage::new(data.path());
        let (scratch, _file) = storage.scratch().unwrap();
        let path = scratch.path().to_owned();
        assert!(path.exists());
        drop(scratch);
        assert!(!path.exists());
        fs::write(path, "left").unwrap();
        storage.clear_scratch().unwrap();
        storage.clear_scratch().unwrap();
        assert!(!data.path().join("tmp").exists());
    }

    #[test]
    fn a_sidecar_says_what_an_imported_file_is() {
        let data = tempfile::tempdir().unwrap();
        let storage = Storage::new(data.path());
        let location = Location::new("c", "r", "a_1.txt").unwrap();
        place(&storage, &location, b"hello");
        let sidecar = data.path().join("storage/c/r/a_1.txt.attrs");
        fs::write(&sidecar, r#"{"user.content_type":"image/png"}"#).unwrap();
        assert_eq!(storage.open(&location).unwrap().content_type.media_type(), "image/png");
        assert_eq!(storage.names_of("c", "r").unwrap(), ["a_1.txt"]);
        fs::write(&sidecar, "broken").unwrap();
        assert_eq!(storage.open(&location).unwrap().content_type.media_type(), "text/plain");
        storage.remove(&location).unwrap();
        assert!(!data.path().join("storage/c/r").exists());
    }

    #[test]
    fn a_thumb_is_made_once_and_goes_with_its_file() {
        let data = tempfile::tempdir().unwrap();
        let storage = Storage::new(data.path());
        let location = Location::new("c", "r", "a_1.png").unwrap();
        place(&storage, &location, &thumb::tests::png(40, 20));
        let size = ThumbSize::parse("10x10").unwrap();
        let made = storage.open_thumb(&location, size).unwrap();
        let path = data.path().join("storage/c/r/thumbs_a_1.png/10x10_a_1.png");
        let modified = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!((made.content_type.media_type(), made.modified), ("image/png", modified));
        assert_eq!(storage.open_thumb(&location, size).unwrap().modified, modified);
        assert_eq!(storage.names_of("c", "r").unwrap(), ["a_1.png"]);
        storage.remove(&location).unwrap();
        assert!(!path.exists());
        assert!(matches!(storage.open_thumb(&location, size), Err(ThumbError::Io(_))));
    }
}

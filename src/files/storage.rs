//! Where files lie: on disk or in a bucket, and how to get at them either way.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwapOption;

use super::bucket::{Bucket, BucketOptions};
use super::disk::{self, Disk};
use super::location::{Location, file_of_thumbs, is_plain};
use super::partial::Partials;
use super::removed::Removed;
use super::restored;
use super::scratch::Scratch;
use super::stored::StoredFile;
use super::thumb::{self, Thumb, ThumbError};

/// Thumbs that can be under way without waiting for each other by chance.
const THUMB_LOCKS: usize = 16;

/// The files of all records, in the layout of the contract, on disk below `storage/` or as keys of a
/// bucket: `<collection id>/<record id>/<name>`, thumbs beside it in `thumbs_<name>/`.
///
/// Everything here blocks.
#[derive(Debug)]
pub struct Storage {
    disk: Disk,
    scratch: PathBuf,
    partials: Partials,
    /// Where files are instead of on disk.
    remote: ArcSwapOption<Remote>,
    /// Who makes a thumb holds the lock of its name, so that it is made once.
    thumb_locks: [Mutex<()>; THUMB_LOCKS],
}

/// A bucket that was asked for.
#[derive(Debug)]
enum Remote {
    Bucket(Arc<Bucket>),
    /// It cannot be used. Then nothing can be stored: files that go elsewhere would be lost to all
    /// who look for them where they belong.
    Unusable {
        options: BucketOptions,
        why: String,
    },
}

impl Remote {
    fn new(options: BucketOptions) -> Self {
        match Bucket::new(options.clone()) {
            Ok(bucket) => Self::Bucket(Arc::new(bucket)),
            Err(error) => {
                tracing::error!(%error, "the storage of files cannot be used");
                Self::Unusable { options, why: error.to_string() }
            }
        }
    }

    fn options(&self) -> &BucketOptions {
        match self {
            Self::Bucket(bucket) => bucket.options(),
            Self::Unusable { options, .. } => options,
        }
    }
}

impl Storage {
    /// The files below the data folder `data`. Folders are made when they are needed.
    pub fn new(data: &Path) -> Self {
        Self {
            disk: Disk::new(data.join("storage"), Removed::new(data)),
            scratch: data.join("tmp"),
            partials: Partials::new(data.join("uploads")),
            remote: ArcSwapOption::empty(),
            thumb_locks: Default::default(),
        }
    }

    /// Has files stored and looked for in a bucket from now on, or on disk. None are moved. Sends
    /// nothing.
    pub fn use_bucket(&self, options: Option<BucketOptions>) {
        let current = self.remote.load();
        if current.as_deref().map(Remote::options) != options.as_ref() {
            self.remote.store(options.map(|options| Arc::new(Remote::new(options))));
        }
    }

    /// Whether files are in a bucket, so that everything takes as long as the network does.
    pub fn is_remote(&self) -> bool {
        self.remote.load().is_some()
    }

    /// The bucket where files are; nothing while they are on disk.
    ///
    /// # Errors
    /// The bucket that is asked for cannot be used.
    pub fn bucket(&self) -> io::Result<Option<Arc<Bucket>>> {
        match self.remote.load().as_deref() {
            None => Ok(None),
            Some(Remote::Bucket(bucket)) => Ok(Some(Arc::clone(bucket))),
            Some(Remote::Unusable { why, .. }) => Err(io::Error::other(why.clone())),
        }
    }

    /// Has files that are removed from the disk kept aside for some days, for backups of the moments
    /// when they were named; or no longer, which removes those that were kept.
    pub fn keep_removed(&self, is_on: bool) -> io::Result<()> {
        self.disk.removed.keep(is_on)
    }

    /// Sends the files of a backup that was restored to the bucket, if that is where files are now. What
    /// is there already stays as it is. Where it fails, calling it again goes on.
    ///
    /// # Errors
    /// What the disk or the bucket says.
    pub fn settle_restored(&self) -> io::Result<()> {
        restored::settle(self.disk.root(), || self.bucket())
    }

    /// A new empty file on the local disk, and a handle to write it with.
    pub fn scratch(&self) -> io::Result<(Scratch, File)> {
        Scratch::create(&self.scratch)
    }

    /// Uploads that come in pieces.
    pub fn partials(&self) -> &Partials {
        &self.partials
    }

    /// Moves a finished file to its place, and returns when it is safe there. Doing it again after
    /// it was done changes nothing.
    pub fn place(&self, scratch: &Scratch, location: &Location) -> io::Result<()> {
        let Some(bucket) = self.bucket()? else { return self.disk.place(scratch, location) };
        match scratch.open() {
            Ok(file) => put(&bucket, &location.key(), file),
            Err(error)
                if error.kind() == ErrorKind::NotFound && bucket.exists(&location.key())? =>
            {
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Opens a file. Fails with [`ErrorKind::NotFound`] when there is none.
    pub fn open(&self, location: &Location) -> io::Result<StoredFile> {
        match self.bucket()? {
            None => self.disk.open(location),
            Some(bucket) => bucket.open(&location.key()),
        }
    }

    /// Opens a thumb that was made before. Fails with [`ErrorKind::NotFound`] when it was not.
    pub fn open_made_thumb(&self, location: &Location, wanted: Thumb) -> io::Result<StoredFile> {
        let name = wanted.name(location.name());
        match self.bucket()? {
            None => self.disk.open_thumb(location, &name),
            Some(bucket) => bucket.open(&location.thumb_key(&name)),
        }
    }

    /// Opens a thumb of a file, made now if it was never asked for.
    pub fn open_thumb(&self, location: &Location, wanted: Thumb) -> Result<StoredFile, ThumbError> {
        let name = wanted.name(location.name());
        let bucket = self.bucket()?;
        let open = || self.open_made_thumb(location, wanted);
        match open() {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            opened => return Ok(opened?),
        }
        let lock = &self.thumb_locks[lock_number(&location.thumb_key(&name))];
        let _making = lock.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(found) = open() {
            return Ok(found);
        }
        let mut original = self.open(location)?;
        if !original.content_type.is_picture() {
            return Err(ThumbError::NoPicture);
        }
        if original.len > thumb::SOURCE_MAX {
            return Err(ThumbError::TooLong(original.len));
        }
        // Decoders jump about in the file, so one from far away is fetched first.
        let (_fetched, source) = if bucket.is_some() {
            let (scratch, mut file) = self.scratch()?;
            io::copy(&mut original.content, &mut file)?;
            io::Seek::rewind(&mut file)?;
            (Some(scratch), file)
        } else {
            (None, self.disk.original(location)?)
        };
        let (scratch, target) = self.scratch()?;
        // Decoders are written with care, and still read what anybody may have made up.
        let render = AssertUnwindSafe(|| thumb::render(source, wanted, target));
        catch_unwind(render).unwrap_or(Err(ThumbError::Panicked))?;
        let is_gone = match &bucket {
            None => {
                self.disk.place_thumb(&scratch, location, &name)?;
                !self.disk.exists(location)
            }
            Some(bucket) => {
                put(bucket, &location.thumb_key(&name), scratch.open()?)?;
                !bucket.exists(&location.key())?
            }
        };
        let found = open()?;
        if is_gone {
            match &bucket {
                None => self.disk.remove_thumbs(location)?,
                Some(bucket) => bucket.delete_below(&location.thumbs_prefix())?,
            }
        }
        Ok(found)
    }

    /// Removes a file with its thumbs, and the record's folder when nothing is left in it. What is
    /// missing already is fine.
    pub fn remove(&self, location: &Location) -> io::Result<()> {
        if let Some(bucket) = self.bucket()? {
            bucket.delete(&location.key())?;
            bucket.delete_below(&location.thumbs_prefix())?;
        }
        // Also with a bucket: the file may be from before it was used.
        self.disk.remove(location)
    }

    /// Removes all files of a record. What is missing already is fine.
    pub fn remove_record(&self, collection: &str, record: &str) -> io::Result<()> {
        if !is_plain(collection) || !is_plain(record) {
            return Ok(());
        }
        if let Some(bucket) = self.bucket()? {
            bucket.delete_below(&format!("{collection}/{record}/"))?;
        }
        self.disk.remove_record(collection, record)
    }

    /// Removes the folder of a collection if nothing is left in it. Buckets have no folders.
    pub fn remove_empty_collection(&self, collection: &str) {
        if is_plain(collection) {
            self.disk.remove_empty_collection(collection);
        }
    }

    /// The ids of the records of a collection that have a folder.
    pub fn records_of(&self, collection: &str) -> io::Result<Vec<String>> {
        if !is_plain(collection) {
            return Ok(Vec::new());
        }
        self.names_below(&[collection])
    }

    /// The names of the files in a record's folder, also of those of which only thumbs are left.
    pub fn names_of(&self, collection: &str, record: &str) -> io::Result<Vec<String>> {
        if !is_plain(collection) || !is_plain(record) {
            return Ok(Vec::new());
        }
        let mut names: Vec<String> = self
            .names_below(&[collection, record])?
            .iter()
            .map(|name| file_of_thumbs(name).unwrap_or(name))
            .map(|name| name.strip_suffix(".attrs").unwrap_or(name).to_owned())
            .collect();
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// What is in a folder, wherever it may be; sorted.
    fn names_below(&self, folder: &[&str]) -> io::Result<Vec<String>> {
        let mut names = self.disk.names_in(&folder.iter().collect::<PathBuf>())?;
        if let Some(bucket) = self.bucket()? {
            names.extend(bucket.names_below(&format!("{}/", folder.join("/")))?);
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }

    /// Removes what uploads left that never ended. Call this before the first [`Self::scratch`].
    pub fn clear_scratch(&self) -> io::Result<()> {
        disk::ok_if_missing(std::fs::remove_dir_all(&self.scratch))
    }
}

pub(super) fn put(bucket: &Bucket, key: &str, mut file: File) -> io::Result<()> {
    let len = file.metadata()?.len();
    let content_type = disk::sniff(&mut file)?;
    bucket.put(key, &mut file, len, content_type.media_type())
}

fn lock_number(key: &str) -> usize {
    crc32fast::hash(key.as_bytes()) as usize % THUMB_LOCKS
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::{Read, Write};

    use crate::files::{ThumbFormat, ThumbSize};

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
        found.content.read_to_string(&mut text).unwrap();
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
        let size = Thumb { size, format: ThumbFormat::Original };
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

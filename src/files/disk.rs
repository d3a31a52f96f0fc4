//! Files on the local disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::location::Location;
use super::removed::Removed;
use super::scratch::Scratch;
use super::stored::{Content, StoredFile};
use super::{ContentType, HEAD_LEN};

/// Bytes of a sidecar that are looked at.
const SIDECAR_MAX: u64 = 64 << 10;

/// The folder `storage/`.
#[derive(Debug)]
pub(super) struct Disk {
    root: PathBuf,
    /// What becomes of files that are removed.
    pub(super) removed: Removed,
}

impl Disk {
    pub(super) fn new(root: PathBuf, removed: Removed) -> Self {
        Self { root, removed }
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// Moves a finished file to its place, and returns when both are safe on disk.
    pub(super) fn place(&self, scratch: &Scratch, location: &Location) -> io::Result<()> {
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
        scratch.move_to(&target)?;
        sync_folder(&folder)
    }

    pub(super) fn open(&self, location: &Location) -> io::Result<StoredFile> {
        open(&location.file(&self.root))
    }

    /// The file itself, which must be there.
    pub(super) fn original(&self, location: &Location) -> io::Result<File> {
        File::open(location.file(&self.root))
    }

    pub(super) fn exists(&self, location: &Location) -> bool {
        location.file(&self.root).exists()
    }

    /// Opens a thumb by the name that it has in its folder.
    pub(super) fn open_thumb(&self, location: &Location, thumb: &str) -> io::Result<StoredFile> {
        open(&location.thumbs(&self.root).join(thumb))
    }

    /// Moves a finished thumb to its place, unless the record went away in the meantime.
    pub(super) fn place_thumb(
        &self,
        scratch: &Scratch,
        location: &Location,
        thumb: &str,
    ) -> io::Result<()> {
        let folder = location.thumbs(&self.root);
        // Not `create_dir_all`: a record that went away must not come back.
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
        scratch.move_to(&folder.join(thumb))
    }

    pub(super) fn remove_thumbs(&self, location: &Location) -> io::Result<()> {
        ok_if_missing(fs::remove_dir_all(location.thumbs(&self.root)))
    }

    /// Removes a file with its thumbs, and the record's folder when nothing is left in it.
    pub(super) fn remove(&self, location: &Location) -> io::Result<()> {
        let file = location.file(&self.root);
        for file in [sidecar(&file), file] {
            self.removed.take(&self.root, &file)?;
        }
        self.remove_thumbs(location)?;
        // Fails as long as there is something in it, and then it stays.
        let _ = fs::remove_dir(location.folder(&self.root));
        Ok(())
    }

    /// Removes all files of a record.
    pub(super) fn remove_record(&self, collection: &str, record: &str) -> io::Result<()> {
        let folder = self.root.join(collection).join(record);
        self.removed.take_all(&self.root, &folder)?;
        ok_if_missing(fs::remove_dir_all(folder))
    }

    /// Removes the folder of a collection if nothing is left in it.
    pub(super) fn remove_empty_collection(&self, collection: &str) {
        // Fails as long as there is something in it, and then it stays.
        let _ = fs::remove_dir(self.root.join(collection));
    }

    /// The names of what is in the folder `below`, which may be missing.
    pub(super) fn names_in(&self, below: &Path) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(self.root.join(below)) {
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
}

fn open(path: &Path) -> io::Result<StoredFile> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(ErrorKind::NotFound.into());
    }
    let content_type =
        if let Some(known) = content_type_of_sidecar(path) { known } else { sniff(&mut file)? };
    let (len, modified) = (metadata.len(), metadata.modified()?);
    Ok(StoredFile { content: Content::on_disk(file), len, modified, content_type })
}

/// What a file is by its first bytes; it is at its start before and after.
pub(super) fn sniff(file: &mut File) -> io::Result<ContentType> {
    let mut head = Vec::with_capacity(HEAD_LEN);
    file.take(HEAD_LEN as u64).read_to_end(&mut head)?;
    io::Seek::rewind(file)?;
    Ok(ContentType::sniff(&head))
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

pub(super) fn ok_if_missing(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// Makes sure that what was made or renamed in a folder is on disk.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    // Elsewhere folders cannot be opened, and need not be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

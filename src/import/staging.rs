//! The folder in which an import grows until it is complete.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::query::Rows;
use crate::store::{Store, StoreError, StoreOptions};

use super::error::ImportError;

const STORE: &str = "data.redb";
const LOG: &str = "data.wal";
const STORAGE: &str = "storage";

/// A folder of its own inside the target, so that what is complete is moved to its place rather
/// than copied. It goes away with this value, and so does a target that was made for it.
#[derive(Debug)]
pub(crate) struct Staging {
    folder: PathBuf,
    /// The target; `None` when nothing will be published.
    data: Option<PathBuf>,
    made_data: bool,
    /// Held for as long as the import runs.
    lock: Option<File>,
}

/// Refuses a target that has collections or files.
pub(crate) fn check_target(data: &Path) -> Result<(), ImportError> {
    let occupied = || ImportError::TargetOccupied(data.to_owned());
    if data.exists() && !data.is_dir() {
        return Err(occupied());
    }
    if is_filled(&data.join(STORAGE)) {
        return Err(occupied());
    }
    if !data.join(STORE).exists() {
        return Ok(());
    }
    let store = match Store::open(data, StoreOptions::default()) {
        Err(StoreError::Locked) => return Err(ImportError::TargetInUse(data.to_owned())),
        store => store?,
    };
    let is_empty = store.snapshot().catalog().all().is_empty();
    store.close()?;
    if is_empty { Ok(()) } else { Err(occupied()) }
}

impl Staging {
    /// A staging folder inside the target `data`, which is made if need be. What an import that was
    /// killed left there is removed.
    pub(crate) fn within(data: &Path) -> Result<Self, ImportError> {
        let made_data = !data.exists();
        fs::create_dir_all(data).map_err(ImportError::io(data))?;
        let folder = data.join(".import");
        fs::create_dir_all(&folder).map_err(ImportError::io(&folder))?;
        let path = folder.join("lock");
        let lock = File::create(&path).map_err(ImportError::io(&path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ImportError::TargetInUse(data.to_owned()));
            }
            Err(TryLockError::Error(error)) => return Err(ImportError::io(&path)(error)),
        }
        let staging = Self { folder, data: Some(data.to_owned()), made_data, lock: Some(lock) };
        for left in [staging.source_copy(), staging.store(), staging.storage()] {
            remove(&left)?;
        }
        Ok(staging)
    }

    /// A staging folder among the system's temporary files, for an import that keeps nothing.
    pub(crate) fn outside() -> Result<Self, ImportError> {
        let mut number = 0;
        loop {
            let name = format!("haversack-import-{}-{number}", std::process::id());
            let folder = std::env::temp_dir().join(name);
            match fs::create_dir(&folder) {
                Err(error) if error.kind() == ErrorKind::AlreadyExists && number < 1000 => {
                    number += 1;
                }
                made => {
                    made.map_err(ImportError::io(&folder))?;
                    return Ok(Self { folder, data: None, made_data: false, lock: None });
                }
            }
        }
    }

    /// Refuses to stage inside the source, where copying would never end.
    pub(crate) fn check_apart_from(&self, source: &Path) -> Result<(), ImportError> {
        let resolve = |path: &Path| path.canonicalize().map_err(ImportError::io(path));
        if !resolve(&self.folder)?.starts_with(resolve(source)?) {
            return Ok(());
        }
        let data = self.data.as_ref().unwrap_or(&self.folder);
        Err(ImportError::TargetInsideSource(data.clone()))
    }

    /// Where the source's database may be copied to.
    pub(crate) fn source_copy(&self) -> PathBuf {
        self.folder.join("source")
    }

    /// Where the store grows.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    /// Where the uploads grow.
    pub(crate) fn storage(&self) -> PathBuf {
        self.folder.join(STORAGE)
    }

    /// Brings the uploads to disk and moves all to its place in the target, the store last: a data
    /// folder with a store is a complete one. The store must be closed.
    pub(crate) fn publish(self) -> Result<(), ImportError> {
        let Some(data) = &self.data else {
            return Ok(());
        };
        // A server may have been started meanwhile.
        check_target(data)?;
        let (storage, store) = (data.join(STORAGE), data.join(STORE));
        if self.storage().exists() {
            sync_tree(&self.storage())?;
            // It is empty, or it would have been refused.
            remove(&storage)?;
            fs::rename(self.storage(), &storage).map_err(ImportError::io(&storage))?;
        }
        let moved = remove(&data.join(LOG)).and_then(|()| {
            fs::rename(self.store().join(STORE), &store).map_err(ImportError::io(&store))
        });
        if let Err(error) = moved {
            // The failure to tell is the first one.
            let _ = fs::rename(&storage, self.storage());
            return Err(error);
        }
        sync_folder(data);
        Ok(())
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Some systems do not remove open files.
        self.lock = None;
        let _ = fs::remove_dir_all(&self.folder);
        if let (Some(data), true) = (&self.data, self.made_data) {
            // Removes nothing once the import is in there.
            let _ = fs::remove_dir(data);
        }
    }
}

fn is_filled(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some())
}

/// Removes a file or folder that may not exist.
fn remove(path: &Path) -> Result<(), ImportError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ImportError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Brings a folder and all below it to disk.
fn sync_tree(folder: &Path) -> Result<(), ImportError> {
    for entry in fs::read_dir(folder).map_err(ImportError::io(folder))? {
        let entry = entry.map_err(ImportError::io(folder))?;
        let path = entry.path();
        if entry.file_type().map_err(ImportError::io(&path))?.is_dir() {
            sync_tree(&path)?;
        } else {
            File::options()
                .write(true)
                .open(&path)
                .and_then(|file| file.sync_all())
                .map_err(ImportError::io(&path))?;
        }
    }
    sync_folder(folder);
    Ok(())
}

/// Brings the names in a folder to disk, where the system knows how.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

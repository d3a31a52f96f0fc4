//! Putting what came of a backup into the place of a data folder's content.
//!
//! It takes steps that may each be the last before a crash: what is new is made and checked in
//! `.restore/`, and a file `ready` in there says that it is. At the next start, before the store is
//! opened, the old content moves to `.replaced/` and the new one to its place. Only when that has
//! opened the old one is removed; when it does not open, everything moves back.

use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::dump::Summary;
use crate::files::RESTORED_MARK;
use crate::store::{Keys, Moment, Store, StoreOptions};

use super::unpack::unpack;
use super::{BackupError, LOG, Local, STORAGE, STORE};

/// Where new content is made.
const STAGE: &str = ".restore";
/// Where old content waits until the new one has opened.
const REPLACED: &str = ".replaced";
/// What says that new content is complete.
const READY: &str = "ready";
/// All that is replaced, in the order in which it moves.
const PARTS: [&str; 4] = [LOG, STORE, STORAGE, RESTORED_MARK];
/// Those of them that may be there or not, and without which nothing old may stay.
const OPTIONAL: [&str; 2] = [LOG, RESTORED_MARK];

/// Makes new content for the data folder `data` of a whole chain of archives, as it was at `until`, and
/// checks it. From then on it takes the place of the old one whenever [`put_in_place`] is called. Its secrets
/// must be readable with `keys`.
///
/// # Errors
/// [`BackupError`]; nothing is staged then.
pub fn stage(
    data: &Path,
    chain: &[Local],
    until: Moment,
    keys: &Keys,
) -> Result<Summary, BackupError> {
    let stage = data.join(STAGE);
    remove(&stage)?;
    let staged = unpack(chain, &stage, until).and_then(|summary| {
        Store::check_keys(&stage, keys)?;
        let mark = stage.join(RESTORED_MARK);
        File::create(&mark).map_err(BackupError::io(&mark))?;
        sync_tree(&stage)?;
        let ready = stage.join(READY);
        File::create(&ready).and_then(|file| file.sync_all()).map_err(BackupError::io(&ready))?;
        sync_folder(&stage);
        sync_folder(data);
        Ok(summary)
    });
    if staged.is_err() {
        // What cannot be removed is in nobody's way without its mark.
        let _ = fs::remove_dir_all(&stage);
    }
    staged
}

/// Replaces the content of the data folder `data` by what was staged; false when nothing was. What a
/// crash interrupted is finished. No process may have the store open.
///
/// # Errors
/// [`BackupError::InUse`] when a server is running, and what the disk says; calling it again goes on.
pub fn put_in_place(data: &Path) -> Result<bool, BackupError> {
    let stage = data.join(STAGE);
    if !stage.join(READY).exists() {
        return Ok(false);
    }
    let _lock = lock(data)?;
    let replaced = data.join(REPLACED);
    fs::create_dir_all(&replaced).map_err(BackupError::io(&replaced))?;
    for part in PARTS {
        let (new, here, old) = (stage.join(part), data.join(part), replaced.join(part));
        // The log has no new one: the one that is here is always the old one.
        if (new.exists() || part == LOG) && here.exists() {
            // What is there already is from a restore that was never opened, and older still.
            remove(&old)?;
            rename(&here, &old)?;
        }
        if new.exists() {
            rename(&new, &here)?;
        }
    }
    sync_folder(&replaced);
    sync_folder(data);
    remove(&stage)?;
    Ok(true)
}

/// Has the old content back, after the new one did not open.
///
/// # Errors
/// What the disk says.
pub fn put_back(data: &Path) -> Result<(), BackupError> {
    let replaced = data.join(REPLACED);
    for part in PARTS {
        let (here, old) = (data.join(part), replaced.join(part));
        if old.exists() || OPTIONAL.contains(&part) {
            remove(&here)?;
        }
        if old.exists() {
            rename(&old, &here)?;
        }
    }
    sync_folder(data);
    remove(&replaced)
}

/// Removes the old content, after the new one has opened, and what a restore that was broken off left.
///
/// # Errors
/// What the disk says; it is removed another time then.
pub fn forget_old(data: &Path) -> Result<(), BackupError> {
    let stage = data.join(STAGE);
    if !stage.join(READY).exists() {
        remove(&stage)?;
    }
    remove(&data.join(REPLACED))
}

/// Restores a whole chain of archives into the data folder `data`, which no server may be using, as it
/// was at `until`. Its secrets must be readable with `keys`.
///
/// # Errors
/// [`BackupError`]; the data folder is as it was then.
pub fn restore_folder(
    data: &Path,
    chain: &[Local],
    until: Moment,
    keys: &Keys,
) -> Result<Summary, BackupError> {
    fs::create_dir_all(data).map_err(BackupError::io(data))?;
    drop(lock(data)?);
    let summary = stage(data, chain, until, keys)?;
    if let Err(error) = put_in_place(data) {
        // A server that was started meanwhile must not find it later; half done, the next start goes on.
        if matches!(error, BackupError::InUse(_)) {
            remove(&data.join(STAGE))?;
        }
        return Err(error);
    }
    match Store::open(data, StoreOptions::default()).and_then(|store| store.close()) {
        Ok(()) => forget_old(data)?,
        Err(error) => {
            put_back(data)?;
            return Err(error.into());
        }
    }
    Ok(summary)
}

/// The lock of the store, so that none can be opened; nothing when there is no store.
fn lock(data: &Path) -> Result<Option<File>, BackupError> {
    let path = data.join(STORE);
    let file = match File::options().read(true).write(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(BackupError::io(&path))?,
    };
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Err(BackupError::InUse(data.to_owned())),
        Err(TryLockError::Error(error)) => Err(BackupError::io(&path)(error)),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), BackupError> {
    fs::rename(from, to).map_err(BackupError::io(from))
}

/// Removes a file or folder that may not exist.
fn remove(path: &Path) -> Result<(), BackupError> {
    let removed = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match removed {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(BackupError::io(path)(error)),
        _ => Ok(()),
    }
}

/// Brings a folder and all below it to disk.
fn sync_tree(folder: &Path) -> Result<(), BackupError> {
    let sync =
        |path: &PathBuf| -> io::Result<()> { File::options().write(true).open(path)?.sync_all() };
    for entry in fs::read_dir(folder).map_err(BackupError::io(folder))? {
        let path = entry.map_err(BackupError::io(folder))?.path();
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            sync(&path).map_err(BackupError::io(&path))?;
        }
    }
    sync_folder(folder);
    Ok(())
}

/// Brings the names in a folder to disk, where the system knows how.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A data folder, and something ready to take its place.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (place, text) in [("", "old"), (STAGE, "new")] {
            let place = folder.path().join(place);
            fs::create_dir_all(place.join(STORAGE)).unwrap();
            fs::write(place.join(STORE), text).unwrap();
            fs::write(place.join(STORAGE).join("file"), text).unwrap();
        }
        fs::write(folder.path().join(LOG), "old").unwrap();
        for mark in [READY, RESTORED_MARK] {
            fs::write(folder.path().join(STAGE).join(mark), "").unwrap();
        }
        folder
    }

    /// The log, the store and a file of the folder.
    fn content(data: &Path) -> [Option<String>; 3] {
        [data.join(LOG), data.join(STORE), data.join(STORAGE).join("file")]
            .map(|path| fs::read_to_string(path).ok())
    }

    fn is_new(data: &Path) -> bool {
        content(data) == [None, Some("new".to_owned()), Some("new".to_owned())]
    }

    fn is_old(data: &Path) -> bool {
        content(data).iter().all(|text| text.as_deref() == Some("old"))
    }

    #[test]
    fn a_crash_between_any_two_steps_is_made_good() {
        let moves = [
            (LOG.to_owned(), format!("{REPLACED}/{LOG}")),
            (STORE.to_owned(), format!("{REPLACED}/{STORE}")),
            (format!("{STAGE}/{STORE}"), STORE.to_owned()),
            (STORAGE.to_owned(), format!("{REPLACED}/{STORAGE}")),
            (format!("{STAGE}/{STORAGE}"), STORAGE.to_owned()),
            (format!("{STAGE}/{RESTORED_MARK}"), RESTORED_MARK.to_owned()),
        ];
        for done in 0..=moves.len() {
            let folder = folder();
            let data = folder.path();
            fs::create_dir(data.join(REPLACED)).unwrap();
            for (from, to) in &moves[..done] {
                fs::rename(data.join(from), data.join(to)).unwrap();
            }
            assert!(put_in_place(data).unwrap(), "{done}");
            assert!(is_new(data), "{done}: {:?}", content(data));
            assert!(data.join(RESTORED_MARK).exists(), "{done}");
            assert!(is_old(&data.join(REPLACED)), "{done}");
            assert!(!put_in_place(data).unwrap() && is_new(data), "{done}");
            put_back(data).unwrap();
            assert!(is_old(data), "{done}: {:?}", content(data));
            assert!(!data.join(REPLACED).exists() && !data.join(RESTORED_MARK).exists(), "{done}");
        }
    }

    #[test]
    fn what_is_not_ready_or_in_use_is_left_alone() {
        let folder = folder();
        let data = folder.path();
        let server = File::open(data.join(STORE)).unwrap();
        server.lock().unwrap();
        assert!(matches!(put_in_place(data), Err(BackupError::InUse(_))));
        assert!(is_old(data));
        drop(server);
        fs::remove_file(data.join(STAGE).join(READY)).unwrap();
        assert!(!put_in_place(data).unwrap());
        assert!(is_old(data));
    }

    #[test]
    fn once_the_new_content_has_opened_the_old_one_goes() {
        let folder = folder();
        assert!(put_in_place(folder.path()).unwrap());
        forget_old(folder.path()).unwrap();
        forget_old(folder.path()).unwrap();
        assert!(is_new(folder.path()) && !folder.path().join(REPLACED).exists());
    }
}

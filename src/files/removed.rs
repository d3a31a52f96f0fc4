//! Files that no record names any more, kept for as long as an increment may want them.
//!
//! They lie in `removed/<hour>/<collection id>/<record id>/<name>`, by the hour in which they went.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use crate::model::Timestamp;

use super::disk::ok_if_missing;

/// Longer than the history of the store is kept: 8 days, in milliseconds.
const KEPT_MILLIS: i64 = 8 * 24 * 60 * 60 * 1000;
/// The folder in the data folder.
const FOLDER: &str = "removed";

/// What becomes of files that are removed.
#[derive(Debug)]
pub(super) struct Removed {
    folder: PathBuf,
    is_on: AtomicBool,
}

impl Removed {
    pub(super) fn new(data: &Path) -> Self {
        Self { folder: data.join(FOLDER), is_on: AtomicBool::new(false) }
    }

    /// Keeps what is removed from now on and forgets what was kept for long enough, or forgets it all.
    pub(super) fn keep(&self, is_on: bool) -> io::Result<()> {
        self.is_on.store(is_on, Relaxed);
        if !is_on {
            return ok_if_missing(fs::remove_dir_all(&self.folder));
        }
        let oldest = Timestamp::from_millis(Timestamp::now().millis() - KEPT_MILLIS);
        let oldest = hour(oldest);
        for name in hours(&self.folder)?.into_iter().filter(|name| *name < oldest) {
            ok_if_missing(fs::remove_dir_all(self.folder.join(name)))?;
        }
        Ok(())
    }

    /// Removes a file below `root`, or keeps it elsewhere. What is missing already is fine.
    pub(super) fn take(&self, root: &Path, file: &Path) -> io::Result<()> {
        let Some(below) = file.strip_prefix(root).ok().filter(|_| self.is_on.load(Relaxed)) else {
            return ok_if_missing(fs::remove_file(file));
        };
        let target = self.folder.join(hour(Timestamp::now())).join(below);
        match fs::rename(file, &target) {
            Err(error) if error.kind() == ErrorKind::NotFound && file.exists() => {
                fs::create_dir_all(target.parent().unwrap_or(&target))?;
                fs::rename(file, &target)
            }
            renamed => ok_if_missing(renamed),
        }
    }

    /// Takes all files in a folder below `root`, but not those in folders in there. It may be missing.
    pub(super) fn take_all(&self, root: &Path, folder: &Path) -> io::Result<()> {
        if !self.is_on.load(Relaxed) {
            return Ok(());
        }
        let entries = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                self.take(root, &entry.path())?;
            }
        }
        Ok(())
    }
}

/// The folders with files of the data folder `data` that were removed at `since` or later. What is in
/// them lies as it did below `storage/`.
pub fn removed_since(data: &Path, since: Timestamp) -> io::Result<Vec<PathBuf>> {
    let folder = data.join(FOLDER);
    let since = hour(since);
    let hours = hours(&folder)?.into_iter().filter(|name| *name >= since);
    Ok(hours.map(|name| folder.join(name)).collect())
}

/// The names of the folders of hours, in order.
fn hours(folder: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no text is not ours.
        names.extend(entry?.file_name().into_string().ok());
    }
    names.sort();
    Ok(names)
}

/// Year, month, day and hour in digits, in UTC.
fn hour(at: Timestamp) -> String {
    at.to_string().chars().filter(char::is_ascii_digit).take(10).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_kept_while_that_is_wanted() {
        let data = tempfile::tempdir().unwrap();
        let (root, removed) = (data.path().join("storage"), Removed::new(data.path()));
        let folder = root.join("c/r");
        let write = |name: &str| {
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(name), name).unwrap();
        };
        let since = Timestamp::now();
        let kept = || -> Vec<PathBuf> { removed_since(data.path(), since).unwrap() };
        write("a");
        removed.take(&root, &folder.join("a")).unwrap();
        assert!(kept().is_empty() && !folder.join("a").exists());
        removed.keep(true).unwrap();
        write("b");
        write("d");
        removed.take(&root, &folder.join("b")).unwrap();
        removed.take(&root, &folder.join("missing")).unwrap();
        removed.take_all(&root, &folder).unwrap();
        let names =
            |name: &str| kept().iter().filter(|at| at.join("c/r").join(name).is_file()).count();
        assert_eq!((names("b"), names("d"), names("a")), (1, 1, 0));
        fs::create_dir(data.path().join("removed/2020010203")).unwrap();
        removed.keep(true).unwrap();
        assert!(!data.path().join("removed/2020010203").exists() && names("b") == 1);
        removed.keep(false).unwrap();
        assert!(kept().is_empty());
    }
}

//! Uploads, copied file by file.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::Progress;
use super::error::ImportError;
use super::summary::Summary;

/// Folders below `storage/`: collection, record, previews of a file; and some to spare.
const DEPTH_MAX: usize = 8;

/// Copies all below the folder `from`, which may be missing, to `to`; without `to` the files are
/// only counted. A file that cannot be read is told, and the others are copied.
pub(super) fn copy(
    from: &Path,
    to: Option<&Path>,
    summary: &mut Summary,
    progress: &mut dyn Progress,
) -> Result<(), ImportError> {
    if !from.is_dir() {
        return Ok(());
    }
    let mut copier = Copier { from, to, summary, progress };
    copier.folder(Path::new(""), 0)
}

struct Copier<'a> {
    from: &'a Path,
    to: Option<&'a Path>,
    summary: &'a mut Summary,
    progress: &'a mut dyn Progress,
}

impl Copier<'_> {
    fn folder(&mut self, below: &Path, depth: usize) -> Result<(), ImportError> {
        let entries = match fs::read_dir(self.from.join(below)) {
            Ok(entries) => entries,
            Err(error) => {
                self.problem(below, &error.to_string());
                return Ok(());
            }
        };
        for entry in entries {
            let path = match entry {
                Ok(entry) => below.join(entry.file_name()),
                Err(error) => {
                    self.problem(below, &error.to_string());
                    continue;
                }
            };
            // Follows links: what they lead to is what the old server would have served.
            match fs::metadata(self.from.join(&path)) {
                Ok(found) if found.is_dir() && depth < DEPTH_MAX => {
                    self.folder(&path, depth + 1)?;
                }
                Ok(found) if found.is_file() => {
                    self.file(&path, found.len())?;
                }
                Ok(_) => self.problem(&path, "is nested too deep, or is no file"),
                Err(error) => self.problem(&path, &error.to_string()),
            }
        }
        Ok(())
    }

    fn file(&mut self, below: &Path, len: u64) -> Result<(), ImportError> {
        let bytes = match self.to.map(|to| to.join(below)) {
            None => len,
            Some(to) => match copy_file(&self.from.join(below), &to) {
                Ok(bytes) => bytes,
                Err(error) if concerns_all(&error) => return Err(ImportError::io(&to)(error)),
                Err(error) => {
                    self.problem(below, &error.to_string());
                    // What is there of it is not the file.
                    let _ = fs::remove_file(to);
                    return Ok(());
                }
            },
        };
        self.progress.file(bytes);
        self.summary.add_file(&part(below, 0).unwrap_or_default(), bytes);
        Ok(())
    }

    fn problem(&mut self, below: &Path, what: &str) {
        let id = part(below, 0).unwrap_or_default();
        let collection = self.summary.collections.iter().find(|c| c.id == id);
        let collection = collection.map_or(id, |collection| collection.name.clone());
        let path = PathBuf::from("storage").join(below);
        let what = format!("{} was not copied: {what}", path.display());
        self.summary.problem(&collection, part(below, 1).as_deref(), None, what);
    }
}

/// A folder's name in a path: 0 is that of the collection, 1 that of the record.
fn part(path: &Path, at: usize) -> Option<String> {
    let part = path.iter().nth(at)?;
    Some(part.to_string_lossy().into_owned())
}

/// Copies the content, not the permissions: the new server may want to remove the file one day.
fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    let mut reader = File::open(from)?;
    let create = || File::create(to);
    let mut writer = match create() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(to.parent().unwrap_or(to))?;
            create()?
        }
        created => created?,
    };
    io::copy(&mut reader, &mut writer)
}

/// Whether no other file would fare better.
fn concerns_all(error: &io::Error) -> bool {
    use ErrorKind::{QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded | ReadOnlyFilesystem)
}

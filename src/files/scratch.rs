//! Files in the making.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file in the making. It goes away with this value, unless it was moved to its place or is kept.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
    /// Whether somebody else says when it goes.
    is_kept: bool,
}

impl Scratch {
    /// A new empty file in the folder `dir`, which is made when it is missing, and a handle to
    /// write it with.
    pub(super) fn create(dir: &Path) -> io::Result<(Self, File)> {
        let path = dir.join(format!("{:032x}", rand::random::<u128>()));
        let create = || File::options().read(true).write(true).create_new(true).open(&path);
        let file = match create() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(dir)?;
                create()?
            }
            created => created?,
        };
        Ok((Self { path, is_kept: false }, file))
    }

    /// A file that is there already, and stays until it is removed by its owner.
    pub(super) fn kept(path: PathBuf) -> Self {
        Self { path, is_kept: true }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The file, at its start.
    pub(super) fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// Puts it in its place on the same disk; one that is kept is in both.
    pub(super) fn move_to(&self, target: &Path) -> io::Result<()> {
        if !self.is_kept {
            return fs::rename(&self.path, target);
        }
        match fs::hard_link(&self.path, target) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            // Some file systems know no second names.
            Err(_) => {
                let whole = target.with_extension("part");
                fs::copy(&self.path, &whole)?;
                File::open(&whole)?.sync_all()?;
                fs::rename(&whole, target)
            }
            Ok(()) => Ok(()),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.is_kept {
            // It may have been moved to its place; what cannot be removed is found at the next start.
            let _ = fs::remove_file(&self.path);
        }
    }
}

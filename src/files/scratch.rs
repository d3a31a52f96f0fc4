//! Files in the making.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A file in the making. It goes away with this value, unless it was moved to its place.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
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
        Ok((Self { path }, file))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It may have been moved to its place; what cannot be removed is found at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

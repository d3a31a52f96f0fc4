//! The files of a data folder.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Component, Path, PathBuf};

use super::error::DumpError;

/// Parts of a path below `storage/`: collection, record, previews of a file, name; and some to spare.
const PARTS_MAX: usize = 12;
/// The longest part that file systems take, in bytes.
const PART_BYTES_MAX: usize = 255;

/// Shows every file below `root`, which may be missing, by its path there in order of that.
///
/// # Errors
/// Those of `visit`, and what the disk says.
pub fn walk(
    root: &Path,
    visit: &mut dyn FnMut(&str) -> Result<(), DumpError>,
) -> Result<(), DumpError> {
    folder(root, "", visit)
}

fn folder(
    root: &Path,
    below: &str,
    visit: &mut dyn FnMut(&str) -> Result<(), DumpError>,
) -> Result<(), DumpError> {
    let path = root.join(below);
    let entries = match fs::read_dir(&path) {
        // A server may have removed it meanwhile.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.map_err(DumpError::io(&path))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(DumpError::io(&path))?.file_name();
        let name = name.into_string().map_err(|name| {
            let what = io::Error::new(ErrorKind::InvalidData, "the name is no UTF-8");
            DumpError::io(&path.join(name))(what)
        })?;
        names.push(name);
    }
    names.sort();
    for name in names {
        let below = if below.is_empty() { name } else { format!("{below}/{name}") };
        let path = root.join(&below);
        match fs::metadata(&path) {
            Ok(found) if found.is_dir() => folder(root, &below, visit)?,
            Ok(found) if found.is_file() => {
                // What cannot be put back must not get in.
                place(root, &below).map_err(|what| {
                    DumpError::io(&path)(io::Error::new(ErrorKind::InvalidData, what))
                })?;
                visit(&below)?;
            }
            Ok(_) => {
                let what = io::Error::new(ErrorKind::InvalidData, "neither a file nor a folder");
                return Err(DumpError::io(&path)(what));
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(DumpError::io(&path)(error)),
        }
    }
    Ok(())
}

/// Where a file of a dump lies, which is never outside of `root`. The error says what is wrong.
pub fn place(root: &Path, below: &str) -> Result<PathBuf, &'static str> {
    let parts: Vec<&str> = below.split('/').collect();
    let is_plain = |part: &&str| {
        !part.is_empty()
            && part.len() <= PART_BYTES_MAX
            && !part.contains(['\\', ':', '\0'])
            && Path::new(part).components().all(|part| matches!(part, Component::Normal(_)))
    };
    if parts.len() > PARTS_MAX || !parts.iter().all(is_plain) {
        return Err("the path is not one below storage/");
    }
    Ok(root.join(below))
}

/// Makes a file that must not exist, and the folders on the way to it.
pub(super) fn create(path: &Path) -> io::Result<File> {
    match File::create_new(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            fs::create_dir_all(path.parent().unwrap_or(path))?;
            File::create_new(path)
        }
        created => created,
    }
}

//! Files that came of a backup, on their way to where files are.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;

use super::bucket::Bucket;
use super::disk::ok_if_missing;
use super::storage::put;

/// The file in the data folder that says that the files beside it came of a backup, and that nobody
/// has brought them to where files are yet.
pub const RESTORED_MARK: &str = "storage.restored";

/// Sends the files below `root` to the bucket, if there is one and they come of a backup.
pub(super) fn settle(
    root: &Path,
    bucket: impl FnOnce() -> io::Result<Option<Arc<Bucket>>>,
) -> io::Result<()> {
    let mark = root.with_file_name(RESTORED_MARK);
    if !mark.exists() {
        return Ok(());
    }
    if let Some(bucket) = bucket()?.filter(|_| root.is_dir()) {
        send(root, "", &bucket)?;
    }
    ok_if_missing(fs::remove_file(mark))
}

fn send(root: &Path, below: &str, bucket: &Bucket) -> io::Result<()> {
    let folder = root.join(below);
    for entry in fs::read_dir(&folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or(ErrorKind::InvalidData)?;
        let key = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            send(root, &key, bucket)?;
        } else {
            // In a bucket a file needs no sidecar: its type is part of it. Stored names are never
            // used twice, so what is there is this file.
            let is_sidecar =
                Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("attrs"));
            if !is_sidecar && !bucket.exists(&key)? {
                put(bucket, &key, File::open(entry.path())?)?;
            }
            ok_if_missing(fs::remove_file(entry.path()))?;
        }
    }
    if !below.is_empty() {
        // Empty now, unless something was put there meanwhile.
        let _ = fs::remove_dir(folder);
    }
    Ok(())
}

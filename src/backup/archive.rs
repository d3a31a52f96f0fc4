//! Making an archive.
//!
//! It is a zip file with `data.ndjson`, the dump of the data without files ([`crate::dump::line`]),
//! whose last line has its checksum; the files at `storage/<collection>/<record>/<name>`; and
//! `manifest.json`, which comes last and says how many files there are.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::dump::{self, DumpError, Summary};
use crate::store::{Snapshot, Store, StoreError, StoreOptions};

use super::{BackupError, DATA_ENTRY, MANIFEST_ENTRY, STORAGE, STORE};

/// The layout that this program writes and reads.
pub(super) const VERSION: u64 = 1;
/// Deflate at its quickest: most of the size is in files that are packed already.
const LEVEL: i64 = 1;
/// Bytes that are copied at once.
const PIECE: usize = 256 << 10;

/// The table of contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) haversack_backup: u64,
    pub(super) files: u64,
    pub(super) file_bytes: u64,
}

/// Writes what `snapshot` holds, and the files of the data folder `data` that it names, to a new file
/// `path`, which is there only once it is complete and on disk. Only its owner can read it. Files
/// must not be removed meanwhile. Asks `is_stopped` often.
///
/// # Errors
/// [`BackupError`]; what was begun is removed.
pub fn write(
    snapshot: &Snapshot,
    data: &Path,
    path: &Path,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Summary, BackupError> {
    let folder = path.parent().unwrap_or(path);
    let scratch = data.join("tmp");
    for folder in [folder, &scratch] {
        fs::create_dir_all(folder).map_err(BackupError::io(folder))?;
    }
    // What a crash leaves there is removed at the next start.
    let part = scratch.join(format!("backup-{:016x}.part", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    // It holds the hashes of passwords, and secrets.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&part).map_err(BackupError::io(&part))?;
    let written = write_to(snapshot, data, &file, &part, is_stopped).and_then(|summary| {
        file.sync_all().map_err(BackupError::io(&part))?;
        if path.exists() {
            return Err(BackupError::Exists(path.to_owned()));
        }
        fs::rename(&part, path).map_err(BackupError::io(path))?;
        Ok(summary)
    });
    if written.is_err() {
        let _ = fs::remove_file(&part);
    }
    // Where folders cannot be opened as files, the system sees to it.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    written
}

/// Does what [`write()`] does for a data folder that no server uses.
///
/// # Errors
/// [`BackupError`]; what was begun is removed.
pub fn write_folder(data: &Path, path: &Path) -> Result<Summary, BackupError> {
    if !data.join(STORE).exists() {
        return Err(DumpError::NoData(data.to_owned()).into());
    }
    let store = Store::open(data, StoreOptions::default()).map_err(|error| match error {
        StoreError::Locked => BackupError::InUse(data.to_owned()),
        error => error.into(),
    })?;
    let summary = write(&store.snapshot(), data, path, &|| false);
    store.close()?;
    summary
}

fn write_to(
    snapshot: &Snapshot,
    data: &Path,
    file: &File,
    path: &Path,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Summary, BackupError> {
    let mut zip = ZipWriter::new(io::BufWriter::with_capacity(PIECE, file));
    zip.start_file(DATA_ENTRY, options()).map_err(BackupError::zip(path))?;
    let mut summary = dump::export_data(snapshot, &mut zip, is_stopped)?;
    let mut failed = None;
    let storage = data.join(STORAGE);
    let walked = dump::named_files(snapshot, data, &mut |below| {
        if is_stopped() {
            return Err(DumpError::Stopped);
        }
        match add_file(&mut zip, &storage.join(below), &format!("{STORAGE}/{below}")) {
            Ok(bytes) => {
                summary.files += 1;
                summary.file_bytes += bytes;
                Ok(())
            }
            Err(error) => {
                failed = Some(error);
                Err(DumpError::Stopped)
            }
        }
    });
    match failed {
        Some(error) => return Err(error),
        None => walked?,
    }
    let manifest = Manifest {
        haversack_backup: VERSION,
        files: summary.files,
        file_bytes: summary.file_bytes,
    };
    let text = serde_json::to_vec(&manifest).expect("a manifest has only string keys");
    zip.start_file(MANIFEST_ENTRY, options()).map_err(BackupError::zip(path))?;
    zip.write_all(&text).map_err(BackupError::io(path))?;
    let mut out = zip.finish().map_err(BackupError::zip(path))?;
    out.flush().map_err(BackupError::io(path))?;
    summary.bytes = out.stream_position().map_err(BackupError::io(path))?;
    Ok(summary)
}

fn add_file<W: Write + Seek>(
    zip: &mut ZipWriter<W>,
    path: &Path,
    name: &str,
) -> Result<u64, BackupError> {
    let mut file = File::open(path).map_err(BackupError::io(path))?;
    zip.start_file(name, options()).map_err(BackupError::zip(path))?;
    let mut piece = vec![0; PIECE];
    let mut bytes = 0;
    loop {
        let count = file.read(&mut piece).map_err(BackupError::io(path))?;
        if count == 0 {
            return Ok(bytes);
        }
        zip.write_all(&piece[..count]).map_err(BackupError::io(path))?;
        bytes += count as u64;
    }
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .large_file(true)
}

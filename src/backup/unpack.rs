//! Reading an archive to its end, as a data folder or only to see whether it could be one.

use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::dump::{self, DumpError, Summary};

use super::archive::{Manifest, VERSION};
use super::{BackupError, DATA_ENTRY, MANIFEST_ENTRY, STORAGE};

/// Bytes of a manifest; it has far fewer.
const MANIFEST_BYTES_MAX: u64 = 64 << 10;
/// Bytes that are copied at once.
const PIECE: usize = 256 << 10;
/// What the database of the original is called in its backups.
const POCKETBASE_ENTRY: &str = "data.db";
/// The type of a file in its Unix mode, and which one is a link.
const TYPE_MASK: u32 = 0o170_000;
const LINK: u32 = 0o120_000;

type Archive = ZipArchive<BufReader<File>>;

/// Reads the archive `path` to its end and keeps nothing.
///
/// # Errors
/// [`BackupError`] when it cannot be restored.
pub fn verify(path: &Path) -> Result<Summary, BackupError> {
    read(path, None)
}

/// Makes a data folder `folder`, which must not exist, of the archive `path`, and checks it.
///
/// # Errors
/// [`BackupError`]; what was made until then stays for the caller to remove.
pub fn unpack(path: &Path, folder: &Path) -> Result<Summary, BackupError> {
    fs::create_dir(folder).map_err(BackupError::io(folder))?;
    let summary = read(path, Some(folder))?;
    let report = dump::check(folder, &mut ())?;
    // A file that was missing when the backup was made is no reason to keep everything else back.
    if report.damage() > report.missing_files {
        return Err(BackupError::Damaged(report.to_string()));
    }
    Ok(summary)
}

fn read(path: &Path, folder: Option<&Path>) -> Result<Summary, BackupError> {
    let file = File::open(path).map_err(BackupError::io(path))?;
    let mut archive = ZipArchive::new(BufReader::with_capacity(PIECE, file)).map_err(refused)?;
    let manifest = manifest(&mut archive)?;
    let data = archive.by_name(DATA_ENTRY).map_err(refused)?;
    let name = PathBuf::from(DATA_ENTRY);
    let summary = dump::import_data(BufReader::with_capacity(PIECE, data), &name, folder);
    let mut summary = summary.map_err(|error| match error {
        // Reading it fails when the archive is damaged; what is said about the dump stays as it is.
        DumpError::Io { path, source } if path == name => BackupError::Damaged(source.to_string()),
        error => error.into(),
    })?;
    let storage = folder.map(|folder| folder.join(STORAGE));
    if let Some(storage) = &storage {
        fs::create_dir_all(storage).map_err(BackupError::io(storage))?;
    }
    for number in 0..archive.len() {
        if let Some(bytes) = read_entry(&mut archive, number, storage.as_deref())? {
            summary.files += 1;
            summary.file_bytes += bytes;
        }
    }
    if (summary.files, summary.file_bytes) != (manifest.files, manifest.file_bytes) {
        return Err(BackupError::Damaged("files are missing in it".to_owned()));
    }
    summary.bytes = fs::metadata(path).map_err(BackupError::io(path))?.len();
    Ok(summary)
}

fn manifest(archive: &mut Archive) -> Result<Manifest, BackupError> {
    if archive.index_for_name(MANIFEST_ENTRY).is_none() {
        return Err(match archive.index_for_name(POCKETBASE_ENTRY) {
            Some(_) => BackupError::PocketBase,
            None => BackupError::NotABackup(format!("it has no {MANIFEST_ENTRY}")),
        });
    }
    let entry = archive.by_name(MANIFEST_ENTRY).map_err(refused)?;
    let mut text = Vec::new();
    let read = entry.take(MANIFEST_BYTES_MAX).read_to_end(&mut text);
    read.map_err(|error| BackupError::Damaged(error.to_string()))?;
    let manifest: Manifest = serde_json::from_slice(&text)
        .map_err(|error| BackupError::NotABackup(format!("{MANIFEST_ENTRY}: {error}")))?;
    match manifest.haversack_backup {
        VERSION => Ok(manifest),
        found => Err(BackupError::Version { found, known: VERSION }),
    }
}

/// Reads one entry and returns its length; `None` when it is no file below `storage/`.
fn read_entry(
    archive: &mut Archive,
    number: usize,
    storage: Option<&Path>,
) -> Result<Option<u64>, BackupError> {
    let mut entry = archive.by_index(number).map_err(refused)?;
    let name = entry.name().map_err(refused)?.into_owned();
    if name == DATA_ENTRY || name == MANIFEST_ENTRY {
        return Ok(None);
    }
    let strange = |what: &str| BackupError::NotABackup(format!("{name:?}: {what}"));
    let below = name.strip_prefix(STORAGE).and_then(|rest| rest.strip_prefix('/'));
    let below = below.ok_or_else(|| strange("nothing of that name belongs there"))?;
    if entry.unix_mode().is_some_and(|mode| mode & TYPE_MASK == LINK) {
        return Err(strange("links are not taken"));
    }
    if entry.is_dir() {
        return Ok(None);
    }
    let path = dump::place(storage.unwrap_or(Path::new(STORAGE)), below).map_err(strange)?;
    let mut out = None;
    if storage.is_some() {
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(BackupError::io(folder))?;
        out = Some(File::create_new(&path).map_err(BackupError::io(&path))?);
    }
    let (said, mut bytes) = (entry.size(), 0);
    let mut piece = vec![0; PIECE];
    loop {
        let read = entry.read(&mut piece);
        // The last read compares the checksum.
        let count = read.map_err(|error| BackupError::Damaged(format!("{name}: {error}")))?;
        bytes += count as u64;
        if bytes > said || count == 0 && bytes < said {
            return Err(BackupError::Damaged(format!("{name}: its length is wrong")));
        }
        if count == 0 {
            return Ok(Some(bytes));
        }
        if let Some(out) = &mut out {
            out.write_all(&piece[..count]).map_err(BackupError::io(&path))?;
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn refused(error: ZipError) -> BackupError {
    BackupError::NotABackup(error.to_string())
}

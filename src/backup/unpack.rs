//! Reading archives to their end, as a data folder or only to see whether they could be one.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{BufReader, Read, Write};
use std::path::{Path, PathBuf};

use zip::ZipArchive;

use crate::dump::{self, DumpError, Summary};
use crate::store::{Moment, Piece, Replay, Store, StoreOptions};

use super::hashed::{FilesDigest, Hashed};
use super::{
    About, BackupError, CHANGES_ENTRY, DATA_ENTRY, Local, MANIFEST_ENTRY, STORAGE, refused,
};

/// Bytes that are copied at once.
const PIECE: usize = 256 << 10;
/// Bytes of one piece of a history: more than any row has.
const HISTORY_PIECE_MAX: u64 = 1 << 30;
/// The type of a file in its Unix mode, and which one is a link.
const TYPE_MASK: u32 = 0o170_000;
const LINK: u32 = 0o120_000;

type Archive = ZipArchive<BufReader<File>>;

/// Makes a data folder of a whole chain of archives in the folder `scratch`, checks it, and removes it.
///
/// # Errors
/// [`BackupError`] when the chain cannot be restored.
pub fn verify(chain: &[Local], scratch: &Path, until: Moment) -> Result<Summary, BackupError> {
    fs::create_dir_all(scratch).map_err(BackupError::io(scratch))?;
    let folder = scratch.join(format!("verify-{:016x}", rand::random::<u64>()));
    let summary = unpack(chain, &folder, until);
    let removed = fs::remove_dir_all(&folder).map_err(BackupError::io(&folder));
    summary.and_then(|summary| removed.map(|()| summary))
}

/// Makes a data folder `folder`, which must not exist, of a whole chain of archives as it was at
/// `until`, and checks it.
///
/// # Errors
/// [`BackupError`]; what was made until then stays for the caller to remove.
pub fn unpack(chain: &[Local], folder: &Path, until: Moment) -> Result<Summary, BackupError> {
    fs::create_dir(folder).map_err(BackupError::io(folder))?;
    let Some((full, increments)) = chain.split_first() else {
        return Err(BackupError::Chain("there is no backup".to_owned()));
    };
    let mut summary = Reading::open(full)?.full(folder)?;
    if !increments.is_empty() {
        let (_, sequence) = full.about.history().unwrap_or_default();
        let mut replay = Replay::open(folder, sequence, until)?;
        for increment in increments {
            Reading::open(increment)?.increment(folder, &mut replay)?;
        }
        replay.finish()?;
        remove_unnamed(folder)?;
    }
    let report = dump::check(folder, &mut ())?;
    // A file that was missing when the backup was made is no reason to keep everything else back.
    if report.damage() > report.missing_files {
        return Err(BackupError::Damaged(report.to_string()));
    }
    if !increments.is_empty() {
        summary.collections =
            report.collections.iter().map(|(name, _, it)| (name.clone(), it.records)).collect();
        (summary.files, summary.file_bytes) = (0, 0);
        let storage = folder.join(STORAGE);
        dump::walk(&storage, &mut |below| {
            let path = storage.join(below);
            let len = fs::metadata(&path).map_err(|source| DumpError::Io { path, source })?.len();
            summary.files += 1;
            summary.file_bytes += len;
            Ok(())
        })?;
    }
    summary.bytes = 0;
    for local in chain {
        summary.bytes += fs::metadata(&local.path).map_err(BackupError::io(&local.path))?.len();
    }
    Ok(summary)
}

/// Removes files that are named at other moments only.
fn remove_unnamed(folder: &Path) -> Result<(), BackupError> {
    let store = Store::open(folder, StoreOptions::default())?;
    let (mut named, mut gone) = (HashSet::new(), Vec::new());
    dump::named_files(&store.snapshot(), folder, &mut |below| {
        named.insert(below.to_owned());
        Ok(())
    })?;
    store.close()?;
    let storage = folder.join(STORAGE);
    dump::walk(&storage, &mut |below| {
        if !named.contains(below) {
            gone.push(storage.join(below));
        }
        Ok(())
    })?;
    for path in gone {
        fs::remove_file(&path).map_err(BackupError::io(&path))?;
        // Folders go as long as nothing is left in them.
        let mut parent = path.parent();
        while let Some(folder) = parent.filter(|folder| *folder != storage) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
            parent = folder.parent();
        }
    }
    Ok(())
}

/// An archive that is being read.
struct Reading<'a> {
    archive: Archive,
    about: &'a About,
}

impl<'a> Reading<'a> {
    fn open(local: &'a Local) -> Result<Self, BackupError> {
        let file = File::open(&local.path).map_err(BackupError::io(&local.path))?;
        let archive = ZipArchive::new(BufReader::with_capacity(PIECE, file)).map_err(refused)?;
        Ok(Self { archive, about: &local.about })
    }

    /// Makes a data folder of a full backup.
    fn full(mut self, folder: &Path) -> Result<Summary, BackupError> {
        let data = self.archive.by_name(DATA_ENTRY).map_err(refused)?;
        let mut data = Hashed::new(data);
        let name = PathBuf::from(DATA_ENTRY);
        let input = BufReader::with_capacity(PIECE, &mut data);
        let summary = dump::import_data(input, &name, Some(folder));
        let mut summary = summary.map_err(|error| match error {
            // Reading it fails when the archive is damaged; what is said about the dump stays as it is.
            DumpError::Io { path, source } if path == name => {
                BackupError::Damaged(source.to_string())
            }
            error => error.into(),
        })?;
        let digest = data.hex();
        drop(data);
        self.expect_data(&digest)?;
        (summary.files, summary.file_bytes) = self.files(folder, false)?;
        Ok(summary)
    }

    /// Brings a data folder forward by an increment.
    fn increment(mut self, folder: &Path, replay: &mut Replay) -> Result<(), BackupError> {
        let spoilt = |error: std::io::Error| BackupError::Damaged(error.to_string());
        let mut data = Hashed::new(self.archive.by_name(CHANGES_ENTRY).map_err(refused)?);
        let mut is_over = false;
        loop {
            let mut head = [0; 16];
            if data.read(&mut head[..1]).map_err(spoilt)? == 0 {
                break;
            }
            data.read_exact(&mut head[1..]).map_err(spoilt)?;
            let (sequence, rest) = head.split_first_chunk().expect("16 bytes");
            let (number, len) = rest.split_first_chunk().expect("8 bytes");
            let len = u32::from_le_bytes(len.try_into().expect("4 bytes")).into();
            if len > HISTORY_PIECE_MAX {
                return Err(BackupError::Damaged(format!(
                    "a piece of {CHANGES_ENTRY} is too long"
                )));
            }
            let mut bytes = Vec::new();
            (&mut data).take(len).read_to_end(&mut bytes).map_err(spoilt)?;
            let (sequence, number) = (u64::from_le_bytes(*sequence), u32::from_le_bytes(*number));
            // What comes after the moment is read all the same, to know that it is sound.
            is_over = is_over || !replay.apply(&Piece { sequence, number, bytes })?;
        }
        let digest = data.hex();
        drop(data);
        self.expect_data(&digest)?;
        let end = self.about.history().map(|(_, sequence)| sequence);
        if !is_over && end != Some(replay.sequence()) {
            return Err(BackupError::Damaged("transactions are missing in it".to_owned()));
        }
        self.files(folder, true).map(drop)
    }

    fn expect_data(&self, digest: &str) -> Result<(), BackupError> {
        match self.about.more() {
            Some(more) if more.data_sha256 != digest => {
                Err(BackupError::Damaged("its data were changed after it was made".to_owned()))
            }
            _ => Ok(()),
        }
    }

    /// Unpacks the files, and returns their number and bytes. Some may take the place of others.
    fn files(&mut self, folder: &Path, may_replace: bool) -> Result<(u64, u64), BackupError> {
        let storage = folder.join(STORAGE);
        fs::create_dir_all(&storage).map_err(BackupError::io(&storage))?;
        let (mut files, mut file_bytes) = (0, 0);
        let (mut digest, mut seen) = (FilesDigest::new(), HashSet::new());
        for number in 0..self.archive.len() {
            let entry = self.entry(number, &storage, &mut digest, may_replace.then_some(&mut seen));
            if let Some(bytes) = entry? {
                files += 1;
                file_bytes += bytes;
            }
        }
        let manifest = &self.about.manifest;
        if (files, file_bytes) != (manifest.files, manifest.file_bytes) {
            return Err(BackupError::Damaged("files are missing in it".to_owned()));
        }
        match self.about.more() {
            Some(more) if more.files_sha256 != digest.hex() => {
                Err(BackupError::Damaged("its files were changed after it was made".to_owned()))
            }
            _ => Ok((files, file_bytes)),
        }
    }

    /// Unpacks one entry and returns its length; `None` when it is no file below `storage/`.
    fn entry(
        &mut self,
        number: usize,
        storage: &Path,
        digest: &mut FilesDigest,
        replaced: Option<&mut HashSet<PathBuf>>,
    ) -> Result<Option<u64>, BackupError> {
        let mut entry = self.archive.by_index(number).map_err(refused)?;
        let name = entry.name().map_err(refused)?.into_owned();
        if [DATA_ENTRY, CHANGES_ENTRY, MANIFEST_ENTRY].contains(&name.as_str()) {
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
        let path = dump::place(storage, below).map_err(strange)?;
        let parent = path.parent().unwrap_or(&path);
        fs::create_dir_all(parent).map_err(BackupError::io(parent))?;
        if let Some(replaced) = replaced
            && replaced.insert(path.clone())
            && path.is_file()
        {
            fs::remove_file(&path).map_err(BackupError::io(&path))?;
        }
        let mut out = Hashed::new(File::create_new(&path).map_err(BackupError::io(&path))?);
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
                digest.add(below, bytes, &out.digest());
                return Ok(Some(bytes));
            }
            out.write_all(&piece[..count]).map_err(BackupError::io(&path))?;
        }
    }
}

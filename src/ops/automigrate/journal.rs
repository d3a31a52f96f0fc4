//! The folder of migrations as the server writes it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::model::Timestamp;
use crate::ops::{Backend, Error, migrations};
use crate::store::Tx;

use super::seconds;

/// What a file that does not count yet ends in. It also begins with a dot.
const UNSETTLED: &str = ".js.new";
/// Bytes of what a file is called after its number.
const WHAT_MAX: usize = 120;
/// Digits of the seconds since 1970, which files begin with.
const DIGITS: usize = 10;

/// Where changes are written down.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
}

/// A file whose change is not committed yet.
#[derive(Debug)]
pub(super) struct Pending {
    unsettled: PathBuf,
    path: PathBuf,
}

impl Journal {
    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// A journal in `folder`, which is made when it is missing.
    pub fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// Writes a file, and the note that it was made into the transaction. The inner error says why
    /// there is no file; then there is no note either.
    pub(super) fn write(
        &self,
        tx: &mut Tx<'_>,
        what: &str,
        text: &str,
    ) -> Result<io::Result<Pending>, Error> {
        let name = self.next_name(tx, what)?;
        let put = self.put(&name, text);
        if put.is_ok() {
            migrations::note(tx, &name, Timestamp::now())?;
        }
        Ok(put)
    }

    /// A name that comes after all others: files are made in the order of their names, and there may
    /// be many changes in a second.
    fn next_name(&self, tx: &Tx<'_>, what: &str) -> Result<String, Error> {
        let noted = migrations::noted(tx)?;
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let files = entries.filter_map(|entry| entry.file_name().into_string().ok());
        let last = noted.into_iter().chain(files).filter_map(|name| number(&name)).max();
        let next = last.map_or(0, |last| last + 1).max(seconds());
        let what: String = what.chars().take(WHAT_MAX).collect();
        Ok(format!("{next}_{what}.js"))
    }

    fn put(&self, name: &str, text: &str) -> io::Result<Pending> {
        fs::create_dir_all(&self.folder)?;
        let pending = Pending {
            unsettled: self.folder.join(format!(".{name}.new")),
            path: self.folder.join(name),
        };
        let written = File::create(&pending.unsettled).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            // Folders can be synced on Unix only.
            if cfg!(unix) { File::open(&self.folder)?.sync_all() } else { Ok(()) }
        });
        match written {
            Ok(()) => Ok(pending),
            Err(error) => {
                pending.discard();
                Err(error)
            }
        }
    }
}

impl Pending {
    /// The file as it will be called.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The change is committed.
    pub(super) fn publish(self) {
        if let Err(error) = fs::rename(&self.unsettled, &self.path) {
            let path = self.path.display();
            tracing::error!(%error, %path, "a migration gets its name at the next start");
        }
    }

    /// The change is not made.
    pub(super) fn discard(self) {
        if let Err(error) = fs::remove_file(&self.unsettled)
            && error.kind() != io::ErrorKind::NotFound
        {
            let path = self.unsettled.display();
            tracing::warn!(%error, %path, "a file that does not count was not removed");
        }
    }
}

/// The number that the name of a file begins with.
fn number(name: &str) -> Option<u64> {
    let (digits, _) = name.split_once('_')?;
    (digits.len() == DIGITS).then(|| digits.parse().ok())?
}

/// Settles what a crash left in the folder of migrations: a file whose change is noted gets its
/// name, any other goes. To be called before the files are read. Fails only when the notes cannot be
/// read.
pub fn recover(backend: &Backend, folder: &Path) -> Result<(), Error> {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(hidden) = entry.file_name().into_string() else { continue };
        let name = hidden.strip_prefix('.').and_then(|name| name.strip_suffix(UNSETTLED));
        let Some(name) = name.map(|name| format!("{name}.js")) else { continue };
        let pending = Pending { unsettled: entry.path(), path: folder.join(&name) };
        if migrations::is_made(backend, &name)? { pending.publish() } else { pending.discard() }
    }
    Ok(())
}

//! Uploads that come in pieces, and survive restarts in between.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::disk::{ok_if_missing, sync_folder};
use super::location::is_plain;
use super::scratch::Scratch;
use super::{ContentType, HEAD_LEN};

/// The folder `uploads/`: a file per upload that is not part of a record yet. How much of it is there
/// says how much has come.
#[derive(Debug)]
pub struct Partials {
    folder: PathBuf,
    /// The ids of those that somebody writes.
    busy: Arc<Mutex<HashSet<String>>>,
}

/// The right to write or take an upload, which only one has at a time.
#[derive(Debug)]
pub struct Claim {
    id: String,
    busy: Arc<Mutex<HashSet<String>>>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        lock(&self.busy).remove(&self.id);
    }
}

impl Partials {
    pub(super) fn new(folder: PathBuf) -> Self {
        Self { folder, busy: Arc::default() }
    }

    /// The right to change the upload `id`; `None` while somebody else has it.
    pub fn claim(&self, id: &str) -> Option<Claim> {
        let is_free = lock(&self.busy).insert(id.to_owned());
        is_free.then(|| Claim { id: id.to_owned(), busy: Arc::clone(&self.busy) })
    }

    /// Begins an upload. The id is made by us and plain.
    pub fn create(&self, id: &str) -> io::Result<()> {
        if !self.folder.is_dir() {
            fs::create_dir_all(&self.folder)?;
        }
        File::create_new(self.path(id)?)?.sync_all()?;
        sync_folder(&self.folder)
    }

    /// How many bytes have come.
    pub fn len(&self, id: &str) -> io::Result<u64> {
        Ok(fs::metadata(self.path(id)?)?.len())
    }

    /// The file, to be written on at its end.
    pub fn append_to(&self, claim: &Claim) -> io::Result<File> {
        let mut file = File::options().read(true).write(true).open(self.path(&claim.id)?)?;
        file.seek(SeekFrom::End(0))?;
        Ok(file)
    }

    /// Adds a checked piece.
    pub fn append(&self, claim: &Claim, piece: &Scratch) -> io::Result<()> {
        let mut file = self.append_to(claim)?;
        io::copy(&mut piece.open()?, &mut file)?;
        file.sync_data()
    }

    /// A finished upload as a file that can be placed any number of times, with what it is.
    pub fn finished(&self, id: &str) -> io::Result<(Scratch, ContentType)> {
        let path = self.path(id)?;
        let mut head = Vec::with_capacity(HEAD_LEN);
        File::open(&path)?.take(HEAD_LEN as u64).read_to_end(&mut head)?;
        Ok((Scratch::kept(path), ContentType::sniff(&head)))
    }

    /// Removes an upload. What is missing already is fine.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        ok_if_missing(fs::remove_file(self.path(id)?))
    }

    /// The ids of all uploads.
    pub fn ids(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut ids = Vec::new();
        for entry in entries {
            ids.extend(entry?.file_name().into_string().ok());
        }
        Ok(ids)
    }

    fn path(&self, id: &str) -> io::Result<PathBuf> {
        if is_plain(id) { Ok(self.folder.join(id)) } else { Err(ErrorKind::NotFound.into()) }
    }
}

fn lock(busy: &Mutex<HashSet<String>>) -> MutexGuard<'_, HashSet<String>> {
    busy.lock().unwrap_or_else(PoisonError::into_inner)
}

//! A data folder as a dump.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::value::RawValue;

use crate::import::Progress;
use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::Collection;
use crate::store::{Snapshot, Store, StoreError, StoreOptions};

use super::error::DumpError;
use super::line::{
    Bytes, CHUNK_BYTES, CollectionLine, Counter, Entry, FileLine, Header, Line, Record, Records,
    VERSION,
};
use super::row_text::RowText;
use super::summary::Summary;
use super::writer::LineWriter;
use super::{STORAGE, STORE, files};

/// A name for a dump that is made now.
pub fn default_name() -> String {
    let now = Timestamp::now().to_string();
    let digits: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
    format!("haversack-{}-{}.ndjson", &digits[..8], &digits[8..])
}

/// Exports the data folder `data`, which no server may be using, to the file `path` as
/// [`export_file`] does.
///
/// # Errors
/// [`DumpError`]; what was begun is removed.
pub fn export_folder(
    data: &Path,
    path: &Path,
    force: bool,
    progress: &mut dyn Progress,
) -> Result<Summary, DumpError> {
    of_folder(data, progress, |snapshot, progress| {
        export_file(snapshot, data, path, force, progress, &|| false)
    })
}

/// Exports the data folder `data`, which no server may be using, to `out`.
///
/// # Errors
/// [`DumpError`]; what was written until then has no last line.
pub fn export_stream(
    data: &Path,
    out: &mut dyn Write,
    progress: &mut dyn Progress,
) -> Result<Summary, DumpError> {
    of_folder(data, progress, |snapshot, progress| {
        let writer = LineWriter::new(BufWriter::new(out), PathBuf::from("output"));
        let (_, summary) =
            export(snapshot, Some(&data.join(STORAGE)), writer, progress, &|| false)?;
        Ok(summary)
    })
}

/// Exports all of a snapshot but the files to `out`. Asks `is_stopped` often.
///
/// # Errors
/// [`DumpError`]; what was written until then has no last line.
pub fn export_data(
    snapshot: &Snapshot,
    out: &mut dyn Write,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Summary, DumpError> {
    let writer = LineWriter::new(BufWriter::new(out), PathBuf::from("output"));
    let (_, summary) = export(snapshot, None, writer, &mut (), is_stopped)?;
    Ok(summary)
}

fn of_folder(
    data: &Path,
    progress: &mut dyn Progress,
    export: impl FnOnce(&Snapshot, &mut dyn Progress) -> Result<Summary, DumpError>,
) -> Result<Summary, DumpError> {
    if !data.join(STORE).exists() {
        return Err(DumpError::NoData(data.to_owned()));
    }
    let store = Store::open(data, StoreOptions::default()).map_err(|error| match error {
        StoreError::Locked => DumpError::InUse(data.to_owned()),
        error => error.into(),
    })?;
    let result = export(&store.snapshot(), progress);
    progress.finish();
    store.close()?;
    result
}

/// Exports a snapshot of the store in the data folder `data` to the file `path`, which is there only
/// once it is complete and on disk. Only its owner can read it. Asks `is_stopped` often.
///
/// # Errors
/// [`DumpError`]; what was begun is removed.
pub fn export_file(
    snapshot: &Snapshot,
    data: &Path,
    path: &Path,
    force: bool,
    progress: &mut dyn Progress,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Summary, DumpError> {
    let path = std::path::absolute(path).map_err(DumpError::io(path))?;
    let path = path.as_path();
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(DumpError::io(path)(ErrorKind::IsADirectory.into()));
    };
    check_free(path, force)?;
    let storage = data.join(STORAGE);
    let resolved = folder.canonicalize().map_err(DumpError::io(folder))?;
    if storage.canonicalize().is_ok_and(|storage| resolved.starts_with(storage)) {
        return Err(DumpError::InsideStorage(path.to_owned()));
    }
    let name = format!(".{}.{}.part", name.to_string_lossy(), std::process::id());
    let part = Part::create(folder.join(name))?;
    let writer = LineWriter::new(BufWriter::new(&part.file), part.path.clone());
    let (out, summary) = export(snapshot, Some(&storage), writer, progress, is_stopped)?;
    drop(out);
    part.file.sync_all().map_err(DumpError::io(&part.path))?;
    check_free(path, force)?;
    part.publish(path)?;
    // Where folders cannot be opened as files, the system sees to it.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(summary)
}

fn check_free(path: &Path, force: bool) -> Result<(), DumpError> {
    match fs::symlink_metadata(path) {
        Ok(found) if !force || found.is_dir() => Err(DumpError::Exists(path.to_owned())),
        _ => Ok(()),
    }
}

/// A file that goes away unless it is published.
struct Part {
    file: File,
    path: PathBuf,
}

impl Part {
    fn create(path: PathBuf) -> Result<Self, DumpError> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        // It holds the hashes of passwords, and secrets.
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(DumpError::io(&path))?;
        Ok(Self { file, path })
    }

    fn publish(self, path: &Path) -> Result<(), DumpError> {
        fs::rename(&self.path, path).map_err(DumpError::io(path))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // It is gone once it is published.
        let _ = fs::remove_file(&self.path);
    }
}

/// Writes everything, and returns what it wrote to and what that was.
fn export<W: Write>(
    snapshot: &Snapshot,
    storage: Option<&Path>,
    writer: LineWriter<W>,
    progress: &mut dyn Progress,
    is_stopped: &dyn Fn() -> bool,
) -> Result<(W, Summary), DumpError> {
    let mut export = Export { writer, progress, is_stopped, summary: Summary::default() };
    export.line(&Line::HaversackDump(Header { version: VERSION }))?;
    export.definitions(snapshot)?;
    export.entries(snapshot)?;
    for collection in snapshot.catalog().all() {
        export.records(snapshot, collection)?;
    }
    if let Some(storage) = storage {
        files::walk(storage, &mut |below| export.file(storage, below))?;
    }
    let mut summary = export.summary;
    let (out, bytes) = export.writer.end(&summary)?;
    summary.bytes = bytes;
    Ok((out, summary))
}

struct Export<'a, W> {
    writer: LineWriter<W>,
    progress: &'a mut dyn Progress,
    is_stopped: &'a dyn Fn() -> bool,
    summary: Summary,
}

impl<W: Write> Export<'_, W> {
    fn line(&mut self, line: &Line<'_>) -> Result<(), DumpError> {
        if (self.is_stopped)() {
            return Err(DumpError::Stopped);
        }
        self.writer.line(line)
    }

    /// The counters and the definitions.
    fn definitions(&mut self, snapshot: &Snapshot) -> Result<(), DumpError> {
        for (name, value) in snapshot.counters()? {
            self.line(&Line::Counter(Counter { name: name.into(), value }))?;
        }
        for definition in snapshot.definitions()? {
            let stored: &RawValue = serde_json::from_str(&definition.json)
                .map_err(|error| DumpError::Damaged(format!("a definition: {error}")))?;
            self.line(&Line::Collection(CollectionLine { order: definition.order, stored }))?;
        }
        Ok(())
    }

    /// Settings and the like.
    fn entries(&mut self, snapshot: &Snapshot) -> Result<(), DumpError> {
        for tree in snapshot.plain_trees()? {
            let mut slice = snapshot.entries_after(&tree, None)?;
            while let Some((last, _)) = slice.last() {
                for (key, value) in &slice {
                    let tree = tree.as_str().into();
                    let entry = Entry { tree, key: as_bytes(key), value: as_bytes(value) };
                    self.line(&Line::Entry(entry))?;
                    self.summary.entries += 1;
                }
                slice = snapshot.entries_after(&tree, Some(last))?;
            }
        }
        Ok(())
    }

    fn records(&mut self, snapshot: &Snapshot, collection: &Collection) -> Result<(), DumpError> {
        let count = snapshot.count(collection)?;
        self.progress.collection(&collection.name, count);
        let id = collection.id.as_str();
        self.line(&Line::Records(Records { collection: id.into(), count }))?;
        let shape = RowText::new(collection);
        let mut slice = snapshot.rows_after(collection, None)?;
        while let Some((last, _)) = slice.last() {
            for (rowid, row) in &slice {
                let row = row.as_row();
                if !row.check() {
                    let place = format!("row {} of {}", rowid.0, collection.name);
                    return Err(DumpError::Damaged(format!("{place} cannot be read")));
                }
                let text = shape.write(row);
                let values = text.as_deref().map(serde_json::from_str::<&RawValue>);
                let values = values.and_then(Result::ok);
                let whole = values.is_none().then(|| STANDARD.encode(row.bytes()).into());
                let slots = row.slot_count();
                let slots = (values.is_some() && slots != shape.slots()).then_some(slots);
                self.line(&Line::Record(Record { rowid: rowid.0, slots, values, row: whole }))?;
                self.progress.record();
            }
            slice = snapshot.rows_after(collection, Some(*last))?;
        }
        self.summary.collections.push((collection.name.clone(), count));
        Ok(())
    }

    fn file(&mut self, storage: &Path, below: &str) -> Result<(), DumpError> {
        let path = storage.join(below);
        let failed = || DumpError::io(&path);
        let file = match File::open(&path) {
            // A server may have removed it meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            file => file.map_err(failed())?,
        };
        let size = file.metadata().map_err(failed())?.len();
        self.line(&Line::File(FileLine { path: below.into(), size }))?;
        let (mut reader, mut left) = (file.take(size), size);
        let mut chunk = vec![0; CHUNK_BYTES];
        while left > 0 {
            let part = &mut chunk[..CHUNK_BYTES.min(usize::try_from(left).unwrap_or(CHUNK_BYTES))];
            reader.read_exact(part).map_err(failed())?;
            self.line(&Line::Chunk(STANDARD.encode(&*part).into()))?;
            left -= part.len() as u64;
        }
        self.progress.file(size);
        self.summary.files += 1;
        self.summary.file_bytes += size;
        Ok(())
    }
}

fn as_bytes(bytes: &[u8]) -> Bytes<'_> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Bytes::Text(text.into()),
        Err(_) => Bytes::Base64(STANDARD.encode(bytes).into()),
    }
}

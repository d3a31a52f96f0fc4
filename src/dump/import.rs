//! A dump as a data folder.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::import::Progress;
use crate::import::staging::{Staging, check_target};
use crate::model::{RowBuf, RowId};
use crate::schema::Collection;
use crate::store::{Definition, Store, StoreError, StoreOptions, Tx, WriteError};

use super::error::DumpError;
use super::line::{Bytes, Entry, FileLine, Line, Record, Records};
use super::reader::LineReader;
use super::row_text::RowText;
use super::summary::Summary;
use super::{STORAGE, files};

/// What goes into one transaction at most: rows, and bytes of everything.
const BATCH_LEN: usize = 2000;
const BATCH_BYTES: usize = 8 * 1024 * 1024;

/// What to import, and where to.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The dump; `-` is the standard input.
    pub source: PathBuf,
    /// The data folder to make. It may exist as long as it holds no collections and no files.
    pub data: PathBuf,
    /// Read and check everything, keep nothing. Conflicts between records go unnoticed.
    pub dry_run: bool,
}

/// Makes a data folder of a dump: the one it was made of, but for the log of changes. Memory use
/// depends on the largest record, not on how many there are.
///
/// # Errors
/// [`DumpError`], after which the target is as it was before.
pub fn import(options: &ImportOptions, progress: &mut dyn Progress) -> Result<Summary, DumpError> {
    let path = &options.source;
    let result = if path.as_os_str() == "-" {
        let input = std::io::stdin().lock();
        read_all(input, PathBuf::from("standard input"), options, progress)
    } else {
        let file = File::open(path).map_err(DumpError::io(path))?;
        let input = BufReader::with_capacity(256 * 1024, file);
        read_all(input, path.clone(), options, progress)
    };
    progress.finish();
    result
}

/// Reads a dump from `input`, which errors call `name`, and makes a store of it in the folder
/// `folder`, which is to be empty; without one, everything is only checked.
///
/// # Errors
/// [`DumpError`]; what was made until then stays.
pub fn import_data(
    input: impl BufRead,
    name: &Path,
    folder: Option<&Path>,
) -> Result<Summary, DumpError> {
    let mut reader = LineReader::new(input, name.to_owned())?;
    let Some(folder) = folder else { return Import::new(None).run(&mut reader, &mut ()) };
    let store = Store::open(folder, StoreOptions::default())?;
    let target = Target { store: store.clone(), storage: folder.join(STORAGE) };
    let summary = Import::new(Some(target)).run(&mut reader, &mut ())?;
    store.close()?;
    Ok(summary)
}

fn read_all(
    input: impl BufRead,
    path: PathBuf,
    options: &ImportOptions,
    progress: &mut dyn Progress,
) -> Result<Summary, DumpError> {
    let mut reader = LineReader::new(input, path)?;
    check_target(&options.data)?;
    if options.dry_run {
        return Import::new(None).run(&mut reader, progress);
    }
    // Made first, hence dropped last: whatever is open inside is closed by then.
    let staging = Staging::within(&options.data)?;
    let store = Store::open(&staging.store(), StoreOptions::default())?;
    let target = Target { store: store.clone(), storage: staging.storage() };
    let summary = Import::new(Some(target)).run(&mut reader, progress)?;
    store.close()?;
    drop(store);
    staging.publish()?;
    Ok(summary)
}

/// Where everything goes.
struct Target {
    store: Store,
    storage: PathBuf,
}

/// One piece for the store.
enum Piece {
    Entry(String, Vec<u8>, Vec<u8>),
    Row(Arc<Collection>, RowId, RowBuf),
}

impl Piece {
    fn len_bytes(&self) -> usize {
        match self {
            Self::Entry(_, key, value) => key.len() + value.len(),
            Self::Row(_, _, row) => row.as_bytes().len(),
        }
    }

    fn put(&self, tx: &mut Tx<'_>) -> Result<(), WriteError> {
        match self {
            Self::Entry(tree, key, value) => tx.restore_entry(tree, key, value),
            Self::Row(collection, rowid, row) => tx.restore_row(collection, *rowid, row),
        }
    }
}

/// Lines of later stages do not come before those of earlier ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Counters,
    Definitions,
    Entries,
    Records,
    Files,
    End,
}

/// What the line before said that would follow.
enum Open {
    Nothing,
    Records { collection: Arc<Collection>, shape: RowText, left: u64, last: Option<RowId> },
    File { out: Option<BufWriter<File>>, path: PathBuf, left: u64 },
}

/// An import under way.
struct Import {
    target: Option<Target>,
    stage: Stage,
    /// The line that is being dealt with.
    number: u64,
    open: Open,
    summary: Summary,
    counters: Vec<(String, u64)>,
    definitions: Vec<Definition>,
    collections: Vec<Arc<Collection>>,
    batch: Vec<Piece>,
    batch_bytes: usize,
    /// The answer to the batch that is being written while the next one is read.
    written: Option<Receiver<Result<(), WriteError>>>,
}

impl Import {
    fn new(target: Option<Target>) -> Self {
        Self {
            target,
            stage: Stage::Counters,
            number: 1,
            open: Open::Nothing,
            summary: Summary::default(),
            counters: Vec::new(),
            definitions: Vec::new(),
            collections: Vec::new(),
            batch: Vec::new(),
            batch_bytes: 0,
            written: None,
        }
    }

    fn run<R: BufRead>(
        mut self,
        reader: &mut LineReader<R>,
        progress: &mut dyn Progress,
    ) -> Result<Summary, DumpError> {
        let end = loop {
            let line = reader.next()?;
            self.number += 1;
            match line {
                Line::HaversackDump(_) => return Err(self.fault("a dump begins in a dump")),
                Line::Counter(counter) => {
                    self.enter(Stage::Counters)?;
                    self.counters.push((counter.name.into_owned(), counter.value));
                }
                Line::Collection(line) => {
                    self.enter(Stage::Definitions)?;
                    self.define(Definition { order: line.order, json: line.stored.get().into() })?;
                }
                Line::Entry(Entry { tree, key, value }) => {
                    self.enter(Stage::Entries)?;
                    let (key, value) = (self.unpack(&key)?, self.unpack(&value)?);
                    self.summary.entries += 1;
                    self.add(Piece::Entry(tree.into_owned(), key, value))?;
                }
                Line::Records(Records { collection, count }) => {
                    self.enter(Stage::Records)?;
                    self.open_records(&collection, count)?;
                    let (name, _) = self.summary.collections.last().expect("it was added now");
                    progress.collection(name, count);
                }
                Line::Record(record) => {
                    self.record(&record)?;
                    progress.record();
                }
                Line::File(FileLine { path, size }) => {
                    self.enter(Stage::Files)?;
                    self.open_file(&path, size)?;
                    progress.file(size);
                }
                Line::Chunk(chunk) => self.chunk(&chunk)?,
                Line::End(end) => break end,
            }
        };
        self.enter(Stage::End)?;
        if self.summary.collections.len() != self.collections.len() {
            return Err(self.fault("the records of a collection are missing"));
        }
        reader.check_end(&end, |sha256| self.summary.end(sha256))?;
        self.submit()?;
        self.wait()?;
        self.summary.bytes = reader.bytes;
        Ok(self.summary)
    }

    fn fault(&self, what: impl Into<String>) -> DumpError {
        DumpError::Line { number: self.number, what: what.into() }
    }

    /// Closes what is open and goes on to `stage`.
    fn enter(&mut self, stage: Stage) -> Result<(), DumpError> {
        match std::mem::replace(&mut self.open, Open::Nothing) {
            Open::Records { left: 1.., .. } => return Err(self.fault("records are missing")),
            Open::File { left: 1.., .. } => return Err(self.fault("a piece of a file is missing")),
            Open::File { out: Some(mut out), path, .. } => {
                out.flush().map_err(DumpError::io(&path))?;
            }
            Open::File { .. } | Open::Records { .. } | Open::Nothing => {}
        }
        if stage < self.stage {
            return Err(self.fault("the line is not in its place"));
        }
        if self.stage < Stage::Entries && stage >= Stage::Entries {
            self.write_definitions()?;
        }
        self.stage = stage;
        Ok(())
    }

    fn define(&mut self, definition: Definition) -> Result<(), DumpError> {
        let collection = definition.collection().map_err(|what| self.fault(what))?;
        self.collections.push(Arc::new(collection));
        self.definitions.push(definition);
        Ok(())
    }

    /// Makes the collections and sets the counters, which making collections moves.
    fn write_definitions(&mut self) -> Result<(), DumpError> {
        let definitions = std::mem::take(&mut self.definitions);
        let counters = std::mem::take(&mut self.counters);
        let Some(target) = &self.target else {
            return Ok(());
        };
        let written = target.store.write(move |tx| {
            for definition in &definitions {
                tx.restore_definition(definition)?;
            }
            counters.iter().try_for_each(|(name, value)| tx.restore_counter(name, *value))
        });
        written.map_err(refused)
    }

    fn unpack(&self, bytes: &Bytes<'_>) -> Result<Vec<u8>, DumpError> {
        match bytes {
            Bytes::Text(text) => Ok(text.as_bytes().to_vec()),
            Bytes::Base64(text) => self.decode(text),
        }
    }

    fn decode(&self, text: &str) -> Result<Vec<u8>, DumpError> {
        STANDARD.decode(text).map_err(|error| self.fault(format!("no base64: {error}")))
    }

    fn open_records(&mut self, id: &str, count: u64) -> Result<(), DumpError> {
        let next = self.collections.get(self.summary.collections.len());
        let Some(collection) = next.filter(|next| next.id.as_str() == id).cloned() else {
            return Err(self.fault(format!("the records of {id:?} are not in their place")));
        };
        self.summary.collections.push((collection.name.clone(), count));
        let shape = RowText::new(&collection);
        self.open = Open::Records { collection, shape, left: count, last: None };
        Ok(())
    }

    fn record(&mut self, record: &Record<'_>) -> Result<(), DumpError> {
        let number = self.number;
        let fault = |what: String| DumpError::Line { number, what };
        let whole = record.row.as_deref().map(|row| self.decode(row)).transpose()?;
        let Open::Records { collection, shape, left: left @ 1.., last } = &mut self.open else {
            return Err(self.fault("a record too many"));
        };
        let row = match (record.values, whole) {
            (Some(values), None) => {
                let slots = record.slots.unwrap_or_else(|| shape.slots());
                shape.read(values.get(), slots).map_err(fault)?
            }
            (None, Some(row)) => RowBuf::from_bytes(row),
            _ => return Err(self.fault("a record has either values or a row")),
        };
        let rowid = RowId(record.rowid);
        if !row.as_row().check() || row.as_row().id().is_empty() {
            return Err(fault("the row cannot be read".to_owned()));
        }
        if last.is_some_and(|last| last >= rowid) {
            return Err(fault("the records are not in order".to_owned()));
        }
        *left -= 1;
        *last = Some(rowid);
        let piece = Piece::Row(Arc::clone(collection), rowid, row);
        self.add(piece)
    }

    fn open_file(&mut self, below: &str, left: u64) -> Result<(), DumpError> {
        let storage = self.target.as_ref().map_or(Path::new(""), |target| &target.storage);
        let path = files::place(storage, below).map_err(|what| self.fault(what))?;
        let out = match &self.target {
            Some(_) => Some(BufWriter::new(files::create(&path).map_err(DumpError::io(&path))?)),
            None => None,
        };
        self.summary.files += 1;
        self.summary.file_bytes = self.summary.file_bytes.saturating_add(left);
        self.open = Open::File { out, path, left };
        Ok(())
    }

    fn chunk(&mut self, chunk: &str) -> Result<(), DumpError> {
        let chunk = self.decode(chunk)?;
        let Open::File { out, path, left } = &mut self.open else {
            return Err(self.fault("a piece of no file"));
        };
        let Some(rest) = left.checked_sub(chunk.len() as u64) else {
            return Err(self.fault("the file is longer than it should be"));
        };
        *left = rest;
        if let Some(out) = out {
            out.write_all(&chunk).map_err(DumpError::io(path))?;
        }
        Ok(())
    }

    fn add(&mut self, piece: Piece) -> Result<(), DumpError> {
        if self.target.is_none() {
            return Ok(());
        }
        self.batch_bytes += piece.len_bytes();
        self.batch.push(piece);
        if self.batch.len() >= BATCH_LEN || self.batch_bytes >= BATCH_BYTES {
            self.submit()?;
        }
        Ok(())
    }

    fn submit(&mut self) -> Result<(), DumpError> {
        self.wait()?;
        let Some(target) = self.target.as_ref().filter(|_| !self.batch.is_empty()) else {
            return Ok(());
        };
        self.batch_bytes = 0;
        let batch = std::mem::take(&mut self.batch);
        let (answer, answered) = sync_channel(1);
        target.store.submit(
            move |tx| batch.iter().try_for_each(|piece| piece.put(tx)),
            // An import that failed meanwhile does not wait for this.
            move |result| drop(answer.send(result)),
        );
        self.written = Some(answered);
        Ok(())
    }

    /// Waits for the batch that is being written.
    fn wait(&mut self) -> Result<(), DumpError> {
        let Some(written) = self.written.take() else {
            return Ok(());
        };
        written.recv().map_err(|_| StoreError::Closed)?.map_err(refused)
    }
}

/// What the store does not take is the fault of the dump, unless the store itself failed.
fn refused(error: WriteError) -> DumpError {
    match error {
        WriteError::Store(StoreError::Damaged(what)) => DumpError::Content(what),
        WriteError::Read(error) => match StoreError::from(error) {
            StoreError::Damaged(what) => DumpError::Content(what),
            error => error.into(),
        },
        WriteError::Store(error) => error.into(),
        error => DumpError::Content(error.to_string()),
    }
}

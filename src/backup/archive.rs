//! Making an archive.
//!
//! It is a zip file with the data, the files at `storage/<collection>/<record>/<name>`, and
//! `manifest.json`, which comes last and says what there is. The data of a full backup are
//! `data.ndjson`, the dump without files ([`crate::dump::line`]). Those of an increment are
//! `changes.bin`: the history of the store ([`crate::store::Piece`]) since what it builds on, per
//! piece u64 sequence, u32 number and u32 length, little endian, and its bytes; and its files are those
//! that no archive before it has.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::dump::{self, DumpError, Owner};
use crate::files::{self, Bucket};
use crate::model::Timestamp;
use crate::store::Snapshot;

use super::chain::Link;
use super::hashed::{FilesDigest, Hashed};
use super::manifest::{Base, Manifest, More, Place, VERSION};
use super::{BackupError, CHANGES_ENTRY, DATA_ENTRY, MANIFEST_ENTRY, STORAGE};

/// Deflate at its quickest: most of the size is in files that are packed already.
const LEVEL: i64 = 1;
/// Bytes after which what was written goes to disk.
const SYNC_EVERY: usize = 8 << 20;
/// Bytes that are copied at once.
const PIECE: usize = 256 << 10;

/// An archive that is complete and on disk, and goes away with this value unless it was moved.
#[derive(Debug)]
pub struct Made {
    path: PathBuf,
    /// What is in it.
    pub summary: String,
}

impl Made {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        // It may have been moved to its place; what cannot be removed goes at the next start.
        let _ = fs::remove_file(&self.path);
    }
}

/// What an increment builds on.
#[derive(Debug)]
pub struct Ground {
    base: Base,
    at: Timestamp,
    /// The length of each file that the archives so far have, by path below `storage/`.
    files: HashMap<String, u64>,
}

impl Ground {
    /// What an increment on the last of these links, which are a whole chain, builds on. `files` are
    /// those of all their archives, by path below `storage/` and with their lengths.
    ///
    /// # Errors
    /// [`BackupError::NoBase`] when no history was kept at that time.
    pub fn new(chain: &[Link], files: HashMap<String, u64>) -> Result<Self, BackupError> {
        let found = chain.last().and_then(|link| {
            let (_, sequence) = link.about.history()?;
            let (name, sha256) = (link.key.clone(), link.about.sha256.clone());
            Some((Base { name, sha256, sequence }, link.about.last_at()?))
        });
        let Some((base, at)) = found else {
            return Err(BackupError::NoBase("no history was kept when it was made".to_owned()));
        };
        Ok(Self { base, at, files })
    }
}

/// Writes what `snapshot` holds, and the files of the data folder `data` and of `bucket` that it names,
/// to a new file, which only its owner can read. With a `ground`, only what came after that. Files
/// must not be removed meanwhile. Asks `is_stopped` often.
///
/// # Errors
/// [`BackupError`]; what was begun is removed. [`BackupError::NoBase`] when the history of the snapshot
/// does not reach back to the ground.
pub fn write(
    snapshot: &Snapshot,
    at: Timestamp,
    data: &Path,
    bucket: Option<&Arc<Bucket>>,
    ground: Option<Ground>,
    is_stopped: &(dyn Fn() -> bool + Sync),
) -> Result<Made, BackupError> {
    let scratch = data.join("tmp");
    fs::create_dir_all(&scratch).map_err(BackupError::io(&scratch))?;
    // What a crash leaves there is removed at the next start.
    let path = scratch.join(format!("backup-{:016x}.part", rand::random::<u64>()));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    // It holds the hashes of passwords, and secrets.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).map_err(BackupError::io(&path))?;
    let mut made = Made { path, summary: String::new() };
    let paced = Paced { file: &file, unsynced: 0 };
    let zip = ZipWriter::new(io::BufWriter::with_capacity(PIECE, paced));
    let writing = Writing {
        zip,
        data,
        path: &made.path,
        is_stopped,
        digest: FilesDigest::new(),
        known: HashMap::new(),
        files: 0,
        file_bytes: 0,
    };
    let summary = aside(move || writing.all(snapshot, at, bucket, ground))?;
    file.sync_all().map_err(BackupError::io(&made.path))?;
    made.summary = summary;
    Ok(made)
}

/// Runs `work` on a thread that lets everybody else go first: packing takes a core for as long as it
/// lasts.
fn aside<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    let work = move || {
        // On Linux a thread has a priority of its own; elsewhere the system has to share fairly.
        #[cfg(target_os = "linux")]
        {
            const NICE: i32 = 10;
            // Being refused costs only the courtesy.
            let _ = rustix::process::setpriority_process(None, NICE);
        }
        work()
    };
    let done = std::thread::scope(|scope| scope.spawn(work).join());
    done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// A file that goes to disk bit by bit: a heap of it at once would hold up whoever syncs meanwhile.
struct Paced<'a> {
    file: &'a File,
    unsynced: usize,
}

impl Write for Paced<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let count = self.file.write(buffer)?;
        self.unsynced += count;
        if self.unsynced >= SYNC_EVERY {
            self.unsynced = 0;
            self.file.sync_data()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for Paced<'_> {
    fn seek(&mut self, to: io::SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

/// What is shown each path of a walk.
type Visit<'v> = dyn FnMut(&str) -> Result<(), DumpError> + 'v;

struct Writing<'a, W: Write + Seek> {
    zip: ZipWriter<W>,
    data: &'a Path,
    path: &'a Path,
    is_stopped: &'a (dyn Fn() -> bool + Sync),
    digest: FilesDigest,
    /// The length of each file that is in this archive or in those before it.
    known: HashMap<String, u64>,
    files: u64,
    file_bytes: u64,
}

impl<W: Write + Seek> Writing<'_, W> {
    fn all(
        mut self,
        snapshot: &Snapshot,
        at: Timestamp,
        bucket: Option<&Arc<Bucket>>,
        ground: Option<Ground>,
    ) -> Result<String, BackupError> {
        let history = place(snapshot)?;
        let (data_sha256, what) = match &ground {
            None => self.dump(snapshot)?,
            Some(ground) => self.changes(snapshot, ground)?,
        };
        let base = ground.map(|ground| {
            self.known = ground.files;
            (ground.base, ground.at)
        });
        let data = self.data;
        let storage = data.join(STORAGE);
        self.walk(
            &mut |writing, visit| dump::named_files(snapshot, writing, visit),
            &mut |this, below| {
                let path = storage.join(below);
                let len = fs::metadata(&path).map_err(BackupError::io(&path))?.len();
                if this.known.get(below) == Some(&len) {
                    Ok(())
                } else {
                    this.add_file(&path, below)
                }
            },
        )?;
        if let Some(bucket) = bucket {
            self.add_objects(bucket, snapshot)?;
        }
        // Those that came and went between are named at moments between.
        let since = base.as_ref().map(|(_, at)| *at);
        for folder in since
            .map_or_else(|| Ok(Vec::new()), |since| files::removed_since(data, since))
            .map_err(BackupError::io(data))?
        {
            self.walk(&mut |_, visit| dump::walk(&folder, visit), &mut |this, below| {
                if this.known.contains_key(below) {
                    return Ok(());
                }
                this.add_file(&folder.join(below), below)
            })?;
        }
        let more = More {
            at: at.to_string(),
            change: snapshot.last_change(),
            data_sha256,
            files_sha256: std::mem::replace(&mut self.digest, FilesDigest::new()).hex(),
            history,
            base: base.map(|(base, _)| base),
        };
        let (files, file_bytes) = (self.files, self.file_bytes);
        let manifest = Manifest { haversack_backup: VERSION, files, file_bytes, more: Some(more) };
        let text = serde_json::to_vec(&manifest).expect("a manifest has only string keys");
        let path = self.path;
        self.zip.start_file(MANIFEST_ENTRY, options()).map_err(BackupError::zip(path))?;
        self.zip.write_all(&text).map_err(BackupError::io(path))?;
        let mut out = self.zip.finish().map_err(BackupError::zip(path))?;
        out.flush().map_err(BackupError::io(path))?;
        let bytes = out.stream_position().map_err(BackupError::io(path))?;
        Ok(format!("{what}, {files} files of {file_bytes} bytes; the backup has {bytes} bytes"))
    }

    /// Writes everything; returns the digest of that and what it was.
    fn dump(&mut self, snapshot: &Snapshot) -> Result<(String, String), BackupError> {
        self.zip.start_file(DATA_ENTRY, options()).map_err(BackupError::zip(self.path))?;
        let mut out = Hashed::new(&mut self.zip);
        let summary = dump::export_data(snapshot, &mut out, self.is_stopped)?;
        let what =
            format!("{} collections, {} records", summary.collections.len(), summary.records());
        Ok((out.hex(), what))
    }

    /// Writes what happened since; returns the digest of that and what it was.
    fn changes(
        &mut self,
        snapshot: &Snapshot,
        ground: &Ground,
    ) -> Result<(String, String), BackupError> {
        let first = ground.base.sequence;
        if !snapshot.history_reaches(first).map_err(DumpError::from)? {
            let what = "what happened since then is not known any more";
            return Err(BackupError::NoBase(what.to_owned()));
        }
        let path = self.path;
        self.zip.start_file(CHANGES_ENTRY, options()).map_err(BackupError::zip(path))?;
        let mut out = Hashed::new(&mut self.zip);
        let (mut sequence, mut number) = (first, u32::MAX);
        loop {
            let pieces = snapshot.history_after(sequence, number).map_err(DumpError::from)?;
            let Some(last) = pieces.last() else { break };
            (sequence, number) = (last.sequence, last.number);
            for piece in &pieces {
                if (self.is_stopped)() {
                    return Err(DumpError::Stopped.into());
                }
                let mut head = [0; 16];
                head[..8].copy_from_slice(&piece.sequence.to_le_bytes());
                head[8..12].copy_from_slice(&piece.number.to_le_bytes());
                let len = u32::try_from(piece.bytes.len()).map_err(|_| DumpError::TooLong)?;
                head[12..].copy_from_slice(&len.to_le_bytes());
                out.write_all(&head).map_err(BackupError::io(path))?;
                out.write_all(&piece.bytes).map_err(BackupError::io(path))?;
            }
        }
        Ok((out.hex(), format!("{} transactions", sequence - first)))
    }

    /// Shows `visit` each path that `walk` comes to.
    fn walk(
        &mut self,
        walk: &mut dyn FnMut(&Path, &mut Visit<'_>) -> Result<(), DumpError>,
        visit: &mut dyn FnMut(&mut Self, &str) -> Result<(), BackupError>,
    ) -> Result<(), BackupError> {
        let mut failed = None;
        let walked = walk(self.data, &mut |below| {
            if (self.is_stopped)() {
                return Err(DumpError::Stopped);
            }
            visit(self, below).map_err(|error| {
                failed = Some(error);
                DumpError::Stopped
            })
        });
        failed.map_or_else(|| walked.map_err(BackupError::from), Err)
    }

    /// Adds the files of a bucket that the snapshot names, one after the other, as they come.
    fn add_objects(
        &mut self,
        bucket: &Arc<Bucket>,
        snapshot: &Snapshot,
    ) -> Result<(), BackupError> {
        let mut owner = Owner::default();
        let mut failed = None;
        let listed = bucket.list("", &mut |object| {
            let below = &object.key;
            let mut add = || {
                if (self.is_stopped)() {
                    return Err(DumpError::Stopped.into());
                }
                if self.known.contains_key(below) || !owner.names(snapshot, below)? {
                    return Ok(());
                }
                let opened = bucket.open(below).map_err(BackupError::io(Path::new(below)))?;
                self.add(opened.content, Path::new(below), below)
            };
            add().map_err(|error| {
                failed = Some(error);
                io::ErrorKind::Other.into()
            })
        });
        match failed {
            Some(error) => Err(error),
            None => listed.map_err(BackupError::io(Path::new("the bucket of files"))),
        }
    }

    fn add_file(&mut self, path: &Path, below: &str) -> Result<(), BackupError> {
        let file = File::open(path).map_err(BackupError::io(path))?;
        self.add(file, path, below)
    }

    /// Adds what `content` has, which is that of `path`.
    fn add(&mut self, content: impl Read, path: &Path, below: &str) -> Result<(), BackupError> {
        let mut content = Hashed::new(content);
        let name = format!("{STORAGE}/{below}");
        self.zip.start_file(name, options()).map_err(BackupError::zip(self.path))?;
        let mut piece = vec![0; PIECE];
        let mut bytes = 0;
        loop {
            let count = content.read(&mut piece).map_err(BackupError::io(path))?;
            if count == 0 {
                break;
            }
            self.zip.write_all(&piece[..count]).map_err(BackupError::io(self.path))?;
            bytes += count as u64;
        }
        self.digest.add(below, bytes, &content.digest());
        self.known.insert(below.to_owned(), bytes);
        self.files += 1;
        self.file_bytes += bytes;
        Ok(())
    }
}

/// How far the history of a snapshot goes.
fn place(snapshot: &Snapshot) -> Result<Option<Place>, BackupError> {
    let Some(recording) = snapshot.recording() else { return Ok(None) };
    let at = snapshot.last_recorded_at().map_err(DumpError::from)?;
    Ok(Some(Place {
        epoch: format!("{:016x}", recording.epoch),
        sequence: recording.sequence,
        at: at.map(|at| at.to_string()),
    }))
}

fn options() -> SimpleFileOptions {
    SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(LEVEL))
        .large_file(true)
}

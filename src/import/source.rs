//! The source: a `PocketBase` data folder, opened so that nothing in it changes.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};

use super::error::ImportError;
use super::summary::Summary;

/// A `PocketBase` data folder.
#[derive(Debug)]
pub(super) struct Source {
    folder: PathBuf,
    connection: Connection,
    state: Vec<Option<(u64, SystemTime)>>,
}

/// Refuses what is no folder with a database in it.
pub(super) fn check_folder(folder: &Path) -> Result<(), ImportError> {
    if folder.join("data.db").is_file() {
        return Ok(());
    }
    Err(not_pocketbase(folder, "there is no data.db in it"))
}

impl Source {
    /// Opens the database in `folder`. When committed rows may still be in a log beside it, a copy
    /// is made in the new folder `copy` and opened there, for `SQLite` would write to the original.
    pub(super) fn open(folder: &Path, copy: &Path) -> Result<Self, ImportError> {
        let database = folder.join("data.db");
        let state = state(folder);
        if is_locked(folder) {
            return Err(ImportError::SourceInUse(folder.to_owned()));
        }
        let has_log = |log: &str| fs::metadata(folder.join(log)).is_ok_and(|log| log.len() > 0);
        let connection = if LOGS.into_iter().any(has_log) {
            fs::create_dir_all(copy).map_err(ImportError::io(copy))?;
            for name in ["data.db"].into_iter().chain(LOGS) {
                let (from, to) = (folder.join(name), copy.join(name));
                if from.exists() {
                    fs::copy(&from, &to).map_err(ImportError::io(&from))?;
                    make_writable(&to)?;
                }
            }
            Connection::open(copy.join("data.db"))?
        } else {
            open_unchanging(&database)?
        };
        let source = Self { folder: folder.to_owned(), connection, state };
        source.check_unchanged()?;
        source.check_generation()?;
        Ok(source)
    }

    /// The database.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The folder of uploads, which may be missing.
    pub(super) fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }

    /// Whether the database has a table called `name`.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, ImportError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1)";
        Ok(self.connection.query_row(sql, [name], |row| row.get(0))?)
    }

    /// The columns of a table, in lower case; none when there is no such table.
    pub(super) fn columns(&self, table: &str) -> Result<HashSet<String>, ImportError> {
        let mut statement =
            self.connection.prepare("SELECT lower(name) FROM pragma_table_info(?1)")?;
        let names = statement.query_map([table], |row| row.get(0))?;
        Ok(names.collect::<Result<_, _>>()?)
    }

    /// Refuses a source that was written to since it was opened.
    pub(super) fn check_unchanged(&self) -> Result<(), ImportError> {
        if state(&self.folder) == self.state {
            Ok(())
        } else {
            Err(ImportError::SourceInUse(self.folder.clone()))
        }
    }

    /// Tells what of the folder is not imported.
    pub(super) fn note_what_stays(&self, summary: &mut Summary) {
        for (name, what) in [
            ("auxiliary.db", "request logs"),
            ("backups", "backups of the old server"),
            ("pb_hooks", "hooks"),
        ] {
            if self.folder.join(name).exists() {
                summary.left_out.push(format!("{name} ({what})"));
            }
        }
    }

    /// No version is stored; the shape of the tables tells.
    fn check_generation(&self) -> Result<(), ImportError> {
        let columns = self.columns("_collections")?;
        if columns.contains("schema") || self.has_table("_admins")? {
            return Err(ImportError::TooOld(self.folder.clone()));
        }
        if columns.is_empty() {
            let reason = "its database has no collections";
            return Err(not_pocketbase(&self.folder, reason));
        }
        if !columns.contains("fields") || !self.has_table("_superusers")? {
            let reason = "its database has no fields or no superusers";
            return Err(not_pocketbase(&self.folder, reason));
        }
        Ok(())
    }
}

/// Where `SQLite` keeps what is not in the database file.
const LOGS: [&str; 2] = ["data.db-wal", "data.db-journal"];

fn not_pocketbase(folder: &Path, reason: &'static str) -> ImportError {
    ImportError::NotPocketBase { folder: folder.to_owned(), reason }
}

/// Opens a database that nobody writes to and that has no log, without making one.
fn open_unchanging(database: &Path) -> Result<Connection, ImportError> {
    let database = database.canonicalize().map_err(ImportError::io(database))?;
    let mut address = url::Url::from_file_path(&database)
        .map_err(|()| ImportError::Database("its path cannot be written as an address".into()))?;
    address.set_query(Some("immutable=1"));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Ok(Connection::open_with_flags(address.as_str(), flags)?)
}

/// Copies of write-protected files are write-protected too.
fn make_writable(path: &Path) -> Result<(), ImportError> {
    let mut permissions = fs::metadata(path).map_err(ImportError::io(path))?.permissions();
    if !permissions.readonly() {
        return Ok(());
    }
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions).map_err(ImportError::io(path))
}

/// Sizes and times of what a running server writes.
fn state(folder: &Path) -> Vec<Option<(u64, SystemTime)>> {
    let of = |metadata: Metadata| Some((metadata.len(), metadata.modified().ok()?));
    ["data.db"]
        .into_iter()
        .chain(LOGS)
        .map(|name| fs::metadata(folder.join(name)).ok().and_then(of))
        .collect()
}

/// Whether some process holds a lock of `SQLite` on the database in `folder`, as a running server
/// does. Only Linux says so without being asked for a lock, which would be a trace in the folder.
#[cfg(target_os = "linux")]
fn is_locked(folder: &Path) -> bool {
    let Ok(locks) = fs::read_to_string("/proc/locks") else {
        return false;
    };
    let places: HashSet<String> = ["data.db", "data.db-shm"]
        .iter()
        .filter_map(|name| Some(lock_place(&fs::metadata(folder.join(name)).ok()?)))
        .collect();
    locks.lines().any(|line| {
        let mut words = line.split_ascii_whitespace();
        line.contains("POSIX") && words.any(|word| places.contains(word))
    })
}

#[cfg(not(target_os = "linux"))]
fn is_locked(_folder: &Path) -> bool {
    false
}

/// How `/proc/locks` names a file: numbers of the device in hexadecimal, and the inode.
#[cfg(target_os = "linux")]
fn lock_place(file: &Metadata) -> String {
    use std::os::unix::fs::MetadataExt;
    let device = file.dev();
    let major = (device >> 8 & 0xfff) | (device >> 32 & !0xfff);
    let minor = (device & 0xff) | (device >> 12 & 0xffff_ff00);
    format!("{major:02x}:{minor:02x}:{}", file.ino())
}

//! Whether a data folder agrees with itself.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::path::Path;

use crate::import::Progress;
use crate::model::Row;
use crate::query::Rows;
use crate::schema::{Collection, FieldKind};
use crate::store::{CheckedCollection, Findings, Snapshot, Store, StoreError, StoreOptions};

use crate::settings::{IMPORTED_KEY, KEY, Settings};

use super::error::DumpError;
use super::{STORAGE, STORE, files};

/// Stray files told one by one; of further ones only the number is kept.
const STRAYS_MAX: usize = 100;

/// What was found. Its text is a table with everything noteworthy below.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Each collection by name, and how many files its records name.
    pub collections: Vec<(String, u64, CheckedCollection)>,
    /// Damage that is of no collection.
    pub rest: Findings,
    /// Files that records name and that are not there. They count as damage of their collections.
    pub missing_files: u64,
    /// Paths below `storage/` of files that no record names, the first hundred.
    pub stray_files: Vec<String>,
    /// How many more there are.
    pub further_strays: u64,
}

impl Report {
    /// How many things are damaged. Dangling relations and stray files are not damage.
    pub fn damage(&self) -> u64 {
        let collections = self.collections.iter().map(|(_, _, checked)| checked.findings.count());
        collections.sum::<u64>() + self.rest.count()
    }
}

/// Checks the data folder `data`, which no server may be using: every page of the store against its
/// checksum; rows, ids and indexes against each other; the files that records name against those
/// that there are, unless the settings say that files are in a bucket.
///
/// # Errors
/// [`DumpError`] when the store cannot be opened. What is damaged inside of it is in the report.
pub fn check(data: &Path, progress: &mut dyn Progress) -> Result<Report, DumpError> {
    if !data.join(STORE).exists() {
        return Err(DumpError::NoData(data.to_owned()));
    }
    let store = Store::open_checked(data, StoreOptions::default());
    let store = store.map_err(|error| match error {
        StoreError::Locked => DumpError::InUse(data.to_owned()),
        error => error.into(),
    })?;
    let snapshot = store.snapshot();
    let storage = data.join(STORAGE);
    let is_elsewhere = files_are_elsewhere(&snapshot, &storage)?;
    let mut report = Report::default();
    for collection in snapshot.catalog().all() {
        // What cannot be counted is a finding of what follows.
        progress.collection(&collection.name, snapshot.count(collection).unwrap_or(0));
        let (mut named, mut missing) = (0, Findings::default());
        let mut checked = snapshot.check_collection(collection, &mut |row| {
            progress.record();
            for name in names_in(collection, row) {
                named += 1;
                let below = format!("{}/{}/{name}", collection.id, row.id());
                let place = files::place(&storage, &below);
                if !is_elsewhere && !place.is_ok_and(|path| path.is_file()) {
                    missing.add(|| format!("the file {below} does not exist"));
                }
            }
        });
        report.missing_files += missing.count();
        for what in missing.told {
            checked.findings.add(|| what);
        }
        checked.findings.further += missing.further;
        report.collections.push((collection.name.clone(), named, checked));
    }
    report.rest = snapshot.check_rest();
    let mut owner = Owner::default();
    files::walk(&storage, &mut |below| {
        if owner.names(&snapshot, below)? {
            return Ok(());
        }
        if report.stray_files.len() < STRAYS_MAX {
            report.stray_files.push(below.to_owned());
        } else {
            report.further_strays += 1;
        }
        Ok(())
    })?;
    progress.finish();
    drop(snapshot);
    store.close()?;
    Ok(report)
}

/// Whether the settings say that files are in a bucket.
fn files_are_elsewhere(snapshot: &Snapshot, storage: &Path) -> Result<bool, DumpError> {
    for key in [KEY, IMPORTED_KEY] {
        if let Some(bytes) = snapshot.setting(key)? {
            if snapshot.is_sealed()? {
                // Nobody can read them here, but files that are there tell as much.
                return Ok(fs::read_dir(storage).map_or(true, |mut all| all.next().is_none()));
            }
            // Settings that cannot be read are none.
            let json = serde_json::from_slice(&bytes).unwrap_or_default();
            return Ok(Settings::lenient(&json).s3.enabled);
        }
    }
    Ok(false)
}

/// Shows the path below `storage/` of every file there that a record of `snapshot` names, and of the
/// previews and sidecars of these.
///
/// # Errors
/// Those of `visit`, and what the disk or the store says.
pub fn named_files(
    snapshot: &Snapshot,
    data: &Path,
    visit: &mut dyn FnMut(&str) -> Result<(), DumpError>,
) -> Result<(), DumpError> {
    let mut owner = Owner::default();
    files::walk(&data.join(STORAGE), &mut |below| {
        if owner.names(snapshot, below)? { visit(below) } else { Ok(()) }
    })
}

/// The names of all files of a record.
fn names_in(collection: &Collection, row: Row<'_>) -> Vec<String> {
    let files = collection.fields.iter().filter(|field| matches!(field.kind, FieldKind::File(_)));
    files.flat_map(|f| row.value(f.slot, f.kind.zero()).items().to_vec()).collect()
}

/// The record whose folder is being walked, and the files that it names.
#[derive(Debug, Default)]
pub struct Owner {
    folder: String,
    names: HashSet<String>,
}

impl Owner {
    /// Whether a record of `snapshot` names the file at this path below `storage/`, or the file that it is
    /// a preview of or tells about. It is quickest when all files of a record are asked about in a row.
    ///
    /// # Errors
    /// [`DumpError`] when the store cannot be read.
    pub fn names(&mut self, snapshot: &Snapshot, below: &str) -> Result<bool, DumpError> {
        let mut parts = below.splitn(3, '/');
        let (Some(collection), Some(record), Some(name)) =
            (parts.next(), parts.next(), parts.next())
        else {
            return Ok(false);
        };
        let folder = format!("{collection}/{record}");
        if folder != self.folder {
            self.folder = folder;
            self.names.clear();
            if let Some(collection) = snapshot.catalog().by_id(collection)
                && let Some(rowid) = snapshot.find(collection, record)?
                && let Some(row) = snapshot.row(collection, rowid)?
            {
                self.names.extend(names_in(collection, row.as_row()));
            }
        }
        let name = match name.split_once('/') {
            Some((folder, _)) => folder.strip_prefix("thumbs_").unwrap_or(folder),
            None => name,
        };
        let of_file = name.strip_suffix(".attrs").unwrap_or(name);
        Ok(self.names.contains(name) || self.names.contains(of_file))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let longest = self.collections.iter().map(|(name, ..)| name.chars().count()).max();
        let width = longest.unwrap_or(0).clamp("collection".len(), 40);
        writeln!(
            f,
            "{:width$}  {:>10}  {:>7}  {:>10}  {:>8}  {:>8}  {:>7}",
            "collection", "records", "indexes", "entries", "files", "dangling", "damage"
        )?;
        for (name, files, checked) in &self.collections {
            writeln!(
                f,
                "{name:width$}  {:>10}  {:>7}  {:>10}  {files:>8}  {:>8}  {:>7}",
                checked.records,
                checked.indexes,
                checked.entries,
                checked.dangling,
                checked.findings.count()
            )?;
        }
        if !self.stray_files.is_empty() {
            writeln!(f, "\nFiles that no record names:")?;
            self.stray_files.iter().try_for_each(|path| writeln!(f, "  {path}"))?;
            if self.further_strays > 0 {
                writeln!(f, "  and {} more", self.further_strays)?;
            }
        }
        if self.damage() == 0 {
            return write!(f, "\nNo damage was found.");
        }
        write!(f, "\nDamage: {}", self.damage())?;
        let of_collections = self.collections.iter().map(|(name, _, it)| (&**name, &it.findings));
        for (name, findings) in of_collections.chain([("store", &self.rest)]) {
            findings.told.iter().try_for_each(|what| write!(f, "\n  {name}: {what}"))?;
            if findings.further > 0 {
                write!(f, "\n  {name}: and {} more", findings.further)?;
            }
        }
        Ok(())
    }
}

//! Import: the data folder of another backend, brought over as a data folder of this one.
//!
//! Owns: [`pocketbase`], the reading of `PocketBase` data folders, and the steps that make an import
//! all or nothing. Only this module names rusqlite. Knows nothing of HTTP or the command line.
//! Invariant: the source is never written to, and the target has a store only once everything that
//! can come over has; what cannot is in the [`Summary`].
//! Start reading at [`pocketbase`].

mod bar;
mod column;
mod definition;
mod error;
mod files;
mod records;
mod settings;
mod source;
mod staging;
mod summary;

use std::path::PathBuf;
use std::sync::Arc;

use crate::schema::Collection;
use crate::store::{Store, StoreOptions, WriteError};

pub use bar::cli_progress;
pub use error::ImportError;
pub use summary::{CollectionSummary, Problem, SettingsOutcome, Summary};

use settings::Settings;
use source::Source;
use staging::Staging;

/// The key in the store under which the settings of an imported `PocketBase` are kept: its JSON,
/// byte for byte.
pub const SETTINGS_KEY: &str = crate::settings::IMPORTED_KEY;

/// What to import, and where to.
#[derive(Debug, Clone)]
pub struct ImportOptions {
    /// The data folder of a stopped `PocketBase`, commonly called `pb_data`.
    pub source: PathBuf,
    /// The data folder to make. It may exist as long as it holds no collections and no files.
    pub data: PathBuf,
    /// Read and judge everything, keep nothing. Conflicts in unique indexes go unnoticed.
    pub dry_run: bool,
}

/// Hears how far an import is. `()` listens to nothing.
pub trait Progress {
    /// The records of a collection come next; `records` of them.
    fn collection(&mut self, name: &str, records: u64);
    /// A record was read.
    fn record(&mut self);
    /// A file of so many bytes was dealt with.
    fn file(&mut self, bytes: u64);
    /// The import is over, well or not.
    fn finish(&mut self);
}

impl Progress for () {
    fn collection(&mut self, _name: &str, _records: u64) {}
    fn record(&mut self) {}
    fn file(&mut self, _bytes: u64) {}
    fn finish(&mut self) {}
}

/// Imports the data folder of a `PocketBase` of version 0.23 or later: collections, records, files
/// and settings, with all ids, passwords and secrets as they are.
///
/// What single records or files lack or break is told in the summary and does not stop the import.
/// Memory use does not depend on how much there is.
///
/// # Errors
/// [`ImportError`], after which the target is as it was before.
pub fn pocketbase(
    options: &ImportOptions,
    progress: &mut dyn Progress,
) -> Result<Summary, ImportError> {
    let result = run(options, progress);
    progress.finish();
    result
}

fn run(options: &ImportOptions, progress: &mut dyn Progress) -> Result<Summary, ImportError> {
    source::check_folder(&options.source)?;
    staging::check_target(&options.data)?;
    // Made first, hence dropped last: whatever is open inside is closed by then.
    let staging =
        if options.dry_run { Staging::outside()? } else { Staging::within(&options.data)? };
    staging.check_apart_from(&options.source)?;
    let source = Source::open(&options.source, &staging.source_copy())?;
    let mut summary = Summary::new(options.dry_run);
    let collections: Vec<Arc<Collection>> =
        definition::read_all(&source, &mut summary)?.into_iter().map(Arc::new).collect();
    let settings = settings::read(&source)?;

    let store = if options.dry_run {
        None
    } else {
        let store = Store::open(&staging.store(), StoreOptions::default())?;
        write_definitions(&store, &collections, &settings)?;
        Some(store)
    };
    // Uploads that are in a bucket are not missed here.
    let storage = (!settings.has_bucket()).then(|| source.storage());
    for collection in &collections {
        let copied = records::copy(
            &source,
            collection,
            storage.as_deref(),
            store.as_ref(),
            &mut summary,
            progress,
        )?;
        summary.add_collection(collection, copied);
    }
    let storage = (!options.dry_run).then(|| staging.storage());
    files::copy(&source.storage(), storage.as_deref(), &mut summary, progress)?;
    summary.set_settings(&settings);
    source.note_what_stays(&mut summary);
    source.check_unchanged()?;
    if let Some(store) = store {
        store.close()?;
        drop(store);
        staging.publish()?;
    }
    Ok(summary)
}

/// Makes the collections and keeps the settings, all of them or nothing.
fn write_definitions(
    store: &Store,
    collections: &[Arc<Collection>],
    settings: &Settings,
) -> Result<(), ImportError> {
    let collections = collections.to_vec();
    let settings = match settings {
        Settings::Plain { json, .. } => Some(json.clone()),
        Settings::None | Settings::Unreadable => None,
    };
    store.write(move |tx| {
        for collection in &collections {
            tx.create_collection(Collection::clone(collection))?;
        }
        if let Some(json) = &settings {
            tx.put_setting(SETTINGS_KEY, json.as_bytes())?;
        }
        Ok::<(), WriteError>(())
    })?;
    Ok(())
}

/// Whether `id` can name a record and its folder of files.
fn is_usable_id(id: &str) -> bool {
    const BYTES_MAX: usize = 255;
    let is_path = id.contains(['/', '\\', '\0']) || matches!(id, "." | "..");
    !id.is_empty() && id.len() <= BYTES_MAX && !is_path
}

//! The settings of the server: read, change, and what renamed collections mean for them.

use serde_json::{Map, Value as Json};

use crate::files::Bucket;
use crate::query::{ReadError, Rows};
use crate::schema::{Catalog, Secrets, Violation, Violations};
use crate::settings::{IMPORTED_KEY, KEY, Settings};
use crate::store::{Snapshot, Tx};

use super::backend::bucket_options;
use super::{Error, Failure};

/// The stored settings; the defaults when there are none.
pub fn load(snapshot: &Snapshot) -> Result<Settings, Error> {
    read(|key| snapshot.setting(key))
}

/// The settings as a transaction sees them.
pub(in crate::ops) fn load_in(tx: &Tx<'_>) -> Result<Settings, Error> {
    read(|key| tx.setting(key))
}

/// A change of the settings by a body. May run more than once; only one run is committed.
#[derive(Debug)]
pub struct UpdateSettings {
    body: Map<String, Json>,
}

impl UpdateSettings {
    /// A change to what `body` says, group by group.
    pub fn new(body: Map<String, Json>) -> Self {
        Self { body }
    }

    /// Checks the result and keeps it. [`super::Backend::reload_settings`] puts it in force.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let malformed = |_| Error::Rejected(Failure::SettingsFormat, Violations::new());
        let settings = read(|key| tx.setting(key))?.merged(&self.body).map_err(malformed)?;
        settings
            .check()
            .map_err(|violations| Error::Rejected(Failure::SaveSettings, violations))?;
        write(tx, &settings)
    }
}

/// Puts a file into the bucket of one of the storages, lists it and removes it again; `which` is
/// `storage` or `backups`. Blocks for as long as the network does.
///
/// Fails with [`Failure::TestStorage`] when there is no such storage, and with
/// [`Error::StorageTest`] when it is not in use or does not do what it is asked.
pub fn test_storage(settings: &Settings, which: &str) -> Result<(), Error> {
    let refused = |violation| {
        Err(Error::Rejected(Failure::TestStorage, Violations::of("filesystem", violation)))
    };
    let bucket = match which {
        "storage" => &settings.s3,
        "backups" => &settings.backups.s3,
        "" => return refused(Violation::required()),
        _ => return refused(Violation::new("validation_in_invalid", "Must be a valid value.")),
    };
    if !bucket.enabled {
        return Err(Error::StorageTest("S3 storage filesystem is not enabled".to_owned()));
    }
    Bucket::new(bucket_options(bucket))
        .and_then(|bucket| bucket.try_out())
        .map_err(|error| Error::StorageTest(error.to_string()))
}

/// Makes the rate limits follow the collections that were called differently `before`.
pub(super) fn follow_renames(tx: &mut Tx<'_>, before: &Catalog) -> Result<(), Error> {
    let now = tx.catalog().clone();
    let renamed: Vec<(&str, &str)> = before
        .all()
        .iter()
        .filter_map(|old| Some((old.name.as_str(), now.by_id(old.id.as_str())?.name.as_str())))
        .filter(|(old, new)| old != new)
        .collect();
    if renamed.is_empty() {
        return Ok(());
    }
    let mut settings = read(|key| tx.setting(key))?;
    if settings.rate_limits.rename_collections(&renamed) { write(tx, &settings) } else { Ok(()) }
}

fn read(get: impl Fn(&str) -> Result<Option<Vec<u8>>, ReadError>) -> Result<Settings, Error> {
    for key in [KEY, IMPORTED_KEY] {
        if let Some(bytes) = get(key)? {
            let json: Map<String, Json> = serde_json::from_slice(&bytes)
                .map_err(|cause| Error::internal(format!("the setting {key}: {cause}")))?;
            return Ok(Settings::lenient(&json));
        }
    }
    Ok(Settings::default())
}

fn write(tx: &mut Tx<'_>, settings: &Settings) -> Result<(), Error> {
    let text = settings.to_json(Secrets::Show).to_string();
    Ok(tx.put_setting(KEY, text.as_bytes())?)
}

//! The settings of the server: read, change, and what renamed collections mean for them.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::config::Pinned;
use crate::files::Bucket;
use crate::query::{ReadError, Rows};
use crate::schema::{Catalog, Secrets, Violation, Violations};
use crate::settings::{IMPORTED_KEY, KEY, Settings};
use crate::store::{Snapshot, Tx};

use super::backend::bucket_options;
use super::{Error, Failure, hooked};

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
    pinned: Arc<Pinned>,
}

impl UpdateSettings {
    /// A change to what `body` says, group by group.
    pub fn new(body: Map<String, Json>) -> Self {
        Self { body, pinned: Arc::default() }
    }

    /// The same, refused where it changes what is `pinned`.
    #[must_use]
    pub fn but_for(mut self, pinned: Arc<Pinned>) -> Self {
        self.pinned = pinned;
        self
    }

    /// Checks the result and keeps it. [`super::Backend::reload_settings`] puts it in force.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<(), Error> {
        let malformed = |_| Error::Rejected(Failure::SettingsFormat, Violations::new());
        let stored = read(|key| tx.setting(key))?;
        let settings = stored.merged(&self.body).map_err(malformed)?;
        let wanted = pin(&stored, &self.pinned)?.merged(&self.body).map_err(malformed)?;
        let in_force = pin(&wanted, &self.pinned)?;
        refuse_changes(&self.pinned, &wanted, &in_force)?;
        in_force
            .check()
            .map_err(|violations| Error::Rejected(Failure::SaveSettings, violations))?;
        write(tx, &settings)?;
        hooked::settings_changed(tx, in_force.to_json(Secrets::Hide));
        Ok(())
    }
}

/// `settings` with what is `pinned` put over them.
pub(super) fn pin(settings: &Settings, pinned: &Pinned) -> Result<Settings, Error> {
    let refused = |_| Error::Refused(format!("{}: settings of the wrong type", pinned.file()));
    settings.merged(pinned.values()).map_err(refused)
}

/// Whether the configuration may pin what it does, given what else is set. The error is a sentence
/// that names the file and the key.
pub(super) fn check_pinned(settings: &Settings, pinned: &Pinned) -> Result<(), Error> {
    let known = settings.to_json(Secrets::Show);
    for path in pinned.paths() {
        if known.pointer(&pointer(&path)).is_none() {
            let key = path.join(".");
            let message = format!("{}: there is no setting `settings.{key}`", pinned.file());
            return Err(Error::Refused(message));
        }
    }
    pin(settings, pinned)?.check().map_err(|violations| {
        Error::Refused(format!("{}: [settings]: {}", pinned.file(), violations.to_json()))
    })
}

fn refuse_changes(pinned: &Pinned, wanted: &Settings, in_force: &Settings) -> Result<(), Error> {
    let (wanted, in_force) = (wanted.to_json(Secrets::Show), in_force.to_json(Secrets::Show));
    let mut violations = Violations::new();
    for path in pinned.paths() {
        let pointer = pointer(&path);
        if wanted.pointer(&pointer) != in_force.pointer(&pointer) {
            let key = path.join(".");
            let message = format!("Set by {} as settings.{key}.", pinned.file());
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            violations.add_at(&path, Violation::new("validation_pinned", message));
        }
    }
    let refused = |violations| Error::Rejected(Failure::SaveSettings, violations);
    violations.into_result().map_err(refused)
}

fn pointer(path: &[String]) -> String {
    path.iter().fold(String::new(), |pointer, name| pointer + "/" + name)
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

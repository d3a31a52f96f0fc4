//! Where the settings want backups to lie, and what is known of those there.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use crate::backup::{About, BackupError, Item, Shelf};
use crate::files::{Bucket, BucketOptions};
use crate::ops::Error;
use crate::ops::backend::bucket_options;
use crate::settings;

/// A backup, and what it says of itself.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The file.
    pub item: Item,
    /// Nothing when it is no backup that this program can read.
    pub about: Option<About>,
}

impl Listed {
    /// The name of the backup that it builds on, if it is an increment.
    pub fn base(&self) -> Option<&str> {
        self.about.as_ref().and_then(About::base)
    }
}

/// The shelf of the moment.
pub(super) struct Shelves {
    data: PathBuf,
    /// The bucket that was asked for last.
    bucket: Mutex<Option<(BucketOptions, Arc<Bucket>)>>,
    /// What was read of backups; by name, size and time, as a file of that name may be another one.
    known: Mutex<HashMap<(String, u64, SystemTime), Option<About>>>,
}

impl Shelves {
    pub(super) fn new(data: &Path) -> Self {
        Self { data: data.to_owned(), bucket: Mutex::default(), known: Mutex::default() }
    }

    /// The shelf that the settings name. Sends nothing.
    pub(super) fn current(&self, settings: &settings::Bucket) -> Result<Shelf, Error> {
        let mut current = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        if !settings.enabled {
            *current = None;
            return Ok(Shelf::of(&self.data));
        }
        let options = bucket_options(settings);
        if let Some((of, bucket)) = &*current
            && *of == options
        {
            return Ok(Shelf::bucket(Arc::clone(bucket)));
        }
        let bucket = Bucket::new(options.clone()).map_err(|error| unavailable(&error))?;
        let bucket = Arc::new(bucket);
        *current = Some((options, Arc::clone(&bucket)));
        Ok(Shelf::bucket(bucket))
    }

    /// All backups, in order of name.
    pub(super) fn list(&self, shelf: &Shelf) -> Result<Vec<Listed>, Error> {
        let items = shelf.list().map_err(|error| unavailable(&error))?;
        // Only what is there is worth knowing.
        let mut fresh = HashMap::new();
        let mut all = Vec::with_capacity(items.len());
        for item in items {
            let mark = (item.key.clone(), item.size, item.modified);
            let known = self.known().get(&mark).cloned();
            let about = match known {
                Some(about) => about,
                None => match shelf.about(&item.key) {
                    // It may be readable the next time.
                    Err(BackupError::Io { source, .. }) => {
                        tracing::warn!(key = item.key, %source, "a backup cannot be read");
                        all.push(Listed { item, about: None });
                        continue;
                    }
                    about => about.ok().flatten(),
                },
            };
            fresh.insert(mark, about.clone());
            all.push(Listed { item, about });
        }
        *self.known() = fresh;
        Ok(all)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<(String, u64, SystemTime), Option<About>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the backups on a shelf say of themselves, listed once.
pub(super) struct Known<'a> {
    shelves: &'a Shelves,
    shelf: &'a Shelf,
    all: Option<HashMap<String, Listed>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(shelves: &'a Shelves, shelf: &'a Shelf) -> Self {
        Self { shelves, shelf, all: None }
    }

    /// What a backup says of itself; nothing when there is none of that name.
    pub(super) fn about(&mut self, key: &str) -> Result<Option<About>, BackupError> {
        let all = match &mut self.all {
            Some(all) => all,
            none => {
                let listed = self.shelves.list(self.shelf);
                let listed = listed.map_err(|error| BackupError::Chain(error.to_string()))?;
                none.insert(listed.into_iter().map(|it| (it.item.key.clone(), it)).collect())
            }
        };
        match all.get(key) {
            None => Ok(None),
            Some(Listed { about: Some(about), .. }) => Ok(Some(about.clone())),
            // Once more, to hear what is wrong.
            Some(_) => self.shelf.about(key),
        }
    }

    /// All backups that say something of themselves.
    pub(super) fn all(&mut self) -> Result<Vec<(String, About)>, BackupError> {
        self.about("")?;
        let all = self.all.iter().flatten();
        Ok(all.filter_map(|(key, it)| Some((key.clone(), it.about.clone()?))).collect())
    }
}

/// What a client hears when the place of backups does not do what it is asked.
pub(super) fn unavailable(error: &dyn fmt::Display) -> Error {
    Error::Refused(format!("Failed to load backups filesystem. Raw error: \n{error}"))
}

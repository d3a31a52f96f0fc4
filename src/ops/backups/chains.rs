//! Increments: what they build on, and what was asked for.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::backup::archive::Ground;
use crate::backup::{self, BackupError, Link, Shelf};
use crate::ops::{Error, Failure};
use crate::query::ReadError;
use crate::schema::{Violation, Violations};
use crate::store::{Moment, Snapshot};

use super::shelves::{Known, Shelves};

/// What a backup is to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Everything.
    Full,
    /// What happened since the newest backup.
    Increment,
    /// What happened since the backup of this name.
    IncrementOn(String),
}

impl Kind {
    /// There can be no such backup.
    pub(super) fn refused(&self, error: &BackupError) -> Error {
        let field = if matches!(self, Self::IncrementOn(_)) { "base" } else { "incremental" };
        let violation = Violation::new("validation_no_base", error.to_string());
        Error::Rejected(Failure::Form, Violations::of(field, violation))
    }
}

/// The moment that `value` names: a time as text, or the sequence of a change as a number or its
/// digits. Nothing at all is the end.
///
/// # Errors
/// One about the field `until`.
pub fn moment(value: Option<&Json>) -> Result<Moment, Error> {
    let moment = match value {
        None | Some(Json::Null) => Some(Moment::End),
        Some(Json::Number(number)) => number.as_u64().map(Moment::Change),
        Some(Json::String(text)) if text.is_empty() => Some(Moment::End),
        Some(Json::String(text)) => backup::moment(text),
        Some(_) => None,
    };
    moment.ok_or_else(|| {
        let message = "Must be a time or the number of a change.";
        let violation = Violation::new("validation_invalid_value", message);
        Error::Rejected(Failure::Form, Violations::of("until", violation))
    })
}

/// The chain that ends with the backup `key`.
pub(super) fn links(known: &mut Known<'_>, key: &str) -> Result<Vec<Link>, BackupError> {
    backup::chain(key, &mut |key| known.about(key))
}

/// What a backup of this kind builds on; nothing when it is full.
pub(super) fn ground(
    shelves: &Shelves,
    shelf: &Shelf,
    snapshot: &Snapshot,
    kind: &Kind,
) -> Result<Option<Ground>, Error> {
    let mut known = Known::new(shelves, shelf);
    let found = match kind {
        Kind::Full => return Ok(None),
        Kind::Increment => {
            newest(&mut known, snapshot).and_then(|key| build_on(&mut known, shelf, snapshot, &key))
        }
        Kind::IncrementOn(key) => build_on(&mut known, shelf, snapshot, key),
    };
    found.map(Some).map_err(|error| kind.refused(&error))
}

/// The backup that reaches furthest in the history that is kept now.
fn newest(known: &mut Known<'_>, snapshot: &Snapshot) -> Result<String, BackupError> {
    let epoch = epoch(snapshot)?;
    let all = known.all()?.into_iter().filter_map(|(key, about)| {
        let (of, sequence) = about.history()?;
        (of == epoch).then(|| (sequence, about.at(), key))
    });
    let newest = all.max().map(|(_, _, key)| key);
    newest.ok_or_else(|| BackupError::NoBase("there is no backup to build on".to_owned()))
}

fn build_on(
    known: &mut Known<'_>,
    shelf: &Shelf,
    snapshot: &Snapshot,
    key: &str,
) -> Result<Ground, BackupError> {
    let epoch = epoch(snapshot)?;
    let links = links(known, key)?;
    let history = links.last().and_then(|link| link.about.history());
    let sequence = match history {
        Some((of, sequence)) if of == epoch => sequence,
        _ => {
            let what = format!("no history goes on from {key}");
            return Err(BackupError::NoBase(what));
        }
    };
    let reaches = snapshot.history_reaches(sequence);
    if !reaches.map_err(|error: ReadError| BackupError::Store(error.into()))? {
        let what = format!("what happened since {key} is not known any more");
        return Err(BackupError::NoBase(what));
    }
    let mut files = HashMap::new();
    for link in &links {
        files.extend(shelf.files(&link.key)?);
    }
    Ground::new(&links, files)
}

fn epoch(snapshot: &Snapshot) -> Result<u64, BackupError> {
    snapshot.recording().map(|recording| recording.epoch).ok_or_else(|| {
        let what = "no history is kept, as the setting backups.fullEvery is 0; set it first";
        BackupError::NoBase(what.to_owned())
    })
}

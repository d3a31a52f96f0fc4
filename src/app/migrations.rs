//! Schema in code: changes that are made once in each data folder.

use std::fmt;
use std::sync::Arc;

use crate::hooks::{Data, Rejection};
use crate::model::Timestamp;
use crate::ops::migrations::{self, Made};
use crate::ops::{self, Backend};

type Step = Arc<dyn Fn(&dyn Data) -> Result<(), Rejection> + Send + Sync>;

/// A change of the schema or of records that is made once in each data folder.
#[derive(Clone)]
pub(super) struct Migration {
    pub(super) name: String,
    up: Step,
    down: Step,
}

impl Migration {
    pub(super) fn new(
        name: &str,
        up: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + Sync + 'static,
        down: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.to_owned(), up: Arc::new(up), down: Arc::new(down) }
    }
}

impl fmt::Debug for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Migration").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a migration was not made or taken back. Nothing of it is kept.
#[derive(Debug, thiserror::Error)]
#[error("migration {name}: {cause}")]
pub struct MigrationError {
    name: String,
    #[source]
    cause: ops::Error,
}

/// Makes those of `all` that were not made in this folder, in order, each in a transaction, and tells
/// the name of each.
pub(super) fn apply(
    backend: &Backend,
    all: &[Migration],
    mut told: impl FnMut(&str),
) -> Result<(), MigrationError> {
    for migration in all {
        let (name, up) = (migration.name.clone(), Arc::clone(&migration.up));
        let is_new = migrations::apply(backend, &name, Timestamp::now(), move |data| up(data))
            .map_err(|cause| MigrationError { name: migration.name.clone(), cause })?;
        if is_new {
            told(&migration.name);
        }
    }
    Ok(())
}

/// Takes the last `count` that were made back, the latest first, each in a transaction. Returns their
/// names.
pub(super) fn revert(
    backend: &Backend,
    all: &[Migration],
    count: usize,
) -> Result<Vec<String>, MigrationError> {
    let place = |name: &str| all.iter().position(|migration| migration.name == name);
    let mut made = made(backend)?;
    // Of one moment are those of programs that were made in the order in which they were added.
    made.sort_by_key(|made| (made.at, place(&made.name)));
    let mut reverted = Vec::new();
    for Made { name, .. } in made.into_iter().rev().take(count) {
        let failed = |cause| MigrationError { name: name.clone(), cause };
        let Some(migration) = place(&name).map(|place| &all[place]) else {
            let what = "it was made here, but there is no such file; bring it back, or forget it \
                        with `haversack migrate history-sync`";
            return Err(failed(ops::Error::Refused(what.to_owned())));
        };
        let down = Arc::clone(&migration.down);
        migrations::revert(backend, &name, move |data| down(data)).map_err(failed)?;
        reverted.push(name);
    }
    Ok(reverted)
}

/// Forgets those that were made and are not among `all`. Returns their names.
pub(super) fn forget_missing(
    backend: &Backend,
    all: &[Migration],
) -> Result<Vec<String>, MigrationError> {
    let names = made(backend)?.into_iter().map(|made| made.name);
    let missing: Vec<String> =
        names.filter(|name| all.iter().all(|migration| migration.name != *name)).collect();
    migrations::forget(backend, &missing).map_err(of_all)?;
    Ok(missing)
}

fn made(backend: &Backend) -> Result<Vec<Made>, MigrationError> {
    migrations::made(backend).map_err(of_all)
}

fn of_all(cause: ops::Error) -> MigrationError {
    MigrationError { name: "history".to_owned(), cause }
}

//! Schema in code: changes that are made once in each data folder.

use std::fmt;
use std::sync::Arc;

use crate::hooks::{Data, Rejection};
use crate::model::Timestamp;
use crate::ops::migrations;
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

/// Makes those of `all` that were not made in this folder, in order, each in a transaction.
pub(super) fn apply(backend: &Backend, all: &[Migration]) -> Result<(), MigrationError> {
    for migration in all {
        let (name, up) = (migration.name.clone(), Arc::clone(&migration.up));
        migrations::apply(backend, &name, Timestamp::now(), move |data| up(data))
            .map_err(|cause| MigrationError { name: migration.name.clone(), cause })?;
    }
    Ok(())
}

/// Takes the last `count` of `all` that were made back, the latest first, each in a transaction.
/// Returns their names.
pub(super) fn revert(
    backend: &Backend,
    all: &[Migration],
    count: usize,
) -> Result<Vec<String>, MigrationError> {
    let mut reverted = Vec::new();
    for migration in all.iter().rev() {
        if reverted.len() == count {
            break;
        }
        let (name, down) = (migration.name.clone(), Arc::clone(&migration.down));
        let was_made = migrations::revert(backend, &name, move |data| down(data))
            .map_err(|cause| MigrationError { name: migration.name.clone(), cause })?;
        if was_made {
            reverted.push(migration.name.clone());
        }
    }
    Ok(reverted)
}

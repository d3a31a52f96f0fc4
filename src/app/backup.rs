//! What operators ask of backups.

use serde_json::Value as Json;

use crate::ops::Error;
use crate::ops::backups::{Kind, moment};
use crate::store::Moment;
use crate::web::State;

use super::BackupCommand;

/// Does what is asked and returns what to tell. Blocks.
pub(super) fn run(state: &State, command: BackupCommand) -> Result<String, Error> {
    let (backups, backend) = (&state.backups, &state.backend);
    match command {
        BackupCommand::Create { name, incremental, base } => {
            let kind = match base {
                Some(base) => Kind::IncrementOn(base),
                None if incremental => Kind::Increment,
                None => Kind::Full,
            };
            let key = backups.create(backend, &name, &kind)?;
            let is_remote = backend.settings().backups.s3.enabled;
            let place = if is_remote { "the bucket of backups" } else { "backups/" };
            Ok(format!("wrote {key} to {place}"))
        }
        BackupCommand::List => {
            let all = backups.list(backend)?;
            let lines = all.iter().map(|listed| {
                let base = listed.base().map(|base| format!("  since {base}"));
                let (size, key) = (listed.item.size, &listed.item.key);
                format!("{size:>14}  {key}{}", base.unwrap_or_default())
            });
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        BackupCommand::Verify { key, until } => backups.verify(backend, &key, until_of(until)?),
        BackupCommand::Restore { key, until } => {
            backups.restore(backend, &key, until_of(until)?)?;
            Ok(if backups.restarts() {
                format!(
                    "the server checks {key} and starts again with it; its log says how it went"
                )
            } else {
                format!("{key} was checked; the next start puts it in the place of all data")
            })
        }
    }
}

/// The moment that an operator named.
pub(super) fn until_of(until: Option<String>) -> Result<Moment, Error> {
    moment(until.map(Json::String).as_ref())
}

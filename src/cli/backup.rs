//! `haversack backup`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use haversack::app::{BackupCommand, ControlCommand, seal_keys};
use haversack::backup::{self, BackupError, Local, Moment, Shelf, replace};

use super::superuser::give;
use super::{Failure, Place, say};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make a backup, whether the server is running or not.
    Create(CreateArguments),
    /// List the backups.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Restore a backup aside and check what comes of it, to see whether it could be restored.
    Verify(BackupArguments),
    /// Put a backup in the place of all data. A server that is running starts again with it.
    ///
    /// The backup is unpacked and checked before anything is replaced, with those that it builds on.
    Restore(BackupArguments),
}

#[derive(Debug, Args)]
pub(super) struct CreateArguments {
    /// What to call it: small letters, digits, _ and -, and .zip at the end [default: by the time].
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// Only what happened since the newest backup. The setting backups.fullEvery has to be set.
    #[arg(long)]
    incremental: bool,
    /// Only what happened since this backup.
    #[arg(long, value_name = "BACKUP")]
    base: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The name of a backup, or the path of one that lies elsewhere, beside those that it builds on.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
    /// The state at a moment between the full backup and this one: a time such as
    /// "2026-01-02 03:04:05Z", or the number of a change (`sequence`).
    #[arg(long, value_name = "MOMENT")]
    until: Option<String>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    match action {
        Action::Create(arguments) => create(&arguments),
        Action::List { place } => list(&place),
        Action::Verify(arguments) => verify(&arguments),
        Action::Restore(arguments) => restore(&arguments),
    }
}

fn create(arguments: &CreateArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    if !has_data(&data) {
        return Err(Failure::Other(format!("{} holds no data", data.display())));
    }
    let CreateArguments { name, incremental, base, place } = arguments;
    let name = name.clone().unwrap_or_default();
    let (incremental, base) = (*incremental, base.clone());
    let command = BackupCommand::Create { name, incremental, base };
    say(&give(ControlCommand::Backup(command), place)?);
    Ok(())
}

fn list(place: &Place) -> Result<(), Failure> {
    // Without data there are no settings that could name another place.
    if has_data(&place.config()?.boot.data) {
        let all = give(ControlCommand::Backup(BackupCommand::List), place)?;
        all.lines().for_each(say);
        return Ok(());
    }
    let items = Shelf::of(&place.config()?.boot.data).list();
    for item in items.map_err(|error| Failure::Other(error.to_string()))? {
        say(&format!("{:>14}  {}", item.size, item.key));
    }
    Ok(())
}

fn has_data(data: &Path) -> bool {
    data.join("data.redb").exists()
}

fn verify(arguments: &BackupArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let until = until(arguments)?;
    match find(&data, &arguments.backup) {
        Some((shelf, key)) => {
            let chain = chain(&shelf, &key, until)?;
            let scratch = if data.exists() { data.join("tmp") } else { std::env::temp_dir() };
            say(&backup::verify(&chain, &scratch, until).map_err(failed)?.to_string());
        }
        None => say(&ask(arguments, |key, until| BackupCommand::Verify { key, until })?),
    }
    say("It can be restored.");
    Ok(())
}

fn restore(arguments: &BackupArguments) -> Result<(), Failure> {
    let boot = arguments.place.config()?.boot;
    let keys = seal_keys(&boot.encryption).map_err(Failure::Other)?;
    let data = boot.data;
    let until = until(arguments)?;
    if let Some((shelf, key)) = find(&data, &arguments.backup) {
        let chain = chain(&shelf, &key, until)?;
        match replace::restore_folder(&data, &chain, until, &keys) {
            Err(BackupError::InUse(_)) if Path::new(&key) == arguments.backup => {}
            Err(BackupError::InUse(_)) => {
                let message =
                    "a server is running, and restores only what lies where it keeps its backups";
                return Err(Failure::Other(message.to_owned()));
            }
            restored => {
                say(&restored.map_err(failed)?.to_string());
                return Ok(());
            }
        }
    }
    say(&ask(arguments, |key, until| BackupCommand::Restore { key, until })?);
    Ok(())
}

/// Has a server do something with a backup that lies where it keeps them.
fn ask(
    arguments: &BackupArguments,
    command: impl FnOnce(String, Option<String>) -> BackupCommand,
) -> Result<String, Failure> {
    let data = arguments.place.config()?.boot.data;
    let key = arguments.backup.to_str().filter(|key| backup::is_key(key) && has_data(&data));
    let Some(key) = key else {
        return Err(Failure::Other(format!("there is no {}", arguments.backup.display())));
    };
    let command = command(key.to_owned(), arguments.until.clone());
    give(ControlCommand::Backup(command), &arguments.place)
}

/// Where a backup lies that is on this machine, and its name there.
fn find(data: &Path, backup: &Path) -> Option<(Shelf, String)> {
    let of_data = Shelf::of(data);
    if let Some(key) = backup.to_str().filter(|key| of_data.has(key).unwrap_or(false)) {
        return Some((of_data, key.to_owned()));
    }
    let key = backup.file_name()?.to_str().filter(|_| backup.is_file())?;
    let folder = backup.parent().filter(|folder| !folder.as_os_str().is_empty());
    Some((Shelf::folder(folder.unwrap_or(Path::new(".")).to_owned()), key.to_owned()))
}

/// The archives that the state at `until` needs.
fn chain(shelf: &Shelf, key: &str, until: Moment) -> Result<Vec<Local>, Failure> {
    // What is on this machine is not copied.
    shelf.chain(key, until, Path::new("")).map_err(failed)
}

fn until(arguments: &BackupArguments) -> Result<Moment, Failure> {
    let Some(text) = &arguments.until else { return Ok(Moment::End) };
    backup::moment(text)
        .ok_or_else(|| Failure::Other(format!("{text:?} is no time and no number of a change")))
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: BackupError) -> Failure {
    Failure::Other(error.to_string())
}

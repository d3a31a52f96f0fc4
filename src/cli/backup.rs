//! `haversack backup`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use haversack::app::{BackupCommand, ControlCommand, control, seal_keys};
use haversack::backup::{self, BackupError, Shelf, archive, replace};

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
    /// Read a backup to its end, to see whether it could be restored.
    Verify(BackupArguments),
    /// Put a backup in the place of all data. A server that is running starts again with it.
    ///
    /// The backup is unpacked and checked before anything is replaced.
    Restore(BackupArguments),
}

#[derive(Debug, Args)]
pub(super) struct CreateArguments {
    /// What to call it: small letters, digits, _ and -, and .zip at the end [default: by the time].
    #[arg(value_name = "NAME")]
    name: Option<String>,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct BackupArguments {
    /// The name of a backup, or the path of one that lies elsewhere.
    #[arg(value_name = "BACKUP")]
    backup: PathBuf,
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
    let name = arguments.name.clone().unwrap_or_default();
    let key = match ask_server(&data, BackupCommand::Create { name: name.clone() })? {
        Some(key) => key,
        None => create_alone(&data, &name)?,
    };
    say(&format!("wrote {}", data.join("backups").join(key).display()));
    Ok(())
}

/// Makes a backup while no server runs.
fn create_alone(data: &Path, name: &str) -> Result<String, Failure> {
    let shelf = Shelf::of(data);
    let key = haversack::app::backup_key(name, |name| shelf.has(name)).map_err(Failure::Other)?;
    let path = shelf.path(&key).ok_or_else(|| Failure::Other(format!("{key} is no name")))?;
    archive::write_folder(data, &path).map_err(failed)?;
    Ok(key)
}

fn list(place: &Place) -> Result<(), Failure> {
    let items = Shelf::of(&place.config()?.boot.data).list();
    for item in items.map_err(|error| Failure::Other(error.to_string()))? {
        say(&format!("{:>14}  {}", item.size, item.key));
    }
    Ok(())
}

fn verify(arguments: &BackupArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let (path, _) = find(&data, &arguments.backup);
    say(&backup::verify(&path).map_err(failed)?.to_string());
    say("It can be restored.");
    Ok(())
}

fn restore(arguments: &BackupArguments) -> Result<(), Failure> {
    let boot = arguments.place.config()?.boot;
    let keys = seal_keys(&boot.encryption).map_err(Failure::Other)?;
    let data = boot.data;
    let (path, key) = find(&data, &arguments.backup);
    let restored = replace::restore_folder(&data, &path, &keys);
    if !matches!(restored, Err(BackupError::InUse(_))) {
        say(&restored.map_err(failed)?.to_string());
        return Ok(());
    }
    let Some(key) = key else {
        let message = "a server is running, and restores only what lies in its folder backups/";
        return Err(Failure::Other(message.to_owned()));
    };
    let answer = ask_server(&data, BackupCommand::Restore { key })?;
    say(&answer.ok_or_else(|| Failure::Other("the running server does not answer".to_owned()))?);
    Ok(())
}

/// Where a backup lies, and its name when that is among the others.
fn find(data: &Path, backup: &Path) -> (PathBuf, Option<String>) {
    let key = backup.to_str().filter(|key| Shelf::of(data).has(key));
    let path = key.and_then(|key| Shelf::of(data).path(key));
    match (path, key) {
        (Some(path), Some(key)) => (path, Some(key.to_owned())),
        _ => (backup.to_owned(), None),
    }
}

/// Lets the server that holds the data folder do it; `None` when there is none.
fn ask_server(data: &Path, command: BackupCommand) -> Result<Option<String>, Failure> {
    control::send(data, &ControlCommand::Backup(command))
        .map_err(|error| Failure::Other(format!("the running server does not answer: {error}")))?
        .transpose()
        .map_err(Failure::Other)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn failed(error: BackupError) -> Failure {
    Failure::Other(error.to_string())
}

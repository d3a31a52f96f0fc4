//! `haversack migrate`

use std::fs;
use std::io::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use haversack::app::App;

use super::{Failure, Place, say};

/// What `create` writes.
const BLANK: &str = "migrate((app) => {\n  // The change.\n}, (app) => {\n  // The way back.\n})\n";

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Make the changes of all files that were not made yet, as the start of the server does.
    Up {
        #[command(flatten)]
        place: Place,
    },
    /// Take the last changes back, the latest first. They are made again at the next start.
    Down {
        /// How many, or "all".
        #[arg(default_value = "1", value_parser = parse_count)]
        count: Count,
        #[command(flatten)]
        place: Place,
    },
    /// Write an empty file of the right name into the folder of migrations.
    Create {
        /// What it is about: letters, digits and underscores.
        name: String,
        #[command(flatten)]
        place: Place,
    },
    /// Write all collections as they are now into one file, for new data folders to begin with.
    ///
    /// It has no secrets and no login providers, and counts as made in this data folder.
    Collections {
        #[command(flatten)]
        place: Place,
    },
    /// Forget changes that were made here and whose files are gone; what they did stays.
    HistorySync {
        #[command(flatten)]
        place: Place,
    },
}

/// How many changes to take back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count(usize);

fn parse_count(text: &str) -> Result<Count, &'static str> {
    let count = if text == "all" { Some(usize::MAX) } else { text.parse().ok() };
    count.filter(|count| *count > 0).map(Count).ok_or("expected a number above zero, or \"all\"")
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    match action {
        Action::Up { place } => with(&place, up),
        Action::Down { count, place } => with(&place, |app| down(app, count)),
        Action::Create { name, place } => create(&name, &place),
        Action::Collections { place } => with(&place, |app| {
            say(&app.snapshot_migration().map_err(failed)?);
            Ok(())
        }),
        Action::HistorySync { place } => with(&place, |app| {
            let names = app.forget_missing_migrations().map_err(failed)?;
            for name in &names {
                say(&format!("forgotten: {name}"));
            }
            Ok(())
        }),
    }
}

/// Runs a command on an app that makes no changes by itself.
fn with(place: &Place, run: impl FnOnce(&App) -> Result<(), Failure>) -> Result<(), Failure> {
    let app = App::builder().config(place.config()?).leave_migrations().build()?;
    let outcome = run(&app);
    outcome.and(app.close().map_err(failed))
}

fn up(app: &App) -> Result<(), Failure> {
    let mut count = 0;
    let outcome = app.apply_migrations(|name| {
        count += 1;
        say(&format!("made: {name}"));
    });
    outcome.map_err(failed)?;
    if count == 0 {
        say("nothing to make");
    }
    Ok(())
}

fn down(app: &App, Count(count): Count) -> Result<(), Failure> {
    for at in 0..count {
        // One by one, so that what was taken back is told even when the next one fails.
        let reverted = app.revert_migrations(1).map_err(failed)?;
        let Some(name) = reverted.first() else {
            if at == 0 {
                say("nothing to take back");
            }
            break;
        };
        say(&format!("taken back: {name}"));
    }
    Ok(())
}

fn create(name: &str, place: &Place) -> Result<(), Failure> {
    let is_name = |name: &str| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_name(name) {
        return Err(Failure::Other("a name has letters, digits and underscores".to_owned()));
    }
    let folder = place.config()?.boot.migrations.folder;
    fs::create_dir_all(&folder).map_err(failed)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(failed)?.as_secs();
    let path = folder.join(format!("{now}_{name}.js"));
    let failed = |error| Failure::Other(format!("{}: {error}", path.display()));
    fs::File::create_new(&path)
        .and_then(|mut file| file.write_all(BLANK.as_bytes()))
        .map_err(failed)?;
    say(&path.display().to_string());
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

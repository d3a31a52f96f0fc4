//! `haversack migrate`

use std::fs;
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
        /// How many.
        #[arg(default_value_t = 1)]
        count: usize,
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
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    match action {
        Action::Up { place } => build(&place)?.close().map_err(failed),
        Action::Down { count, place } => {
            let app = build(&place)?;
            let reverted = app.revert_migrations(count).map_err(failed)?;
            for name in reverted {
                say(&format!("taken back: {name}"));
            }
            app.close().map_err(failed)
        }
        Action::Create { name, place } => create(&name, &place),
    }
}

fn build(place: &Place) -> Result<App, Failure> {
    Ok(App::builder().config(place.config()?).build()?)
}

fn create(name: &str, place: &Place) -> Result<(), Failure> {
    let is_name = |name: &str| {
        (1..=100).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    if !is_name(name) {
        return Err(Failure::Other("a name has letters, digits and underscores".to_owned()));
    }
    let folder = place.config()?.boot.migrations_folder;
    fs::create_dir_all(&folder).map_err(failed)?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(failed)?.as_secs();
    let path = folder.join(format!("{now}_{name}.js"));
    fs::write(&path, BLANK).map_err(failed)?;
    say(&path.display().to_string());
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

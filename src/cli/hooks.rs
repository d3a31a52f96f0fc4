//! `haversack hooks`

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use haversack::app::SCRIPT_TYPES;

use super::{Failure, Place, say};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Write what scripts can name as declarations for editors.
    ///
    /// A script that begins with `/// <reference path="./types.d.ts" />` is completed then.
    Types {
        /// Where to write them; `-` is the standard output [default: types.d.ts in the folder of
        /// hooks].
        file: Option<PathBuf>,
        #[command(flatten)]
        place: Place,
    },
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    let Action::Types { file, place } = action;
    if file.as_ref().is_some_and(|file| file.as_os_str() == "-") {
        say(SCRIPT_TYPES.trim_end());
        return Ok(());
    }
    let path = if let Some(file) = file {
        file
    } else {
        let folder = place.config()?.boot.hooks.folder;
        fs::create_dir_all(&folder).map_err(failed)?;
        folder.join("types.d.ts")
    };
    fs::write(&path, SCRIPT_TYPES)
        .map_err(|error| Failure::Other(format!("{}: {error}", path.display())))?;
    say(&path.display().to_string());
    Ok(())
}

fn failed(error: impl std::fmt::Display) -> Failure {
    Failure::Other(error.to_string())
}

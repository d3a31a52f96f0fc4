//! `haversack import`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use haversack::import::{ImportOptions, cli_progress, pocketbase};

use super::{Failure, Place, say};

#[derive(Debug, Subcommand)]
pub(super) enum Source {
    /// Bring over a PocketBase data folder, version 0.23 or newer.
    Pocketbase(PocketbaseArguments),
}

#[derive(Debug, Args)]
pub(super) struct PocketbaseArguments {
    /// The folder, usually called `pb_data`. It is only read.
    #[arg(value_name = "PB_DATA")]
    source: PathBuf,
    /// Only says what would come over.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(source: Source) -> Result<(), Failure> {
    let Source::Pocketbase(arguments) = source;
    let data = arguments.place.config()?.boot.data;
    let options = ImportOptions { source: arguments.source, data, dry_run: arguments.dry_run };
    let summary = pocketbase(&options, &mut *cli_progress())
        .map_err(|error| Failure::Other(error.to_string()))?;
    say(&summary.to_string());
    Ok(())
}

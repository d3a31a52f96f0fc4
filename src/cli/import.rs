//! `haversack import`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use haversack::dump;
use haversack::import::{ImportOptions, cli_progress, pocketbase};

use super::{Failure, Place, say};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(super) struct ImportArguments {
    #[command(subcommand)]
    source: Option<Source>,
    /// The dump, or - for the standard input.
    #[arg(value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// Only checks the dump.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Subcommand)]
enum Source {
    /// Bring back what `haversack export` wrote.
    Dump(DumpArguments),
    /// Bring over a PocketBase data folder, version 0.23 or newer.
    Pocketbase(PocketbaseArguments),
}

#[derive(Debug, Args)]
struct DumpArguments {
    /// The dump, or - for the standard input.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Only checks the dump.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
struct PocketbaseArguments {
    /// The folder, usually called `pb_data`. It is only read.
    #[arg(value_name = "PB_DATA")]
    source: PathBuf,
    /// Only says what would come over.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: ImportArguments) -> Result<(), Failure> {
    let ImportArguments { source, file, dry_run, place } = arguments;
    match (source, file) {
        (Some(Source::Pocketbase(arguments)), _) => run_pocketbase(arguments),
        (Some(Source::Dump(arguments)), _) => run_dump(arguments),
        (None, Some(file)) => run_dump(DumpArguments { file, dry_run, place }),
        // The parser asks for one of them.
        (None, None) => Err(Failure::Other("what to import is missing".to_owned())),
    }
}

fn run_dump(arguments: DumpArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let options = dump::ImportOptions { source: arguments.file, data, dry_run: arguments.dry_run };
    let summary = dump::import(&options, &mut *cli_progress())
        .map_err(|error| Failure::Other(error.to_string()))?;
    for (name, records) in &summary.collections {
        say(&format!("{records:>10}  {name}"));
    }
    say(&summary.to_string());
    if options.dry_run {
        say("This was a dry run: nothing was written.");
    }
    Ok(())
}

fn run_pocketbase(arguments: PocketbaseArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let options = ImportOptions { source: arguments.source, data, dry_run: arguments.dry_run };
    let summary = pocketbase(&options, &mut *cli_progress())
        .map_err(|error| Failure::Other(error.to_string()))?;
    say(&summary.to_string());
    Ok(())
}

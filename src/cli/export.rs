//! `haversack export`

use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use haversack::app::{ControlCommand, ExportCommand, control};
use haversack::dump;
use haversack::import::cli_progress;

use super::{Failure, Place, say, say_aside};

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The file to write, or - for the standard output while no server runs [default:
    /// ./haversack-DATE-TIME.ndjson].
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: ExportArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let failed = |error: dump::DumpError| Failure::Other(error.to_string());
    let output = arguments.output.unwrap_or_else(|| dump::default_name().into());
    if output.as_os_str() == "-" {
        let mut progress = cli_progress();
        let summary = dump::export_stream(&data, &mut io::stdout().lock(), &mut *progress);
        say_aside(&summary.map_err(failed)?.to_string());
        return Ok(());
    }
    let output = std::path::absolute(&output)
        .map_err(|error| Failure::Other(format!("{}: {error}", output.display())))?;
    let summary = match ask_server(&data, &output, arguments.force)? {
        Some(summary) => summary,
        None => dump::export_folder(&data, &output, arguments.force, &mut *cli_progress())
            .map_err(failed)?
            .to_string(),
    };
    say(&format!("wrote {}", output.display()));
    say(&summary);
    Ok(())
}

/// Lets the server that holds the data folder write the file; `None` when there is none.
fn ask_server(data: &Path, output: &Path, force: bool) -> Result<Option<String>, Failure> {
    let command = ControlCommand::Export(ExportCommand { output: output.to_owned(), force });
    control::send(data, &command)
        .map_err(|error| Failure::Other(format!("the running server does not answer: {error}")))?
        .transpose()
        .map_err(Failure::Other)
}

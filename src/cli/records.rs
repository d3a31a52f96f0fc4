//! `haversack records`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use haversack::app::{ControlCommand, RecordsCommand};

use super::superuser::give;
use super::{Failure, Place, say};

#[derive(Debug, Subcommand)]
pub(super) enum Action {
    /// Write the records of a collection to a file of CSV or JSON lines.
    Export(ExportArguments),
    /// Make records of the rows of a file.
    ///
    /// Exits with 1 when a row fails.
    Import(ImportArguments),
}

#[derive(Debug, Args)]
pub(super) struct ExportArguments {
    /// The collection, by name or id.
    collection: String,
    /// The file to write.
    file: PathBuf,
    /// csv or jsonl [default: what the file's name ends with].
    #[arg(long)]
    format: Option<String>,
    /// Which records, as in lists.
    #[arg(long, default_value = "")]
    filter: String,
    /// In which order, as in lists.
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    sort: String,
    /// The names of the fields, separated by commas.
    #[arg(long, default_value = "")]
    fields: String,
    /// Keep spreadsheets from taking texts for formulas.
    #[arg(long)]
    safe: bool,
    /// Replace the file if it exists.
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    place: Place,
}

#[derive(Debug, Args)]
pub(super) struct ImportArguments {
    /// The collection, by name or id.
    collection: String,
    /// The file to read.
    file: PathBuf,
    /// csv or jsonl [default: what the file's name ends with].
    #[arg(long)]
    format: Option<String>,
    /// What to do with a row whose id is there already: create (it fails) or upsert.
    #[arg(long, default_value = "create")]
    mode: String,
    /// Only say what would come of it.
    #[arg(long)]
    dry_run: bool,
    /// Write all rows or none.
    #[arg(long)]
    atomic: bool,
    /// Take away what `export --safe` put before texts.
    #[arg(long)]
    safe: bool,
    /// The field of a column that is called otherwise; an empty one leaves the column out.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = parse_pair)]
    map: Vec<(String, String)>,
    #[command(flatten)]
    place: Place,
}

fn parse_pair(text: &str) -> Result<(String, String), &'static str> {
    let (column, field) = text.split_once('=').ok_or("there is no = in it")?;
    Ok((column.to_owned(), field.to_owned()))
}

pub(super) fn run(action: Action) -> Result<(), Failure> {
    let (command, place) = match action {
        Action::Export(arguments) => {
            let ExportArguments { collection, file, format, filter, sort, fields, .. } = arguments;
            let format = format_of(format, &file);
            let file = absolute(&file)?;
            let (safe, force) = (arguments.safe, arguments.force);
            let command = RecordsCommand::Export {
                collection,
                file,
                format,
                filter,
                sort,
                fields,
                safe,
                force,
            };
            (command, arguments.place)
        }
        Action::Import(arguments) => {
            let ImportArguments { collection, file, format, mode, dry_run, atomic, .. } = arguments;
            let format = format_of(format, &file);
            let file = absolute(&file)?;
            let (safe, map) = (arguments.safe, arguments.map);
            let command = RecordsCommand::Import {
                collection,
                file,
                format,
                mode,
                dry_run,
                atomic,
                safe,
                map,
            };
            (command, arguments.place)
        }
    };
    say(&give(ControlCommand::Records(command), &place)?);
    Ok(())
}

fn format_of(named: Option<String>, file: &Path) -> String {
    let by_name = || file.extension().map(|end| end.to_string_lossy().to_ascii_lowercase());
    named.or_else(by_name).unwrap_or_default()
}

/// The server may run in another folder.
fn absolute(file: &Path) -> Result<PathBuf, Failure> {
    let absolute = std::path::absolute(file);
    absolute.map_err(|error| Failure::Other(format!("{}: {error}", file.display())))
}

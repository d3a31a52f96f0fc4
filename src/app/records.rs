//! Records as files, for the command line.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::RecordsCommand;
use crate::access::Caller;
use crate::ops::records::transfer::{
    Export, ExportSpec, Fault, Format, ImportSpec, Mode, Tally, import,
};
use crate::ops::{Backend, Error};

use super::told;

/// Faults that are told one by one.
const FAULTS_TOLD: usize = 20;

/// Runs a command and returns what to tell the one who gave it.
pub(super) fn run(backend: &Backend, command: RecordsCommand) -> Result<String, String> {
    match command {
        RecordsCommand::Export { file, collection, format, filter, sort, fields, safe, force } => {
            let format = Format::parse(&format).map_err(|error| told(&error))?;
            let spec = ExportSpec { format, filter, sort, fields, safe };
            let (reading, caller) = (backend.reading(), Caller::system());
            let export = Export::open(&reading, backend.rules(), &caller, &collection, spec);
            let export = export.map_err(|error| told(&error))?;
            let bytes = write(export, &file, force)?;
            Ok(format!("wrote {} ({bytes} bytes)", file.display()))
        }
        RecordsCommand::Import { file, collection, format, mode, dry_run, atomic, safe, map } => {
            let read = || {
                let format = Format::parse(&format)?;
                let mode = Mode::parse(&mode)?;
                Ok(ImportSpec { format, mode, dry_run, atomic, safe, map })
            };
            let spec = read().map_err(|error: Error| told(&error))?;
            let opened = File::open(&file);
            let opened = opened.map_err(|error| format!("{}: {error}", file.display()))?;
            let caller = Arc::new(Caller::system());
            match import(backend, &caller, &collection, &spec, opened) {
                Ok(tally) if tally.failed == 0 => {
                    let note = if dry_run { "; a dry run, nothing was written" } else { "" };
                    Ok(summary(&tally) + note)
                }
                Ok(tally) => Err(with_faults(&tally)),
                Err(Error::ImportFailed(tally)) => {
                    Err(format!("nothing was written: {}", with_faults(&tally)))
                }
                Err(error) => Err(told(&error)),
            }
        }
    }
}

/// Writes the export beside the place of `file` and moves it there once it is whole.
fn write(mut export: Export, file: &Path, force: bool) -> Result<u64, String> {
    let failed = |error: io::Error| format!("{}: {error}", file.display());
    if !force && file.exists() {
        return Err(format!("{} exists; --force replaces it", file.display()));
    }
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".partial");
    let partial = file.with_file_name(name);
    let mut out = File::create(&partial).map_err(failed)?;
    let written = (|| {
        let mut bytes = 0;
        while let Some(piece) = export.next_piece().map_err(|error| told(&error))? {
            out.write_all(&piece).map_err(failed)?;
            bytes += piece.len() as u64;
        }
        out.sync_all().map_err(failed)?;
        fs::rename(&partial, file).map_err(failed)?;
        Ok(bytes)
    })();
    if written.is_err() {
        // What is half done is of no use; if it cannot be removed, its name tells.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn summary(tally: &Tally) -> String {
    let Tally { created, updated, failed, .. } = tally;
    format!("{created} created, {updated} updated, {failed} failed")
}

fn with_faults(tally: &Tally) -> String {
    let line = |fault: &Fault| {
        let field = if fault.field.is_empty() { "the row" } else { &fault.field };
        format!("\nline {}: {field}: {}", fault.line, fault.message)
    };
    summary(tally) + &tally.faults.iter().take(FAULTS_TOLD).map(line).collect::<String>()
}

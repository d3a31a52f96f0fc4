//! `haversack check`

use clap::Args;
use haversack::dump;
use haversack::import::cli_progress;

use super::{Failure, Place, say};

#[derive(Debug, Args)]
pub(super) struct CheckArguments {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &CheckArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let report = dump::check(&data, &mut *cli_progress())
        .map_err(|error| Failure::Other(error.to_string()))?;
    say(&report.to_string());
    match report.damage() {
        0 => Ok(()),
        damage => Err(Failure::Other(format!("{} is damaged: {damage} findings", data.display()))),
    }
}

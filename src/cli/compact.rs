//! `haversack compact`

use clap::Args;
use haversack::dump;

use super::{Failure, Place, say};

#[derive(Debug, Args)]
pub(super) struct CompactArguments {
    #[command(flatten)]
    place: Place,
}

pub(super) fn run(arguments: &CompactArguments) -> Result<(), Failure> {
    let data = arguments.place.config()?.boot.data;
    let compacted = dump::compact(&data).map_err(|error| Failure::Other(error.to_string()))?;
    say(&compacted.to_string());
    Ok(())
}

//! Dumps: a data folder as one file and back, and the check of data folders.

#![expect(clippy::unwrap_used, reason = "tests may stop anywhere")]

mod check;
mod folder;
mod golden;
#[path = "../harness/mod.rs"]
mod harness;
mod program;
mod refusals;
mod round_trip;

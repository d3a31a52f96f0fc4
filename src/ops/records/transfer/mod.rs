//! Records as files of other programs: CSV and JSON lines, out of a collection and into it.
//!
//! Owns: the two formats, what a value looks like in a cell, and [`Tally`], what came of an import.
//! Start reading at [`Export`] and [`import`].

mod cell;
mod export;
mod import;
mod source;
mod tally;

pub use export::{Export, ExportSpec};
pub use import::{ImportSpec, Mode, import};
pub use tally::{Fault, Tally};

use crate::ops::{Error, Failure};
use crate::schema::{Violation, Violations};

/// What a file of records looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values by RFC 4180, with a header.
    Csv,
    /// A JSON object on each line.
    JsonLines,
}

impl Format {
    /// The format called `name`: `csv` or `jsonl`. Anything else is an error that names `format`.
    pub fn parse(name: &str) -> Result<Self, Error> {
        match name {
            "csv" => Ok(Self::Csv),
            "jsonl" | "ndjson" => Ok(Self::JsonLines),
            _ => Err(unusable("format", "Must be csv or jsonl.")),
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines => "application/x-ndjson",
        }
    }

    /// What the names of its files end with.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::JsonLines => "jsonl",
        }
    }
}

/// The error of a parameter that cannot be used.
pub(super) fn unusable(name: &str, message: &str) -> Error {
    let violation = Violation::new("validation_invalid_value", message);
    Error::Rejected(Failure::Form, Violations::of(name, violation))
}

//! JSON as it stands on the wire, one file for each family of shapes.

mod json_text;
mod record;

pub(super) use record::RecordWriter;

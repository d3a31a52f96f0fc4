//! JSON as it stands on the wire, one file for each family of shapes.

mod event;
mod json_text;
mod record;

pub(super) use event::{EventWriter, push_message};
pub(super) use record::RecordWriter;

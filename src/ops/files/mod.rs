//! Files of records: uploads on their way to a record, downloads, and what is left to remove.
//!
//! Owns: the list of what is pending, in the settings of the store. An entry says that a file, or
//! all files of a record or a collection, must go unless a record names them. It is there before a
//! file is put in its place, and goes in the same transaction that makes a record name the file; it
//! is made in the same transaction that makes a record forget a file. So whatever moment a crash
//! picks, [`sweep`] finds what is wrong.
//! Invariant: no file that a record names is removed.
//! Start reading at [`Upload`], then [`sweep`].

mod brought;
mod download;
mod in_flight;
pub(super) mod pending;
mod record_file;
mod resumable;
mod sweep;
mod upload;

pub(super) use brought::take_brought;
pub use download::{Download, ThumbRequest, file_token};
pub use in_flight::{InFlight, UnderWay};
pub use record_file::{FileContent, RecordFile};
pub use resumable::{Purpose, Resumable, take_resumed};
pub use sweep::sweep;
pub use upload::Upload;

use crate::model::Row;
use crate::schema::{Collection, Field, FieldKind};

use super::Error;

/// The fields of `collection` that hold files.
pub(super) fn file_fields(collection: &Collection) -> impl Iterator<Item = &Field> {
    collection.fields.iter().filter(|field| matches!(field.kind, FieldKind::File(_)))
}

/// The names of all files of a record.
pub(super) fn names_in(collection: &Collection, row: Row<'_>) -> Vec<String> {
    let values = file_fields(collection).map(|field| row.value(field.slot, field.kind.zero()));
    values.flat_map(|value| value.items().to_vec()).filter(|name| !name.is_empty()).collect()
}

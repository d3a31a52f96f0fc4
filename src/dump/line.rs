//! The format: one JSON object on each line, which has one member, the kind of the line.
//!
//! | kind | content | how many, in this order |
//! |---|---|---|
//! | `haversackDump` | versions of this format and of the store | 1 |
//! | `counter` | a number that goes on, such as the next rowid of a collection | any |
//! | `collection` | a definition with its secrets, slots and index numbers | any |
//! | `entry` | a setting, or another entry that stands for itself | any |
//! | `records` | a collection by id; its records follow, in order of rowid | one per collection |
//! | `record` | the values by name of field, or where those do not tell all, the row itself | any |
//! | `file` | a path below `storage/` and the size; its `chunk`s follow, in base64 | any |
//! | `end` | what there was, and the SHA-256 of all lines before this one, line breaks included | 1 |
//!
//! The members of `values` stand in the order in which the row has them, JSON documents as they are
//! spelled, zero values left out. Not in the file: ids and indexes, which follow from the records, and
//! the log of changes, of which only the last number goes on.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The version of the format.
pub const VERSION: u32 = 1;

/// The longest line that is read, in bytes. A record takes one line.
pub const LINE_BYTES_MAX: u64 = 1 << 30;

/// Bytes of a file in one chunk at most.
pub const CHUNK_BYTES: usize = 96 * 1024;

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the table above says what each is")]
pub enum Line<'a> {
    HaversackDump(Header),
    #[serde(borrow)]
    Counter(Counter<'a>),
    Collection(CollectionLine<'a>),
    Entry(Entry<'a>),
    Records(Records<'a>),
    Record(Record<'a>),
    File(FileLine<'a>),
    Chunk(Cow<'a, str>),
    End(End),
}

/// The first line.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format of the file.
    pub version: u32,
}

/// A counter of the store.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counter<'a> {
    /// Its name.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    /// Its value.
    pub value: u64,
}

/// The definition of a collection.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CollectionLine<'a> {
    /// Its place among the collections.
    pub order: u64,
    /// The definition in the form of the store.
    #[serde(borrow)]
    pub stored: &'a RawValue,
}

/// An entry that stands for itself. Key and value are texts, or base64 where they are no UTF-8.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry<'a> {
    /// The tree.
    #[serde(borrow)]
    pub tree: Cow<'a, str>,
    /// The key.
    #[serde(borrow)]
    pub key: Bytes<'a>,
    /// The value.
    #[serde(borrow)]
    pub value: Bytes<'a>,
}

/// Bytes in a line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Bytes<'a> {
    /// UTF-8 as it is.
    #[serde(borrow)]
    Text(Cow<'a, str>),
    /// Anything, in base64.
    Base64(Cow<'a, str>),
}

/// What the records that follow belong to.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Records<'a> {
    /// The id of the collection.
    #[serde(borrow)]
    pub collection: Cow<'a, str>,
    /// How many follow.
    pub count: u64,
}

/// A record: either `values` or `row`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record<'a> {
    /// Its place in the collection.
    pub rowid: u64,
    /// How many slots the row has, unless as many as the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slots: Option<u16>,
    /// The values by name of field.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub values: Option<&'a RawValue>,
    /// The bytes of the row in base64.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub row: Option<Cow<'a, str>>,
}

/// A file, whose chunks follow.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileLine<'a> {
    /// Where it lies below `storage/`, parts divided by `/`.
    #[serde(borrow)]
    pub path: Cow<'a, str>,
    /// Its size in bytes.
    pub size: u64,
}

/// The last line.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct End {
    /// Collections in the file.
    pub collections: u64,
    /// Records in the file.
    pub records: u64,
    /// Files in the file.
    pub files: u64,
    /// Bytes of these files.
    pub file_bytes: u64,
    /// SHA-256 of everything before this line, in hexadecimal digits.
    pub sha256: String,
}

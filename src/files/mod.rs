//! Uploaded files, on disk or in a bucket: where they lie, what they are called, what they are, and
//! their thumbs.
//!
//! Owns: the folders `storage/`, `tmp/`, `uploads/` and `removed/` of the data folder, the talk with S3 storages,
//! stored names, content types, and thumbs. Knows nothing of collections, rules or HTTP; which record
//! names which file is for others to say. The only room below `web` that runs asynchronous code, which
//! no caller sees: see `bridge`.
//! Invariant: a [`Location`] cannot lead out of `storage/`, and a file in its place is complete from
//! the moment it is there.
//! Start reading at [`Storage`].

mod bridge;
mod bucket;
mod checksum;
mod content_type;
mod disk;
mod location;
mod name;
mod partial;
mod removed;
mod restored;
mod scratch;
mod storage;
mod stored;
mod thumb;

pub use bucket::{Bucket, BucketOptions, Object};
pub use checksum::Checksum;
pub use content_type::{ContentType, HEAD_LEN};
pub use location::Location;
pub use name::stored_name;
pub use partial::{Claim, Partials};
pub use removed::removed_since;
pub use restored::RESTORED_MARK;
pub use scratch::Scratch;
pub use storage::Storage;
pub use stored::{Content, StoredFile};
pub use thumb::{Thumb, ThumbError, ThumbFormat, ThumbSize};

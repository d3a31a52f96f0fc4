//! Uploaded files on disk: where they lie, what they are called, what they are, and their thumbs.
//!
//! Owns: the folders `storage/` and `tmp/` of the data folder, stored names, content types, and
//! thumbs. Knows nothing of collections, rules or HTTP; which record names which file is for others
//! to say.
//! Invariant: a [`Location`] cannot lead out of `storage/`, and a file below `storage/` is complete
//! from the moment it is there.
//! Start reading at [`Storage`].

mod content_type;
mod location;
mod name;
mod scratch;
mod storage;
mod thumb;

pub use content_type::{ContentType, HEAD_LEN};
pub use location::Location;
pub use name::stored_name;
pub use scratch::Scratch;
pub use storage::{Storage, StoredFile};
pub use thumb::{ThumbError, ThumbSize};

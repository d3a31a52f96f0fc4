//! The dump: everything in a data folder as one file, and that file as a data folder again.
//!
//! Owns: the format of the file ([`mod@line`]), [`export_folder`] and [`export_file`], [`import`], and
//! [`check`], which says whether a data folder agrees with itself. Knows nothing of HTTP or of rules.
//! Invariant: exporting an imported dump gives the same bytes, and what is not a whole dump is refused
//! with nothing left behind.
//! Start reading at [`mod@line`].

mod check;
mod compact;
mod error;
mod export;
mod files;
mod import;
pub mod line;
mod reader;
mod row_text;
mod summary;
mod writer;

pub use check::{Owner, Report, check, named_files};
pub use compact::{Compacted, compact};
pub use error::DumpError;
pub use export::{default_name, export_data, export_file, export_folder, export_stream};
pub use files::{place, walk};
pub use import::{ImportOptions, import, import_data};
pub use summary::Summary;

/// The store in a data folder.
const STORE: &str = "data.redb";
/// The folder of the files in a data folder.
const STORAGE: &str = "storage";

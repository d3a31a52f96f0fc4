//! Records: list, view, create, update, replace, delete.
//!
//! Owns: the order of checks of each action, what an account's change brings with it, cascades,
//! and [`RecordView`], a record as one caller may see it.
//! Start reading at [`Draft`], the part that all writes share.

pub(crate) mod account;
pub(crate) mod anonymous;
pub(crate) mod belongings;
mod cascade;
mod delete;
mod draft;
mod enrich;
mod expand;
mod explain;
mod idempotency;
mod list;
pub(crate) mod password_policy;
mod placing;
mod precondition;
mod slow_log;
pub mod transfer;
mod write;

pub use delete::{DeleteRecord, delete_unchecked};
pub use draft::{Draft, finish as finish_draft, touch};
pub use enrich::{Enricher, RecordView, Visibility};
pub use expand::{Expand, Expanded};
pub use explain::{Explanation, explain};
pub use idempotency::KEY_BYTES_MAX as IDEMPOTENCY_KEY_BYTES_MAX;
pub use list::{ListParams, Listing, RecordPage, view};
pub use precondition::{Precondition, Version};
pub use slow_log::SlowLog;
pub(crate) use write::WriteOrError;
pub use write::{Intent, WriteRecord, Written};

use std::sync::Arc;

use crate::query::Rows;
use crate::schema::Collection;

use super::Error;

/// The collection called `id_or_name`.
pub fn collection_of(rows: &dyn Rows, id_or_name: &str) -> Result<Arc<Collection>, Error> {
    rows.catalog().find(id_or_name).cloned().ok_or(Error::NoCollection)
}

//! Values, ids, rows and keys: what everything else speaks in.
//!
//! Owns: [`Value`], [`RecordId`], [`Timestamp`], [`Scalar`], the row format and the key encoding.
//! Knows nothing of schemas, storage engines or JSON documents, and does no IO.
//! Invariant: key order equals scalar order, and a decoded row equals the one encoded.
//! Start reading at [`Value`].

mod hash;
mod ids;
pub mod key;
pub mod row;
mod scalar;
mod timestamp;
mod value;

pub use hash::{hex_digits, stable_hash};
pub use ids::{CollectionId, RecordId, RowId};
pub use row::{Cell, Row, RowBuf, RowWriter, Slot};
pub use scalar::Scalar;
pub use timestamp::Timestamp;
pub(crate) use timestamp::{civil_from_days, days_from_civil};
pub use value::{GeoPoint, JsonText, Value};

//! The filter language: parsed, bound to the schema, planned and run.
//!
//! Owns: [`Filter`], [`ListQuery`], the planner, and what an index entry of a row looks like.
//! Reads rows through [`Rows`], so it knows neither the engine nor transactions.
//! Invariant: whatever plan runs, the answer equals that of testing every row with the filter.
//! Start reading at [`ListQuery`].

mod column;
pub mod entry;
mod error;
mod request;
mod rows;

pub use error::FilterError;
pub use request::{AuthRow, Context, Request};
pub use rows::{Direction, IndexTree, ReadError, Rows, Visit};

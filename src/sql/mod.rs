//! SQL over collections: one SELECT, read only, with limits on time, rows and memory.
//!
//! Owns: [`Select`], which runs a query over any [`crate::query::Rows`]; what fields the columns of a
//! view have; renames inside queries. A query works on a copy of the columns that it reads, in a
//! database of its own that lives as long as the query, so nothing it does can reach the store.
//! Invariant: no statement but a SELECT is ever run, and it sees no password and no token key.
//! Start reading at [`Select`].

mod cell;
mod database;
mod error;
mod fields;
mod guard;
mod outline;
mod rename;
mod select;
mod table;
#[cfg(test)]
mod tests;
mod token;

pub use error::SqlError;
pub use fields::{column_origin, view_fields};
pub use rename::{Rewrite, Unclear, rewrite};
pub use select::{Answer, Limits, Select};
pub use token::mentions;

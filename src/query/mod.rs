//! The filter language: parsed, bound to the schema, planned and run.
//!
//! Owns: [`Filter`], [`ListQuery`], the planner, and what an index entry of a row looks like.
//! Reads rows through [`Rows`], so it knows neither the engine nor transactions.
//! Invariant: whatever plan runs, the answer equals that of testing every row with the filter.
//! Start reading at [`ListQuery`].

mod ast;
mod bind;
mod bindings;
mod bound;
mod column;
mod columns;
mod compare;
mod credential;
pub mod entry;
mod error;
mod eval;
mod filter;
mod functions;
mod json;
mod lexer;
mod like;
mod list;
mod macros;
mod parser;
mod plan;
mod rename;
mod request;
mod rows;
mod sort;
mod texts;

pub use columns::{Columns, Kept, Log};
pub use credential::{ApiKeyScope, Credential, KeyGrant, Verb};
pub use error::FilterError;
pub use filter::{Filter, Scope, Subject, forbidden_token};
pub use lexer::shape;
pub use list::{Found, ListQuery, ListSpec, Page};
pub use plan::{Advice, Explain, Plan};
pub use rename::{Ambiguous, Renaming};
pub use request::{AuthRow, Context, Request};
pub use rows::{Direction, IndexTree, ReadError, Rows, Visit};
pub use texts::Texts;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

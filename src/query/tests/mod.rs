//! The filter language against its contract, and every plan against the naive answer.

mod bounds;
mod joins;
mod plans;
mod requests;
mod semantics;
mod syntax;

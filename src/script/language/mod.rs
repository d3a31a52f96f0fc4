//! From the text of a file to what the engine runs: types out of TypeScript, modules told from
//! plain scripts, and where an import leads.
//!
//! Start reading at [`Source`], then [`Modules`].

mod modules;
mod source;
mod syntax;

pub(super) use modules::{Modules, found_json};
pub(super) use source::{Source, is_script};

//! Making and changing definitions: from a request's body to a collection that can be saved.
//!
//! A [`Draft`] reads the body over a scaffold or over what is stored and puts it in order; its
//! caller may make rules follow renamed fields; [`Draft::check`] refuses or hands out the
//! collection.

mod auth_check;
mod check;
mod collection_check;
mod draft;
mod factor_check;
mod field_check;
mod field_list;
mod ids;
mod indexes;
mod pattern;
mod renames;
mod scaffold;
pub mod system;
#[cfg(test)]
mod tests;

pub use auth_check::OAUTH2_PROVIDERS;
pub use draft::{DefinitionError, Draft, create_from_body, update_from_body};
pub use field_list::set_view_fields;
pub use renames::{Renames, renames};
pub use scaffold::{scaffold, scaffolds_json};

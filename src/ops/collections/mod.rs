//! Collections: list, create, update, delete, truncate, import. All of it is for superusers only, which the
//! caller has checked.
//!
//! Owns: what a change of one definition does to the others, and what a collection takes with it.
//! Start reading at [`UpdateCollection`].

mod create;
mod delete;
mod import;
mod list;
mod mentions;
mod rename;
mod rules;
#[cfg(test)]
mod tests;
mod truncate;
mod update;

pub use create::CreateCollection;
pub use delete::delete;
pub use import::ImportCollections;
pub use list::{CollectionPage, list};
pub use truncate::truncate;
pub use update::UpdateCollection;

use crate::schema::{Collection, Violation, Violations};
use crate::store::WriteError;

use super::{Error, Failure, views};

/// What saving a definition answers when its indexes cannot be made.
fn save_error(error: WriteError, collection: &Collection, failure: Failure) -> Error {
    let WriteError::DuplicateKeys { index_name } = error else {
        return error.into();
    };
    let position = collection.indexes.iter().position(|index| index.name == index_name);
    let message = format!("Failed to create index {index_name} - records share the same values.");
    let mut violations = Violations::new();
    violations.add_at(
        &["indexes", &position.unwrap_or_default().to_string()],
        Violation::new("validation_invalid_index_expression", message),
    );
    Error::Rejected(failure, violations)
}

//! What a new data folder starts with.

use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::system::initial_collections;

use super::{Backend, Error};

/// Makes the system collections and `users` in an empty store; does nothing in any other.
pub fn bootstrap(backend: &Backend) -> Result<(), Error> {
    if !backend.snapshot().catalog().all().is_empty() {
        return Ok(());
    }
    backend.write(|tx| {
        for collection in initial_collections(Timestamp::now()) {
            tx.create_collection(collection)?;
        }
        Ok(())
    })
}

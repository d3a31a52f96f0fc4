//! What a new data folder starts with.

use crate::model::Timestamp;
use crate::query::Rows;
use crate::schema::system::initial_collections;

use super::{Backend, Error};

/// Makes the system collections and `users` in an empty store, and reads the settings of any.
pub fn bootstrap(backend: &Backend) -> Result<(), Error> {
    if backend.snapshot().catalog().all().is_empty() {
        backend.write(|tx| {
            for collection in initial_collections(Timestamp::now()) {
                tx.create_collection(collection)?;
            }
            Ok::<_, Error>(())
        })?;
    }
    backend.reload_settings().map(drop)
}

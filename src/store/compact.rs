//! Making the file as small as what it holds.

use std::path::Path;

use super::engine::RedbEngine;
use super::error::StoreError;
use super::wal::Wal;
use super::{Store, StoreOptions, open};

impl Store {
    /// Moves what the store in the folder `dir` holds together and cuts the file; returns its bytes
    /// before and after. Takes about as long as copying the file. A crash in the midst of it costs
    /// nothing but the work.
    ///
    /// # Errors
    /// Those of [`Store::open`]; it must not be open, here or in another process.
    pub fn compact(dir: &Path, options: &StoreOptions) -> Result<(u64, u64), StoreError> {
        let path = dir.join("data.redb");
        let size = || path.metadata().map(|file| file.len()).map_err(StoreError::engine);
        let before = size()?;
        let engine = RedbEngine::open(&path, options.cache_bytes)?;
        open::check_format(&engine)?;
        let (mut wal, records) = Wal::open(&dir.join("data.wal"))?;
        open::replay(&engine, &mut wal, &records)?;
        engine.compact()?;
        drop(engine);
        Ok((before, size()?))
    }
}

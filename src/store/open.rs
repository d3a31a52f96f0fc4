//! Opening: the checks and the repairs before the first read.

use std::ops::ControlFlow;
use std::sync::Arc;

use super::change;
use super::engine::{ALL_KEYS, Commit, Engine, Read};
use super::error::{StoreError, damaged};
use super::seal::Sealer;
use super::tx::Staged;
use super::wal::{Record, Wal};
use super::{catalog_codec, history, names, reading};
use crate::query::Direction;
use crate::schema::Catalog;

/// The format of the data that this program reads and writes.
pub(super) const FORMAT: u64 = 1;

/// Refuses data of another format, and marks new data with this one.
pub(super) fn check_format(engine: &dyn Engine) -> Result<(), StoreError> {
    match reading::counter(&*engine.read()?, names::FORMAT)? {
        Some(FORMAT) => Ok(()),
        Some(found) => Err(StoreError::Format { found, known: FORMAT }),
        None => engine.write(&mut |txn| {
            txn.put(names::COUNTERS, names::FORMAT.as_bytes(), &FORMAT.to_le_bytes())?;
            Ok(Commit::Durable)
        }),
    }
}

/// Applies what the write-ahead log has and the trees have not, empties the log, and returns the
/// sequence of the last batch that the trees include.
pub(super) fn replay(
    engine: &dyn Engine,
    wal: &mut Wal,
    records: &[Record],
) -> Result<u64, StoreError> {
    let included = reading::counter(&*engine.read()?, names::WAL_SEQUENCE)?.unwrap_or(0);
    let missing = || records.iter().filter(|record| record.sequence > included);
    let last = missing().map(|record| record.sequence).max().unwrap_or(included);
    if last > included {
        engine.write(&mut |txn| {
            for op in missing().flat_map(|record| &record.ops) {
                match &op.value {
                    Some(value) => txn.put(&op.tree, &op.key, value)?,
                    None => txn.delete(&op.tree, &op.key)?,
                };
            }
            txn.put(names::COUNTERS, names::WAL_SEQUENCE.as_bytes(), &last.to_le_bytes())?;
            Ok(Commit::Durable)
        })?;
    }
    wal.truncate_to(0);
    Ok(last)
}

/// The catalog and the last change as they are on disk.
pub(super) fn load(read: &dyn Read, sealer: &Sealer) -> Result<Staged, StoreError> {
    let (mut collections, mut orders) = (Vec::new(), Vec::new());
    read.range(names::COLLECTIONS, ALL_KEYS, Direction::Forward, &mut |key, value| {
        let order = key.try_into().map_err(|_| damaged("a key in the tree of collections"))?;
        let collection = catalog_codec::decode(value, sealer)
            .map_err(|what| damaged(format!("the definition of a collection: {what}")))?;
        collections.push(Arc::new(collection));
        orders.push(u64::from_be_bytes(order));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut last_change = reading::counter(read, names::CHANGE_SEQUENCE)?.unwrap_or(0);
    read.range(names::CHANGES, ALL_KEYS, Direction::Backward, &mut |key, _| {
        last_change =
            change::sequence(key).ok_or_else(|| damaged("a key in the log of changes"))?;
        Ok(ControlFlow::Break(()))
    })?;
    let version = reading::counter(read, names::CATALOG_VERSION)?.unwrap_or(0);
    let catalog = Arc::new(Catalog::new(version, collections));
    let recording = history::load(read)?;
    Ok(Staged { catalog, orders: orders.into(), last_change, recording })
}

//! A store under other keys: everything is written into a new file, as free pages of the old one
//! would still hold what was overwritten.

use std::fs::{self, File};
use std::ops::{Bound, ControlFlow};
use std::path::Path;

use super::engine::{Commit, Engine, Read, RedbEngine};
use super::error::{StoreError, damaged};
use super::seal::{Keys, SealKey, Sealer, is_sealed_tree};
use super::{catalog_codec, names, reading};
use crate::query::{Direction, ReadError};

/// Bytes and entries that are written at once.
const PIECE_BYTES: usize = 16 << 20;
const PIECE_LEN: usize = 50_000;

/// Opens the file of `engine` with `keys`, and writes it anew when they ask for it. Nothing is changed
/// when they do not fit, or when it fails.
///
/// # Errors
/// [`StoreError::Sealed`] when values are sealed and no key fits, and what the disk says.
pub(super) fn settle(
    path: &Path,
    engine: RedbEngine,
    cache_bytes: usize,
    keys: &Keys,
) -> Result<(RedbEngine, Sealer), StoreError> {
    let fresh = path.with_extension("resealed");
    // Left by a crash. Whoever else would make one has to open the store first.
    remove(&fresh)?;
    let found = reading::counter(&*engine.read()?, names::SEALED)?;
    let from = key_of(found, keys)?;
    let is_current = from.map(SealKey::id) == keys.current.as_ref().map(SealKey::id);
    let to = Sealer(keys.current.clone());
    if is_current {
        return Ok((engine, to));
    }
    tracing::info!(sealed = to.0.is_some(), "writing the store anew, as its key changed");
    let from = Sealer(from.cloned());
    if let Err(error) = copy(&engine, &fresh, cache_bytes, &from, &to) {
        let _ = fs::remove_file(&fresh);
        return Err(error);
    }
    // The old file keeps its lock until the new one has its name, where that is possible.
    let held = cfg!(unix).then_some(engine);
    fs::rename(&fresh, path).map_err(StoreError::engine)?;
    if let Some(folder) = path.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
    let engine = RedbEngine::open(path, cache_bytes)?;
    drop(held);
    Ok((engine, to))
}

/// The key with which the store called `path` is sealed, if `keys` has it; `None` when nothing is
/// sealed.
///
/// # Errors
/// [`StoreError::Sealed`] when no key fits.
pub(super) fn key_of(found: Option<u64>, keys: &Keys) -> Result<Option<&SealKey>, StoreError> {
    let Some(id) = found else { return Ok(None) };
    let all = [&keys.current, &keys.old];
    let key = all.into_iter().flatten().find(|key| key.id() == id);
    let has_key = all.into_iter().any(Option::is_some);
    key.map(Some).ok_or(StoreError::Sealed { has_key })
}

fn remove(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(StoreError::engine(error))
        }
        _ => Ok(()),
    }
}

/// Writes all of `engine` to a new file, sealed otherwise.
fn copy(
    engine: &RedbEngine,
    fresh: &Path,
    cache_bytes: usize,
    from: &Sealer,
    to: &Sealer,
) -> Result<(), StoreError> {
    let read = engine.read()?;
    let target = RedbEngine::open(fresh, cache_bytes)?;
    // The history tells of values as they were sealed then: whoever wants one begins it anew.
    let trees = read.trees()?.into_iter().filter(|tree| tree != names::HISTORY);
    for tree in trees {
        let mut last: Option<Vec<u8>> = None;
        loop {
            let piece = piece(&*read, &tree, last.as_deref())?;
            let Some((key, _)) = piece.last() else { break };
            last = Some(key.clone());
            target.write(&mut |txn| {
                for (key, value) in &piece {
                    txn.put(&tree, key, &resealed(&tree, key, value, from, to)?)?;
                }
                Ok(Commit::Durable)
            })?;
        }
    }
    target.write(&mut |txn| {
        txn.delete(names::COUNTERS, names::HISTORY_EPOCH.as_bytes())?;
        match &to.0 {
            Some(key) => {
                txn.put(names::COUNTERS, names::SEALED.as_bytes(), &key.id().to_le_bytes())?;
            }
            None => drop(txn.delete(names::COUNTERS, names::SEALED.as_bytes())?),
        }
        Ok(Commit::QuickRepair)
    })
}

type Piece = Vec<(Vec<u8>, Vec<u8>)>;

/// The next entries of a tree behind the key `last`.
fn piece(read: &dyn Read, tree: &str, last: Option<&[u8]>) -> Result<Piece, ReadError> {
    let start = last.map_or(Bound::Unbounded, Bound::Excluded);
    let (mut piece, mut bytes) = (Piece::new(), 0);
    read.range(tree, (start, Bound::Unbounded), Direction::Forward, &mut |key, value| {
        bytes += key.len() + value.len();
        piece.push((key.to_vec(), value.to_vec()));
        let is_full = bytes >= PIECE_BYTES || piece.len() >= PIECE_LEN;
        Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(piece)
}

fn resealed(
    tree: &str,
    key: &[u8],
    value: &[u8],
    from: &Sealer,
    to: &Sealer,
) -> Result<Vec<u8>, ReadError> {
    if tree == names::COLLECTIONS {
        let broken = |what| damaged(format!("the definition of a collection: {what}"));
        return catalog_codec::resealed(value, from, to).map_err(broken);
    }
    if !is_sealed_tree(tree) {
        return Ok(value.to_vec());
    }
    to.seal(tree, key, &from.open(tree, key, value)?)
}

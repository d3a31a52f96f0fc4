//! What survives the end of the process.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::store::Durability;
use crate::store::engine::{Commit, RedbEngine, needs_repair};
use crate::store::writer::Pace;

fn relaxed() -> StoreOptions {
    StoreOptions { durability: Durability::Relaxed, ..Default::default() }
}

/// Opens a store that puts nothing on disk but what an answer calls for, so that its files stand
/// still between writes and relaxed writes are in the log alone.
pub(super) fn open_unhurried(dir: &Path, options: StoreOptions) -> Store {
    let hour = Duration::from_hours(1);
    let pace = Pace { idle: hour, unsynced_max: hour };
    Store::open_paced(dir, "data", options, pace).expect("a good folder")
}

/// Copies the files of an open store, which is what the end of the process by force would leave.
pub(super) fn copy_as_killed(from: &Path) -> tempfile::TempDir {
    let to = tempfile::tempdir().unwrap();
    for name in ["data.redb", "data.wal"] {
        std::fs::copy(from.join(name), to.path().join(name)).unwrap();
    }
    to
}

#[test]
fn a_second_open_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let second = Store::open(dir.path(), StoreOptions::default());
    assert!(matches!(second, Err(StoreError::Locked)));
    drop(store);
    Store::open(dir.path(), StoreOptions::default()).unwrap();
}

#[test]
fn data_of_another_format_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let engine = RedbEngine::open(&dir.path().join("data.redb"), 1 << 20).unwrap();
    engine
        .write(&mut |txn| {
            txn.put(names::COUNTERS, names::FORMAT.as_bytes(), &99u64.to_le_bytes())?;
            Ok(Commit::Durable)
        })
        .unwrap();
    drop(engine);
    let refused = Store::open(dir.path(), StoreOptions::default());
    let Err(error @ StoreError::Format { found: 99, known: 1 }) = refused else {
        panic!("{refused:?}");
    };
    assert!(error.to_string().contains("a newer version of haversack"), "{error}");
}

#[test]
fn every_answered_write_is_there_after_a_kill() {
    for options in [StoreOptions::default(), relaxed()] {
        let dir = tempfile::tempdir().unwrap();
        let store = with_posts(open_unhurried(dir.path(), options));
        let expected: Vec<String> = (0..40).map(|n| format!("id{n}")).collect();
        for id in &expected {
            insert(&store, post(id, id)).unwrap();
        }
        let killed = copy_as_killed(dir.path());
        // The durability may change from one start to the next.
        let reopened = Store::open(killed.path(), StoreOptions::default()).unwrap();
        assert_eq!(ids(&*reopened.snapshot()), expected);
        check_trees(&reopened.snapshot(), &posts());
        assert_eq!(reopened.snapshot().last_change(), 40);
        assert!(insert(&reopened, post("next", "")).unwrap() > RowId(40));
    }
}

#[test]
fn a_torn_end_of_the_log_costs_only_the_last_batch() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(open_unhurried(dir.path(), relaxed()));
    for id in ["one", "two", "three"] {
        insert(&store, post(id, id)).unwrap();
    }
    let killed = copy_as_killed(dir.path());
    let log = killed.path().join("data.wal");
    let mut bytes = std::fs::read(&log).unwrap();
    assert!(bytes.len() > 3, "the last batch is in the log");
    bytes.truncate(bytes.len() - 3);
    std::fs::write(&log, &bytes).unwrap();
    let reopened = Store::open(killed.path(), relaxed()).unwrap();
    assert_eq!(ids(&*reopened.snapshot()), ["one", "two"]);
    check_trees(&reopened.snapshot(), &posts());
    insert(&reopened, post("four", "")).unwrap();
    drop(reopened);
    let reopened = Store::open(killed.path(), relaxed()).unwrap();
    assert_eq!(ids(&*reopened.snapshot()), ["one", "two", "four"]);
}

#[test]
fn the_log_is_not_replayed_over_newer_data() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(open_unhurried(dir.path(), relaxed()));
    let rowid = insert(&store, post("one", "old")).unwrap();
    let stale = std::fs::read(dir.path().join("data.wal")).unwrap();
    assert!(!stale.is_empty(), "the first insert is in the log");
    store
        .write::<_, JobError>(move |tx| {
            Ok(tx.update(&posts(), rowid, &post("one", "old"), &post("one", "new"))?)
        })
        .unwrap();
    store.close().unwrap();
    assert_eq!(std::fs::metadata(dir.path().join("data.wal")).unwrap().len(), 0);
    drop(store);
    // As if the process had ended between the durable commit and the cutting of the log.
    std::fs::write(dir.path().join("data.wal"), stale).unwrap();
    let store = Store::open(dir.path(), relaxed()).unwrap();
    assert_eq!(all_rows(&*store.snapshot(), &posts()), [(rowid, post("one", "new"))]);
}

#[test]
fn relaxed_writes_reach_the_file_within_the_promised_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), relaxed()).unwrap());
    insert(&store, post("one", "")).unwrap();
    let log = dir.path().join("data.wal");
    let start = std::time::Instant::now();
    while std::fs::metadata(&log).unwrap().len() > 0 {
        assert!(start.elapsed().as_secs() < 20, "the log was never cut");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_schema_change_under_relaxed_durability_survives_a_kill() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(open_unhurried(dir.path(), relaxed()));
    insert(&store, post("one", "a")).unwrap();
    let mut new = posts();
    add_index(&mut new, "CREATE INDEX `idx_more` ON `posts` (`title`)");
    let changed = new.clone();
    store.write::<_, JobError>(move |tx| Ok(tx.update_collection(changed.clone())?)).unwrap();
    insert(&store, post("two", "b")).unwrap();
    let killed = copy_as_killed(dir.path());
    let reopened = Store::open(killed.path(), relaxed()).unwrap();
    assert_eq!(ids(&*reopened.snapshot()), ["one", "two"]);
    check_trees(&reopened.snapshot(), &new);
}

#[test]
fn rowids_are_not_used_again_after_the_last_row_went() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap());
    let rowid = insert(&store, post("one", "")).unwrap();
    store
        .write::<_, JobError>(move |tx| Ok(tx.delete(&posts(), rowid, &post("one", ""))?))
        .unwrap();
    let deleted = store.snapshot().changes(1, 9).unwrap().remove(0);
    assert_eq!(deleted.old_row, Some(post("one", "")));
    drop(store);
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    assert!(insert(&store, post("two", "")).unwrap() > rowid);
}

#[test]
fn a_file_that_is_no_store_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("data.redb"), "not a store at all".repeat(1000)).unwrap();
    assert!(Store::open(dir.path(), StoreOptions::default()).is_err());
}

#[test]
fn a_damaged_definition_is_told_apart_from_a_missing_one() {
    let dir = tempfile::tempdir().unwrap();
    drop(with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap()));
    let engine = RedbEngine::open(&dir.path().join("data.redb"), 1 << 20).unwrap();
    engine
        .write(&mut |txn| {
            txn.put(names::COLLECTIONS, &1u64.to_be_bytes(), b"{}")?;
            Ok(Commit::Durable)
        })
        .unwrap();
    drop(engine);
    let refused = Store::open(dir.path(), StoreOptions::default());
    assert!(matches!(refused, Err(StoreError::Damaged(_))), "{refused:?}");
}

#[test]
fn ranges_that_hold_no_key_are_empty_on_both_engines() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = Store::open(dir.path(), StoreOptions::default()).unwrap();
    for store in [memory(), on_disk] {
        let store = with_posts(store);
        for id in ["one", "two", "three"] {
            insert(&store, post(id, "")).unwrap();
        }
        let snapshot = store.snapshot();
        for range in [
            (Bound::Excluded(RowId(2)), Bound::Excluded(RowId(2))),
            (Bound::Included(RowId(2)), Bound::Excluded(RowId(2))),
            (Bound::Included(RowId(3)), Bound::Included(RowId(1))),
        ] {
            for direction in [Direction::Forward, Direction::Backward] {
                snapshot
                    .scan(&posts(), range, direction, &mut |rowid, _| panic!("{rowid:?}"))
                    .unwrap();
            }
        }
    }
}

#[test]
fn after_an_idle_moment_a_kill_costs_no_repair() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("data.redb");
    let store = with_posts(open_unhurried(dir.path(), StoreOptions::default()));
    assert!(needs_repair(&file));
    drop(store);
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    insert(&store, post("one", "")).unwrap();
    let start = std::time::Instant::now();
    while needs_repair(&file) {
        assert!(start.elapsed().as_secs() < 20, "the writer never made the next open quick");
        std::thread::sleep(Duration::from_millis(20));
    }
}

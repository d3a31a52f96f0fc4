//! A disk that is full or fails, at every moment at which it can.

use std::io::ErrorKind;
use std::path::Path;

use super::*;
use crate::store::engine::{Faults, Operation, RedbEngine};
use crate::store::seal::Sealer;
use crate::store::writer::Pace;
use crate::store::{Durability, Wal, open};

/// A store over a disk that fails on demand, and a way to say so.
struct Failing {
    store: Store,
    engine: Arc<RedbEngine>,
}

impl Failing {
    fn open(dir: &Path, durability: Durability, cache_bytes: usize) -> Self {
        let engine = Arc::new(RedbEngine::open(&dir.join("data.redb"), cache_bytes).unwrap());
        open::check_format(&*engine).unwrap();
        let (mut wal, records) = Wal::open(&dir.join("data.wal")).unwrap();
        let sequence = open::replay(&*engine, &mut wal, &records).unwrap();
        let wal = (durability == Durability::Relaxed).then_some((wal, sequence));
        // Nothing but writes goes to the disk, so that what fails is known.
        let hour = std::time::Duration::from_hours(1);
        let pace = Pace { idle: hour, unsynced_max: std::time::Duration::from_millis(1) };
        let options = StoreOptions { durability, ..Default::default() };
        let shared: Arc<dyn Engine> = Arc::<RedbEngine>::clone(&engine);
        let store = Store::start(shared, options, pace, wal, Sealer::default()).unwrap();
        Self { store, engine }
    }

    fn faults(&self) -> &Faults {
        self.engine.faults()
    }
}

/// Writes until the disk has failed `good` operations later; returns what was answered, what was
/// not, and whether the disk failed at all.
fn write_under_faults(
    failing: &Failing,
    good: u64,
    kind: ErrorKind,
) -> (Vec<String>, Vec<String>, bool) {
    let (mut kept, mut refused) = (Vec::new(), Vec::new());
    failing.faults().begin(Operation::Write, good, kind);
    for number in 0..3 {
        let id = format!("id{number}");
        // Large enough that the file has to grow.
        let row = row(&[(Slot::ID, text(&id)), (DATA, text(&id.repeat(20_000)))]);
        match insert(&failing.store, row) {
            Ok(_) => kept.push(id),
            Err(JobError::Store(StoreError::Engine(_))) => refused.push(id),
            Err(other) => panic!("{other:?}"),
        }
    }
    let has_failed = failing.faults().end();
    (kept, refused, has_failed)
}

/// Waits until the store is back, which it is soon after the disk is.
fn insert_when_back(store: &Store, id: &str) {
    let start = std::time::Instant::now();
    while let Err(error) = insert(store, post(id, "")) {
        assert!(start.elapsed().as_secs() < 20, "it never came back: {error:?}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn a_disk_that_fails_at_any_write(durability: Durability, kind: ErrorKind) {
    let mut points = 0;
    for good in 0.. {
        let dir = tempfile::tempdir().unwrap();
        let failing = Failing::open(dir.path(), durability, 1 << 20);
        let store = with_posts(failing.store.clone());
        let (kept, refused, has_failed) = write_under_faults(&failing, good, kind);
        assert_eq!(kept.len() + refused.len(), 3);
        if durability == Durability::Full {
            assert_eq!(refused.is_empty(), !has_failed);
        }
        insert_when_back(&store, "after");
        let snapshot = store.snapshot();
        let found = ids(&*snapshot);
        let lost = kept.iter().find(|id| !found.contains(id));
        assert_eq!(lost, None, "after {good} writes to the disk, {found:?}");
        assert_eq!(found.last().map(String::as_str), Some("after"));
        check_trees(&snapshot, &posts());
        drop(snapshot);
        store.close().unwrap();
        drop((store, failing));
        let reopened = Store::open_checked(dir.path(), StoreOptions::default()).unwrap();
        assert_eq!(ids(&*reopened.snapshot()), found);
        check_trees(&reopened.snapshot(), &posts());
        if !has_failed {
            break;
        }
        points += 1;
    }
    assert!(points > 10, "the disk failed at {points} points only");
}

#[test]
fn a_full_disk_loses_nothing_that_was_answered_and_the_store_comes_back() {
    a_disk_that_fails_at_any_write(Durability::Full, ErrorKind::StorageFull);
}

#[test]
fn a_failing_disk_loses_nothing_of_what_was_answered_from_the_log_alone() {
    a_disk_that_fails_at_any_write(Durability::Relaxed, ErrorKind::Other);
}

#[test]
fn a_failing_read_is_an_error_and_never_a_short_list() {
    let dir = tempfile::tempdir().unwrap();
    let fill = Failing::open(dir.path(), Durability::Full, 1 << 20);
    let store = with_posts(fill.store.clone());
    let row = |number: u32| {
        let id = format!("id{number:03}");
        row(&[(Slot::ID, text(&id)), (DATA, text(&id.repeat(500)))])
    };
    for number in 0..30 {
        insert(&store, row(number)).unwrap();
    }
    store.close().unwrap();
    drop((store, fill));
    let (mut points, everything) = (0, (Bound::Unbounded, Bound::Unbounded));
    for good in 0.. {
        // Nothing of it is in memory.
        let failing = Failing::open(dir.path(), Durability::Full, 0);
        let mut seen = 0;
        failing.faults().begin(Operation::Read, good, ErrorKind::Other);
        let walk = |seen: &mut u32| {
            let snapshot = failing.store.snapshot();
            snapshot.scan(&posts(), everything, Direction::Forward, &mut |_, _| {
                *seen += 1;
                Ok(ControlFlow::Continue(()))
            })
        };
        let walked = walk(&mut seen);
        assert!(walked.is_err() || seen == 30, "{seen} rows after {good} reads, and no error");
        let has_failed = failing.faults().end();
        assert!(walked.is_err() || !has_failed);
        // A failure that only readers saw is mended by a write, at the latest.
        insert_when_back(&failing.store, "after");
        seen = 0;
        walk(&mut seen).unwrap();
        assert_eq!(seen, 31);
        let snapshot = failing.store.snapshot();
        let rowid = snapshot.find(&posts(), "after").unwrap().unwrap();
        drop(snapshot);
        let gone = failing
            .store
            .write::<_, JobError>(move |tx| Ok(tx.delete(&posts(), rowid, &post("after", ""))?));
        gone.unwrap();
        failing.store.close().unwrap();
        if !has_failed {
            break;
        }
        points += 1;
    }
    assert!(points > 10, "the disk failed at {points} points only");
}

#[test]
fn a_store_that_nobody_writes_to_is_read_again_after_a_failing_read() {
    let dir = tempfile::tempdir().unwrap();
    let failing = Failing::open(dir.path(), Durability::Full, 0);
    let store = with_posts(failing.store.clone());
    insert(&store, post("one", "")).unwrap();
    failing.faults().begin(Operation::Read, 0, ErrorKind::Other);
    let snapshot = store.snapshot();
    assert!(snapshot.row(&posts(), RowId(1)).is_err());
    failing.faults().end();
    assert!(snapshot.row(&posts(), RowId(1)).is_err(), "the engine goes on as if nothing were");
    let start = std::time::Instant::now();
    while store.snapshot().row(&posts(), RowId(1)).is_err() {
        assert!(start.elapsed().as_secs() < 20, "it never came back");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

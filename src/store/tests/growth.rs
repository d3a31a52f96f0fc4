//! How large the file gets, and that it gets small again.

use super::*;

/// Bytes of a row in this test, more or less.
const ROW_BYTES: usize = 4000;
const ROWS: u64 = 100;

fn large(id: &str, round: u64) -> RowBuf {
    row(&[(Slot::ID, text(id)), (DATA, text(&format!("{id} {round} {}", "x".repeat(ROW_BYTES))))])
}

/// Puts the rows there, then updates every one and replaces every other, in batches.
fn churn(store: &Store, rounds: std::ops::Range<u64>) {
    // A batch takes 256 changes out of the log at most, so it must not make as many.
    let step = 50;
    for (round, begin) in rounds.flat_map(|n| (0..ROWS).step_by(step as usize).map(move |b| (n, b)))
    {
        store
            .write::<_, JobError>(move |tx| {
                for number in begin..begin + step {
                    let id = format!("id{number}");
                    let found = tx.find(&posts(), &id).map_err(StoreError::from)?;
                    let Some(rowid) = found else {
                        tx.insert(&posts(), &large(&id, round))?;
                        continue;
                    };
                    let old = tx.row(&posts(), rowid).map_err(StoreError::from)?.expect("a row");
                    if number % 2 == 0 {
                        tx.update(&posts(), rowid, &old, &large(&id, round))?;
                    } else {
                        tx.delete(&posts(), rowid, &old)?;
                        tx.insert(&posts(), &large(&id, round))?;
                    }
                }
                Ok(())
            })
            .unwrap();
    }
}

#[test]
fn churn_under_a_long_reader_leaves_a_file_that_compacts_to_what_is_alive() {
    let dir = tempfile::tempdir().unwrap();
    let size = || std::fs::metadata(dir.path().join("data.redb")).unwrap().len();
    // The log of changes holds what was deleted; it has its own bound.
    let options = StoreOptions { change_count_max: 10, ..Default::default() };
    let store = with_posts(Store::open(dir.path(), options.clone()).unwrap());
    let reader = store.snapshot();
    churn(&store, 0..8);
    assert_eq!(ids(&*reader), Vec::<String>::new());
    drop(reader);
    let before = all_rows(&*store.snapshot(), &posts());
    store.close().unwrap();
    drop(store);
    let grown = size();
    let alive = ROWS * ROW_BYTES as u64;

    let (said_before, said_after) = Store::compact(dir.path(), &options).unwrap();
    assert_eq!((said_before, said_after), (grown, size()));
    assert!(said_after < grown, "{grown} bytes, then {said_after}");
    assert!(said_after < 4 * alive, "{said_after} bytes for {alive}");
    let store = Store::open_checked(dir.path(), options.clone()).unwrap();
    assert_eq!(all_rows(&*store.snapshot(), &posts()), before);
    check_trees(&store.snapshot(), &posts());

    // Without a reader the space is used again, however long it goes on.
    churn(&store, 8..12);
    let after_some = size();
    churn(&store, 12..24);
    assert!(size() <= 2 * after_some, "{after_some} bytes, then {}", size());
}

#[test]
fn an_open_store_is_not_compacted() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap());
    insert(&store, post("one", "")).unwrap();
    let refused = Store::compact(dir.path(), &StoreOptions::default());
    assert!(matches!(refused, Err(StoreError::Locked)), "{refused:?}");
    drop(store);
    Store::compact(dir.path(), &StoreOptions::default()).unwrap();
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    assert_eq!(ids(&*store.snapshot()), ["one"]);
}

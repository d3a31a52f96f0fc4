//! Many jobs in one transaction, each of them whole or not at all.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::store::engine::MemoryEngine;

pub(super) type BoxedJob = Box<dyn FnMut(&mut Tx<'_>) -> Result<(), JobError> + Send>;

/// Holds the writer back in a first job, submits `jobs`, lets go, and returns their answers, so
/// that all of them share one batch.
pub(super) fn in_one_batch(store: &Store, jobs: Vec<BoxedJob>) -> Vec<Result<(), JobError>> {
    let (go, wait) = channel::<()>();
    let (started, has_started) = channel();
    store.submit::<(), JobError>(
        move |_| {
            started.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        },
        |_| {},
    );
    has_started.recv().unwrap();
    let answers: Vec<Receiver<_>> = jobs
        .into_iter()
        .map(|job| {
            let (answer, answered) = channel();
            store.submit(job, move |result| answer.send(result).unwrap());
            answered
        })
        .collect();
    go.send(()).unwrap();
    answers.into_iter().map(|answered| answered.recv().unwrap()).collect()
}

pub(super) fn inserting(id: &'static str) -> BoxedJob {
    Box::new(move |tx| Ok(tx.insert(&posts(), &post(id, "")).map(drop)?))
}

#[test]
fn a_failing_job_between_two_good_ones_leaves_no_trace() {
    let store = with_posts(memory());
    let failing = |tx: &mut Tx<'_>| {
        let first = tx.row(&posts(), RowId(1)).map_err(StoreError::from)?.expect("the job before");
        tx.update(&posts(), RowId(1), &first, &post("one", "changed"))?;
        tx.insert(&posts(), &post("lost", "x"))?;
        tx.put_setting("lost", b"x")?;
        Err(JobError::OnPurpose)
    };
    let answers = in_one_batch(&store, vec![inserting("one"), Box::new(failing), inserting("two")]);
    assert!(matches!(answers[..], [Ok(()), Err(JobError::OnPurpose), Ok(())]), "{answers:?}");
    let snapshot = store.snapshot();
    assert_eq!(all_rows(&*snapshot, &posts())[0].1, post("one", ""));
    assert_eq!(ids(&*snapshot), ["one", "two"]);
    assert_eq!(snapshot.setting("lost").unwrap(), None);
    assert_eq!(snapshot.last_change(), 2);
    check_trees(&snapshot, &posts());
}

#[test]
fn a_panicking_job_is_taken_back_and_the_writer_goes_on() {
    let store = with_posts(memory());
    let panicking = |tx: &mut Tx<'_>| -> Result<(), JobError> {
        tx.insert(&posts(), &post("lost", ""))?;
        panic!("a panic in a test of panics");
    };
    let answers = in_one_batch(&store, vec![inserting("one"), Box::new(panicking)]);
    assert!(
        matches!(answers[..], [Ok(()), Err(JobError::Store(StoreError::Panicked))]),
        "{answers:?}"
    );
    insert(&store, post("two", "")).unwrap();
    assert_eq!(ids(&*store.snapshot()), ["one", "two"]);
}

#[test]
fn a_failing_commit_reaches_every_job_of_the_batch_and_nothing_stays() {
    let engine = Arc::new(MemoryEngine::default());
    let shared: Arc<dyn Engine> = Arc::<MemoryEngine>::clone(&engine);
    let store = with_posts(Store::with_engine(shared, StoreOptions::default()).unwrap());
    let answers = in_one_batch(
        &store,
        vec![
            inserting("one"),
            Box::new(move |tx| {
                tx.delete_collection(&posts().id)?;
                engine.fail_next_commit();
                Ok(())
            }),
        ],
    );
    let failed =
        |answer: &Result<_, _>| matches!(answer, Err(JobError::Store(StoreError::Engine(_))));
    assert!(answers.iter().all(failed), "{answers:?}");
    assert_eq!(ids(&*store.snapshot()), [""; 0]);
    insert(&store, post("two", "")).unwrap();
    assert_eq!(store.snapshot().last_change(), 1);
}

#[test]
fn a_refused_write_leaves_the_rest_of_its_job() {
    let store = with_posts(memory());
    store
        .write::<_, JobError>(|tx| {
            tx.insert(&posts(), &post("one", "Same"))?;
            let again = tx.insert(&posts(), &post("two", "sAME"));
            assert!(matches!(again, Err(WriteError::NotUnique { index: IndexNumber(0) })));
            let again = tx.insert(&posts(), &post("one", "other"));
            assert!(matches!(again, Err(WriteError::IdTaken)));
            let stale = tx.update(&posts(), RowId(1), &post("one", ""), &post("one", "x"));
            assert!(matches!(stale, Err(WriteError::Stale)));
            tx.insert(&posts(), &post("three", "other"))?;
            Ok(())
        })
        .unwrap();
    assert_eq!(ids(&*store.snapshot()), ["one", "three"]);
    check_trees(&store.snapshot(), &posts());
}

#[test]
fn a_snapshot_stays_as_it_was_while_writes_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = Store::open(dir.path(), StoreOptions::default()).unwrap();
    for store in [memory(), on_disk] {
        let store = with_posts(store);
        let rowid = insert(&store, post("one", "a")).unwrap();
        let before = store.snapshot();
        store
            .write::<_, JobError>(move |tx| {
                tx.update(&posts(), rowid, &post("one", "a"), &post("one", "b"))?;
                tx.insert(&posts(), &post("two", ""))?;
                Ok(())
            })
            .unwrap();
        assert_eq!(all_rows(&*before, &posts()), [(rowid, post("one", "a"))]);
        assert_eq!(before.count(&posts()).unwrap(), 1);
        assert_eq!(ids(&*store.snapshot()), ["one", "two"]);
    }
}

#[test]
fn a_job_that_writes_nothing_publishes_nothing() {
    let store = with_posts(memory());
    let before = store.snapshot();
    store.write::<_, JobError>(|tx| Ok(tx.setting("none").map_err(WriteError::from)?)).unwrap();
    assert!(Arc::ptr_eq(&before, &store.snapshot()));
}

#[test]
fn a_full_queue_refuses_and_a_closed_store_too() {
    let store = with_posts(memory());
    let (go, wait) = channel::<()>();
    let (started, has_started) = channel();
    store.submit::<(), JobError>(
        move |_| {
            started.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        },
        |_| {},
    );
    has_started.recv().unwrap();
    let (answer, answers) = channel();
    for _ in 0..=crate::store::QUEUE_MAX {
        let answer = answer.clone();
        store.submit::<(), JobError>(|_| Ok(()), move |result| answer.send(result).unwrap());
    }
    let refused = answers.recv().unwrap();
    assert!(matches!(refused, Err(JobError::Store(StoreError::Busy))));
    go.send(()).unwrap();
    store.close().unwrap();
    drop(answer);
    assert_eq!(answers.iter().flatten().count(), crate::store::QUEUE_MAX);
    let late = insert(&store, post("late", ""));
    assert!(matches!(late, Err(JobError::Store(StoreError::Closed))));
    store.submit::<(), JobError>(
        |_| Ok(()),
        |late| {
            assert!(matches!(late, Err(JobError::Store(StoreError::Closed))));
        },
    );
}

#[test]
fn an_answer_may_drop_the_last_handle() {
    let store = with_posts(memory());
    let (answer, answered) = channel();
    let last = store.clone();
    store.submit::<(), JobError>(
        |_| Ok(()),
        move |_| {
            drop(last);
            answer.send(()).unwrap();
        },
    );
    drop(store);
    answered.recv().unwrap();
}

#[test]
fn old_changes_are_pruned_and_the_last_one_stays() {
    let options = StoreOptions { change_count_max: 3, ..Default::default() };
    let store = with_posts(Store::in_memory(options).unwrap());
    for id in ["a", "b", "c", "d", "e"] {
        insert(&store, post(id, "")).unwrap();
    }
    let changes = store.snapshot().changes(1, 2).unwrap();
    assert_eq!(changes.iter().map(|change| change.sequence).collect::<Vec<_>>(), [3, 4]);

    let options = StoreOptions { change_age_seconds_max: 0, ..Default::default() };
    let store = with_posts(Store::in_memory(options).unwrap());
    insert(&store, post("a", "")).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(3));
    insert(&store, post("b", "")).unwrap();
    let changes = store.snapshot().changes(0, 9).unwrap();
    assert_eq!(changes.iter().map(|change| change.sequence).collect::<Vec<_>>(), [2]);
}

//! The check of a store finds what was planted.

use super::super::change;
use super::super::engine::{Commit, MemoryEngine};
use super::*;
use crate::store::CheckedCollection;

type Plant<'a> = (&'a str, &'a [u8], Option<&'a [u8]>);

/// Two posts, then the entries put (or removed) behind the store's back, then a check.
fn checked_after(plants: &[Plant<'_>]) -> (CheckedCollection, Vec<String>) {
    let engine = Arc::new(MemoryEngine::default());
    let open = || {
        let engine = Arc::clone(&engine) as Arc<dyn Engine>;
        Store::with_engine(engine, StoreOptions::default()).expect("memory always opens")
    };
    let store = with_posts(open());
    for (id, title) in [("one", "First"), ("two", "Second")] {
        let links = Value::List(vec!["one".to_owned(), "nobody".to_owned()]);
        let row = row(&[(Slot::ID, text(id)), (TITLE, text(title)), (LINKS, links)]);
        insert(&store, row).expect("a good row");
    }
    store.close().expect("memory always closes");
    engine
        .write(&mut |txn| {
            for (tree, key, value) in plants {
                match value {
                    Some(value) => txn.put(tree, key, value)?,
                    None => txn.delete(tree, key)?,
                };
            }
            Ok(Commit::Durable)
        })
        .expect("memory always writes");
    let snapshot = open().snapshot();
    let mut seen = 0;
    let checked = snapshot.check_collection(&posts(), &mut |_| seen += 1);
    assert!(seen <= checked.records);
    (checked, snapshot.check_rest().told)
}

/// What the one finding about the posts says.
fn found(plants: &[Plant<'_>]) -> String {
    let (checked, rest) = checked_after(plants);
    assert_eq!(rest, [""; 0]);
    assert!(!checked.findings.is_empty(), "nothing was found");
    checked.findings.told.join("; ")
}

#[test]
fn nothing_is_wrong_with_a_good_store() {
    let (checked, rest) = checked_after(&[]);
    assert_eq!((checked.findings.told, rest), (vec![], vec![]));
    assert_eq!((checked.records, checked.indexes, checked.dangling), (2, 5, 2));
    // Title, data (null), rank, two links, created.
    assert_eq!(checked.entries, 12);
}

#[test]
fn planted_damage_of_a_collection_is_found() {
    let key = |rowid: u64| rowid.to_be_bytes();
    let title = |title: &str| {
        let row = post("x", title);
        let of_title = |tree| tree == IndexTree::Declared(IndexNumber(0));
        index::entries(&posts(), RowId(1), row.as_row(), &of_title).remove(0).key
    };
    let name = "index/posts_id/0";
    let other = post("three", "Third");
    for (plants, expected) in [
        (vec![("ids/posts_id", &b"one"[..], None)], "the id \"one\" does not lead to row 1"),
        (
            vec![("ids/posts_id", b"one", Some(&key(2)[..]))],
            "the id \"one\" does not lead to row 1",
        ),
        (vec![("ids/posts_id", b"six", Some(&key(1)[..]))], "the id \"six\" leads to no record"),
        (vec![(name, &title("First")[..], None)], "row 1 is missing in the tree index/posts_id/0"),
        (
            vec![(name, &title("First")[..], Some(&key(2)[..]))],
            "row 1 is missing in the tree index/posts_id/0",
        ),
        (
            vec![(name, &title("Zero")[..], Some(&key(1)[..]))],
            "the tree index/posts_id/0 has an entry too many: row 1",
        ),
        (vec![("rows/posts_id", &key(1)[..], Some(b"\x01\x00nonsense"))], "row 1 cannot be read"),
        (vec![("rows/posts_id", &key(1)[..], None)], "the id \"one\" leads to no record"),
        (
            vec![("rows/posts_id", &key(7)[..], Some(other.as_bytes()))],
            "the id \"three\" does not lead to row 7",
        ),
        (vec![("rows/posts_id", b"short", Some(other.as_bytes()))], "the rows cannot be read"),
        (
            vec![("counters", b"rowid/posts_id", Some(&2u64.to_le_bytes()[..]))],
            "the next rowid is taken already",
        ),
    ] {
        let found = found(&plants);
        assert!(found.contains(expected), "{expected}: {found}");
    }
}

#[test]
fn planted_damage_of_the_rest_is_found() {
    let (checked, rest) = checked_after(&[
        ("rows/gone_id", b"12345678", Some(b"x")),
        ("outbox", b"anything", Some(b"is fine")),
        (names::CHANGES, &change::key(2), Some(b"nonsense")),
    ]);
    assert!(checked.findings.is_empty());
    assert_eq!(rest.len(), 2, "{rest:?}");
    assert!(rest[0].contains("the tree rows/gone_id with 1 entries"), "{rest:?}");
    assert!(rest[1].contains("change Some(2) in the log is damaged"), "{rest:?}");
}

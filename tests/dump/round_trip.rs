//! What is exported comes back as it was.

use std::fs;

use haversack::model::{RowBuf, RowId};
use haversack::query::Rows;
use haversack::store::Store;

use crate::folder::{Folder, add, close, import, thing, things};

#[test]
fn a_restored_folder_holds_the_same_bytes_and_gives_the_same_dump() {
    let old = Folder::filled();
    let dump = old.export();
    let new = Folder::new();
    let summary = new.import(&dump).unwrap();
    assert_eq!(summary.collections, [("users".to_owned(), 1), ("things".to_owned(), 3)]);
    assert_eq!((summary.files, summary.file_bytes, summary.entries), (3, 250_005, 2));
    assert_eq!(summary.bytes, dump.len() as u64);
    assert!(new.export() == dump, "the second dump differs");

    let (before, after) = (old.open(), new.open());
    let catalogs = [&before, &after].map(|store| store.snapshot().catalog().all().to_vec());
    assert_eq!(catalogs[0], catalogs[1]);
    for collection in &catalogs[0] {
        let rows = [&before, &after].map(|store| store.snapshot().rows_after(collection, None));
        let [before, after] = rows.map(Result::unwrap);
        assert_eq!(before, after);
        assert!(!before.is_empty());
    }
    for key in ["plain", "bytes"] {
        let [before, after] = [&before, &after].map(|store| store.snapshot().setting(key).unwrap());
        assert!(before.is_some());
        assert_eq!(before, after);
    }
    for file in ["things_id/thing0/a.png", "things_id/thing1/empty.txt"] {
        let [before, after] = [&old, &new].map(|it| fs::read(it.data().join("storage").join(file)));
        assert_eq!(before.unwrap(), after.unwrap());
    }
    // Rowids are handed out 64 at a time, so that none is ever used again; changes are counted on.
    let last = before.snapshot().last_change();
    assert_eq!(after.snapshot().last_change(), last);
    assert_eq!((add(&before, "next"), add(&after, "next")), (65, 65));
    assert_eq!(after.snapshot().last_change(), last + 1);
    assert_eq!(after.snapshot().changes(last, 10).unwrap()[0].rowid, RowId(65));
    close(after);
    assert_eq!(haversack::dump::check(&new.data(), &mut ()).unwrap().damage(), 0);
}

#[test]
fn records_are_text_wherever_text_tells_all() {
    let old = Folder::filled();
    let store = old.open();
    let things = things();
    // One that still has the value of a removed field, and one from before the last fields.
    let removed = with_slot(&things, "removed", 1, things.next_slot);
    let short = with_slot(&things, "short", 3, 4);
    let collection = things.clone();
    store
        .write::<_, haversack::store::WriteError>(move |tx| {
            tx.insert(&collection, &removed)?;
            tx.insert(&collection, &short)?;
            Ok(())
        })
        .unwrap();
    let kept = store.snapshot().rows_after(&things, None).unwrap();
    close(store);
    let dump = String::from_utf8(old.export()).unwrap();
    let rows: Vec<&str> = dump.lines().filter(|line| line.contains("\"row\":")).collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    assert!(dump.contains(r#""values":{"text":"x","id":"short"}"#), "{dump}");
    assert!(dump.contains(r#""slots":4"#));
    assert!(dump.contains(r#""json":{"b":1.0,"a":[1e2,"\u00e9"],"b":[]}"#));
    assert!(dump.contains("\"secret\":\"secret-of-tokens\""));
    let new = Folder::new();
    new.import(dump.as_bytes()).unwrap();
    let store = new.open();
    assert_eq!(store.snapshot().rows_after(&things, None).unwrap(), kept);
}

fn with_slot(things: &haversack::schema::Collection, id: &str, slot: u16, slots: u16) -> RowBuf {
    use haversack::model::{RowWriter, Slot, Value};
    assert_eq!(things.field_at(Slot(slot)).is_some(), slot == 3);
    let mut writer = RowWriter::new(slots);
    writer.set(Slot(slot), &Value::Text("x".to_owned()));
    writer.set(Slot::ID, &Value::Text(id.to_owned()));
    writer.finish()
}

#[test]
fn more_rows_than_one_slice_come_in_order() {
    let old = Folder::filled();
    let store = old.open();
    fill(&store, 10..2510);
    let rows = store.snapshot().count(&things()).unwrap();
    close(store);
    let dump = old.export();
    let new = Folder::new();
    assert_eq!(new.import(&dump).unwrap().records(), rows + 1);
    assert!(new.export() == dump, "the second dump differs");
    let store = new.open();
    // Filling a folder is nothing that happened to its records.
    assert_eq!(store.snapshot().changes(0, 10).unwrap(), []);
}

fn fill(store: &Store, numbers: std::ops::Range<u32>) {
    store
        .write::<_, haversack::store::WriteError>(move |tx| {
            for number in numbers.clone() {
                tx.insert(&things(), &thing(number))?;
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_dry_run_reads_everything_and_writes_nothing() {
    let old = Folder::filled();
    let new = Folder::new();
    fs::write(new.path("dump"), old.export()).unwrap();
    let summary = import(&new.path("dump"), &new.data(), true).unwrap();
    assert_eq!(summary.records(), 4);
    assert!(!new.data().exists());
}

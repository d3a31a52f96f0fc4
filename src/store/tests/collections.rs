//! Changes of the schema and what they do to rows and indexes.

use super::batches::{BoxedJob, in_one_batch, inserting};
use super::*;
use crate::model::CollectionId;
use crate::schema::Record;

/// Posts of which the links hold one id.
fn single_link() -> Collection {
    let mut posts = posts();
    if let FieldKind::Relation(options) = &mut posts.fields[4].kind {
        options.max_select = 1;
    }
    posts
}

fn update(store: &Store, new: &Collection) -> Result<Arc<Collection>, JobError> {
    let new = new.clone();
    store.write(move |tx| Ok(tx.update_collection(new.clone())?))
}

fn links(store: &Store) -> Vec<Value> {
    let snapshot = store.snapshot();
    let collection = snapshot.catalog().by_id("posts_id").expect("the posts");
    let link = |(_, row): &(RowId, RowBuf)| {
        let record = Record::from_row(Arc::clone(collection), row.as_row());
        record.get("links").expect("a field").clone()
    };
    all_rows(&*snapshot, collection).iter().map(link).collect()
}

#[test]
fn rows_follow_when_a_field_goes_from_several_values_to_one_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap());
    for (id, items) in [("one", &[][..]), ("two", &["a", "b"]), ("three", &["c"])] {
        let list = Value::List(items.iter().map(|item| (*item).to_owned()).collect());
        insert(&store, row(&[(Slot::ID, text(id)), (LINKS, list)])).unwrap();
    }
    let version = store.snapshot().catalog().version();

    update(&store, &single_link()).unwrap();
    assert_eq!(links(&store), [text(""), text("b"), text("c")]);
    check_trees(&store.snapshot(), &single_link());

    update(&store, &posts()).unwrap();
    let list = |items: &[&str]| Value::List(items.iter().map(|i| (*i).to_owned()).collect());
    assert_eq!(links(&store), [list(&[]), list(&["b"]), list(&["c"])]);
    check_trees(&store.snapshot(), &posts());
    assert_eq!(store.snapshot().catalog().version(), version + 2);
}

#[test]
fn indexes_are_built_dropped_and_built_anew() {
    let store = with_posts(memory());
    for (id, title) in [("one", "x"), ("two", "Y"), ("three", "")] {
        insert(&store, post(id, title)).unwrap();
    }
    let mut new = posts();
    new.indexes.remove(2);
    add_index(&mut new, "CREATE UNIQUE INDEX `idx_new` ON `posts` (`title`)");
    // The same index under the same number, but without its condition.
    new.indexes[0].condition = None;
    update(&store, &new).unwrap();
    let snapshot = store.snapshot();
    check_trees(&snapshot, &new);
    let old_tree = names::index(&new.id, IndexTree::Declared(IndexNumber(2)));
    assert_eq!(snapshot.read.len(&old_tree).unwrap(), 0);
}

#[test]
fn a_unique_index_over_duplicates_is_refused_and_nothing_changes() {
    let store = with_posts(memory());
    for id in ["one", "two"] {
        insert(&store, post(id, "")).unwrap();
    }
    let mut new = single_link();
    add_index(&mut new, "CREATE UNIQUE INDEX `idx_dup` ON `posts` (`rank`)");
    let before = store.snapshot();
    let refused = update(&store, &new);
    assert!(
        matches!(
            &refused,
            Err(JobError::Write(WriteError::DuplicateKeys { index_name })) if index_name == "idx_dup"
        ),
        "{refused:?}"
    );
    assert!(Arc::ptr_eq(before.catalog(), store.snapshot().catalog()));
    check_trees(&store.snapshot(), &posts());
}

#[test]
fn the_catalog_is_as_before_when_the_job_fails() {
    let dir = tempfile::tempdir().unwrap();
    let on_disk = Store::open(dir.path(), StoreOptions::default()).unwrap();
    for store in [memory(), on_disk] {
        let store = with_posts(store);
        insert(&store, post("one", "a")).unwrap();
        let before = store.snapshot();
        let failing = |tx: &mut Tx<'_>| {
            let mut other = posts();
            (other.id, other.name) = (CollectionId::from("other_id"), "other".to_owned());
            tx.create_collection(other.clone())?;
            tx.insert(&other, &post("x", ""))?;
            tx.update_collection(single_link())?;
            tx.delete_collection(&posts().id)?;
            tx.create_collection(posts())?;
            tx.insert(&posts(), &post("y", ""))?;
            Err(JobError::OnPurpose)
        };
        let jobs: Vec<BoxedJob> = vec![inserting("two"), Box::new(failing), inserting("three")];
        let answers = in_one_batch(&store, jobs);
        assert!(matches!(answers[..], [Ok(()), Err(JobError::OnPurpose), Ok(())]), "{answers:?}");
        let after = store.snapshot();
        assert!(Arc::ptr_eq(before.catalog(), after.catalog()));
        assert_eq!(ids(&*after), ["one", "two", "three"]);
        check_trees(&after, &posts());
    }
}

#[test]
fn a_deleted_collection_takes_its_trees_along_and_may_come_back_empty() {
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap());
    let first = insert(&store, post("one", "a")).unwrap();
    store.write::<_, JobError>(|tx| Ok(tx.delete_collection(&posts().id)?)).unwrap();
    assert!(store.snapshot().catalog().all().is_empty());
    let missing = insert(&store, post("one", "a"));
    assert!(matches!(missing, Err(JobError::Write(WriteError::NoCollection))));
    let store = with_posts(store);
    check_trees(&store.snapshot(), &posts());
    assert!(insert(&store, post("one", "a")).unwrap() > first);
}

#[test]
fn definitions_come_back_as_they_were() {
    let mut stored = posts();
    // Removing a field and an index leaves holes in the numbers.
    stored.fields.remove(2);
    stored.indexes.remove(2);
    stored.indexes.swap(0, 1);
    let dir = tempfile::tempdir().unwrap();
    let store = with_posts(Store::open(dir.path(), StoreOptions::default()).unwrap());
    update(&store, &stored).unwrap();
    drop(store);
    let store = Store::open(dir.path(), StoreOptions::default()).unwrap();
    let snapshot = store.snapshot();
    let read = snapshot.catalog().by_name("posts").unwrap();
    assert_eq!(read.fields, stored.fields);
    assert_eq!(read.indexes, stored.indexes);
    assert_eq!((read.next_slot, read.next_index), (stored.next_slot, stored.next_index));
    assert_eq!(snapshot.catalog().version(), 2);
}

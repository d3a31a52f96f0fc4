//! Answers from columns while others write, against a scan of the same snapshot.

use std::ops::Bound as RangeBound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

use super::*;
use crate::model::Row;
use crate::model::key::KeyRange;
use crate::query::{ListQuery, ListSpec, Page, ReadError, Request, Visit};
use crate::schema::Catalog;

/// A snapshot of which nothing is kept.
struct Plain<'a>(&'a Snapshot);

impl Rows for Plain<'_> {
    fn catalog(&self) -> &Arc<Catalog> {
        self.0.catalog()
    }

    fn count(&self, collection: &Collection) -> Result<u64, ReadError> {
        self.0.count(collection)
    }

    fn find(&self, collection: &Collection, id: &str) -> Result<Option<RowId>, ReadError> {
        self.0.find(collection, id)
    }

    fn row(&self, collection: &Collection, rowid: RowId) -> Result<Option<RowBuf>, ReadError> {
        self.0.row(collection, rowid)
    }

    fn with_row(
        &self,
        collection: &Collection,
        rowid: RowId,
        visit: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        self.0.with_row(collection, rowid, visit)
    }

    fn scan(
        &self,
        collection: &Collection,
        range: (RangeBound<RowId>, RangeBound<RowId>),
        direction: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        self.0.scan(collection, range, direction, visit)
    }

    fn scan_index(
        &self,
        collection: &Collection,
        tree: IndexTree,
        range: &KeyRange,
        direction: Direction,
        visit: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        self.0.scan_index(collection, tree, range, direction, visit)
    }
}

fn post(n: u64) -> RowBuf {
    let links = (0..n % 3).map(|link| format!("id{}", (n + link) % 50)).collect();
    row(&[
        (Slot::ID, text(&format!("id{n}"))),
        (TITLE, text(&format!("title {n}"))),
        (RANK, Value::Number((n % 17) as f64)),
        (LINKS, Value::List(links)),
        (CREATED, Value::Date(Some(Timestamp::from_millis((n as i64 % 40) * 86_400_000)))),
    ])
}

/// The same with another rank.
fn ranked(old: &RowBuf, rank: f64) -> RowBuf {
    let mut writer = RowWriter::new(6);
    for slot in [Slot::ID, TITLE, LINKS, CREATED] {
        writer.set(slot, &old.as_row().value(slot, Value::Null));
    }
    writer.set(RANK, &Value::Number(rank));
    writer.finish()
}

const FILTERS: [(&str, &str); 7] = [
    ("rank = 3", ""),
    ("rank > 8 || links:length = 2", "-created"),
    ("links.rank ?> 15", "-@rowid"),
    ("links.rank > 10", "-title"),
    ("title ~ '77' && rank != 5", "rank,created"),
    ("rank <= 20", "-rank,title"),
    ("created > '1970-01-20' && links:each != 'id7'", ""),
];

/// Answers of a list from what is kept and by scanning, and whether columns were used.
fn answers(
    snapshot: &Snapshot,
    filter: &str,
    sort: &str,
) -> ([(Vec<RowId>, Option<u64>); 2], bool) {
    let catalog = snapshot.catalog();
    let posts = catalog.by_name("posts").unwrap();
    let sort = Some(sort).filter(|sort| !sort.is_empty());
    let spec = ListSpec { filter: Some(filter), sort, superuser: true, ..ListSpec::default() };
    let query = ListQuery::compile(catalog, posts, &spec).unwrap();
    let request = Request::default();
    let page = Page { offset: 10, limit: 20, total: true };
    let run = |rows: &dyn Rows| {
        let plan = query.plan(rows, &request, page).unwrap();
        let found = plan.run(rows).unwrap();
        let rowids = found.rows.into_iter().map(|(rowid, _)| rowid).collect();
        ((rowids, found.total), plan.explain().access == "columns")
    };
    let (kept, by_columns) = run(snapshot);
    ([kept, run(&Plain(snapshot)).0], by_columns)
}

#[test]
fn answers_from_columns_are_those_of_a_scan_while_others_write() {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    store.write(|tx| tx.create_collection(posts()).map(drop).map_err(JobError::from)).unwrap();
    let fill = |tx: &mut Tx<'_>| {
        let posts = Arc::clone(tx.catalog().by_name("posts").unwrap());
        for n in 0..1500 {
            tx.insert(&posts, &post(n))?;
        }
        Ok::<(), JobError>(())
    };
    store.write(fill).unwrap();
    let (done, used, next) = (AtomicBool::new(false), AtomicU64::new(0), AtomicU64::new(1500));
    std::thread::scope(|scope| {
        for reader in 0..3usize {
            let (store, done, used) = (&store, &done, &used);
            scope.spawn(move || {
                let mut held = store.snapshot();
                for at in 0.. {
                    let snapshot = store.snapshot();
                    let (filter, sort) = FILTERS[(at + reader) % FILTERS.len()];
                    for snapshot in [&snapshot, &held] {
                        let ([kept, scanned], by_columns) = answers(snapshot, filter, sort);
                        assert_eq!(kept, scanned, "{filter} by {sort:?}");
                        used.fetch_add(u64::from(by_columns), Relaxed);
                    }
                    if at % 5 == 4 {
                        held = snapshot;
                    }
                    if done.load(Relaxed) {
                        break;
                    }
                }
            });
        }
        for step in 0..80u64 {
            let n = next.fetch_add(1, Relaxed);
            let job = move |tx: &mut Tx<'_>| {
                let posts = Arc::clone(tx.catalog().by_name("posts").unwrap());
                tx.insert(&posts, &post(n))?;
                for rowid in [step * 37 % 1500, step * 91 % 1500].map(|at| RowId(at + 1)) {
                    let Some(old) = tx.row(&posts, rowid).unwrap() else { continue };
                    if step % 3 == 0 {
                        tx.delete(&posts, rowid, &old)?;
                    } else {
                        tx.update(&posts, rowid, &old, &ranked(&old, (step % 23) as f64))?;
                    }
                }
                // Some fail, and their changes and numbers must leave no trace.
                if step % 10 == 7 { Err(JobError::OnPurpose) } else { Ok(()) }
            };
            let result = store.write(job);
            assert_eq!(result.is_err(), step % 10 == 7);
        }
        done.store(true, Relaxed);
    });
    assert!(used.load(Relaxed) > 20, "columns were hardly used");
    let used = store.snapshot().kept().map_or(0, |kept| kept.columns.bytes());
    assert!(used > 0 && used < 4 << 20, "{used} bytes");
}

#[test]
fn columns_notice_rows_and_definitions_that_the_log_does_not_mention() {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    store.write(|tx| tx.create_collection(posts()).map(drop).map_err(JobError::from)).unwrap();
    let insert = |from: u64, to: u64| {
        store
            .write(move |tx| {
                let posts = Arc::clone(tx.catalog().by_name("posts").unwrap());
                for n in from..to {
                    tx.insert_unlogged(&posts, &post(n))?;
                }
                Ok::<(), JobError>(())
            })
            .unwrap();
    };
    let check = || {
        let mut used = 0;
        for (filter, sort) in FILTERS {
            let ([kept, scanned], by_columns) = answers(&store.snapshot(), filter, sort);
            assert_eq!(kept, scanned, "{filter} by {sort:?}");
            used += usize::from(by_columns);
        }
        assert!(used >= 5, "{used} of the filters used columns");
    };
    insert(0, 2000);
    check();
    insert(2000, 2500);
    check();
    let one_link = |tx: &mut Tx<'_>| {
        let mut posts = Collection::clone(tx.catalog().by_name("posts").unwrap());
        let links = posts.fields.iter_mut().find(|field| field.slot == LINKS).unwrap();
        if let FieldKind::Relation(options) = &mut links.kind {
            options.max_select = 1;
        }
        tx.update_collection(posts).map(drop).map_err(JobError::from)
    };
    store.write(one_link).unwrap();
    check();
}

#[test]
fn who_asks_the_same_at_the_same_time_causes_one_run() {
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    store.write(|tx| tx.create_collection(posts()).map(drop).map_err(JobError::from)).unwrap();
    let fill = |tx: &mut Tx<'_>| {
        let posts = Arc::clone(tx.catalog().by_name("posts").unwrap());
        (0..3000).try_for_each(|n| tx.insert(&posts, &post(n)).map(drop)).map_err(JobError::from)
    };
    store.write(fill).unwrap();
    let looked = AtomicU64::new(0);
    let start = std::sync::Barrier::new(8);
    let snapshot = store.snapshot();
    let posts = snapshot.catalog().by_name("posts").unwrap();
    let spec =
        ListSpec { filter: Some("title:lower ~ '7'"), superuser: true, ..ListSpec::default() };
    let query = ListQuery::compile(snapshot.catalog(), posts, &spec).unwrap();
    let request = Request::default();
    let page = |offset| Page { offset, limit: 20, total: true };
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let plan = query.plan(&*snapshot, &request, page(0)).unwrap();
                assert_eq!(plan.run(&*snapshot).unwrap().total, Some(813));
                looked.fetch_add(plan.looked(), Relaxed);
            });
        }
    });
    assert_eq!(looked.load(Relaxed), 3000);
    let again = query.plan(&*snapshot, &request, page(0)).unwrap();
    assert!(again.is_short(), "the answer is known");
    let other = query.plan(&*snapshot, &request, page(40)).unwrap();
    assert_eq!(other.run(&*snapshot).unwrap().total, Some(813));
    assert!(other.looked() < 1000, "with the total known, the scan ends with the page");
}

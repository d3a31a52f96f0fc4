//! Queries over rows in memory, the limits on them, and what they must never do.

use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::model::key::KeyRange;
use crate::model::{
    CollectionId, GeoPoint, JsonText, Row, RowBuf, RowId, RowWriter, Slot, Timestamp, Value,
};
use crate::query::{Direction, IndexTree, ReadError, Rows, Visit};
use crate::schema::{
    Catalog, Collection, CollectionKind, Field, FieldKind, Secrets, scaffold, set_view_fields,
};

const LIMITS: Limits = Limits {
    time: Duration::from_secs(20),
    rows_read: usize::MAX,
    rows: 1000,
    cut: false,
    bytes: 1 << 20,
};

/// Collections with rows, scanned in order.
struct Shelf {
    catalog: Arc<Catalog>,
    rows: Vec<(CollectionId, Vec<RowBuf>)>,
}

impl Shelf {
    fn new(collections: Vec<(Collection, Vec<Vec<Value>>)>) -> Self {
        let mut all = Vec::new();
        let mut rows = Vec::new();
        for (collection, values) in collections {
            let row = |values: Vec<Value>| {
                let mut writer = RowWriter::new(collection.next_slot);
                for (field, value) in collection.fields.iter().zip(&values) {
                    writer.set(field.slot, value);
                }
                writer.finish()
            };
            rows.push((collection.id.clone(), values.into_iter().map(row).collect()));
            all.push(Arc::new(collection));
        }
        Self { catalog: Arc::new(Catalog::new(1, all)), rows }
    }

    fn texts(&self, query: &str) -> Result<Vec<Vec<Option<String>>>, SqlError> {
        let select = Select::prepare(&self.catalog, query, None)?;
        select.texts(self, &LIMITS).map(|answer| answer.rows)
    }

    fn one(&self, query: &str) -> String {
        let rows = self.texts(query).unwrap();
        rows[0][0].clone().unwrap_or_else(|| "null".to_owned())
    }
}

impl Rows for Shelf {
    fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn scan(
        &self,
        collection: &Collection,
        _: (Bound<RowId>, Bound<RowId>),
        _: Direction,
        visit: &mut dyn FnMut(RowId, Row<'_>) -> Visit,
    ) -> Result<(), ReadError> {
        let found = self.rows.iter().find(|(id, _)| *id == collection.id);
        for (at, row) in found.into_iter().flat_map(|(_, rows)| rows).enumerate() {
            if visit(RowId(at as u64 + 1), row.as_row())? == ControlFlow::Break(()) {
                break;
            }
        }
        Ok(())
    }

    fn count(&self, _: &Collection) -> Result<u64, ReadError> {
        Err(ReadError("not asked for".into()))
    }

    fn find(&self, _: &Collection, _: &str) -> Result<Option<RowId>, ReadError> {
        Err(ReadError("not asked for".into()))
    }

    fn row(&self, _: &Collection, _: RowId) -> Result<Option<RowBuf>, ReadError> {
        Err(ReadError("not asked for".into()))
    }

    fn with_row(
        &self,
        _: &Collection,
        _: RowId,
        _: &mut dyn FnMut(Row<'_>),
    ) -> Result<bool, ReadError> {
        Err(ReadError("not asked for".into()))
    }

    fn scan_index(
        &self,
        _: &Collection,
        _: IndexTree,
        _: &KeyRange,
        _: Direction,
        _: &mut dyn FnMut(&[u8], RowId) -> Visit,
    ) -> Result<(), ReadError> {
        Err(ReadError("not asked for".into()))
    }
}

/// A collection with an id and one field of each of `kinds`, named after them.
fn collection(name: &str, kinds: &[&str]) -> Collection {
    let mut collection = scaffold(CollectionKind::Base);
    collection.id = CollectionId::from(name);
    name.clone_into(&mut collection.name);
    for type_name in kinds {
        let mut kind = FieldKind::from_type_name(type_name.trim_end_matches('s')).unwrap();
        if let FieldKind::Select(options) = &mut kind {
            options.max_select = if type_name.ends_with('s') { 3 } else { 1 };
        }
        let slot = Slot(collection.next_slot);
        collection.next_slot += 1;
        collection.fields.push(Field { slot, ..Field::new(type_name, kind) });
    }
    collection
}

const KINDS: [&str; 8] =
    ["text", "number", "bool", "date", "select", "selects", "json", "geoPoint"];

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn shelf() -> Shelf {
    let full = vec![
        text("a"),
        text("it's"),
        Value::Number(2.5),
        Value::Bool(true),
        Value::Date(Some(Timestamp::from_millis(0))),
        text("x"),
        Value::List(vec!["x".into(), "y".into()]),
        Value::Json(JsonText::trusted("{\"n\":[1,2]}".to_owned())),
        Value::Geo(GeoPoint { lon: 1.5, lat: 2.0 }),
    ];
    let empty = vec![text("b")];
    let things = (collection("things", &KINDS), vec![full, empty]);
    let mut accounts = scaffold(CollectionKind::Auth(Box::default()));
    accounts.id = CollectionId::from("accounts");
    "accounts".clone_into(&mut accounts.name);
    for (at, field) in accounts.fields.iter_mut().enumerate() {
        field.slot = Slot(at as u16);
    }
    accounts.next_slot = accounts.fields.len() as u16;
    let account = accounts.fields.iter().map(|field| match field.kind {
        FieldKind::Bool => Value::Bool(false),
        _ => text(&format!("{} of ann", field.name)),
    });
    let account = account.collect();
    Shelf::new(vec![things, (accounts, vec![account])])
}

#[test]
fn values_are_what_the_original_keeps() {
    let shelf = shelf();
    for (expression, full, empty) in [
        ("text", "it's", ""),
        ("typeof(number)", "real", "integer"),
        ("bool", "1", "0"),
        ("date", "1970-01-01 00:00:00.000Z", ""),
        ("strftime('%Y', date)", "1970", "null"),
        ("selects", "[\"x\",\"y\"]", "[]"),
        ("json ->> '$.n[1]'", "2", "null"),
        ("(select group_concat(value, '+') from json_each(things.selects))", "x+y", "null"),
        ("geoPoint", "{\"lon\":1.5,\"lat\":2}", "{\"lon\":0,\"lat\":0}"),
        ("json is null", "0", "1"),
        ("_rowid_", "1", "2"),
    ] {
        let of =
            |id: &str| shelf.one(&format!("select {expression} from things where id = '{id}'"));
        assert_eq!((of("a").as_str(), of("b").as_str()), (full, empty), "{expression}");
    }
    assert_eq!(shelf.one("select count(*) from things join things t using (id);;"), "2");
}

#[test]
fn only_one_select_is_ever_run() {
    let shelf = shelf();
    for query in [
        "",
        " ; ",
        "-- nothing",
        "select 1; select 2",
        "select 1;\n--x\n;select 2",
        "select 1) ; delete from things; select (1",
        "select 1) union select (1",
        "select 1 /* open",
        "select 'open",
        "select \"open",
        "select [open",
        "select (1",
        "insert into things (id) values ('x')",
        "insert into things (id) values ('x') returning id",
        "update things set id = 1",
        "update things set id = 1 returning id",
        "delete from things returning id",
        "with x as (select 1) insert into things (id) select * from x",
        "with x as (select 1) delete from things",
        "replace into things (id) values ('x')",
        "values (1)",
        "explain select 1",
        "begin",
        "commit",
        "rollback",
        "savepoint x",
        "vacuum",
        "vacuum into '/tmp/never-made.db'",
        "attach ':memory:' as x",
        "attach '/tmp/never-made.db' as x",
        "detach main",
        "pragma user_version",
        "pragma writable_schema = 1",
        "create table x (a)",
        "create temp table x as select 1",
        "create view x as select 1",
        "create trigger x after insert on things begin select 1; end",
        "drop table things",
        "alter table things rename to x",
        "reindex",
        "analyze",
        "select load_extension('x')",
        "select fts3_tokenizer('x')",
        "select readfile('/etc/passwd')",
        "select writefile('/tmp/never-made', 'x')",
        "select edit('x')",
        "select * from sqlite_master",
        "select * from sqlite_schema",
        "select * from sqlite_temp_master",
        "select * from main.sqlite_master",
        "select name from pragma_table_list",
        "select * from pragma_table_info('things')",
        "select * from pragma_database_list",
        "select * from dbstat",
        "select * from sqlite_dbpage",
        "select * from missing",
        "select * from things, missing",
        "select password from accounts",
        "select accounts.password from accounts",
        "select tokenKey from accounts",
        "select a.\"tokenKey\" from accounts a",
        "select (select accounts.tokenKey from accounts) from things",
        "select id from accounts where tokenKey = 'x'",
        "select id from accounts order by accounts.password",
    ] {
        assert!(shelf.texts(query).is_err(), "{query}");
    }
    // Through a star, secrets are not there either.
    let all = shelf.texts("select * from (select * from accounts)").unwrap();
    let all: Vec<_> = all[0].iter().flatten().collect();
    assert!(all.iter().any(|text| *text == "email of ann"), "{all:?}");
    assert!(!all.iter().any(|text| text.contains("password") || text.contains("tokenKey")));
    // In double quotes, a name that is no column is a text; it says nothing.
    assert!(!shelf.one("select \"tokenKey\" from accounts").contains("ann"));
}

#[test]
fn reading_may_take_many_forms() {
    let shelf = shelf();
    for (query, expected) in [
        ("select 1;", "1"),
        ("/* a */ SELECT 1 -- b", "1"),
        (
            "with recursive n(i) as (select 1 union all select i + 1 from n where i < 9) select max(i) from n",
            "9",
        ),
        ("select ';' || '--'", ";--"),
        ("select count(*) from things, [accounts]", "2"),
        ("select id from THINGS order by ID desc", "b"),
        ("select sum(number) from main.things", "2.5"),
        ("select id from (select * from things) where text != ''", "a"),
        ("select 1 where exists (select 1 from things where 'a' in (select id from things))", "1"),
    ] {
        assert_eq!(shelf.one(query), expected, "{query}");
    }
}

#[test]
fn every_limit_ends_a_query() {
    let shelf = shelf();
    let endless = "with recursive n(i) as (select 1 union all select i + 1 from n) select ";
    let run = |query: &str, limits: &Limits| {
        Select::prepare(&shelf.catalog, query, None)?.texts(&shelf, limits).map(|a| a.rows.len())
    };
    let hurry = Limits { time: Duration::from_millis(50), ..LIMITS };
    assert_eq!(run(&format!("{endless} count(*) from n"), &hurry), Err(SqlError::TooLong(0)));
    assert_eq!(run(&format!("{endless} i from n"), &LIMITS), Err(SqlError::TooManyRows(1000)));
    let cut = Limits { cut: true, rows: 7, ..LIMITS };
    assert_eq!(run(&format!("{endless} i from n"), &cut), Ok(7));
    let large = format!("{endless} hex(zeroblob(1000000)) from n limit 100");
    assert_eq!(run(&large, &LIMITS), Err(SqlError::TooLarge(1)));
    assert_eq!(run("select zeroblob(100000000)", &LIMITS), Err(SqlError::TooLarge(256)));
    let one = Limits { rows_read: 1, ..LIMITS };
    assert_eq!(run("select id from things", &one), Ok(1));
    let deep = format!("select {}", vec!["1"; 300].join(" + "));
    assert!(run(&deep, &LIMITS).is_err());
    let many = vec!["select 1"; 200].join(" union all ");
    assert!(run(&many, &LIMITS).is_err());
}

/// The fields of a view, as `name:type` and what is set on them.
fn fields(query: &str) -> Result<String, SqlError> {
    let mut things = collection("things", &KINDS);
    things.fields[1].hidden = true;
    let mut others = collection("others", &["text", "number"]);
    others.fields[1].presentable = true;
    let catalog = Catalog::new(1, vec![Arc::new(things), Arc::new(others)]);
    let fields = view_fields(&catalog, query, None)?;
    let text = |field: &Field| {
        let mut text = format!("{}:{}", field.name, field.kind.type_name());
        for (on, mark) in [(field.hidden, "/hidden"), (field.presentable, "/shown")] {
            text.push_str(if on { mark } else { "" });
        }
        match &field.kind {
            FieldKind::Number(options) if options.only_int => text.push_str("/int"),
            FieldKind::Relation(options) => {
                text.push('>');
                text.push_str(options.collection_id.as_str());
            }
            _ => {}
        }
        assert!(field.id.is_empty() || field.id.starts_with("_clone_"), "{}", field.id);
        text
    };
    Ok(fields.iter().map(text).collect::<Vec<_>>().join(" "))
}

#[test]
fn fields_follow_from_columns() {
    for (query, expected) in [
        ("select id, text, number n from things", "id:text text:text/hidden n:number"),
        ("select t.ID as id, T.Text from things t", "id:text Text:text/hidden"),
        (
            "select (ROW_NUMBER() OVER()) as id, count(o.id) c, total(number) t, sum(number) s from others o",
            "id:text c:number/int t:number s:json",
        ),
        (
            "select o.id, things.id as thing, things.text a, o.text b, bool c \
             from others as o left join things on things.id = o.id where things.text != ','",
            "id:text thing:relation>things a:text/hidden b:text/shown c:json",
        ),
        (
            "select id, cast(number as int) i, CAST( (1 + 2)  AS decimal) d, cast(1 as text) t, \
             cast(bool as boolean) b, cast(1 as blob) x from things",
            "id:text i:number/int d:number t:text b:bool x:json",
        ),
        ("select 1 as id, 'a,b' \"x\", (select id from things) y", "id:text x:json y:json"),
        (
            "with things as (select 1 as id, 2 as text) select id, text from things",
            "id:text text:json",
        ),
        ("select s.id, s.text from (select * from things) s", "id:text text:json"),
        ("select id, null as a, number + 1 as b from things", "id:text a:json b:json"),
        (
            "select distinct id as id2, id, selects from things",
            "id2:relation>things id:text selects:select",
        ),
        ("select id, 'x' as y from others union select id, text from things", "id:text y:json"),
        (
            "select id, \"text\", [number], `things`.`bool` from things",
            "id:text text:text/hidden number:number bool:bool",
        ),
    ] {
        assert_eq!(fields(query).as_deref(), Ok(expected), "{query}");
    }
    assert_eq!(fields("select * from things"), Err(SqlError::Wildcard));
    assert_eq!(fields("select a.id, a.* from things a"), Err(SqlError::Wildcard));
    assert_eq!(fields("select text from things"), Err(SqlError::NoId));
    assert_eq!(fields("select id from things; select 1"), Err(SqlError::MultipleStatements));
}

/// The records of a view with this query, as JSON texts of their values.
fn view_records(query: &str) -> Vec<Vec<String>> {
    let shelf = shelf();
    let mut view = scaffold(CollectionKind::View { query: query.to_owned() });
    "v".clone_into(&mut view.name);
    let fields = view_fields(&shelf.catalog, query, None).unwrap();
    set_view_fields(&mut view, fields);
    let select = Select::prepare(&shelf.catalog, query, None).unwrap();
    let records = select.records(&shelf, &view, &LIMITS).unwrap();
    let value = |row: &RowBuf, field: &Field| {
        let value = row.as_row().value(field.slot, field.kind.zero());
        crate::schema::values::to_json(&value).to_string()
    };
    let record = |row: &RowBuf| view.fields.iter().map(|field| value(row, field)).collect();
    records.iter().map(record).collect()
}

#[test]
fn json_columns_are_what_their_text_spells() {
    for (expression, expected) in [
        ("'123'", "123"),
        ("'007'", "\"007\""),
        ("'abc'", "\"abc\""),
        ("'{\"a\": 1}'", "{\"a\":1}"),
        ("null", "null"),
        ("7", "7"),
        ("7.0", "7"),
        ("0.1 + 0.2", "0.30000000000000004"),
        ("9e999", "0"),
        ("max(number)", "2.5"),
        ("json_group_array(id)", "[\"a\",\"b\"]"),
        ("cast(1 as bool)", "true"),
        ("cast(2 as bool)", "false"),
        ("cast('x' as int)", "0"),
        ("cast(1.5 as text)", "\"1.5\""),
        ("count(*)", "2"),
    ] {
        let query = format!("select 1 as id, {expression} as x from things");
        assert_eq!(view_records(&query)[0], ["\"1\"", expected], "{expression}");
    }
}

#[test]
fn views_are_made_of_views() {
    let base = shelf();
    let mut view =
        scaffold(CollectionKind::View { query: "select 7 as id, text t from things;".into() });
    view.id = CollectionId::from("v");
    "v".clone_into(&mut view.name);
    let fields = view_fields(&base.catalog, "select 7 as id, text t from things", None).unwrap();
    set_view_fields(&mut view, fields);
    assert_eq!(view.fields[0].to_json()["id"], "text3208210256");
    let mut all = base.catalog.all().to_vec();
    all.push(Arc::new(view.clone()));
    let shelf = Shelf { catalog: Arc::new(Catalog::new(2, all)), rows: base.rows };
    assert_eq!(shelf.one("select group_concat(typeof(id) || t) from v"), "textit's,text");
    let select = Select::prepare(&shelf.catalog, "select id from v", None).unwrap();
    assert_eq!(select.sources(), [CollectionId::from("things")]);
    assert!(Select::prepare(&shelf.catalog, "select id from v", Some(&view.id)).is_err());
    assert!(
        view.to_json(Secrets::Hide)["fields"][1]["id"].as_str().unwrap().starts_with("_clone_")
    );
}

fn any_values() -> impl Strategy<Value = Vec<Value>> {
    let date = proptest::option::of(0i64..4_000_000_000_000);
    let number = (-1e9..1e9f64).prop_map(|n| (n * 4.0).round() / 4.0);
    let items = proptest::collection::vec("[a-z\"']{1,4}", 0..3).prop_map(|mut items| {
        items.sort();
        items.dedup();
        items
    });
    let json = prop_oneof![
        Just(Value::Null),
        "[a-z\"<]{0,5}".prop_map(|t| {
            Value::Json(JsonText::trusted(serde_json::Value::from(t).to_string()))
        }),
        (0u32..1000).prop_map(|n| Value::Json(JsonText::trusted(n.to_string()))),
        (0u32..9).prop_map(|n| Value::Json(JsonText::trusted(format!("[{n},null]")))),
    ];
    (
        "[a-zé'\"\\\\ ]{0,12}",
        number,
        any::<bool>(),
        date,
        "[a-z]{0,3}",
        items,
        json,
        (-90i32..90, -90i32..90),
    )
        .prop_map(|(t, number, on, date, select, items, json, (lon, lat))| {
            vec![
                Value::Text(t),
                Value::Number(number),
                Value::Bool(on),
                Value::Date(date.map(Timestamp::from_millis)),
                Value::Text(select),
                Value::List(items),
                json,
                Value::Geo(GeoPoint { lon: f64::from(lon) / 2.0, lat: f64::from(lat) }),
            ]
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// What a view of all fields shows is what a scan of the collection shows.
    #[test]
    fn a_view_of_every_field_equals_a_scan(rows in proptest::collection::vec(any_values(), 0..12)) {
        let things = collection("things", &KINDS);
        let rows: Vec<_> = rows
            .into_iter()
            .enumerate()
            .map(|(at, values)| std::iter::once(text(&format!("r{at}"))).chain(values).collect())
            .collect();
        let shelf = Shelf::new(vec![(things.clone(), rows)]);
        let query = format!("select id, [{}] from things", KINDS.join("], ["));
        let mut view = scaffold(CollectionKind::View { query: query.clone() });
        let fields = view_fields(&shelf.catalog, &query, None).unwrap();
        set_view_fields(&mut view, fields);
        let select = Select::prepare(&shelf.catalog, &query, None).unwrap();
        let records = select.records(&shelf, &view, &LIMITS).unwrap();
        let mut scanned = Vec::new();
        shelf
            .scan(&things, (Bound::Unbounded, Bound::Unbounded), Direction::Forward, &mut |_, row| {
                scanned.push(row.to_buf());
                Ok(ControlFlow::Continue(()))
            })
            .unwrap();
        prop_assert_eq!(records, scanned);
    }

    #[test]
    fn no_text_panics_or_gets_past_the_guard(query in "[a-z(),.;'\"\\[\\]*/ -]{0,40}") {
        let shelf = shelf();
        let _ = shelf.texts(&format!("select {query}"));
        prop_assert_eq!(shelf.one("select count(*) from things"), "2");
    }
}

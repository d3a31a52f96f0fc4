//! Every plan against the naive answer: test each row, sort, cut out the page.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use crate::model::{RowBuf, RowId, Scalar};
use crate::query::column::scalar;
use crate::query::testing::{
    Memory, add_index, collection, created, date, json as json_field, number, relation, select,
    text,
};
use crate::query::{Filter, ListQuery, ListSpec, Page, Request, Rows, Scope, Subject};
use crate::schema::{Collate, Collection, Comparison, Condition, Constant, FieldKind};

#[derive(Debug, Clone)]
struct IndexSpec {
    columns: Vec<(&'static str, Collate)>,
    condition: Option<(&'static str, Comparison, Constant)>,
}

const COLUMNS: [&str; 7] = ["id", "t", "n", "on", "one", "many", "created"];
const RELATED_COLUMNS: [&str; 5] = ["id", "t", "n", "up", "ups"];

fn index_spec(columns: &[&'static str]) -> impl Strategy<Value = IndexSpec> + use<> {
    let collate = prop_oneof![
        4 => Just(Collate::Binary), 1 => Just(Collate::NoCase), 1 => Just(Collate::Rtrim),
    ];
    let column = (prop::sample::select(columns.to_vec()), collate);
    let condition = prop::sample::select(vec![
        ("t", Comparison::NotEqual, Constant::Text(String::new())),
        ("n", Comparison::Greater, Constant::Number(1.0)),
        (columns[3], Comparison::NotEqual, Constant::Number(1.0)),
    ]);
    (proptest::collection::vec(column, 1..3), proptest::option::weighted(0.3, condition))
        .prop_map(|(columns, condition)| IndexSpec { columns, condition })
}

fn record() -> impl Strategy<Value = Json> {
    let texts = prop_oneof![
        6 => prop::sample::select(vec!["", "a", "A", "b", "a ", "1", "2.0"]).prop_map(str::to_owned),
        1 => prop::sample::select(vec![255usize, 256, 257, 258]).prop_map(|n| "x".repeat(n)),
        1 => "[yz]{1,2}".prop_map(|tail| "x".repeat(256) + &tail),
    ];
    let numbers = prop::sample::select(vec![-1.5, 0.0, 1.0, 2.0, 9_007_199_254_740_993.0]);
    let ids = || prop::sample::select(vec!["", "r1", "r2", "gone"]);
    let many = proptest::sample::subsequence(vec!["r1", "r2", "gone"], 0..=3);
    let tags = proptest::sample::subsequence(vec!["a", "b", "A"], 0..=3);
    let when =
        prop::sample::select(vec!["", "2024-01-01 00:00:00.000Z", "1969-12-31 23:59:59.999Z"]);
    let data = prop::sample::select(vec!["null", "1", r#"{"a":1}"#, r#"{"a":2,"b":"x"}"#, "[]"]);
    let extras = (tags, when, data);
    (texts, numbers, any::<bool>(), ids(), many, 0..4u32, extras).prop_map(
        |(t, n, on, one, many, day, (tags, when, data))| {
            let created = format!("2024-01-0{} 00:00:00.000Z", day + 1);
            let data: Json = data.parse().unwrap();
            json!({
                "t": t, "n": n, "on": on, "one": one, "many": many, "created": created,
                "tags": tags, "when": when, "data": data,
            })
        },
    )
}

/// A record of the related collection.
fn related_record() -> impl Strategy<Value = Json> {
    let texts = prop::sample::select(vec!["", "a", "A", "b", "1"]);
    let numbers = prop::sample::select(vec![0.0, 1.0, 2.0]);
    let ids = prop::sample::select(vec!["", "k0", "k1", "k2", "gone"]);
    let many = proptest::sample::subsequence(vec!["k0", "k1", "k3", "gone"], 0..=3);
    (texts, numbers, ids, many)
        .prop_map(|(t, n, up, ups)| json!({"t": t, "n": n, "up": up, "ups": ups}))
}

fn comparison() -> impl Strategy<Value = String> {
    let texts = prop_oneof![
        8 => prop::sample::select(vec!["''", "'a'", "'A'", "'b'", "'a '", "1", "2", "'1'", "null"])
            .prop_map(str::to_owned),
        1 => (255usize..259).prop_map(|n| format!("'{}'", "x".repeat(n))),
    ];
    let order = || prop::sample::select(vec!["=", "!=", "<", "<=", ">", ">=", "?="]);
    prop_oneof![
        4 => (order(), texts).prop_map(|(op, value)| format!("t {op} {value}")),
        4 => (
            order(),
            prop::sample::select(vec!["0", "1", "2", "'1'", "'x'", "null", "9007199254740993", "'9007199254740993'"]),
        ).prop_map(|(op, value)| format!("n {op} {value}")),
        2 => prop::sample::select(vec![
            "on = true", "on != true", "on = '1'", "one = 'r1'", "one.id = 'gone'", "one = ''",
            "many.id ?= 'r1'", "many:each ?= 'gone'", "many:each = 'r1'", "many.t ?= 'a'",
            "one.t = 'a'", "one.t != 'a'", "created >= '2024-01-02'", "created < '2024-01-03'",
            "created = '2024-01-02 00:00:00.000Z'", "id = 'k1'", "'k2' = id", "id > 'k3'",
            "many = '[\"r1\"]'", "t ~ 'a'", "1 = 1", "1 = 2", "@collection.r.t ?= 'a'",
            "@request.query.q = t", "@request.query.none = one", "@now > created", "t !~ 'A'",
            "t ~ '%a_'", "n ~ '1'", "created ~ '02'", "created != ''", "created > '2024-01-02 1'",
            "tags:each ?= 'a'", "tags:each != 'a'", "tags:length > 1", "tags = '[\"a\"]'",
            "tags:each ?~ 'a'", "when > '2024'", "when = ''", "when != '2024-01-01 00:00:00.000Z'",
            "when <= ''", "n != 1", "t != n", "n = t", "strftime('%d', created) = '02'",
            "data.a = 1", "data = null", "data.a > 0 && data.b != 'x'", "t:lower = 'a'",
        ]).prop_map(str::to_owned),
        4 => related(),
    ]
}

/// A comparison on related records, in both directions and over two hops.
fn related() -> impl Strategy<Value = String> {
    let path = prop::sample::select(vec![
        "one",
        "many",
        "r_via_up",
        "r_via_ups",
        "one.up",
        "one.ups",
        "many.up",
        "r_via_up.up",
        "one.base_via_many",
        "r_via_ups.base_via_one",
        "@collection.r",
        "@collection.r:other",
    ]);
    let field = prop::sample::select(vec!["t", "n", "id", "t", "n"]);
    let operator = prop::sample::select(vec!["?=", "?=", "=", "?>", "<=", "?!=", "!=", "?~"]);
    let value = prop::sample::select(vec![
        "''",
        "'a'",
        "'A'",
        "'b'",
        "1",
        "2",
        "'1'",
        "null",
        "'r1'",
        "'r2'",
        "'k1'",
        "'k2'",
        "t",
        "id",
        "one",
        "n",
        "@collection.r.t",
        "@collection.r.up",
    ]);
    (path, field, operator, value, any::<bool>()).prop_map(
        |(path, field, operator, value, swap)| {
            let path = format!("{path}.{field}");
            if swap {
                format!("{value} {operator} {path}")
            } else {
                format!("{path} {operator} {value}")
            }
        },
    )
}

fn filter() -> impl Strategy<Value = String> {
    let both = proptest::collection::vec(comparison(), 1..3).prop_map(|parts| parts.join(" && "));
    let part = prop_oneof![3 => comparison(), 1 => both.prop_map(|all| format!("({all})"))];
    let alternatives = proptest::collection::vec(part, 1..4).prop_map(|parts| parts.join(" || "));
    proptest::collection::vec(
        prop_oneof![3 => comparison(), 2 => alternatives.prop_map(|any| format!("({any})"))],
        1..4,
    )
    .prop_map(|parts| parts.join(" && "))
}

fn sort() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec![
        "id", "t", "n", "on", "one", "many", "created", "@rowid", "when", "tags",
    ]);
    let key = (key, any::<bool>())
        .prop_map(|(key, down)| format!("{}{key}", if down { "-" } else { "" }));
    proptest::collection::vec(key, 1..4).prop_map(|keys| keys.join(","))
}

/// Sort keys of a row and whether each is descending.
fn ranks(
    base: &Collection,
    sort: &str,
    rowid: RowId,
    row: &RowBuf,
) -> Vec<(Scalar<'static>, bool)> {
    let key = |key: &str| {
        let (name, down) = key.strip_prefix('-').map_or((key, false), |name| (name, true));
        let value = match base.field(name) {
            Some(field) => scalar(field, row.as_row()).into_owned(),
            None => Scalar::Int(rowid.0 as i64),
        };
        (value, down)
    };
    sort.split(',').filter(|key| !key.is_empty()).map(key).collect()
}

fn naive(
    memory: &Memory,
    filter: Option<&str>,
    sort: &str,
    page: Page,
    request: &Request,
) -> (Vec<RowId>, u64) {
    let base = memory.collection("base").clone();
    let filter =
        filter.map(|text| Filter::compile(memory.catalog(), &base, text, Scope::Rule).unwrap());
    let mut rows = memory.rows_of("base");
    rows.retain(|(_, row)| {
        let subject = Subject::Stored(row.as_row());
        filter.as_ref().is_none_or(|filter| filter.matches(memory, request, subject).unwrap())
    });
    rows.sort_by(|(a_id, a), (b_id, b)| {
        let pairs = ranks(&base, sort, *a_id, a).into_iter().zip(ranks(&base, sort, *b_id, b));
        let mut orderings =
            pairs.map(|((a, down), (b, _))| if down { b.cmp(&a) } else { a.cmp(&b) });
        orderings.find(|ordering| ordering.is_ne()).unwrap_or(std::cmp::Ordering::Equal)
    });
    let total = rows.len() as u64;
    let rows = rows.into_iter().skip(page.offset as usize).take(page.limit as usize);
    (rows.map(|(rowid, _)| rowid).collect(), total)
}

/// A collection `base` with `records`, `k0` onwards, related to `r` with `related`, `r1` onwards.
fn world(
    records: &[Json],
    indexes: &[IndexSpec],
    related: &[Json],
    related_indexes: &[IndexSpec],
) -> Memory {
    let mut base = collection(
        "base",
        vec![
            ("t", text()),
            ("n", number()),
            ("on", FieldKind::Bool),
            ("one", relation("r", 1)),
            ("many", relation("r", 9)),
            ("created", created()),
            ("tags", select(3)),
            ("when", date()),
            ("data", json_field()),
        ],
    );
    add_index(&mut base, true, &[("id", Collate::Binary)], None);
    add_all(&mut base, indexes);
    let fields = vec![
        ("t", text()),
        ("n", number()),
        ("up", relation("base", 1)),
        ("ups", relation("base", 9)),
    ];
    let mut r = collection("r", fields);
    add_all(&mut r, related_indexes);
    filled(Memory::new(vec![base, r]), records, related)
}

fn filled(mut memory: Memory, records: &[Json], related: &[Json]) -> Memory {
    for (at, record) in related.iter().enumerate() {
        let mut record = record.clone();
        record["id"] = format!("r{}", at + 1).into();
        memory.insert("r", &record);
    }
    for (at, record) in records.iter().enumerate() {
        let mut record = record.clone();
        record["id"] = format!("k{at}").into();
        memory.insert("base", &record);
    }
    memory
}

fn add_all(collection: &mut Collection, indexes: &[IndexSpec]) {
    for index in indexes {
        let condition = index.condition.as_ref().map(|(name, comparison, constant)| {
            let slot = collection.field(name).unwrap().slot;
            Condition::Compare(slot, *comparison, constant.clone())
        });
        add_index(collection, false, &index.columns, condition);
    }
}

fn check_all_plans(memory: &Memory, filter: Option<&str>, sort: &str, page: Page) {
    let request =
        Request { query: [("q".to_owned(), "a".to_owned())].into(), ..Request::default() };
    let spec = ListSpec {
        filter,
        sort: Some(sort).filter(|sort| !sort.is_empty()),
        superuser: true,
        ..ListSpec::default()
    };
    let query = ListQuery::compile(memory.catalog(), memory.collection("base"), &spec).unwrap();
    let (rowids, total) = naive(memory, filter, sort, page, &request);
    let chosen = query.plan(memory, &request, page).unwrap();
    for _ in 0..2 {
        // The second time the answer may be known.
        let found = query.plan(memory, &request, page).unwrap().run(memory).unwrap();
        let answer: Vec<RowId> = found.rows.iter().map(|(rowid, _)| *rowid).collect();
        assert_eq!((answer, found.total), (rowids.clone(), page.total.then_some(total)));
    }
    for plan in chosen.alternatives(memory).unwrap() {
        let found = plan.run(memory).unwrap();
        let answer: Vec<RowId> = found.rows.iter().map(|(rowid, _)| *rowid).collect();
        let about = format!("{filter:?} by {sort:?}, {page:?}: {:?}", plan.explain());
        assert_eq!(answer, rowids, "{about}");
        assert_eq!(found.total, page.total.then_some(total), "{about}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    #[test]
    fn every_plan_gives_the_naive_answer(
        records in proptest::collection::vec(record(), 0..25),
        indexes in proptest::collection::vec(index_spec(&COLUMNS), 0..5),
        related in proptest::collection::vec(related_record(), 0..6),
        related_indexes in proptest::collection::vec(index_spec(&RELATED_COLUMNS), 0..4),
        filter in proptest::option::weighted(0.9, filter()),
        sort in prop_oneof![1 => Just(String::new()), 3 => sort()],
        (offset, limit, total) in (0u64..6, 0u64..9, any::<bool>()),
    ) {
        let memory = world(&[], &indexes, &[], &related_indexes).keeping(1 << 24, 700);
        let memory = filled(memory, &records, &related);
        check_all_plans(&memory, filter.as_deref(), &sort, Page { offset, limit, total });
    }
}

#[test]
fn large_groups_of_equal_keys_keep_insertion_order() {
    let record = |at: u64| {
        let created = format!("2024-01-0{} 00:00:00.000Z", 1 + at * 7 % 3);
        json!({"t": "x", "n": at % 2, "created": created})
    };
    let records: Vec<Json> = (0..900).map(record).collect();
    let spec = IndexSpec { columns: vec![("n", Collate::Binary)], condition: None };
    let memory = world(&records, &[spec], &[], &[]);
    for sort in ["-created", "created,-@rowid", "-n", "n", "-created,-@rowid"] {
        for filter in [None, Some("created > '2024-01-01 00:00:00.000Z'"), Some("n = 1 && t = 'x'")]
        {
            for (offset, limit) in [(0, 5), (290, 320), (899, 10)] {
                for total in [false, true] {
                    check_all_plans(&memory, filter, sort, Page { offset, limit, total });
                }
            }
        }
    }
}

/// Rows that come, change and go between questions.
#[test]
fn columns_follow_what_changes() {
    let mut memory = world(&[], &[], &[], &[]).keeping(1 << 24, 900);
    let related = [json!({"t": "a", "n": 1}), json!({"t": "b", "n": 2})];
    memory = filled(memory, &[], &related);
    let record = |at: u64| {
        let one = ["", "r1", "r2", "gone"][(at % 4) as usize];
        let created = format!("2024-01-0{} 00:00:00.000Z", 1 + at % 5);
        json!({
            "id": format!("k{at}"), "t": format!("t{}", at % 7), "n": at % 3, "on": at.is_multiple_of(2),
            "one": one, "many": if at.is_multiple_of(3) { vec!["r1", "r2"] } else { vec![] },
            "created": created, "tags": if at.is_multiple_of(5) { vec!["a"] } else { vec![] },
        })
    };
    let mut rowids = Vec::new();
    for step in 0..60u64 {
        match step % 6 {
            0..4 => rowids.push(memory.insert("base", &record(step))),
            4 => memory.replace("base", rowids[rowids.len() / 2], Some(&record(step * 31))),
            _ => memory.replace("base", rowids.remove(rowids.len() / 3), None),
        }
        if step == 40 {
            memory.replace("r", RowId(900), Some(&json!({"id": "r1", "t": "b", "n": 7})));
        }
        let page = Page { offset: step % 3, limit: 5, total: true };
        for filter in [
            "t = 't3'",
            "t != 't3' && n > 0",
            "one.t = 'b'",
            "many.n ?> 5 || on = true",
            "tags:each ?= 'a' || created < '2024-01-03'",
            "one = 'gone' && id != 'k3'",
        ] {
            for sort in ["", "-@rowid", "-t,n", "created,-one"] {
                check_all_plans(&memory, Some(filter), sort, page);
            }
        }
    }
}

#[test]
fn what_does_not_fit_into_memory_is_scanned() {
    let record = |at: u64| json!({"id": format!("k{at}"), "t": format!("text {at}"), "n": at % 9});
    for bytes in [0, 1 << 10, 40 << 10, 90 << 10, 200 << 10, 1 << 20] {
        let mut memory = world(&[], &[], &[], &[]).keeping(bytes, 1);
        (0..1500).for_each(|at| _ = memory.insert("base", &record(at)));
        for filter in ["n > 3", "t > 'text 5'", "on != true", "n = 2 || t = 'text 7'"] {
            let page = Page { offset: 3, limit: 5, total: true };
            check_all_plans(&memory, Some(filter), "-n", page);
            let used = memory.kept().map_or(0, |kept| kept.columns.bytes());
            assert!(used <= bytes, "{used} of {bytes} bytes are used");
        }
    }
}

#[test]
fn columns_are_read_in_by_lists_that_go_through_all_rows() {
    let record = |at: u64| json!({"id": format!("k{at}"), "t": format!("t{}", at % 40), "n": at});
    let mut memory = world(&[], &[], &[], &[]).keeping(1 << 24, 1);
    (0..3000).for_each(|at| _ = memory.insert("base", &record(at)));
    let request = Request::default();
    let page = |total| Page { offset: 0, limit: 20, total };
    let plan_of = |memory: &Memory, filter: &str, sort: Option<&str>, total: bool| {
        let spec = ListSpec { filter: Some(filter), sort, superuser: true, ..ListSpec::default() };
        let query = ListQuery::compile(memory.catalog(), memory.collection("base"), &spec).unwrap();
        let plan = query.plan(memory, &request, page(total)).unwrap();
        let explain = plan.explain();
        let found = plan.run(memory).unwrap();
        assert!(found.rows.len() <= 20);
        (explain.access, explain.order, explain.short, plan.looked())
    };
    assert_eq!(plan_of(&memory, "t = 't3'", None, false), ("scan", "access", false, 764));
    assert_eq!(plan_of(&memory, "t = 't3'", None, true), ("columns", "access", false, 0));
    assert_eq!(plan_of(&memory, "t != 't3'", None, false), ("columns", "access", true, 0));
    assert_eq!(plan_of(&memory, "t ~ 't3'", Some("-n"), true), ("columns", "heap", false, 0));
    assert_eq!(plan_of(&memory, "t:lower = 't3'", Some("n"), true).3, 40);
    memory.insert("base", &record(3003));
    assert_eq!(plan_of(&memory, "t = 't3'", Some("-n"), true), ("columns", "heap", true, 0));
}

/// Without room for columns, a total of an unknown part of many records is counted by entries.
#[test]
fn a_long_range_is_counted_by_its_entries_where_columns_have_no_room() {
    let records: Vec<Json> = (0..20_000).map(|at| json!({"n": at})).collect();
    let index = IndexSpec { columns: vec![("n", Collate::Binary)], condition: None };
    for (room, expected) in [(true, "columns"), (false, "index")] {
        let memory = world(&records, std::slice::from_ref(&index), &[], &[]);
        let memory = if room { memory.keeping(1 << 24, 1) } else { memory };
        let spec = ListSpec { filter: Some("n > 3"), superuser: true, ..ListSpec::default() };
        let query = ListQuery::compile(memory.catalog(), memory.collection("base"), &spec).unwrap();
        let page = Page { offset: 2, limit: 3, total: true };
        let request = Request::default();
        let plan = query.plan(&memory, &request, page).unwrap();
        assert_eq!(plan.explain().access, expected);
        let found = plan.run(&memory).unwrap();
        assert_eq!((found.rows.len(), found.total), (3, Some(19_996)));
    }
}

/// What `explain` says of the plan chosen among 2,000 records.
#[test]
fn the_cheapest_access_is_chosen() {
    let record = |at: u64| json!({"t": format!("t{at}"), "n": at % 500, "one": if at < 3 { "r1" } else { "" }, "many": if at < 2 { vec!["r2"] } else { vec![] }});
    let records: Vec<Json> = (0..2000).map(record).collect();
    let specs = [
        IndexSpec { columns: vec![("t", Collate::NoCase)], condition: None },
        IndexSpec {
            columns: vec![("n", Collate::Binary), ("created", Collate::Binary)],
            condition: None,
        },
    ];
    let related =
        [json!({"t": "a", "up": "k7"}), json!({"t": "b", "ups": ["k8", "k9"]}), json!({"t": "c"})];
    let by_text = IndexSpec { columns: vec![("t", Collate::Binary)], condition: None };
    let memory = world(&records, &specs, &related, &[by_text]);
    let request = Request::default();
    for (filter, sort, total, expected) in [
        ("", "", true, "scan - access count true"),
        ("", "-@rowid", false, "scan - access none true"),
        ("", "-created", false, "index created access none true"),
        ("", "-created", true, "index created access count true"),
        ("", "t", true, "scan - heap count false"),
        ("id = 'k7'", "t", true, "record - access candidates true"),
        ("t = 'T7' && on = false", "", true, "index base_1 access candidates true"),
        ("n = 7", "-created", true, "index base_2 access entries true"),
        ("n = 7 && created > '2020'", "", true, "index base_2 heap entries true"),
        ("n < 3", "t", true, "index base_2 heap entries true"),
        ("n > 3", "", true, "scan - access candidates false"),
        ("one = 'r1'", "", true, "index one access entries true"),
        ("one.id = 'r1'", "-t", true, "index one heap entries true"),
        ("many.id ?= 'r2'", "", true, "index many access candidates false"),
        ("1 = 2 && t = 'a'", "t", true, "nothing - access candidates true"),
        ("@request.auth.id = 'x' || n = 7", "created", false, "index base_2 access none true"),
        ("id = 'k7' || id = 'k1' || 'k3' = id", "", true, "lookup id access candidates true"),
        (
            "t = 'T7' || n = 7 || t = 't8'",
            "",
            true,
            "lookup base_1 | base_2 access candidates true",
        ),
        (
            "(n = 7 && on = false || t = 'x') && n > 1",
            "-t",
            true,
            "lookup base_1 | base_2 heap candidates true",
        ),
        ("n = 7 || on = true", "", true, "scan - access candidates false"),
        ("n > 10 || t = 'x'", "", true, "lookup base_1 | base_2 access candidates false"),
        ("n > 10 || t = 'x'", "", false, "scan - access none false"),
        ("one.t = 'a'", "", true, "lookup one < (r_0) access candidates true"),
        ("many.t ?= 'b'", "@rowid", true, "lookup many < (r_0) access candidates false"),
        ("r_via_up.t ?= 'a'", "-@rowid", true, "lookup r.up > (r_0) access candidates false"),
        ("r_via_ups.t ?= 'b' && n > 2", "", true, "lookup r.ups > (r_0) access candidates false"),
        ("one.up.id = 'k7'", "", true, "lookup one < (up) access candidates true"),
        ("one.up.n = 7", "", true, "lookup one < (up < (base_2)) access candidates true"),
        ("one.t = 'a' || n = 7", "", true, "lookup base_2 | one < (r_0) access candidates true"),
        ("one.t = ''", "", true, "scan - access candidates false"),
        ("one.n = 1", "", true, "scan - access candidates false"),
    ] {
        let spec = ListSpec {
            filter: Some(filter).filter(|text| !text.is_empty()),
            sort: Some(sort).filter(|text| !text.is_empty()),
            superuser: true,
            ..ListSpec::default()
        };
        let query = ListQuery::compile(memory.catalog(), memory.collection("base"), &spec).unwrap();
        let plan = query.plan(&memory, &request, Page { offset: 0, limit: 20, total }).unwrap();
        let explain = plan.explain();
        let index = explain.index.as_deref().unwrap_or("-");
        let summary = format!(
            "{} {index} {} {} {}",
            explain.access, explain.order, explain.total, explain.short
        );
        assert_eq!(summary, expected, "{filter:?} by {sort:?}: {explain:?}");
    }
}

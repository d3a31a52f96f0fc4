//! The examples of the wire contract, as tables.

use serde_json::{Value as Json, json};

use crate::query::testing::{
    Memory, add_index, collection, created, date, json, number, relation, select, text,
};
use crate::query::{Filter, FilterError, ListQuery, ListSpec, Page, Request, Rows, Scope, Subject};
use crate::schema::{Collate, FieldKind};

/// A small world: authors, items, and posts that relate to both.
fn world() -> Memory {
    let mut author =
        collection("authors", vec![("name", text()), ("age", number()), ("hidden_note", text())]);
    add_index(&mut author, false, &[("name", Collate::Binary)], None);
    let item = collection(
        "items",
        vec![("t", text()), ("n", number()), ("author", relation("authors", 1))],
    );
    let mut profile =
        collection("profiles", vec![("author", relation("authors", 1)), ("city", text())]);
    add_index(&mut profile, true, &[("author", Collate::Binary)], None);
    let post = collection(
        "posts",
        vec![
            ("title", text()),
            ("num", number()),
            ("on", FieldKind::Bool),
            ("data", json()),
            ("tags", select(5)),
            ("kind", select(1)),
            ("author", relation("authors", 1)),
            ("rel", relation("items", 9)),
            ("place", FieldKind::GeoPoint),
            ("at", date()),
            ("created", created()),
            ("hidden_rank", number()),
        ],
    );
    Memory::new(vec![author, item, profile, post])
}

pub(super) fn filled() -> Memory {
    let mut world = world();
    for author in [
        json!({"id": "ann", "name": "Ann", "age": 30, "hidden_note": "x"}),
        json!({"id": "bob", "name": "Bob"}),
    ] {
        world.insert("authors", &author);
    }
    for item in [
        json!({"id": "a", "t": "a", "n": 1, "author": "ann"}),
        json!({"id": "b", "t": "b", "n": 2, "author": "bob"}),
        json!({"id": "a2", "t": "a", "n": 2}),
    ] {
        world.insert("items", &item);
    }
    world.insert("profiles", &json!({"id": "p", "author": "ann", "city": "Oslo"}));
    world
}

/// Which of `records` (ids) a condition selects, as a superuser's filter.
pub(super) fn selected(
    world: &Memory,
    name: &str,
    filter: &str,
) -> Result<Vec<String>, FilterError> {
    let spec = ListSpec { filter: Some(filter), superuser: true, ..ListSpec::default() };
    list(world, name, &spec, &Request::default())
}

pub(super) fn list(
    world: &Memory,
    name: &str,
    spec: &ListSpec<'_>,
    request: &Request,
) -> Result<Vec<String>, FilterError> {
    let query = ListQuery::compile(world.catalog(), world.collection(name), spec)?;
    let page = Page { offset: 0, limit: 100, total: true };
    let found = query.plan(world, request, page)?.run(world)?;
    assert_eq!(found.total, Some(found.rows.len() as u64));
    Ok(found.rows.iter().map(|(_, row)| row.as_row().id().to_owned()).collect())
}

/// Every filter must select exactly the post with the given fields, or not.
fn check(record: Json, cases: &[(&str, bool)]) {
    let mut world = filled();
    let mut record = record;
    record["id"] = "x".into();
    world.insert("posts", &record);
    for (filter, expected) in cases {
        let found = selected(&world, "posts", filter);
        let found = found.unwrap_or_else(|error| panic!("{filter}: {error}"));
        assert_eq!(!found.is_empty(), *expected, "{filter} on {record}");
    }
}

#[test]
fn empty_values_fold_in_equality() {
    check(
        json!({}),
        &[
            ("title = null", true),
            ("title = ''", true),
            ("title != ''", false),
            ("title != 'a'", true),
            ("num = ''", false),
            ("num = null", false),
            ("num = 0", true),
            ("data = null", true),
            ("data = ''", false),
            ("data != ''", true),
            ("null = ''", true),
            ("'' != null", false),
            ("1 = 1", true),
            ("1 = 2", false),
            ("author.name = ''", true),
            ("author.name = 'a'", false),
            ("author.name != 'a'", true),
            ("author.name = title", true),
            ("author.name = null", true),
            ("author.age > 0", false),
            ("author.age <= 0", false),
            ("at = ''", true),
            ("on = false", true),
            ("on = FALSE", true),
        ],
    );
    check(json!({"data": ""}), &[("data = ''", true), ("data = null", false)]);
}

#[test]
fn numbers_and_texts_compare_by_affinity() {
    check(
        json!({"title": "123", "num": 12, "on": true}),
        &[
            ("num = '12'", true),
            ("num = ' 12 '", true),
            ("num < 'abc'", true),
            ("num > 'abc'", false),
            ("num = 12.0", true),
            ("num >= 12 && num < 12.5", true),
            ("on = 'true'", false),
            ("on = true", true),
            ("on = 1", true),
            ("on = '1'", true),
            ("title = 123", false),
            ("title = '123'", true),
            ("title = '123.0'", false),
            ("title > 5", false),
            ("'10' < 9", false),
            ("5 > 'abc'", false),
            ("title = num", false),
            ("title > num", true),
        ],
    );
    check(
        json!({"title": "1", "num": 1}),
        &[("title = true", true), ("title = num", false), ("title >= num && title <= num", true)],
    );
    check(json!({"title": "123.0"}), &[("title = 123", true)]);
}

#[test]
fn json_values_keep_their_types() {
    let data =
        json!({"a": [{"b": 5}, {"0": "x"}], "flag": true, "s": "123", "n": 123, "o": {"k": 1}});
    check(
        json!({"data": data, "place": {"lon": 23.5, "lat": 42}}),
        &[
            ("data.n = 123", true),
            ("data.s = 123", false),
            ("data.s = '123'", true),
            ("data.n = '123'", false),
            ("data.flag = true", true),
            ("data.flag = 1", true),
            ("data.a.0.b = 5", true),
            ("data.a.1.0 = 'x'", false),
            ("data.a.9.b = null", true),
            ("data.missing = null", true),
            ("data.missing != 'x'", true),
            ("data.missing = ''", false),
            ("data.o = '{\"k\":1}'", true),
            ("data.o ~ 'k'", true),
            ("place.lon = 23.5", true),
            ("place.lat > 41", true),
            ("place.nothing = null", true),
            ("place ~ '23.5'", true),
        ],
    );
    check(json!({"data": 123}), &[("data = 123", true), ("data = '123'", false)]);
    check(json!({"data": "a"}), &[("data = 'a'", true), ("data:lower = 'a'", true)]);
    check(json!({}), &[("place = '{\"lon\":0,\"lat\":0}'", true)]);
}

#[test]
fn like_works_on_texts_numbers_and_columns() {
    check(
        json!({"title": "Hello_100%", "num": 12, "tags": ["bar"], "kind": "LL"}),
        &[
            ("title ~ 'hello'", true),
            ("title ~ 'HELLO%'", true),
            ("title ~ 'ello%'", false),
            ("title !~ 'xyz'", true),
            ("title ~ 'o_1'", true),
            ("title ~ 'lo%1'", false),
            ("title ~ ''", true),
            ("num ~ 12", true),
            ("num ~ '1'", true),
            ("num ~ '12.0'", false),
            ("tags ~ 'a'", true),
            ("tags ~ '\"bar\"'", true),
            ("author.name ~ ''", false),
            ("author.name !~ 'a'", false),
            ("'hello' ~ kind", true),
            ("title ~ kind", true),
            ("on ~ 0", true),
            ("null ~ ''", false),
        ],
    );
}

#[test]
fn plain_operators_ask_all_and_question_operators_any() {
    // Values of rel.t: [a], [a, b], [].
    let cases = [
        ("rel.t ?= 'a'", [true, true, false]),
        ("rel.t = 'a'", [true, false, false]),
        ("rel.t ?!= 'a'", [false, true, true]),
        ("rel.t != 'a'", [false, false, true]),
        ("rel.t = ''", [false, false, true]),
        ("rel.t != ''", [true, true, false]),
        ("'a' ?= rel.t", [true, true, false]),
        ("'a' = rel.t", [true, false, false]),
        ("rel.n > 0", [true, true, false]),
        ("rel.n ?> 1", [false, true, false]),
        ("rel.t = rel.t", [true, false, true]),
        ("rel.t ?= rel.t", [true, true, true]),
        ("rel:each ?= 'a'", [true, true, false]),
        ("rel:each = 'a'", [true, false, false]),
        ("rel:length = 2", [false, true, false]),
        ("rel:length = 0", [false, false, true]),
        ("rel.id ?= 'b'", [false, true, false]),
        ("rel.author.name ?= 'Bob'", [false, true, false]),
        ("rel.author ?= 'ann'", [true, true, false]),
        ("rel ?= 'a'", [false, false, false]),
        ("rel = '[\"a\"]'", [true, false, false]),
        ("rel.t:lower ?= 'a'", [true, true, false]),
    ];
    for (at, rel) in [json!(["a"]), json!(["a", "b"]), json!([])].into_iter().enumerate() {
        let cases: Vec<_> =
            cases.iter().map(|(filter, expected)| (*filter, expected[at])).collect();
        check(json!({ "rel": rel }), &cases);
    }
}

#[test]
fn one_prefix_is_one_row_throughout_a_condition() {
    check(
        json!({"rel": ["a", "b"]}),
        &[
            ("rel.t ?= 'a' && rel.n ?= 2", false),
            ("rel.t ?= 'b' && rel.n ?= 2", true),
            ("rel.t ?= 'a' && (rel.n ?= 2 || rel.t ?= 'a')", true),
            ("rel.t ?= 'a' || rel.n ?= 7", true),
            ("rel:each ?= 'a' && rel.t ?= 'b'", false),
            ("@collection.items.t ?= 'a' && @collection.items.n ?= 2", true),
            ("@collection.items.t ?= 'b' && @collection.items.n ?= 1", false),
            ("@collection.items:x.t ?= 'b' && @collection.items:y.n ?= 1", true),
            ("@collection.items.t = 'a'", false),
            ("@collection.items.n > 0", true),
        ],
    );
}

#[test]
fn back_relations_are_multi_valued_unless_unique() {
    let mut world = filled();
    world.insert("posts", &json!({"id": "x", "author": "ann", "title": "one"}));
    world.insert("posts", &json!({"id": "y", "author": "ann", "title": "two"}));
    let cases = [
        ("posts_via_author.title ?= 'one'", vec!["ann"]),
        ("posts_via_author.title = 'one'", vec![]),
        ("posts_via_author.title != 'three'", vec!["ann", "bob"]),
        ("posts_via_author.id = ''", vec!["bob"]),
        ("profiles_via_author.city = 'Oslo'", vec!["ann"]),
        ("profiles_via_author.city != 'Oslo'", vec!["bob"]),
        ("items_via_author.posts_via_rel.id = ''", vec!["ann", "bob"]),
    ];
    for (filter, expected) in cases {
        assert_eq!(selected(&world, "authors", filter).unwrap(), expected, "{filter}");
    }
}

#[test]
fn dangling_relations_compare_by_id_only() {
    check(
        json!({"author": "gone", "rel": ["gone", "b"]}),
        &[
            ("author.id = 'gone'", true),
            ("author = 'gone'", true),
            ("author.name = ''", true),
            ("author.name != 'x'", true),
            ("rel.id ?= 'gone'", false),
            ("rel:each ?= 'gone'", true),
            ("rel.id ?= ''", true),
            ("rel.id = 'b'", true),
        ],
    );
}

#[test]
fn ignored_modifiers_give_the_plain_value() {
    check(
        json!({"title": "aB", "num": 3, "kind": "k"}),
        &[
            ("title:length = 'aB'", true),
            ("num:each = 3", true),
            ("title:isset = 'aB'", true),
            ("title:lower = 'ab'", true),
            ("kind:length = 1", true),
            ("kind:each = 'k'", true),
            ("tags:length = 0", true),
        ],
    );
}

#[test]
fn macros_and_functions_work_in_filters() {
    check(
        json!({"at": "2024-02-29 12:30:45.678Z", "place": {"lon": 23.449_206_808_862_16, "lat": 42.707_848_415_399_1}}),
        &[
            ("at < @now", true),
            ("at < @yearStart", true),
            ("@todayStart <= @now && @now <= @todayEnd", true),
            ("@monthStart <= @todayStart && @monthEnd <= @yearEnd", true),
            ("@yesterday < @now && @now < @tomorrow", true),
            ("@month >= 1 && @month <= 12 && @weekday <= 6", true),
            ("@year > 2020 && @hour < 24", true),
            ("strftime('%Y', at) = '2024'", true),
            ("strftime('%Y', at) = 2024", false),
            ("strftime('%Y-%j', at) = '2024-060'", true),
            ("strftime('%H:%M', at, '+1 hour') = '13:30'", true),
            ("strftime('%Y', title) = ''", true),
            ("strftime('%s', 0, 'unixepoch') = '0'", true),
            (
                "geoDistance(place.lon, place.lat, 23.23033854945808, 42.713146090563384) < 17.9",
                true,
            ),
            (
                "geoDistance(place.lon, place.lat, 23.23033854945808, 42.713146090563384) > 17.89",
                true,
            ),
            ("geoDistance(title, 1, 2, 3) = null", true),
            ("at >= '2024-02-29'", true),
            ("at >= '2024-02-29T00:00:00Z'", false),
        ],
    );
}

#[test]
fn create_rules_see_columns_without_affinity() {
    let world = filled();
    let posts = world.collection("posts");
    let row = crate::query::testing::row_of(
        posts,
        &json!({"id": "new", "num": 10, "title": "5", "author": "ann", "rel": ["a", "b"]}),
    );
    let holds = |filter: &str| {
        Filter::compile(world.catalog(), posts, filter, Scope::Rule)
            .and_then(|f| f.matches(&world, &Request::default(), Subject::Virtual(row.as_row())))
    };
    for (filter, expected) in [
        ("num = '10'", false),
        ("num = 10", true),
        ("title = '5'", true),
        ("author.name = 'Ann'", true),
        ("rel.t ?= 'b'", true),
        ("rel.t = 'b'", false),
        ("tags:length = 0", true),
    ] {
        assert_eq!(holds(filter).unwrap(), expected, "{filter}");
    }
    let authors = world.collection("authors");
    let row = crate::query::testing::row_of(authors, &json!({"id": "new"}));
    let filter =
        Filter::compile(world.catalog(), authors, "posts_via_author.id = ''", Scope::Rule).unwrap();
    assert!(filter.matches(&world, &Request::default(), Subject::Virtual(row.as_row())).is_err());
}

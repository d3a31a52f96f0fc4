//! What may be named, by whom, how much of it, and in which order it comes back.

use serde_json::json;

use super::semantics::{filled, list, selected};
use crate::query::testing::{Memory, collection, number, relation, text};
use crate::query::{Filter, ListQuery, ListSpec, Request, forbidden_token};

#[test]
fn unusable_names_are_refused() {
    let world = filled();
    for filter in [
        "nothing = 1",
        "title.x = 1",
        "author.nothing = 1",
        "posts_via_author.nothing = 1",
        "items_via_rel.t = 1",
        "@request = 1",
        "@request.body = 1",
        "@request.other.x = 1",
        "@collection.items = 1",
        "@collection.nothing.t = 1",
        "@other = 1",
        "title:nothing = 1",
        "nothing(1) = 1",
        "geoDistance(1, 2, 3) = 1",
        "geoDistance(1, 2, 3, '4') = 1",
        "strftime(1) = 1",
        "@collection.items:x.t = @collection.authors:x.name",
        "author.items_via_author.author.items_via_author.author.items_via_author.author.name = 1",
        "  // only a comment",
        "()",
        "title =",
        "title = 'a' title = 'b'",
        "a=!b",
        "title = 'open",
        "num = 1.",
        "num = .5",
        "num = 1.2.3",
        "num = -",
    ] {
        assert!(selected(&world, "posts", filter).is_err(), "{filter}");
    }
    let comparisons = vec!["1=1"; 201].join("&&");
    assert!(selected(&world, "posts", &comparisons).is_err());
    let nested = format!("{}1=1{}", "(".repeat(1000), ")".repeat(1000));
    assert!(selected(&world, "posts", &nested).is_err());
    let long = format!("title = '{}'", "x".repeat(3500));
    assert!(selected(&world, "posts", &long).is_err());
}

#[test]
fn clients_see_neither_hidden_fields_nor_rows_that_list_rules_keep_from_them() {
    let mut authors = collection("authors", vec![("name", text()), ("hidden_note", text())]);
    authors.rules.list = Some("name != 'secret'".to_owned());
    let mut closed = collection("closed", vec![("name", text())]);
    closed.rules.list = None;
    let posts = collection(
        "posts",
        vec![
            ("author", relation("authors", 1)),
            ("closed", relation("closed", 1)),
            ("hidden_rank", number()),
        ],
    );
    let mut world = Memory::new(vec![authors, closed, posts]);
    world.insert("authors", &json!({"id": "ann", "name": "open"}));
    world.insert("authors", &json!({"id": "bob", "name": "secret"}));
    world.insert("posts", &json!({"id": "x", "author": "ann"}));
    world.insert("posts", &json!({"id": "y", "author": "bob"}));
    world.insert("posts", &json!({"id": "z"}));
    let as_guest = |filter| {
        let spec = ListSpec { filter: Some(filter), ..ListSpec::default() };
        list(&world, "posts", &spec, &Request::default())
    };
    assert_eq!(as_guest("author.name != ''").unwrap(), ["x"]);
    assert_eq!(as_guest("author.name != 'q'").unwrap(), ["x", "z"]);
    assert_eq!(as_guest("author.id != ''").unwrap(), ["x", "y"]);
    for refused in ["hidden_rank = 0", "author.hidden_note = ''", "closed.name = ''"] {
        assert!(as_guest(refused).is_err(), "{refused}");
        assert!(selected(&world, "posts", refused).is_ok(), "{refused}");
    }
    assert!(as_guest("title = '@request.x'").is_err());
    assert_eq!(forbidden_token("a = '@request.'"), Some("@request."));
    assert_eq!(forbidden_token("a = @now"), None);
    let spec = ListSpec { sort: Some("hidden_rank"), ..ListSpec::default() };
    assert!(list(&world, "posts", &spec, &Request::default()).is_err());
}

#[test]
fn sorting_follows_classes_directions_and_ties() {
    let mut world = filled();
    for (id, title, num, rel) in [
        ("1", "b", 2, json!(["b"])),
        ("2", "Z", 10, json!([])),
        ("3", "", 2, json!(["a"])),
        ("4", "a", 2, json!(["b", "a"])),
    ] {
        world.insert("posts", &json!({"id": id, "title": title, "num": num, "rel": rel}));
    }
    for (sort, expected) in [
        ("title", ["3", "2", "4", "1"]),
        ("-title", ["1", "4", "2", "3"]),
        ("title:lower", ["3", "4", "1", "2"]),
        ("-num", ["2", "1", "3", "4"]),
        (" num , -title ", ["1", "4", "3", "2"]),
        ("@rowid", ["1", "2", "3", "4"]),
        ("-@rowid", ["4", "3", "2", "1"]),
        ("rel.t", ["2", "3", "1", "4"]),
        ("rel:length,-@rowid", ["2", "3", "1", "4"]),
    ] {
        let spec = ListSpec { sort: Some(sort), superuser: true, ..ListSpec::default() };
        assert_eq!(list(&world, "posts", &spec, &Request::default()).unwrap(), expected, "{sort}");
    }
    for sort in ["title,", "nothing", "null", "1", "@now", "@request.method", "strftime('%Y')"] {
        let spec = ListSpec { sort: Some(sort), superuser: true, ..ListSpec::default() };
        assert!(list(&world, "posts", &spec, &Request::default()).is_err(), "{sort}");
    }
    let many = ["title"; 9].join(",");
    let spec = ListSpec { sort: Some(&many), superuser: true, ..ListSpec::default() };
    assert!(list(&world, "posts", &spec, &Request::default()).is_err());
}

#[test]
fn many_joins_in_one_condition_neither_overflow_nor_run_forever() {
    let mut world = filled();
    world.insert("posts", &json!({"id": "x"}));
    let chained = |count: usize| {
        let pair =
            |at: usize| format!("@collection.items:a{at}.n ?= @collection.items:a{}.n", at + 1);
        (0..count - 1).map(pair).collect::<Vec<_>>().join(" && ")
    };
    assert_eq!(selected(&world, "posts", &chained(60)).unwrap(), ["x"]);
    let spec = ListSpec { rule: Some(&chained(128)), ..ListSpec::default() };
    assert_eq!(list(&world, "posts", &spec, &Request::default()).unwrap(), ["x"]);
    let spec = ListSpec { rule: Some(&chained(129)), ..ListSpec::default() };
    assert!(list(&world, "posts", &spec, &Request::default()).is_err());
}

#[test]
fn compiled_filters_and_plans_can_be_shared_between_threads() {
    fn shareable<T: Send + Sync>() {}
    shareable::<Filter>();
    shareable::<ListQuery>();
    shareable::<crate::query::Plan<'_>>();
}

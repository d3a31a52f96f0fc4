//! `@request.*` in rules, and rules together with client filters.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::query::testing::{
    Memory, collection, json as json_field, number, relation, row_of, select, text,
};
use crate::query::{
    AuthRow, Context, Filter, FilterError, ListQuery, ListSpec, Page, Request, Rows, Scope, Subject,
};
use crate::schema::{CollectionKind, FieldKind};

fn world() -> Memory {
    world_with_list_rule("")
}

/// `rule` is the list rule of users.
fn world_with_list_rule(rule: &str) -> Memory {
    let mut users = collection(
        "users",
        vec![
            ("email", text()),
            ("emailVisibility", FieldKind::Bool),
            ("verified", FieldKind::Bool),
            ("name", text()),
            ("team", relation("teams", 1)),
            ("hidden_key", text()),
        ],
    );
    users.rules.list = Some(rule.to_owned());
    users.kind = CollectionKind::Auth(Box::default());
    let teams = collection("teams", vec![("title", text())]);
    let docs = collection(
        "docs",
        vec![
            ("title", text()),
            ("size", number()),
            ("owner", relation("users", 1)),
            ("readers", relation("users", 9)),
            ("kind", select(1)),
            ("tags", select(5)),
            ("data", json_field()),
        ],
    );
    let mut world = Memory::new(vec![users, teams, docs]);
    world.insert("teams", &json!({"id": "red", "title": "Red"}));
    for user in [
        json!({"id": "ann", "email": "ann@x.y", "emailVisibility": true, "name": "Ann", "team": "red", "hidden_key": "k"}),
        json!({"id": "bob", "email": "bob@x.y", "name": "Bob"}),
    ] {
        world.insert("users", &user);
    }
    for doc in [
        json!({"id": "d1", "title": "one", "owner": "ann", "readers": ["ann", "bob"], "data": 1, "tags": ["a"]}),
        json!({"id": "d2", "title": "two", "owner": "bob", "readers": ["bob"]}),
        json!({"id": "d3", "title": "three"}),
    ] {
        world.insert("docs", &doc);
    }
    world
}

fn request(world: &Memory, user: Option<&str>, body: &Json) -> Request {
    let auth = user.map(|id| {
        let users = world.collection("users");
        let row = world.rows_of("users").into_iter().find(|(_, row)| row.as_row().id() == id);
        AuthRow::new(Arc::clone(users), row.unwrap().1)
    });
    Request {
        method: "GET".to_owned(),
        context: Context::Batch,
        query: [("page".to_owned(), "2".to_owned())].into(),
        headers: [("x_token".to_owned(), "Secret".to_owned())].into(),
        body: body.as_object().cloned().unwrap_or_default(),
        auth,
        ..Request::default()
    }
}

/// The docs for which a rule holds, for this user and body.
fn ruled(user: Option<&str>, body: &Json, rule: &str) -> Result<Vec<String>, FilterError> {
    let world = world();
    let request = request(&world, user, body);
    let docs = world.collection("docs");
    let filter = Filter::compile(world.catalog(), docs, rule, Scope::Rule)?;
    let mut found = Vec::new();
    for (_, row) in world.rows_of("docs") {
        if filter.matches(&world, &request, Subject::Stored(row.as_row()))? {
            found.push(row.as_row().id().to_owned());
        }
    }
    Ok(found)
}

#[test]
fn rules_see_who_asks() {
    let all = ["d1", "d2", "d3"].as_slice();
    for (user, rule, expected) in [
        (Some("ann"), "owner = @request.auth.id", ["d1"].as_slice()),
        (None, "owner = @request.auth.id", &["d3"]),
        (None, "@request.auth.id != '' && owner = @request.auth.id", &[]),
        (Some("bob"), "readers.id ?= @request.auth.id", &["d1", "d2"]),
        (Some("bob"), "readers.id = @request.auth.id", &["d2"]),
        (Some("ann"), "@request.auth.team.title = 'Red'", all),
        (Some("bob"), "@request.auth.team.title = 'Red'", &[]),
        (None, "@request.auth.team.title = ''", all),
        (Some("ann"), "@request.auth.hidden_key = 'k'", all),
        (Some("ann"), "@request.auth.nothing = null", all),
        (Some("ann"), "@request.auth.nothing_via_nothing.x = null", all),
        (Some("ann"), "@request.auth.collectionName = 'users'", all),
        (Some("ann"), "@request.auth.isAnonymous = false", all),
        (Some("ann"), "@request.auth.isAnonymous = true", &[]),
        (None, "@request.auth.isAnonymous = true", &[]),
        (None, "@request.auth.isAnonymous = false", &[]),
        (Some("ann"), "@request.auth.name:lower = 'ann'", all),
        (Some("ann"), "@request.auth.docs_via_owner.title ?= title", &["d1"]),
        (
            Some("ann"),
            "@request.auth.emailVisibility = true && @request.auth.verified = false",
            all,
        ),
        (None, "@request.method = 'GET' && @request.context = 'batch'", all),
        (None, "@request.headers.x_token = 'Secret' && @request.headers.none = null", all),
        (None, "@request.headers.x_token:lower = 'secret'", all),
        (None, "@request.query.page = '2' && @request.query.page:isset = true", all),
        (None, "@request.query.none:isset = true", &[]),
        (Some("bob"), "@collection.users.id ?= owner && @collection.users.name ?= 'Ann'", &["d1"]),
    ] {
        let found = ruled(user, &json!({}), rule);
        assert_eq!(found.unwrap_or_else(|error| panic!("{rule}: {error}")), expected, "{rule}");
    }
    assert!(ruled(Some("ann"), &json!({}), "@request.auth.name.x = 1").is_err());
}

#[test]
fn rules_see_what_is_sent() {
    let body = json!({
        "title": "one", "size": "12", "none": null, "owner": "ann", "readers": ["ann", "bob"],
        "tags": ["a", "b"], "kind": "", "data": "x", "obj": {"a": [5, "t"]}, "Flag": true,
    });
    for (rule, expected) in [
        ("@request.body.title = 'one'", true),
        ("@request.body.title:isset = true", true),
        ("@request.body.none:isset = true", true),
        ("@request.body.missing:isset = false", true),
        ("@request.body.missing = null", true),
        ("@request.body.size = 12", true),
        ("@request.body.size > 9", true),
        ("@request.body.title:changed = false", true),
        ("@request.body.title:changed = true", false),
        ("@request.body.size:changed = true", true),
        ("@request.body.tags:length = 2", true),
        ("@request.body.kind:length = 1", true),
        ("@request.body.tags:each ?= 'b'", true),
        ("@request.body.tags:each = 'b'", false),
        ("@request.body.tags:each ~ '%'", true),
        ("@request.body.tags = '[\"a\",\"b\"]'", true),
        ("@request.body.data = '\"x\"'", true),
        ("@request.body.obj.a.0 = 5", true),
        ("@request.body.obj.a.1 = 't'", true),
        ("@request.body.obj.a.2 = null", true),
        ("@request.body.Flag = true", true),
        ("@request.body.owner.name = 'Ann'", true),
        ("@request.body.owner.team.title = 'Red'", true),
        ("@request.body.readers.name ?= 'Bob'", true),
        ("@request.body.readers.name = 'Bob'", false),
        ("@request.body.readers.nothing = null", true),
        ("@request.body.title:lower = 'one'", true),
    ] {
        let found = ruled(None, &body, rule);
        let found = found.unwrap_or_else(|error| panic!("{rule}: {error}"));
        assert_eq!(found.contains(&"d1".to_owned()), expected, "{rule}");
    }
    assert_eq!(ruled(None, &json!({}), "@request.body.owner.name = null").unwrap().len(), 3);
    for rule in [
        "@request.body.title:each = 1",
        "@request.body.size:length = 1",
        "@request.body.missing:changed = 1",
        "@request.body.missing:each = 1",
        "@request.query.page:length = 1",
    ] {
        assert!(ruled(None, &body, rule).is_err(), "{rule}");
    }
}

#[test]
fn a_rule_and_a_filter_speak_of_the_same_related_record() {
    let world = world();
    let listed = |rule, filter, superuser| {
        let spec = ListSpec { rule: Some(rule), filter: Some(filter), sort: None, superuser };
        let query = ListQuery::compile(world.catalog(), world.collection("docs"), &spec)?;
        let request = request(&world, Some("bob"), &json!({}));
        let page = Page { offset: 0, limit: 9, total: true };
        let found = query.plan(&world, &request, page)?.run(&world)?;
        Ok::<_, FilterError>(
            found.rows.iter().map(|(_, row)| row.as_row().id().to_owned()).collect::<Vec<_>>(),
        )
    };
    let mine = "readers.id ?= @request.auth.id";
    assert_eq!(listed(mine, "readers.name ?= 'Bob'", false).unwrap(), ["d1", "d2"]);
    assert!(listed(mine, "readers.name ?= 'Ann'", false).unwrap().is_empty());
    // Emails only count where their owners show them.
    assert_eq!(listed("title != ''", "owner.email ~ '@'", false).unwrap(), ["d1"]);
    assert_eq!(listed("title != ''", "owner.email ~ '@'", true).unwrap(), ["d1", "d2"]);
    assert_eq!(listed("owner.email ~ '@'", "title != ''", false).unwrap(), ["d1", "d2"]);
}

#[test]
fn changes_are_judged_on_the_virtual_record_too() {
    let world = world();
    let docs = world.collection("docs");
    let body = json!({"title": "new", "size": 3, "data": "a"});
    let row = row_of(docs, &json!({"id": "n", "title": "new", "size": 3, "data": "a"}));
    let request = request(&world, None, &body);
    for (rule, expected) in [
        ("@request.body.title:changed = false", true),
        ("@request.body.size:changed = false", true),
        ("@request.body.data:changed = true", true),
    ] {
        let filter = Filter::compile(world.catalog(), docs, rule, Scope::Rule).unwrap();
        let holds = filter.matches(&world, &request, Subject::Virtual(row.as_row())).unwrap();
        assert_eq!(holds, expected, "{rule}");
    }
}

#[test]
fn list_rules_of_related_collections_bind_the_joined_record() {
    let world = world_with_list_rule("name != 'Bob'");
    for (filter, expected) in [
        ("owner.name != ''", ["d1"].as_slice()),
        ("owner.name != 'q'", &["d1", "d3"]),
        ("owner.id != ''", &["d1", "d2"]),
        ("readers.name ?= 'Ann'", &["d1"]),
        ("readers.name = 'Ann'", &[]),
        ("readers.name ?!= 'q'", &["d1", "d3"]),
        ("readers:each ?= 'bob'", &["d1", "d2"]),
        ("readers.id ?= 'bob'", &[]),
        ("owner.name != '' || title = 'two'", &["d1"]),
        ("", &["d1", "d2", "d3"]),
    ] {
        let spec = ListSpec { filter: Some(filter), sort: Some(""), ..ListSpec::default() };
        let query = ListQuery::compile(world.catalog(), world.collection("docs"), &spec).unwrap();
        let page = Page { offset: 0, limit: 9, total: true };
        let found = query.plan(&world, &Request::default(), page).unwrap().run(&world).unwrap();
        let ids: Vec<_> = found.rows.iter().map(|(_, row)| row.as_row().id().to_owned()).collect();
        assert_eq!(ids, expected, "{filter}");
    }
}

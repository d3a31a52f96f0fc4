//! Views from outside: made of queries, read like any collection, right at any moment.

use serde_json::{Value as Json, json};

use crate::harness::{Client, PASSWORD, Server, encode, record, records};

/// Authors with posts, where a post has a hidden note.
fn blog(superuser: &Client) -> Vec<Json> {
    let authors = json!({
        "name": "authors", "listRule": "", "viewRule": "",
        "fields": [{ "name": "name", "type": "text" }],
    });
    let authors = superuser.post("/api/collections", &authors).expect(200);
    let posts = json!({
        "name": "posts",
        "fields": [
            { "name": "title", "type": "text", "presentable": true },
            { "name": "note", "type": "text", "hidden": true },
            { "name": "likes", "type": "number" },
            { "name": "author", "type": "relation", "collectionId": authors["id"] },
        ],
    });
    superuser.post("/api/collections", &posts).expect(200);
    let mut ids = Vec::new();
    for name in ["ann", "bob"] {
        ids.push(
            superuser.post(&records("authors"), &json!({ "name": name })).expect(200)["id"].clone(),
        );
    }
    for (title, likes, author) in [("one", 3, 0), ("two", 5, 0), ("three", 7, 1)] {
        let post = json!({ "title": title, "note": "psst", "likes": likes, "author": ids[author] });
        superuser.post(&records("posts"), &post).expect(200);
    }
    ids
}

fn make_view(superuser: &Client, name: &str, query: &str) -> Json {
    let view = json!({
        "name": name, "type": "view", "viewQuery": query, "listRule": "", "viewRule": "",
    });
    superuser.post("/api/collections", &view).expect(200)
}

fn list(client: &Client, view: &str, parameters: &str) -> Json {
    client.get(&format!("{}?{parameters}", records(view))).expect(200)["items"].clone()
}

fn column(items: &Json, name: &str) -> Vec<Json> {
    items.as_array().expect("a list").iter().map(|item| item[name].clone()).collect()
}

#[test]
fn a_view_joins_aggregates_and_casts() {
    let server = Server::start();
    let superuser = server.superuser();
    let ids = blog(&superuser);
    let view = make_view(
        &superuser,
        "stats",
        "select a.id, a.name, a.id as author, count(p.id) as posts, sum(p.likes) as likes, \
         cast(avg(p.likes) as real) average, max(p.note) as note, p.note as secret, p.title \
         from authors a left join posts p on p.author = a.id group by a.id; ",
    );
    let fields = view["fields"].as_array().expect("fields");
    let types: Vec<_> =
        fields.iter().map(|field| field["type"].as_str().expect("a type")).collect();
    assert_eq!(
        types,
        ["text", "text", "relation", "number", "json", "number", "json", "text", "text"]
    );
    assert_eq!(fields[3]["onlyInt"], true);
    assert_eq!(fields[7]["hidden"], true);
    assert_eq!(fields[8]["presentable"], true);
    assert_eq!(view["indexes"], json!([]));

    let items = list(&server.guest(), "stats", "sort=name&expand=author");
    assert_eq!(column(&items, "name"), ["ann", "bob"]);
    assert_eq!(column(&items, "posts"), [2, 1]);
    assert_eq!(column(&items, "likes"), [8, 7]);
    assert_eq!(column(&items, "average"), [4, 7]);
    assert_eq!(items[0]["expand"]["author"]["name"], "ann");
    assert_eq!(items[0]["collectionName"], "stats");
    // Hidden fields stay hidden under their new names, and cannot be asked for either.
    assert_eq!(items[0].get("secret"), None);
    assert_eq!(list(&superuser, "stats", "")[0]["secret"], "psst");
    let by_secret = format!("{}?filter={}", records("stats"), encode("secret = 'psst'"));
    server.guest().get(&by_secret).expect_error(400);

    let filter = encode("likes > 7 && author.name ~ 'an'");
    assert_eq!(
        column(&list(&server.guest(), "stats", &format!("filter={filter}")), "name"),
        ["ann"]
    );
    let page = server.guest().get(&format!("{}?perPage=1&page=2", records("stats"))).expect(200);
    assert_eq!((page["totalItems"].clone(), page["totalPages"].clone()), (json!(2), json!(2)));

    let one =
        server.guest().get(&format!("{}?expand=author", record("stats", &ids[1]))).expect(200);
    assert_eq!((one["name"].clone(), one["posts"].clone()), (json!("bob"), json!(1)));
    assert_eq!(one["expand"]["author"]["id"], ids[1]);
    server.guest().get(&record("stats", &json!("missing"))).expect_error(404);
}

#[test]
fn a_view_is_right_after_every_change() {
    let server = Server::start();
    let superuser = server.superuser();
    let ids = blog(&superuser);
    make_view(
        &superuser,
        "counts",
        "select author as id, count(*) as n from posts group by author",
    );
    make_view(&superuser, "above", "select id, n, (n * 10) as tens from counts");
    let bob = record("above", &ids[1]);
    for expected in 1..5 {
        let item = server.guest().get(&bob).expect(200);
        assert_eq!(
            (item["n"].clone(), item["tens"].clone()),
            (json!(expected), json!(expected * 10))
        );
        assert_eq!(column(&list(&server.guest(), "counts", "sort=n"), "n").len(), 2);
        superuser.post(&records("posts"), &json!({ "author": ids[1] })).expect(200);
        // What is of no concern to the view changes nothing.
        superuser.post(&records("authors"), &json!({ "name": "eve" })).expect(200);
    }
}

#[test]
fn other_collections_may_ask_a_view() {
    let server = Server::start();
    let superuser = server.superuser();
    let ids = blog(&superuser);
    make_view(
        &superuser,
        "busy",
        "select author as id, author, count(*) as n from posts group by author",
    );
    let rule = json!({ "listRule": "@collection.busy.id ?= id && @collection.busy.n ?> 1" });
    superuser.patch("/api/collections/authors", &rule).expect(200);
    let names = column(&list(&server.guest(), "authors", ""), "name");
    assert!(names.contains(&json!("ann")), "{names:?}");
    let filter = encode("busy_via_author.n = 1");
    let items = list(&superuser, "authors", &format!("filter={filter}&expand=busy_via_author"));
    assert_eq!(column(&items, "id"), [ids[1].clone()]);
}

#[test]
fn rules_of_writes_may_ask_a_view() {
    let server = Server::start();
    let superuser = server.superuser();
    let ids = blog(&superuser);
    make_view(
        &superuser,
        "counts",
        "select author as id, count(*) as n from posts group by author",
    );
    let notes = json!({
        "name": "notes", "createRule": "@collection.counts.id ?= author && @collection.counts.n ?> 0",
        "deleteRule": "counts_full", "fields": [{ "name": "author", "type": "text" }],
    });
    superuser.post("/api/collections", &notes).expect_code("deleteRule", "validation_invalid_rule");
    let mut notes = notes;
    notes["deleteRule"] = json!("@collection.counts.n ?= 3");
    superuser.post("/api/collections", &notes).expect(200);
    let note = |author: &Json| server.guest().post(&records("notes"), &json!({ "author": author }));
    note(&json!("nobody")).expect_error(400);
    let made = note(&ids[0]).expect(200);
    let own = record("notes", &made["id"]);
    server.guest().delete(&own).expect_error(404);
    superuser.post(&records("posts"), &json!({ "author": ids[0] })).expect(200);
    server.guest().delete(&own).expect(204);
}

#[test]
fn rules_of_views_know_who_asks() {
    let server = Server::start();
    let superuser = server.superuser();
    for name in ["ann", "bob"] {
        let body = json!({
            "email": format!("{name}@example.com"), "name": name,
            "password": PASSWORD, "passwordConfirm": PASSWORD,
        });
        server.guest().post(&records("users"), &body).expect(200);
    }
    let view = json!({
        "name": "me", "type": "view", "viewQuery": "select id, name, email from users",
        "listRule": "id = @request.auth.id", "viewRule": null,
    });
    superuser.post("/api/collections", &view).expect(200);
    assert_eq!(list(&server.guest(), "me", ""), json!([]));
    let ann = server.logged_in("users", "ann@example.com", PASSWORD);
    let items = list(&ann, "me", "");
    // A view is no auth collection: its emails are like any other field.
    assert_eq!(column(&items, "email"), ["ann@example.com"]);
    ann.get(&record("me", &items[0]["id"])).expect_error(403);

    let body = json!({ "name": "x" });
    superuser.post(&records("me"), &body).expect_error(400);
    superuser.patch(&record("me", &items[0]["id"]), &body).expect_error(400);
    superuser.delete(&record("me", &items[0]["id"])).expect_error(400);
    superuser.delete("/api/collections/me/truncate").expect_error(400);
}

#[test]
fn bad_views_are_refused_with_what_is_wrong() {
    let server = Server::start();
    let superuser = server.superuser();
    blog(&superuser);
    for query in [
        "select * from posts",
        "select title from posts",
        "select id from missing",
        "select id, password from users",
        "select id, tokenKey from users",
        "select id from posts; select 1",
        "delete from posts",
        "select 1 as id union all select 1",
        "select '' as id",
        "select null as id",
        "select id from bad",
    ] {
        let view = json!({ "name": "bad", "type": "view", "viewQuery": query });
        let data = superuser.post("/api/collections", &view).expect_error(400);
        assert_eq!(data["viewQuery"]["code"], "validation_invalid_view_query", "{query}");
        let fields = match query {
            "select title from posts" => json!("validation_missing_primary_key"),
            query if query.contains(" as id") => Json::Null,
            _ => json!("validation_required"),
        };
        assert_eq!(data["fields"]["code"], fields, "{query}");
        let tried =
            superuser.post("/api/collections/meta/dry-run-view", &json!({ "query": query }));
        let message = tried.expect(400)["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("Invalid view query. Raw error: \n"), "{message}");
    }
    let view = json!({
        "name": "bad", "type": "view", "viewQuery": "select id, likes + 1 from posts",
        "createRule": "", "indexes": ["create index x on bad (id)"],
    });
    let data = superuser.post("/api/collections", &view).expect_error(400);
    assert!(data["fields"]["1"]["name"]["code"].is_string(), "{data}");
    assert_eq!(data["viewQuery"]["code"], "validation_invalid_view_query");
    assert_eq!(data["createRule"]["code"], "validation_nil");
    let view = json!({ "name": "bad", "type": "view" });
    superuser.post("/api/collections", &view).expect_code("viewQuery", "validation_required");
}

#[test]
fn a_dry_run_shows_fields_and_records_and_saves_nothing() {
    let server = Server::start();
    let superuser = server.superuser();
    blog(&superuser);
    let path = "/api/collections/meta/dry-run-view";
    let query =
        json!({ "query": "select id, title, note, likes as l from posts order by likes desc" });
    let tried = superuser.post(path, &query).expect(200);
    assert_eq!(column(&tried["fields"], "name"), ["id", "title", "note", "l"]);
    assert_eq!(column(&tried["sample"], "l"), [7, 5, 3]);
    assert_eq!(tried["sample"][0].get("note"), None);
    let name = tried["sample"][0]["collectionName"].as_str().expect("a name");
    assert!(name.starts_with("temp_view_") && name.len() == 15, "{name}");
    superuser.get(&format!("/api/collections/{name}")).expect_error(404);
    superuser.post(path, &json!({})).expect_code("query", "validation_required");
    let long = json!({ "query": "x".repeat(5001) });
    superuser.post(path, &long).expect_code("query", "validation_length_too_long");
    server.guest().post(path, &query).expect_error(401);
}

#[test]
fn a_view_follows_what_it_is_made_of() {
    let server = Server::start();
    let superuser = server.superuser();
    blog(&superuser);
    make_view(&superuser, "titles", "select id, title, author from posts");
    superuser.patch("/api/collections/posts", &json!({ "name": "articles" })).expect(200);
    let view = superuser.get("/api/collections/titles").expect(200);
    assert_eq!(view["viewQuery"], "select id, title, author from articles");
    assert_eq!(list(&server.guest(), "titles", "").as_array().map(Vec::len), Some(3));

    let mut fields = superuser.get("/api/collections/articles").expect(200)["fields"].clone();
    fields.as_array_mut().expect("fields").retain(|field| field["name"] != "title");
    let change = json!({ "fields": fields });
    superuser
        .patch("/api/collections/articles", &change)
        .expect_code("fields", "validation_field_in_use");
    superuser.delete("/api/collections/articles").expect_error(400);
    superuser
        .patch("/api/collections/titles", &json!({ "viewQuery": "select id from articles" }))
        .expect(200);
    superuser.patch("/api/collections/articles", &change).expect(200);
    assert_eq!(column(&list(&server.guest(), "titles", ""), "title"), vec![Json::Null; 3]);
}

#[test]
fn a_view_without_end_is_given_up() {
    let server = Server::start();
    let superuser = server.superuser();
    let query =
        "with recursive n(i) as (select 1 union all select i + 1 from n) select i as id from n";
    make_view(&superuser, "endless", query);
    let answer = server.guest().get(&records("endless")).expect(400);
    let message = answer["message"].as_str().expect("a message");
    assert!(message.contains("1000000 rows") || message.contains("seconds"), "{message}");
    // Meanwhile and afterwards, everything else goes on.
    server.guest().get("/api/health").expect(200);
}

#[test]
fn superusers_may_ask_with_sql_and_change_nothing() {
    let server = Server::start();
    let superuser = server.superuser();
    blog(&superuser);
    let ask = |query: &str| superuser.post("/api/sql", &json!({ "query": query }));
    let answer = ask("select title, likes, null as n from posts order by likes desc;").expect(200);
    assert_eq!(column(&answer["columns"], "name"), ["title", "likes", "n"]);
    assert_eq!(answer["rows"][0], json!(["three", "7", null]));
    for query in ["delete from posts", "select password from users", "pragma user_version", "x"] {
        let message = ask(query).expect(400)["message"].as_str().expect("a message").to_owned();
        assert!(message.starts_with("Failed to execute query. Raw error:\n"), "{message}");
    }
    ask("").expect_code("query", "validation_required");
    server.guest().post("/api/sql", &json!({ "query": "select 1" })).expect_error(401);
    assert_eq!(ask("select count(*) from posts").expect(200)["rows"][0][0], "3");
}

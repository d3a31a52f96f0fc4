//! API keys: made once, within a scope, and gone at once.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::stream::Stream;
use crate::harness::{Answer, Client, PASSWORD, Server, encode, record, records};

const KEYS: &str = "/api/collections/users/api-keys";
const SUPERUSER_KEYS: &str = "/api/collections/_superusers/api-keys";
const OUT_OF_SCOPE: &str = "The API key is not allowed to perform this action.";

/// A server with keys for users and superusers, two users, and posts of Ann's.
struct Story {
    server: Server,
    superuser: Client,
    ann: Json,
    client: Client,
    post: Json,
}

impl Story {
    fn new() -> Self {
        let server = Server::start();
        let superuser = server.superuser();
        for name in ["users", "_superusers"] {
            let enable = json!({ "apiKeys": { "enabled": true } });
            superuser.patch(&format!("/api/collections/{name}"), &enable).expect(200);
        }
        let add = |name: &str| {
            let body = json!({
                "email": format!("{name}@example.com"),
                "password": PASSWORD, "passwordConfirm": PASSWORD,
            });
            superuser.post(&records("users"), &body).expect(200)
        };
        let (ann, _) = (add("ann"), add("bob"));
        let own = "owner = @request.auth.id";
        for name in ["posts", "notes"] {
            let definition = json!({
                "name": name, "listRule": own, "viewRule": own,
                "createRule": "@request.body.owner = @request.auth.id", "updateRule": own, "deleteRule": own,
                "fields": [
                    { "name": "title", "type": "text" },
                    { "name": "secret", "type": "text", "hidden": true },
                    { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
                ],
            });
            superuser.post("/api/collections", &definition).expect(200);
        }
        let client = server.logged_in("users", "ann@example.com", PASSWORD);
        let body = json!({ "title": "one", "secret": "s", "owner": ann["id"] });
        let post = superuser.post(&records("posts"), &body).expect(200);
        superuser.post(&records("notes"), &body).expect(200);
        Self { server, superuser, ann, client, post }
    }

    fn key(&self, scopes: &Json) -> Client {
        self.with(&self.make(&json!({ "name": "k", "scopes": scopes })))
    }

    fn make(&self, body: &Json) -> Json {
        self.client.post(KEYS, body).expect(200)
    }

    fn with(&self, made: &Json) -> Client {
        self.server.with_token(&made["key"])
    }

    fn superuser_key(&self, scopes: &Json) -> Client {
        let made = self.superuser.post(SUPERUSER_KEYS, &json!({ "name": "k", "scopes": scopes }));
        self.with(&made.expect(200))
    }
}

fn scope(collection: &str, actions: &[&str]) -> Json {
    json!([{ "collection": collection, "actions": actions }])
}

#[track_caller]
fn is_out_of_scope(answer: Answer) {
    assert_eq!(answer.json["message"], OUT_OF_SCOPE, "{}", answer.status);
    answer.expect_error(403);
}

fn total(answer: Answer) -> Json {
    answer.expect(200)["totalItems"].clone()
}

#[test]
fn a_key_is_shown_once_and_acts_for_its_account() {
    let story = Story::new();
    let made = story.make(&json!({ "name": "robot", "scopes": scope("posts", &["*"]) }));
    let text = made["key"].as_str().expect("a key");
    assert!(text.starts_with(&format!("hsk_{}_", made["id"].as_str().unwrap())), "{made}");
    assert_eq!(made["scopes"], scope("posts", &["list", "view", "create", "update", "delete"]));
    assert_eq!((&made["expires"], &made["lastUsed"]), (&json!(""), &json!("")));
    let key = story.with(&made);
    let list = key.get(&records("posts")).expect(200);
    // It sees what Ann sees.
    assert_eq!((&list["totalItems"], list["items"][0].get("secret")), (&json!(1), None));
    let (status, _, _) = story.server.guest().fetch(
        &record("posts", &story.post["id"]),
        &[("authorization", &format!("Bearer {text}"))],
    );
    assert_eq!(status, 200);
    let body = json!({ "title": "two", "owner": story.ann["id"] });
    let second = key.post(&records("posts"), &body).expect(200);
    key.patch(&record("posts", &second["id"]), &json!({ "title": "three" })).expect(200);
    key.delete(&record("posts", &second["id"])).expect(204);

    let listed = story.client.get(KEYS).expect(200);
    assert_eq!((&listed["totalItems"], &listed["items"][0]["name"]), (&json!(1), &json!("robot")));
    assert!(listed["items"][0].get("key").is_none());
    assert_eq!(listed["items"][0]["prefix"], text.rsplit_once('_').map_or("", |_| &text[..4 + 15]));
    assert!(story.with(&made).get(&records("notes")).json["message"] == OUT_OF_SCOPE);
    // The last digit has two bits to spare, so another letter before it is taken.
    let (at, end) = (text.len() - 2, text.len() - 1);
    let other = if &text[at..end] == "x" { "y" } else { "x" };
    let last = [&text[..at], other, &text[end..]].concat();
    assert_eq!(total(story.server.with_token(&json!(last)).get(&records("posts"))), 0);
}

#[test]
fn the_secret_is_kept_nowhere_and_the_key_works_in_a_restored_folder() {
    let story = Story::new();
    let made = story.make(&json!({ "name": "robot", "scopes": scope("posts", &["list"]) }));
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).to_str().expect("a path").to_owned();
    let (dump, data) = (path("dump.ndjson"), path("data"));
    story.server.command(&["export", "-o", &dump]).expect("a dump");
    let text = std::fs::read_to_string(&dump).expect("a dump");
    let secret = made["key"].as_str().and_then(|key| key.splitn(3, '_').nth(2)).expect("a secret");
    assert!(text.contains(made["id"].as_str().expect("an id")) && !text.contains(secret));
    story.server.command(&["import", "dump", &dump, "--data", &data]).expect("a restored folder");
    let restored = Server::start_on(folder);
    assert_eq!(total(restored.with_token(&made["key"]).get(&records("posts"))), 1);
}

#[test]
fn a_key_reaches_no_further_than_its_scope() {
    let story = Story::new();
    let key = story.key(&scope("posts", &["list", "create"]));
    let post = record("posts", &story.post["id"]);
    assert_eq!(total(key.get(&records("posts"))), 1);
    is_out_of_scope(key.get(&post));
    is_out_of_scope(key.patch(&post, &json!({ "title": "x" })));
    is_out_of_scope(key.delete(&post));
    is_out_of_scope(key.put(&post, &json!({ "title": "x" })));
    is_out_of_scope(key.get(&records("notes")));
    is_out_of_scope(key.get(&records("users")));
    // The rules still count.
    key.post(&records("posts"), &json!({ "title": "x" })).expect_error(400);
    // An expand that the key is not for shows nothing.
    let expanded = key.get(&format!("{}?expand=owner", records("posts"))).expect(200);
    assert!(
        expanded["items"][0].get("expand").is_none_or(|e| e.get("owner").is_none()),
        "{expanded}"
    );
    let wider = story.key(&json!([
        { "collection": "posts", "actions": ["list"] }, { "collection": "users", "actions": ["view"] },
    ]));
    let expanded = wider.get(&format!("{}?expand=owner", records("posts"))).expect(200);
    assert_eq!(expanded["items"][0]["expand"]["owner"]["id"], story.ann["id"]);
    // A collection keeps its keys when it is renamed, and its old name opens nothing.
    story.superuser.patch("/api/collections/posts", &json!({ "name": "articles" })).expect(200);
    assert_eq!(total(key.get(&records("articles"))), 1);
    assert_eq!(
        story.client.get(KEYS).expect(200)["items"][1]["scopes"][0]["collection"],
        "articles"
    );
}

#[test]
fn keys_of_superusers_pass_rules_within_their_scope_only() {
    let story = Story::new();
    let key = story.superuser_key(&scope("*", &["*"]));
    let list = key.get(&records("posts")).expect(200);
    assert_eq!(list["items"][0]["secret"], "s");
    // What lets accounts in is out of reach, whatever the scope.
    for name in ["_superusers", "_otps", "_mfas", "_externalAuths", "_authOrigins"] {
        is_out_of_scope(key.get(&records(name)));
        is_out_of_scope(key.post(&records(name), &json!({})));
    }
    let ann = record("users", &story.ann["id"]);
    key.patch(&ann, &json!({ "name": "Ann" })).expect(200);
    for body in [
        json!({ "password": "0987654321", "passwordConfirm": "0987654321" }),
        json!({ "email": "other@example.com" }),
        json!({ "tokenKey": "x".repeat(50) }),
        json!({ "verified": true }),
    ] {
        is_out_of_scope(key.patch(&ann, &body));
    }
    is_out_of_scope(key.put(&ann, &json!({ "name": "x" })));
    story.client.post("/api/collections/users/auth-refresh", &json!({})).expect(200);
    // A filter cannot ask about what the key is not for, nor about what nobody is shown.
    let narrow = story.superuser_key(&scope("posts", &["list"]));
    for filter in ["@collection.notes.secret ?= 's'", "secret = 's'", "owner.tokenKey ~ 'a%'"] {
        let answer = narrow.get(&format!("{}?filter={}", records("posts"), encode(filter)));
        assert!(matches!(answer.status, 400 | 403), "{filter}: {}", answer.json);
    }
}

#[test]
fn what_a_key_is_to_be_is_checked() {
    let story = Story::new();
    let fine = json!({ "name": "k", "scopes": scope("posts", &["list"]) });
    let with = |name: &str, value: Json| {
        let mut body = fine.clone();
        body[name] = value;
        story.client.post(KEYS, &body)
    };
    with("name", json!("")).expect_code("name", "validation_required");
    with("name", json!("x".repeat(101))).expect_code("name", "validation_length_too_long");
    with("name", json!(1)).expect_code("name", "validation_invalid_value");
    with("scopes", json!([])).expect_code("scopes", "validation_required");
    with("scopes", json!("posts")).expect_code("scopes", "validation_invalid_value");
    with("expires", json!("soon")).expect_code("expires", "validation_invalid_date");
    with("expires", json!("2020-01-01")).expect_code("expires", "validation_past_date");
    for (scopes, member, code) in [
        (scope("nothing", &["list"]), "collection", "validation_invalid_collection"),
        (scope("_superusers", &["list"]), "collection", "validation_invalid_collection"),
        (scope("", &["list"]), "collection", "validation_required"),
        (json!([1]), "collection", "validation_required"),
        (scope("posts", &[]), "actions", "validation_required"),
        (scope("posts", &["write"]), "actions", "validation_in_invalid"),
    ] {
        let data = with("scopes", scopes).expect_error(400);
        assert_eq!(data["scopes"]["0"][member]["code"], code, "{data}");
    }
    let data = with("addresses", json!(["127.0.0.1", "10.0.0.0/99"])).expect_error(400);
    assert_eq!(data["addresses"]["1"]["code"], "validation_invalid_ip");
    assert_eq!(total(story.client.get(KEYS)), 0);

    story.server.guest().post(KEYS, &fine).expect_error(401);
    story.client.post(SUPERUSER_KEYS, &fine).expect_error(403);
    story.superuser.post(KEYS, &fine).expect_code("recordId", "validation_required");
    let of_ann = format!("{KEYS}?recordId={}", story.ann["id"].as_str().unwrap());
    let bob = story.server.logged_in("users", "bob@example.com", PASSWORD);
    bob.post(&of_ann, &fine).expect_error(404);
    // Whoever manages accounts may see and end their keys, and not make any.
    let manage = json!({ "manageRule": "@request.auth.email = 'bob@example.com'" });
    story.superuser.patch("/api/collections/users", &manage).expect(200);
    bob.post(&of_ann, &fine).expect_error(403);
    let made = story.superuser.post(&of_ann, &fine).expect(200);
    assert_eq!(total(bob.get(&of_ann)), 1);
    let path = format!("{KEYS}/{}", made["id"].as_str().unwrap());
    bob.delete(&path).expect_error(404);
    bob.delete(&format!("{path}?{}", &of_ann[KEYS.len() + 1..])).expect(204);
    assert_eq!(total(story.with(&made).get(&records("posts"))), 0);
    for _ in 0..50 {
        story.make(&fine);
    }
    story.client.post(KEYS, &fine).expect_error(400);
    story
        .superuser
        .patch("/api/collections/users", &json!({ "apiKeys": { "enabled": false } }))
        .expect(200);
    story.client.post(KEYS, &fine).expect_error(400);
}

#[test]
fn a_key_works_from_its_addresses_and_until_it_expires() {
    let story = Story::new();
    let make = |name: &str, value: Json| {
        let mut body = json!({ "name": "k", "scopes": scope("posts", &["list"]) });
        body[name] = value;
        story.with(&story.make(&body))
    };
    let posts = records("posts");
    assert_eq!(total(make("addresses", json!(["127.0.0.0/8", "::1"])).get(&posts)), 1);
    assert_eq!(total(make("addresses", json!(["10.0.0.0/8"])).get(&posts)), 0);
    let soon = jiff::Timestamp::now() + Duration::from_secs(2);
    let key = make("expires", json!(soon.to_string()));
    let mut stream = Stream::subscribed(&story.server, &key, &["posts/*"]);
    assert_eq!(total(key.get(&posts)), 1);
    let start = Instant::now();
    while total(key.get(&posts)) == 1 {
        assert!(start.elapsed() < Duration::from_secs(10), "it does not expire");
        std::thread::sleep(Duration::from_millis(50));
    }
    let post = record("posts", &story.post["id"]);
    story.superuser.patch(&post, &json!({ "title": "late" })).expect(200);
    stream.expect_nothing();
}

#[test]
fn a_key_hears_of_what_it_may_see_and_of_nothing_else() {
    let story = Story::new();
    let whole = Stream::subscribed(&story.server, &story.client, &["posts/*", "notes/*"]);
    let key = story.key(&scope("posts", &["list", "view"]));
    let narrow = Stream::subscribed(&story.server, &key, &["posts/*", "notes/*"]);
    let (mut whole, mut narrow) = (whole, narrow);
    let body = |title: &str| json!({ "title": title, "owner": story.ann["id"] });
    story.superuser.post(&records("notes"), &body("note")).expect(200);
    story.superuser.post(&records("posts"), &body("post")).expect(200);
    assert_eq!(whole.titles(2), ["create note", "create post"]);
    assert_eq!(narrow.titles(1), ["create post"]);
    narrow.expect_nothing();
}

#[test]
fn whatever_ends_a_key_ends_it_everywhere() {
    type End = fn(&Story, &str);
    let ends: [(&str, End); 6] = [
        ("ended", |story, id| {
            story.client.delete(&format!("{KEYS}/{id}")).expect(204);
            story.client.delete(&format!("{KEYS}/{id}")).expect_error(404);
        }),
        ("another password", |story, _| {
            let body = json!({ "password": "0987654321", "passwordConfirm": "0987654321" });
            story.superuser.patch(&record("users", &story.ann["id"]), &body).expect(200);
        }),
        ("another address", |story, _| {
            let body = json!({ "email": "ann@example.org" });
            story.superuser.patch(&record("users", &story.ann["id"]), &body).expect(200);
        }),
        ("another secret", |story, _| {
            let body = json!({ "authToken": { "secret": "a".repeat(40) } });
            story.superuser.patch("/api/collections/users", &body).expect(200);
        }),
        ("option off", |story, _| {
            let body = json!({ "apiKeys": { "enabled": false } });
            story.superuser.patch("/api/collections/users", &body).expect(200);
        }),
        ("account deleted", |story, _| {
            story.superuser.delete(&record("users", &story.ann["id"])).expect(204);
        }),
    ];
    for (what, end) in ends {
        let story = Story::new();
        let open = json!({ "listRule": "@request.auth.id != ''" });
        story.superuser.patch("/api/collections/posts", &open).expect(200);
        let made = story.make(&json!({ "name": "k", "scopes": scope("posts", &["list"]) }));
        let key = story.with(&made);
        let mut stream = Stream::subscribed(&story.server, &key, &["posts/*"]);
        assert_eq!(total(key.get(&records("posts"))), 1, "{what}");
        end(&story, made["id"].as_str().expect("an id"));
        assert_eq!(total(key.get(&records("posts"))), 0, "{what}");
        story.superuser.post(&records("posts"), &json!({ "title": what })).expect(200);
        stream.expect_nothing();
    }
}

/// Every route of the server, as its list in the source says: method and path.
fn all_routes() -> Vec<(String, String)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/src/web/api/routes.rs");
    let text = std::fs::read_to_string(path).expect("the list of routes");
    // Statements may go over several lines.
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let quoted = |part: &str| {
        let path = part.split('"').nth(1)?.to_owned();
        let is_action = part.contains("auth_path(");
        Some(if is_action { format!("/api/collections/{{collection}}/{path}") } else { path })
    };
    let (mut names, mut routes) = (HashMap::new(), Vec::new());
    for statement in text.split(';') {
        if let Some((name, value)) =
            statement.trim().strip_prefix("let ").and_then(|rest| rest.split_once(" = "))
        {
            if let Some(path) = quoted(value) {
                names.insert(name.to_owned(), path);
            }
        } else if let Some((_, call)) = statement.split_once("router.add(") {
            let (method, path) = call.trim().split_once(',').expect("a method and a path");
            let method = method.trim().strip_prefix("Method::").expect("a method").to_owned();
            let path = path.trim();
            let known = quoted(path.split_inclusive('"').take(2).collect::<String>().as_str());
            let name = path.split(',').next().unwrap_or("").trim_start_matches('&');
            let path = known.unwrap_or_else(|| names[name].clone());
            routes.push((method, path));
        }
    }
    routes
}

/// No key gets anything but records out of any route, and a key to read with writes nothing anywhere.
#[test]
fn a_key_to_read_with_is_refused_by_every_route_that_does_more() {
    let story = Story::new();
    story
        .superuser
        .patch(
            "/api/settings",
            &json!({ "batch": { "enabled": true, "maxRequests": 50, "timeout": 3 } }),
        )
        .expect(200);
    let open = json!({ "createRule": "", "updateRule": "", "deleteRule": "" });
    story.superuser.patch("/api/collections/posts", &open).expect(200);
    let readable = [
        "GET /api/collections/{collection}/records",
        "GET /api/collections/{collection}/records/{id}",
        "GET /api/collections/{collection}/auth-methods",
        "GET /api/health",
        "GET /api/realtime",
        "POST /api/realtime",
        "GET /api/files/{collection}/{record}/{filename}",
        "POST /api/batch",
    ];
    let routes: Vec<_> =
        all_routes().into_iter().filter(|(_, path)| path.starts_with("/api/")).collect();
    assert!(routes.len() > 40, "{routes:?}");
    for expected in readable {
        assert!(routes.iter().any(|(m, p)| format!("{m} {p}") == expected), "{expected}");
    }
    let state = || {
        let of = |path: &str| story.superuser.get(path).expect(200);
        let names = ["posts", "notes", "users", "_superusers"];
        let mut all: Vec<Json> = names.iter().map(|name| of(&records(name))).collect();
        all.extend([of("/api/settings"), of("/api/collections?perPage=100")]);
        all
    };
    let keys = [
        story.key(&scope("*", &["list", "view"])),
        story.superuser_key(&scope("*", &["list", "view"])),
    ];
    let before = state();
    for key in &keys {
        for (method, pattern) in &routes {
            for collection in ["posts", "users"] {
                let id = if collection == "posts" { &story.post["id"] } else { &story.ann["id"] };
                let path = pattern
                    .replace("{collection}", collection)
                    .replace("{id}", id.as_str().expect("an id"));
                let (method, route) = (method.as_str(), format!("{method} {pattern}"));
                if readable.contains(&route.as_str()) {
                    continue;
                }
                let body = json!({
                    "title": "x", "name": "x", "email": "x@example.com", "duration": 60,
                    "newEmail": "x@example.com", "query": "SELECT 1", "owner": story.ann["id"],
                    "scopes": scope("*", &["*"]), "identity": "ann@example.com", "password": PASSWORD,
                });
                let answer = match method {
                    "GET" => key.get(&path),
                    "DELETE" => key.delete(&path),
                    _ => key.json(method, &path, &body),
                };
                assert_eq!(answer.json["message"], OUT_OF_SCOPE, "{route}: {}", answer.json);
                answer.expect_error(403);
            }
        }
        let post = record("posts", &story.post["id"]);
        for (method, url) in [
            ("POST", &records("posts")),
            ("PUT", &records("posts")),
            ("PATCH", &post),
            ("DELETE", &post),
        ] {
            let body = json!({ "id": story.post["id"], "title": "x" });
            let item = json!({ "method": method, "url": url, "body": body });
            let data = key.post("/api/batch", &json!({ "requests": [item] })).expect_error(400);
            assert_eq!(data["requests"]["0"]["response"]["status"], 403, "{method}: {data}");
        }
        assert_eq!(total(key.get(&records("posts"))), 1);
        key.get(&post).expect(200);
    }
    assert_eq!(state(), before);
}

//! Realtime: who gets which events, in what order, and what happens when somebody goes away.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::harness::stream::Stream;
use crate::harness::{Client, Server, encode, record, records};

const POSTS: &str = "/api/collections/posts/records";

/// A server with posts, which anybody may list and their owner may view, and two users.
struct Story {
    server: Server,
    superuser: Client,
    ann: Json,
    bob: Json,
}

impl Story {
    fn new() -> Self {
        let server = Server::start();
        let superuser = server.superuser();
        let user = |name: &str| {
            let body = json!({
                "email": format!("{name}@example.com"), "emailVisibility": false,
                "password": "1234567890", "passwordConfirm": "1234567890",
            });
            superuser.post(&records("users"), &body).expect(200)
        };
        let (ann, bob) = (user("ann"), user("bob"));
        let definition = json!({
            "name": "posts", "listRule": "public = true || owner = @request.auth.id",
            "viewRule": "owner = @request.auth.id",
            "fields": [
                { "name": "title", "type": "text", "max": 2_000_000 },
                { "name": "public", "type": "bool" },
                { "name": "note", "type": "text", "hidden": true },
                { "name": "owner", "type": "relation", "collectionId": "_pb_users_auth_", "maxSelect": 1 },
            ],
        });
        superuser.post("/api/collections", &definition).expect(200);
        Self { server, superuser, ann, bob }
    }

    fn post(&self, title: &str) -> Json {
        let body = json!({ "title": title, "public": true, "note": "n", "owner": self.ann["id"] });
        self.superuser.post(POSTS, &body).expect(200)
    }

    fn user(&self, name: &str) -> Client {
        self.server.logged_in("users", &format!("{name}@example.com"), "1234567890")
    }
}

fn with_options(topic: &str, options: &Json) -> String {
    format!("{topic}?options={}", encode(&options.to_string()))
}

#[test]
fn a_stream_begins_with_the_client_id_and_cannot_be_buffered() {
    let server = Server::start();
    let stream = Stream::open(&server, "", &[]);
    assert_eq!(stream.client_id.len(), 40);
    assert!(stream.client_id.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert_eq!(stream.connected, json!({ "clientId": stream.client_id }));
    for line in [
        "http/1.1 200",
        "content-type: text/event-stream\r",
        "cache-control: no-store\r",
        "x-accel-buffering: no\r",
    ] {
        assert!(stream.head.contains(line), "{line} in {}", stream.head);
    }
}

#[test]
fn events_come_in_the_order_of_the_commits_with_the_clients_id() {
    let story = Story::new();
    let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &["posts/*"]);
    for number in 0..30 {
        story.post(&number.to_string());
    }
    for number in 0..30 {
        let event = stream.next().expect("a message");
        assert_eq!((event.name.as_str(), &event.id), ("posts/*", &stream.client_id));
        assert_eq!(event.data["action"], "create");
        let record = &event.data["record"];
        assert_eq!(record["title"], number.to_string());
        assert_eq!(record["collectionName"], "posts");
        assert!(record.get("note").is_none(), "{record}");
    }
    stream.expect_nothing();
}

#[test]
fn each_of_the_three_topics_has_its_rule() {
    let story = Story::new();
    let post = story.post("a");
    let id = post["id"].as_str().expect("an id");
    let one = format!("posts/{id}");
    let by_id = format!("{}/*", post["collectionId"].as_str().expect("an id"));
    let topics = ["posts/*", "posts", &one, &by_id, "posts/a", "posts/*x", ""];
    let mut guest = Stream::subscribed(&story.server, &story.server.guest(), &topics);
    let mut ann = Stream::subscribed(&story.server, &story.user("ann"), &topics);
    let mut root = Stream::subscribed(&story.server, &story.superuser, &topics);
    story.superuser.patch(&record("posts", &post["id"]), &json!({ "title": "b" })).expect(200);
    let names = |stream: &mut Stream, count| {
        let mut names: Vec<String> = (0..count).map(|_| stream.next().expect("one").name).collect();
        stream.expect_nothing();
        names.sort();
        names
    };
    let (mut all, mut four) =
        (vec!["posts".to_owned(), "posts/*".into(), by_id.clone()], vec![one.clone()]);
    four.extend(all.clone());
    all.sort();
    four.sort();
    assert_eq!(names(&mut guest, 3), all);
    assert_eq!(names(&mut ann, 4), four);
    assert_eq!(names(&mut root, 4), four);
}

#[test]
fn a_topic_is_echoed_with_its_options_and_they_are_obeyed() {
    let story = Story::new();
    let query = json!({ "query": { "filter": "title ~ 'x y'", "fields": "title,expand.owner.id", "expand": "owner" } });
    let topic = with_options("posts/*", &query);
    story.superuser.patch("/api/collections/users", &json!({ "viewRule": "" })).expect(200);
    let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &[&topic]);
    story.post("other");
    story.post("an x y");
    let event = stream.next().expect("a message");
    assert_eq!(event.name, topic);
    let expected = json!({ "title": "an x y", "expand": { "owner": { "id": story.ann["id"] } } });
    assert_eq!(event.data, json!({ "action": "create", "record": expected }));
    stream.expect_nothing();
}

#[test]
fn filters_that_cannot_be_used_get_nothing_and_superusers_are_filtered_too() {
    let story = Story::new();
    let filter = |text: &str| with_options("posts/*", &json!({ "query": { "filter": text } }));
    let bad =
        ["note = 'n'", "@request.auth.id = ''", "@collection.users.id != ''", "(", "nope = 1"];
    let topics: Vec<String> = bad.iter().map(|text| filter(text)).collect();
    let topics: Vec<&str> = topics.iter().map(String::as_str).collect();
    let mut guest = Stream::subscribed(&story.server, &story.server.guest(), &topics);
    let good = filter("note = 'n'");
    let mut root =
        Stream::subscribed(&story.server, &story.superuser, &[&good, &filter("title = 'no'")]);
    story.post("a");
    assert_eq!(root.next().expect("one").name, good);
    root.expect_nothing();
    guest.expect_nothing();
}

#[test]
fn rules_see_the_headers_and_the_query_of_the_subscription() {
    let story = Story::new();
    let rule = "@request.headers.x_token = 'secret' && @request.query.n = '5' && @request.context = 'realtime'";
    story.superuser.patch("/api/collections/posts", &json!({ "listRule": rule })).expect(200);
    let options = json!({ "query": { "n": 5 }, "headers": { "X-Token": "secret" } });
    let good = with_options("posts/*", &options);
    let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &[&good, "posts/*"]);
    story.post("a");
    assert_eq!(stream.next().expect("one").name, good);
    stream.expect_nothing();
}

#[test]
fn deletes_are_judged_by_what_was_visible_before() {
    let story = Story::new();
    let comments = json!({
        "name": "comments", "listRule": "post.public = true", "fields": [
            { "name": "text", "type": "text" },
            { "name": "post", "type": "relation", "collectionId": "posts", "maxSelect": 1, "cascadeDelete": true },
        ],
    });
    let mut comments = comments;
    let posts = story.superuser.get("/api/collections/posts").expect(200);
    comments["fields"][1]["collectionId"] = posts["id"].clone();
    story.superuser.post("/api/collections", &comments).expect(200);
    let post = story.post("a");
    let comment = json!({ "text": "c", "post": post["id"] });
    let comment = story.superuser.post(&records("comments"), &comment).expect(200);
    let private = json!({ "title": "p", "public": false, "owner": story.bob["id"] });
    let private = story.superuser.post(POSTS, &private).expect(200);

    let topics = ["posts/*", "comments/*"];
    let mut guest = Stream::subscribed(&story.server, &story.server.guest(), &topics);
    let mut bob = Stream::subscribed(&story.server, &story.user("bob"), &topics);
    story.superuser.delete(&record("posts", &post["id"])).expect(204);
    story.superuser.delete(&record("posts", &private["id"])).expect(204);
    let mut gone: Vec<Json> = (0..2)
        .map(|_| {
            let (action, record) = guest.change();
            assert_eq!(action, "delete");
            record["id"].clone()
        })
        .collect();
    gone.sort_by_key(Json::to_string);
    let mut expected = vec![post["id"].clone(), comment["id"].clone()];
    expected.sort_by_key(Json::to_string);
    assert_eq!(gone, expected);
    guest.expect_nothing();
    let last = (0..3).map(|_| bob.change()).last().expect("three");
    assert_eq!((last.0.as_str(), &last.1["title"]), ("delete", &json!("p")));
}

#[test]
fn an_update_is_judged_by_what_it_leaves() {
    let story = Story::new();
    let post = story.post("a");
    let own = record("posts", &post["id"]);
    let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &["posts/*"]);
    story.superuser.patch(&own, &json!({ "public": false })).expect(200);
    stream.expect_nothing();
    story.superuser.patch(&own, &json!({ "public": true, "title": "b" })).expect(200);
    assert_eq!(stream.titles(1), ["update b"]);
}

#[test]
fn what_happened_before_a_subscription_is_not_sent() {
    let story = Story::new();
    for number in 0..20 {
        story.post("before");
        let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &["posts/*"]);
        let title = format!("after {number}");
        story.post(&title);
        assert_eq!(stream.titles(1), [format!("create {title}")]);
    }
}

#[test]
fn new_topics_replace_the_old_ones() {
    let story = Story::new();
    let guest = story.server.guest();
    let mut stream = Stream::subscribed(&story.server, &guest, &["posts/*"]);
    stream.subscribe(&guest, &["other"]);
    story.post("a");
    stream.expect_nothing();
    stream.subscribe(&guest, &["posts/*", "posts/*", "other"]);
    story.post("b");
    assert_eq!(stream.titles(1), ["create b"]);
    stream.expect_nothing();
    stream.subscribe(&guest, &[]);
    story.post("c");
    stream.expect_nothing();
}

#[test]
fn subscribing_checks_what_it_is_given() {
    let server = Server::start();
    let guest = server.guest();
    let stream = Stream::open(&server, "", &[]);
    let post = |id: &str, topics: Json| {
        guest.post("/api/realtime", &json!({ "clientId": id, "subscriptions": topics }))
    };
    let id = stream.client_id.as_str();
    post("", json!([])).expect_code("clientId", "validation_required");
    post(&"x".repeat(256), json!([])).expect_code("clientId", "validation_length_out_of_range");
    post(id, json!(vec!["t"; 1001])).expect_code("subscriptions", "validation_length_too_long");
    let data = post(id, json!(["ok", "x".repeat(2501)])).expect_error(400);
    assert_eq!(data["subscriptions"]["1"]["code"], "validation_length_too_long");
    assert!(data["subscriptions"].get("0").is_none());
    post(id, json!([5])).expect_error(400);
    post(id, json!({})).expect_error(400);
    assert_eq!(post("unknown", json!([])).expect_error(404), json!({}));
    post(id, json!(vec!["x".repeat(2500); 1000])).expect(204);
}

#[test]
fn a_guest_may_become_somebody_and_nobody_becomes_somebody_else() {
    let story = Story::new();
    let stream = Stream::subscribed(&story.server, &story.server.guest(), &["posts/*"]);
    let (ann, bob) = (story.user("ann"), story.user("bob"));
    stream.subscribe(&ann, &["posts/*"]);
    stream.subscribe(&ann, &[]);
    let body = json!({ "clientId": stream.client_id, "subscriptions": [] });
    for other in [&bob, &story.server.guest(), &story.superuser] {
        assert_eq!(other.post("/api/realtime", &body).expect_error(403), json!({}));
    }
}

#[test]
fn a_client_that_comes_back_gets_what_it_missed_once_and_in_order() {
    let story = Story::new();
    let guest = story.server.guest();
    let mut stream = Stream::open(&story.server, "?seq=1", &[]);
    stream.subscribe(&guest, &["posts/*"]);
    let first = story.post("0");
    let seen = stream.next().expect("a message").data["seq"].as_u64().expect("a sequence");
    drop(stream);
    story.superuser.delete(&record("posts", &first["id"])).expect(204);
    for number in 1..=150 {
        story.post(&number.to_string());
    }
    let mut stream = Stream::open(&story.server, &format!("?resume={seen}"), &[]);
    assert_eq!(stream.connected["seq"], seen);
    stream.expect_nothing();
    stream.subscribe(&guest, &["posts/*"]);
    for number in 151..=160 {
        story.post(&number.to_string());
    }
    let expected: Vec<String> = std::iter::once("delete 0".to_owned())
        .chain((1..=160).map(|n| format!("create {n}")))
        .collect();
    let mut last = seen;
    for expected in expected {
        let event = stream.next().expect("a message");
        let title = event.data["record"]["title"].as_str().expect("a title");
        assert_eq!(
            format!("{} {title}", event.data["action"].as_str().expect("an action")),
            expected
        );
        let sequence = event.data["seq"].as_u64().expect("a sequence");
        assert!(sequence > last);
        last = sequence;
    }
    stream.expect_nothing();
}

#[test]
fn a_guest_goes_on_with_its_last_event_id_alone() {
    let story = Story::new();
    let mut stream = Stream::subscribed(&story.server, &story.server.guest(), &["posts/*"]);
    story.post("a");
    assert_eq!(stream.titles(1), ["create a"]);
    let id = stream.client_id.clone();
    drop(stream);
    wait_until_gone(&story, &id);
    story.post("b");
    let mut stream = Stream::open(&story.server, "", &[("Last-Event-ID", &id)]);
    assert_ne!(stream.client_id, id);
    story.post("c");
    assert_eq!(stream.titles(2), ["create b", "create c"]);
    stream.subscribe(&story.server.guest(), &["posts/*"]);
    story.post("d");
    assert_eq!(stream.titles(1), ["create d"]);
    // It can be used once only.
    let mut other = Stream::open(&story.server, "", &[("Last-Event-ID", &id)]);
    story.post("e");
    other.expect_nothing();
}

#[test]
fn a_user_goes_on_only_after_subscribing_again_with_a_token() {
    let story = Story::new();
    let ann = story.user("ann");
    let stream = Stream::subscribed(&story.server, &ann, &["posts/*"]);
    let id = stream.client_id.clone();
    drop(stream);
    wait_until_gone(&story, &id);
    let private = json!({ "title": "mine", "owner": story.ann["id"] });
    story.superuser.post(POSTS, &private).expect(200);
    let mut stream = Stream::open(&story.server, "", &[("Last-Event-ID", &id)]);
    stream.expect_nothing();
    stream.subscribe(&ann, &["posts/*"]);
    assert_eq!(stream.titles(1), ["create mine"]);
    // Whoever else has the id sees what it may see by itself.
    let id = stream.client_id.clone();
    drop(stream);
    wait_until_gone(&story, &id);
    story.superuser.post(POSTS, &private).expect(200);
    let mut stream = Stream::open(&story.server, "", &[("Last-Event-ID", &id)]);
    stream.subscribe(&story.server.guest(), &["posts/*"]);
    stream.expect_nothing();
}

#[test]
fn a_sequence_that_the_log_does_not_know_is_a_gap() {
    let story = Story::new();
    let mut stream = Stream::open(&story.server, "?resume=99999999", &[]);
    stream.subscribe(&story.server.guest(), &["posts/*"]);
    let gap = stream.next().expect("a message");
    assert_eq!((gap.name.as_str(), &gap.data["after"]), ("REALTIME_GAP", &json!(99_999_999)));
    story.post("a");
    assert_eq!(stream.titles(1), ["create a"]);
    story.server.guest().get("/api/realtime?resume=x").expect_error(400);
}

#[test]
fn a_client_that_does_not_read_is_told_and_dropped_and_holds_up_nobody() {
    let story = Story::new();
    let guest = story.server.guest();
    let mut slow = Stream::open(&story.server, "?seq=1", &[]);
    slow.subscribe(&guest, &["posts/*"]);
    let mut quick = Stream::subscribed(
        &story.server,
        &guest,
        &[&with_options("posts/*", &json!({ "query": { "fields": "id" } }))],
    );
    let large = "x".repeat(1_000_000);
    for _ in 0..30 {
        story.post(&large);
    }
    for _ in 0..30 {
        quick.change();
    }
    let mut last = 0;
    let mut came = 0;
    let ending = loop {
        let event = slow.next().expect("a last message");
        if event.name != "posts/*" {
            break event;
        }
        last = event.data["seq"].as_u64().expect("a sequence");
        came += 1;
    };
    assert_eq!(ending.name, "REALTIME_TOO_SLOW");
    assert!(slow.next().is_none());
    assert!(came < 30, "{came}");
    // Nothing is lost for who comes back.
    let mut stream = Stream::open(&story.server, &format!("?resume={last}"), &[]);
    stream.subscribe(&guest, &["posts/*"]);
    for _ in came..30 {
        assert_eq!(stream.change().0, "create");
    }
    stream.expect_nothing();
}

#[test]
fn a_changed_password_makes_open_streams_guests_at_once() {
    let story = Story::new();
    let ann = story.user("ann");
    let mut stream = Stream::subscribed(&story.server, &ann, &["posts/*"]);
    let private = json!({ "title": "mine", "owner": story.ann["id"] });
    story.superuser.post(POSTS, &private).expect(200);
    assert_eq!(stream.titles(1), ["create mine"]);
    let own = record("users", &story.ann["id"]);
    let password = json!({ "password": "abcdefghij", "passwordConfirm": "abcdefghij" });
    story.superuser.patch(&own, &password).expect(200);
    story.superuser.post(POSTS, &private).expect(200);
    story.post("public");
    assert_eq!(stream.titles(1), ["create public"]);
    // As a guest it may become anybody.
    stream.subscribe(&story.user("bob"), &["posts/*"]);
}

#[test]
fn changed_accounts_and_rules_count_at_once() {
    let story = Story::new();
    let rule = json!({ "listRule": "@request.auth.name = 'editor'" });
    story.superuser.patch("/api/collections/posts", &rule).expect(200);
    let mut stream = Stream::subscribed(&story.server, &story.user("ann"), &["posts/*"]);
    let mut all = Stream::subscribed(&story.server, &story.superuser, &["posts/*"]);
    let own = record("users", &story.ann["id"]);
    story.post("a");
    // Rules are asked when an event is made, which may come after the next write.
    assert_eq!(all.titles(1), ["create a"]);
    story.superuser.patch(&own, &json!({ "name": "editor" })).expect(200);
    story.post("b");
    assert_eq!(stream.titles(1), ["create b"]);
}

#[test]
fn a_deleted_account_and_another_secret_make_guests() {
    let story = Story::new();
    let rule = json!({ "listRule": "@request.auth.id != ''" });
    story.superuser.patch("/api/collections/posts", &rule).expect(200);
    let mut ann = Stream::subscribed(&story.server, &story.user("ann"), &["posts/*"]);
    let mut bob = Stream::subscribed(&story.server, &story.user("bob"), &["posts/*"]);
    story.superuser.delete(&record("users", &story.bob["id"])).expect(204);
    story.post("a");
    assert_eq!(ann.titles(1), ["create a"]);
    bob.expect_nothing();
    let secret = json!({ "authToken": { "secret": "s".repeat(40) } });
    story.superuser.patch("/api/collections/users", &secret).expect(200);
    story.post("b");
    ann.expect_nothing();
    let rule = json!({ "listRule": "" });
    story.superuser.patch("/api/collections/posts", &rule).expect(200);
    story.post("c");
    assert_eq!(ann.titles(1), ["create c"]);
    assert_eq!(bob.titles(1), ["create c"]);
}

#[test]
fn emails_are_shown_to_whom_they_belong() {
    let story = Story::new();
    story.superuser.patch("/api/collections/users", &json!({ "listRule": "" })).expect(200);
    let mut ann = Stream::subscribed(&story.server, &story.user("ann"), &["users/*"]);
    let mut bob = Stream::subscribed(&story.server, &story.user("bob"), &["users/*"]);
    let mut root = Stream::subscribed(&story.server, &story.superuser, &["users/*"]);
    let own = record("users", &story.ann["id"]);
    story.superuser.patch(&own, &json!({ "name": "x" })).expect(200);
    assert_eq!(ann.change().1["email"], "ann@example.com");
    assert_eq!(root.change().1["email"], "ann@example.com");
    let (_, seen) = bob.change();
    assert!(seen.get("email").is_none(), "{seen}");
    assert!(seen.get("tokenKey").is_none() && seen.get("password").is_none());
}

#[test]
fn many_streams_get_one_update() {
    let story = Story::new();
    let guest = story.server.guest();
    let post = story.post("a");
    let mut streams: Vec<Stream> =
        (0..300).map(|_| Stream::subscribed(&story.server, &guest, &["posts/*"])).collect();
    story.superuser.patch(&record("posts", &post["id"]), &json!({ "title": "b" })).expect(200);
    for stream in &mut streams {
        assert_eq!(stream.titles(1), ["update b"]);
    }
}

/// Waits until the server has noticed that a stream was closed.
fn wait_until_gone(story: &Story, client_id: &str) {
    let body = json!({ "clientId": client_id, "subscriptions": ["posts/*"] });
    for _ in 0..500 {
        // As long as it is open, this changes nothing.
        if story.server.guest().post("/api/realtime", &body).status == 404 {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the stream of {client_id} stays");
}

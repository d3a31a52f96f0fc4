//! Webhooks, with a server at the other end.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::sink::Sink;
use crate::harness::{Client, Server, record, records};

const INTRANET: &str = "outbound.allow_private = true\n";

struct Story {
    server: Server,
    superuser: Client,
    sink: Sink,
}

impl Story {
    fn new() -> Self {
        let server = Server::start_configured(INTRANET);
        let superuser = server.superuser();
        make_posts(&superuser);
        Self { server, superuser, sink: Sink::start() }
    }

    /// A hook of all events of posts with what `more` says; returned as it was made.
    fn hook(&self, more: &Json) -> Json {
        self.superuser.post("/api/webhooks", &form(&self.sink.url, more)).expect(200)
    }

    fn post(&self, title: &str) -> Json {
        let body = json!({ "title": title, "hush": "secret" });
        self.superuser.post(&records("posts"), &body).expect(200)
    }

    fn deliveries(&self, hook: &Json) -> Vec<Json> {
        let path = format!("{}/deliveries?perPage=500", path(hook));
        let page = self.superuser.get(&path).expect(200);
        page["items"].as_array().expect("items").clone()
    }

    /// Waits until `condition` holds for the deliveries of `hook`.
    fn wait_for(&self, hook: &Json, condition: impl Fn(&[Json]) -> bool) -> Vec<Json> {
        let until = Instant::now() + Duration::from_secs(15);
        loop {
            let deliveries = self.deliveries(hook);
            if condition(&deliveries) {
                return deliveries;
            }
            assert!(Instant::now() < until, "{deliveries:?}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn make_posts(superuser: &Client) {
    let collection = json!({ "name": "posts", "type": "base", "createRule": "", "fields": [
        { "name": "title", "type": "text", "max": 20 },
        { "name": "hush", "type": "text", "hidden": true },
    ] });
    superuser.post("/api/collections", &collection).expect(200);
}

fn form(url: &str, more: &Json) -> Json {
    let mut form = json!({
        "name": "mine", "collection": "posts", "events": ["create", "update", "delete"], "url": url,
    });
    let more = more.as_object().expect("an object").clone();
    form.as_object_mut().expect("an object").extend(more);
    form
}

fn path(hook: &Json) -> String {
    format!("/api/webhooks/{}", hook["id"].as_str().expect("an id"))
}

#[test]
fn each_change_is_told_of_and_signed_and_shows_nothing_hidden() {
    let story = Story::new();
    let hook = story.hook(&json!({ "headers": { "X-Team": "blue" } }));
    let mut post = story.post("one");
    let made = story.sink.next();
    assert!(made.is_signed_by(&hook["secret"]), "{made:?}");
    assert_eq!(made.headers["content-type"], "application/json");
    assert_eq!(made.headers["x-team"], "blue");
    let json = made.json();
    assert_eq!(json["type"], "record.created");
    assert_eq!(json["data"]["collection"], "posts");
    assert!(json["timestamp"].as_str().is_some_and(|t| t.contains('T') && t.ends_with('Z')));
    let shown = post.as_object_mut().expect("a record");
    // Superusers see hidden fields; other servers do not.
    shown.remove("hush").expect("a hidden field");
    assert_eq!(json["data"]["record"], post);

    let path = record("posts", &post["id"]);
    story.superuser.patch(&path, &json!({ "title": "two" })).expect(200);
    let changed = story.sink.next();
    assert_eq!(changed.json()["type"], "record.updated");
    assert_eq!(changed.json()["data"]["record"]["title"], "two");
    assert_ne!(changed.id(), made.id());
    story.superuser.delete(&path).expect(204);
    let gone = story.sink.next().json();
    assert_eq!(gone["type"], "record.deleted");
    assert_eq!(gone["data"]["record"]["id"], post["id"]);

    let deliveries = story
        .wait_for(&hook, |all| all.len() == 3 && all.iter().all(|d| d["status"] == "delivered"));
    let first = deliveries.iter().find(|d| d["id"] == made.id()).expect("the first delivery");
    assert_eq!(first["recordId"], post["id"]);
    assert_eq!(first["attempts"][0]["status"], 200);
    assert_eq!(first["attempts"][0]["response"], "so be it");
}

#[test]
fn the_secret_is_shown_once_and_another_one_can_be_had() {
    let story = Story::new();
    let hook = story.hook(&json!({}));
    assert!(hook["secret"].as_str().is_some_and(|secret| secret.starts_with("whsec_")));
    let shown = story.superuser.get(&path(&hook)).expect(200);
    assert!(shown.get("secret").is_none(), "{shown}");
    let list = story.superuser.get("/api/webhooks").expect(200);
    assert_eq!(list["items"], json!([shown]));
    let changed = story.superuser.patch(&path(&hook), &json!({ "name": "other" })).expect(200);
    assert_eq!((&changed["name"], changed.get("secret")), (&json!("other"), None));
    let other =
        story.superuser.post(&format!("{}/rotate-secret", path(&hook)), &json!({})).expect(200);
    assert_ne!(other["secret"], hook["secret"]);
    story.superuser.post(&format!("{}/test", path(&hook)), &json!({})).expect(200);
    let test = story.sink.next();
    assert_eq!(test.json()["type"], "webhook.test");
    assert!(test.is_signed_by(&other["secret"]) && !test.is_signed_by(&hook["secret"]));
}

#[test]
fn what_a_server_could_not_take_is_sent_again_under_the_same_id() {
    let story = Story::new();
    let hook = story.hook(&json!({}));
    story.sink.answer(&[500]);
    story.post("one");
    let (first, second) = (story.sink.next(), story.sink.next());
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    assert!(second.is_signed_by(&hook["secret"]));
    let all = story.wait_for(&hook, |all| all[0]["status"] == "delivered");
    let statuses: Vec<&Json> =
        all[0]["attempts"].as_array().expect("attempts").iter().map(|a| &a["status"]).collect();
    assert_eq!(statuses, [500, 200]);
}

#[test]
fn a_batch_that_is_taken_back_tells_nobody() {
    let story = Story::new();
    story.superuser.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    story.hook(&json!({}));
    let item = |title: &str| json!({ "method": "POST", "url": records("posts"), "body": { "title": title } });
    let batch = |titles: [&str; 2]| {
        story.superuser.post("/api/batch", &json!({ "requests": titles.map(item) }))
    };
    batch(["one", "a title that is far too long"]).expect_error(400);
    story.sink.expect_nothing();
    batch(["one", "two"]).expect(200);
    let mut titles = [story.sink.next(), story.sink.next()]
        .map(|delivered| delivered.json()["data"]["record"]["title"].as_str().map(str::to_owned));
    titles.sort();
    assert_eq!(titles, [Some("one".to_owned()), Some("two".to_owned())]);
}

#[test]
fn what_was_committed_before_the_process_was_killed_arrives_after_it_is_back() {
    // Nobody listens there yet.
    let place = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = place.local_addr().expect("an address").to_string();
    drop(place);
    let server = Server::start_configured(INTRANET);
    let superuser = server.superuser();
    make_posts(&superuser);
    let form = form(&format!("http://{address}/hook"), &json!({}));
    let hook = superuser.post("/api/webhooks", &form).expect(200);
    let post = superuser.post(&records("posts"), &json!({ "title": "one" })).expect(200);
    let folder = server.kill();
    let sink = Sink::start_at(&address);
    let server = Server::start_on(folder);
    let delivered = sink.next();
    assert_eq!(delivered.json()["data"]["record"]["id"], post["id"]);
    assert!(delivered.is_signed_by(&hook["secret"]));
    drop(server);
}

#[test]
fn the_inner_network_is_out_of_reach_unless_the_configuration_says_otherwise() {
    let server = Server::start();
    let superuser = server.superuser();
    make_posts(&superuser);
    let sink = Sink::start();
    for url in [&*sink.url, "http://169.254.169.254/", "http://[::1]/", "ftp://example.com", "x"] {
        superuser
            .post("/api/webhooks", &form(url, &json!({})))
            .expect_code("url", "validation_invalid_url");
    }
    // What a name means shows only when it is called.
    let url = sink.url.replace("127.0.0.1", "localhost");
    let hook = superuser.post("/api/webhooks", &form(&url, &json!({}))).expect(200);
    superuser.post(&records("posts"), &json!({ "title": "one" })).expect(200);
    sink.expect_nothing();
    let deliveries = superuser.get(&format!("{}/deliveries", path(&hook))).expect(200);
    let attempt = &deliveries["items"][0]["attempts"][0];
    assert_eq!(attempt["status"], 0, "{deliveries}");
    assert_ne!(attempt["error"], "");
}

#[test]
fn a_delivery_can_be_sent_again() {
    let story = Story::new();
    let hook = story.hook(&json!({}));
    story.post("one");
    let first = story.sink.next();
    story.wait_for(&hook, |all| all[0]["status"] == "delivered");
    let replay = |id: &str| {
        let path = format!("{}/deliveries/{id}/replay", path(&hook));
        story.superuser.post(&path, &json!({}))
    };
    assert_eq!(replay(first.id()).expect(200)["status"], "waiting");
    let second = story.sink.next();
    assert_eq!((first.id(), &first.body), (second.id(), &second.body));
    replay("msg_unknown").expect_error(404);
}

#[test]
fn a_filter_says_which_records_are_told_of_and_follows_renames() {
    let story = Story::new();
    let filter = json!({ "filter": "title = 'loud'", "events": ["create"] });
    let hook = story.hook(&filter);
    story.post("quiet");
    story.sink.expect_nothing();
    let post = story.post("loud");
    assert_eq!(story.sink.next().json()["data"]["record"]["id"], post["id"]);
    let path_of_post = record("posts", &post["id"]);
    story.superuser.patch(&path_of_post, &json!({ "hush": "x" })).expect(200);
    story.sink.expect_nothing();

    let posts = story.superuser.get("/api/collections/posts").expect(200);
    let mut fields = posts["fields"].clone();
    for field in fields.as_array_mut().expect("fields") {
        if field["name"] == "title" {
            field["name"] = "headline".into();
        }
    }
    let renamed = json!({ "name": "articles", "fields": fields });
    story.superuser.patch("/api/collections/posts", &renamed).expect(200);
    let shown = story.superuser.get(&path(&hook)).expect(200);
    assert_eq!(
        (&shown["collection"], &shown["filter"]),
        (&json!("articles"), &json!("headline = 'loud'"))
    );
    story.superuser.post(&records("articles"), &json!({ "headline": "loud" })).expect(200);
    assert_eq!(story.sink.next().json()["data"]["collection"], "articles");
    for filter in ["nothing = 1", "title ="] {
        let changed = story.superuser.patch(&path(&hook), &json!({ "filter": filter }));
        changed.expect_code("filter", "validation_invalid_filter");
    }
}

#[test]
fn a_hook_that_is_off_hears_nothing_and_a_server_that_is_gone_switches_it_off() {
    let story = Story::new();
    let hook = story.hook(&json!({ "enabled": false }));
    story.post("one");
    story.sink.expect_nothing();
    let test = format!("{}/test", path(&hook));
    story.superuser.post(&test, &json!({})).expect_error(400);
    story.superuser.patch(&path(&hook), &json!({ "enabled": true })).expect(200);
    story.sink.answer(&[410]);
    story.post("two");
    story.sink.next();
    story.wait_for(&hook, |all| all[0]["status"] == "failed");
    let shown = story.superuser.get(&path(&hook)).expect(200);
    assert_eq!(shown["enabled"], false);
    assert!(shown["disabledReason"].as_str().is_some_and(|reason| reason.contains("410")));
    story.post("three");
    story.sink.expect_nothing();
    story.superuser.delete(&path(&hook)).expect(204);
    story.superuser.get(&path(&hook)).expect_error(404);
}

#[test]
fn hooks_are_for_superusers_and_for_collections_of_their_own() {
    let story = Story::new();
    let hook = story.hook(&json!({}));
    let guest = story.server.guest();
    guest.get("/api/webhooks").expect_error(401);
    guest.post("/api/webhooks", &form(&story.sink.url, &json!({}))).expect_error(401);
    guest.get(&format!("{}/deliveries", path(&hook))).expect_error(401);
    let refuse = |more: Json, field: &str, code: &str| {
        let answer = story.superuser.post("/api/webhooks", &form(&story.sink.url, &more));
        answer.expect_code(field, code);
    };
    refuse(json!({ "name": "" }), "name", "validation_required");
    refuse(json!({ "collection": "nothing" }), "collection", "validation_invalid_collection");
    refuse(json!({ "collection": "_superusers" }), "collection", "validation_invalid_collection");
    refuse(json!({ "events": [] }), "events", "validation_required");
    refuse(json!({ "events": ["drop"] }), "events", "validation_in_invalid");
    refuse(json!({ "enabled": "yes" }), "enabled", "validation_invalid_value");
    let headers = json!({ "headers": { "webhook-id": "x" } });
    let answer = story.superuser.post("/api/webhooks", &form(&story.sink.url, &headers));
    assert!(answer.expect_error(400)["headers"]["webhook-id"].is_object());
    // A hook goes with its collection.
    story.superuser.delete("/api/collections/posts").expect(204);
    story.superuser.get(&path(&hook)).expect_error(404);
}

//! Too many requests.

use serde_json::{Value as Json, json};

use crate::harness::{Client, PASSWORD, Server, records};

/// A server with an open collection `posts` and these rules; a window never ends within a test.
fn server_with(rules: &[(&str, &str, u32)]) -> (Server, Client) {
    let server = Server::start();
    let superuser = server.superuser();
    for name in ["posts", "notes"] {
        let definition = json!({ "name": name, "listRule": "", "viewRule": "", "createRule": "",
            "updateRule": "", "fields": [{ "name": "title", "type": "text" }] });
        superuser.post("/api/collections", &definition).expect(200);
    }
    let rules: Vec<Json> = rules
        .iter()
        .map(|(label, audience, max)| {
            json!({ "label": label, "audience": audience, "duration": 3600, "maxRequests": max })
        })
        .collect();
    let settings = json!({ "rateLimits": { "enabled": true, "rules": rules },
        "trustedProxy": { "headers": ["X-IP"] } });
    superuser.patch("/api/settings", &settings).expect(200);
    (server, superuser)
}

fn statuses(times: usize, mut ask: impl FnMut() -> u16) -> Vec<u16> {
    (0..times).map(|_| ask()).collect()
}

#[test]
fn actions_are_counted_for_each_collection_and_route_apart() {
    let (server, superuser) = server_with(&[("*:list", "", 2), ("notes:list", "", 1)]);
    let guest = server.guest();
    let list = |name: &str| guest.get(&records(name)).status;
    assert_eq!(statuses(3, || list("posts")), [200, 200, 429]);
    assert_eq!(statuses(2, || list("notes")), [200, 429]);
    assert_eq!(statuses(2, || list("users")), [200, 200]);
    // The name counts, however the collection is spelled.
    let id = superuser.get("/api/collections/posts").expect(200)["id"].clone();
    assert_eq!(list(id.as_str().expect("an id")), 429);
    let answer = guest.get(&records("posts"));
    assert_eq!(answer.json, json!({ "data": {}, "message": "Too Many Requests.", "status": 429 }));
    assert!(!answer.headers.contains_key("retry-after"));
    guest.get(&records("missing")).expect_error(404);
    assert_eq!(statuses(4, || superuser.get(&records("posts")).status), [200; 4]);
    // Saving settings starts all over.
    superuser.patch("/api/settings", &json!({})).expect(200);
    assert_eq!(list("posts"), 200);
}

#[test]
fn paths_under_one_rule_are_counted_together() {
    let (server, _) = server_with(&[("/api/health", "", 1), ("/api/", "", 2), ("GET /_/", "", 1)]);
    let guest = server.guest();
    assert_eq!(guest.get("/api/unknown").status, 404);
    assert_eq!(guest.get("/api/collections").status, 401);
    assert_eq!(guest.get("/api/unknown").status, 429);
    assert_eq!(statuses(2, || guest.get("/api/health").status), [200, 429]);
    // Routes of collections have counters of their own under the same rule.
    assert_eq!(statuses(3, || guest.get(&records("posts")).status), [200, 200, 429]);
    assert_eq!(guest.get(&records("notes")).status, 200);
}

#[test]
fn clients_and_audiences_are_counted_apart() {
    let (server, superuser) =
        server_with(&[("posts:list", "@guest", 1), ("posts:list", "@auth", 2)]);
    let user = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    superuser.post(&records("users"), &user).expect(200);
    let (guest, user) = (server.guest(), server.logged_in("users", "a@b.co", PASSWORD));
    let from = |client: &Client, ip: &str| {
        client.send("GET", &records("posts"), &[("x-ip", ip)], None).status
    };
    assert_eq!(statuses(2, || from(&guest, "1.1.1.1")), [200, 429]);
    assert_eq!(from(&guest, "2.2.2.2"), 200);
    assert_eq!(from(&guest, "2001:db8::1"), 200);
    assert_eq!(from(&guest, "2001:db8::2"), 429);
    assert_eq!(statuses(3, || from(&user, "1.1.1.1")), [200, 200, 429]);
    let excluded = json!({ "rateLimits": { "excludedIPs": ["1.1.0.0/16"] } });
    superuser.patch("/api/settings", &excluded).expect(200);
    assert_eq!(statuses(3, || from(&guest, "1.1.1.1")), [200; 3]);
}

#[test]
fn logins_are_limited_by_their_own_name_first() {
    let (server, _) = server_with(&[("*:auth", "", 5), ("*:authWithPassword", "", 1)]);
    let path = "/api/collections/users/auth-with-password";
    let body = json!({ "identity": "nobody@b.co", "password": "wrong" });
    assert_eq!(statuses(2, || server.guest().post(path, &body).status), [400, 429]);
}

#[test]
fn steps_of_a_batch_are_counted_by_themselves() {
    let (server, superuser) = server_with(&[("posts:create", "", 2), ("/api/batch", "", 3)]);
    superuser.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let guest = server.guest();
    let batch = |count: usize| {
        let step = json!({ "method": "POST", "url": records("posts"), "body": { "title": "a" } });
        guest.post("/api/batch", &json!({ "requests": vec![step; count] }))
    };
    batch(2).expect(200);
    let data = batch(1).expect_error(400);
    assert_eq!(data["requests"]["0"]["response"]["status"], 429);
    // Records that are made one by one are not those of batches.
    assert_eq!(guest.post(&records("posts"), &json!({})).status, 200);
    batch(1).expect_error(400);
    batch(1).expect_error(429);
    assert_eq!(guest.get(&records("posts")).expect(200)["totalItems"], 3);
}

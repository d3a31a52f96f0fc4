//! Several writes in one request.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, Client, PASSWORD, Server, record, records};

/// A server with batches on and the collections `posts` and `authors`, open to all.
fn server() -> (Server, Client) {
    let server = Server::start();
    let superuser = server.superuser();
    let open = |name: &str, fields: Json, indexes: Json| {
        json!({ "name": name, "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
            "deleteRule": "", "fields": fields, "indexes": indexes })
    };
    let name = json!([{ "name": "name", "type": "text", "required": true }]);
    let unique = json!(["CREATE UNIQUE INDEX idx_name ON authors (name)"]);
    let made = superuser.post("/api/collections", &open("authors", name, unique)).expect(200);
    let fields = json!([
        { "name": "title", "type": "text", "required": true },
        { "name": "views", "type": "number" },
        { "name": "author", "type": "relation", "collectionId": made["id"], "cascadeDelete": true },
    ]);
    superuser.post("/api/collections", &open("posts", fields, json!([]))).expect(200);
    superuser
        .patch("/api/settings", &json!({ "batch": { "enabled": true, "maxRequests": 500 } }))
        .expect(200);
    (server, superuser)
}

fn step(method: &str, url: impl Into<String>, body: impl Into<Json>) -> Json {
    json!({ "method": method, "url": url.into(), "body": body.into() })
}

fn batch(client: &Client, steps: impl Into<Json>) -> Answer {
    client.post("/api/batch", &json!({ "requests": steps.into() }))
}

fn count(client: &Client, collection: &str) -> Json {
    client.get(&records(collection)).expect(200)["totalItems"].clone()
}

#[test]
fn each_step_sees_those_before_it_and_answers_with_the_record_of_its_moment() {
    let (server, _) = server();
    let guest = server.guest();
    let id = "author000000001";
    let own = format!("{}/{id}", records("authors"));
    let answers = batch(
        &guest,
        vec![
            step("POST", records("authors"), json!({ "id": id, "name": "first" })),
            step(
                "POST",
                format!("{}?expand=author&fields=title,expand.author.name", records("posts")),
                json!({ "title": "a", "author": id }),
            ),
            step("PATCH", own.clone(), json!({ "name": "second" })),
            step("PUT", records("authors"), json!({ "id": id, "name": "third" })),
            step("PUT", records("authors"), json!({ "id": "author000000002", "name": "new" })),
            step("DELETE", own, Json::Null),
        ],
    )
    .expect(200);
    let names: Vec<&Json> = [0, 2, 3, 4].iter().map(|at| &answers[at]["body"]["name"]).collect();
    assert_eq!(names, ["first", "second", "third", "new"]);
    let post = json!({ "title": "a", "expand": { "author": { "name": "first" } } });
    assert_eq!(answers[1], json!({ "body": post, "status": 200 }));
    assert_eq!(answers[4]["body"]["id"], "author000000002");
    assert_eq!(answers[5], json!({ "body": null, "status": 204 }));
    // The delete took the post along.
    assert_eq!(count(&guest, "posts"), 0);
    assert_eq!(count(&guest, "authors"), 1);
}

#[test]
fn a_failing_step_takes_everything_back_and_is_named() {
    let (server, superuser) = server();
    let guest = server.guest();
    let kept = superuser.post(&records("authors"), &json!({ "name": "kept" })).expect(200);
    let good = || {
        vec![
            step("POST", records("authors"), json!({ "name": "x" })),
            step("DELETE", record("authors", &kept["id"]), Json::Null),
        ]
    };
    let admin =
        step("POST", records("_superusers"), json!({ "email": "a@b.co", "password": PASSWORD }));
    for (bad, status) in [
        (step("POST", records("authors"), json!({})), 400),
        (step("POST", records("authors"), json!({ "name": "x" })), 400),
        (step("POST", records("missing"), json!({})), 404),
        (step("PATCH", record("authors", &kept["id"]), json!({ "name": "y" })), 404),
        (step("POST", format!("{}?fields=a:b", records("authors")), json!({ "name": "y" })), 400),
        (step("GET", "/api/health", Json::Null), 400),
        (admin, 403),
    ] {
        let mut steps = good();
        steps.push(bad.clone());
        steps.push(step("POST", "/never/reached", Json::Null));
        let answer = batch(&guest, steps);
        assert_eq!(answer.json["message"], "Batch transaction failed.");
        let data = answer.expect_error(400);
        assert_eq!(data["requests"].as_object().expect("an object").len(), 1);
        let failed = &data["requests"]["2"];
        assert_eq!(failed["code"], "batch_request_failed", "{bad}");
        assert_eq!(failed["message"], "Batch request failed.");
        assert_eq!(failed["response"]["status"], status, "{bad} {failed}");
        assert!(failed["response"]["data"].is_object());
        assert_eq!(guest.get(&record("authors", &kept["id"])).status, 200);
        assert_eq!(count(&guest, "authors"), 1);
    }
    let data = batch(&guest, vec![step("POST", records("authors"), json!({}))]).expect_error(400);
    let name = &data["requests"]["0"]["response"]["data"]["name"];
    assert_eq!(name["code"], "validation_required");
}

#[test]
fn rules_see_a_batch_with_the_url_and_headers_of_the_step() {
    let (server, superuser) = server();
    let guarded = json!({ "name": "guarded", "fields": [{ "name": "title", "type": "text" }],
        "createRule": "@request.context = 'batch' && @request.method = 'POST' \
            && @request.query.key = 'k' && @request.headers.x_outer = 'o' \
            && @request.headers.x_inner = 'i' && @request.auth.id = ''",
        "updateRule": "@request.method = 'PATCH'" });
    superuser.post("/api/collections", &guarded).expect(200);
    let guest = server.guest();
    let own = superuser.token.clone().expect("a token");
    let send = |query: &str, inner: &str, method: &str| {
        let headers = json!({ "X-Inner": inner, "x-outer": "o", "Authorization": own });
        let step = json!({ "method": method, "url": records("guarded") + query, "headers": headers,
            "body": { "id": "guarded00000001", "title": "t" } });
        let body = json!({ "requests": [step] }).to_string();
        let headers = [("content-type", "application/json"), ("X-Outer", "wrong")];
        guest.send("POST", "/api/batch", &headers, Some(body.as_bytes())).status
    };
    assert_eq!(send("?key=k", "wrong", "POST"), 400);
    assert_eq!(send("?key=wrong", "i", "POST"), 400);
    assert_eq!(send("?key=k", "i", "POST"), 200);
    // An upsert is a create or an update to rules.
    assert_eq!(send("", "", "PUT"), 200);
    assert_eq!(guest.post(&records("guarded"), &json!({ "title": "t" })).status, 400);
}

#[test]
fn accounts_made_in_a_batch_can_log_in() {
    let (server, superuser) = server();
    let account = |id: &str, email: &str| json!({ "id": id, "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    let new_password = json!({ "password": "another12345", "passwordConfirm": "another12345" });
    batch(
        &superuser,
        vec![
            step("POST", records("users"), account("user00000000001", "a@b.co")),
            step("PUT", records("users"), account("user00000000002", "c@d.co")),
            step("PATCH", format!("{}/user00000000001", records("users")), new_password),
        ],
    )
    .expect(200);
    server.logged_in("users", "a@b.co", "another12345");
    server.logged_in("users", "c@d.co", PASSWORD);
    // An upsert of an account that is there changes its password.
    let change = json!({ "id": "user00000000002", "password": "another12345",
        "passwordConfirm": "another12345" });
    batch(&superuser, vec![step("PUT", records("users"), change)]).expect(200);
    server.logged_in("users", "c@d.co", "another12345");
}

#[test]
fn what_cannot_be_a_batch_is_refused() {
    let (server, superuser) = server();
    let guest = server.guest();
    let refused = |body: &str, message: &str| {
        let headers = [("content-type", "application/json")];
        let answer = guest.send("POST", "/api/batch", &headers, Some(body.as_bytes()));
        assert_eq!(answer.json["message"], message, "{body}");
        answer.expect_error(400)
    };
    for body in ["{", "[]", r#"{"requests":{}}"#, r#"{"requests":[{"method":1}]}"#] {
        refused(body, "Failed to read the submitted batch data.");
    }
    let invalid = "Invalid batch request data.";
    for body in ["", "{}", r#"{"requests":[]}"#, r#"{"requests":null}"#] {
        assert_eq!(refused(body, invalid)["requests"]["code"], "validation_required");
    }
    let data = refused(r#"{"requests":[{"method":"POST","url":"/x"},{"method":"get"}]}"#, invalid);
    assert_eq!(data["requests"]["1"]["method"]["code"], "validation_in_invalid");
    assert_eq!(data["requests"]["1"]["url"]["code"], "validation_required");
    assert!(data["requests"].get("0").is_none());

    let limits = json!({ "batch": { "maxRequests": 1, "maxBodySize": 200 } });
    superuser.patch("/api/settings", &limits).expect(200);
    let two = r#"{"requests":[{},{}]}"#;
    assert_eq!(refused(two, invalid)["requests"]["code"], "validation_length_too_long");
    batch(&guest, vec![step("POST", "/x", json!("x".repeat(200)))]).expect_error(413);
    superuser.patch("/api/settings", &json!({ "batch": { "enabled": false } })).expect(200);
    let answer = batch(&guest, json!([]));
    assert_eq!(answer.json["message"], "Batch requests are not allowed.");
    answer.expect_error(403);
}

#[test]
fn a_batch_may_come_as_a_form() {
    let (server, _) = server();
    let guest = server.guest();
    let payload = json!({ "requests": [step("POST", records("authors"), json!({ "name": "x" }))] });
    let part = |head: &str, text: &str| {
        format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
    };
    let payload = part("name=\"@jsonPayload\"", &payload.to_string());
    let send = |body: String| {
        let headers = [("content-type", "multipart/form-data; boundary=b")];
        guest.send("POST", "/api/batch", &headers, Some(body.as_bytes()))
    };
    let answers = send(format!("{payload}--b--\r\n")).expect(200);
    assert_eq!(answers[0]["body"]["name"], "x");
    send(payload).expect_error(400);
    assert_eq!(count(&guest, "authors"), 1);
}

#[test]
fn many_steps_and_many_batches_lose_nothing() {
    const CLIENTS: usize = 6;
    const ROUNDS: usize = 5;
    let fails = |client: usize, round: usize| (client + round).is_multiple_of(2);
    let (server, superuser) = server();
    let made = superuser.post(&records("posts"), &json!({ "title": "counter" })).expect(200);
    let own = record("posts", &made["id"]);
    let steps: Vec<Json> = (0..200)
        .map(|n| step("POST", records("authors"), json!({ "name": n.to_string() })))
        .collect();
    let answers = batch(&server.guest(), steps.clone()).expect(200);
    assert_eq!(answers.as_array().map(Vec::len), Some(200));
    assert_eq!(answers[199]["body"]["name"], "199");
    assert_eq!(count(&superuser, "authors"), 200);
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (guest, own) = (server.guest(), &own);
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let increment = || step("PATCH", own.as_str(), json!({ "views+": 1 }));
                    let fails = fails(client, round);
                    let last = if fails { json!({ "title": "" }) } else { json!({ "views+": 1 }) };
                    let last = step("PATCH", own.as_str(), last);
                    let answer = batch(&guest, vec![increment(), increment(), last]);
                    answer.expect(if fails { 400 } else { 200 });
                }
            });
        }
    });
    let rounds = (0..CLIENTS).flat_map(|client| (0..ROUNDS).map(move |round| (client, round)));
    let kept = rounds.filter(|(client, round)| !fails(*client, *round)).count();
    assert_eq!(superuser.get(&own).expect(200)["views"], kept * 3);
}

#[test]
fn an_item_goes_through_only_if_its_record_is_as_it_says() {
    let (server, _) = server();
    let guest = server.guest();
    let made = guest.post(&records("authors"), &json!({ "name": "one" }));
    let tag = made.headers["etag"].to_str().expect("a tag").to_owned();
    let id = made.expect(200)["id"].clone();
    let own = record("authors", &id);
    let with = |mut step: Json, name: &str, value: &str| {
        step["headers"] = json!({ name: value });
        step
    };
    let change = |tag: &str, name: &str| {
        with(step("PATCH", own.clone(), json!({ "name": name })), "If-Match", tag)
    };
    batch(&guest, vec![change(&tag, "two")]).expect(200);
    // The tag is of before: the whole batch does nothing.
    let steps = vec![step("POST", records("authors"), json!({ "name": "x" })), change(&tag, "y")];
    let data = batch(&guest, steps).expect_error(400);
    assert_eq!(data["requests"]["1"]["response"]["status"], 412, "{data}");
    assert_eq!(count(&guest, "authors"), 1);
    for method in ["DELETE", "PUT"] {
        let url = if method == "PUT" { records("authors") } else { own.clone() };
        let stale = with(step(method, url, json!({ "id": id, "name": "z" })), "if-match", &tag);
        let data = batch(&guest, vec![stale]).expect_error(400);
        assert_eq!(data["requests"]["0"]["response"]["status"], 412, "{method}: {data}");
    }
    // One that comes after another step sees what that did.
    let twice = vec![change("*", "three"), change(&tag, "four")];
    batch(&guest, twice).expect_error(400);
    assert_eq!(guest.get(&own).expect(200)["name"], "two");
    // That of the request around them is about no record.
    let body = json!({ "requests": [step("PATCH", own.clone(), json!({ "name": "five" }))] });
    let headers = [("content-type", "application/json"), ("if-match", &*tag)];
    let sent = guest.send("POST", "/api/batch", &headers, Some(body.to_string().as_bytes()));
    sent.expect(200);

    let keyed =
        with(step("POST", records("authors"), json!({ "name": "k" })), "Idempotency-Key", "abc");
    let data = batch(&guest, vec![keyed]).expect_error(400);
    let message = data["requests"]["0"]["response"]["message"].as_str().expect("a message");
    assert!(message.contains("Idempotency-Key"), "{data}");
    assert_eq!(count(&guest, "authors"), 1);
}

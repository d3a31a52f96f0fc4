//! What the official SDK's suite cannot say: full replacement, and accounts at their edges.

use serde_json::json;

use crate::harness::{PASSWORD, Server, record, records};

#[test]
fn put_replaces_a_record_and_makes_a_missing_one() {
    let server = Server::start();
    let superuser = server.superuser();
    let definition = json!({
        "name": "notes", "createRule": "", "updateRule": "", "viewRule": "",
        "fields": [
            { "name": "title", "type": "text", "required": true },
            { "name": "tags", "type": "select", "values": ["a", "b"], "maxSelect": 2 },
            { "name": "secret", "type": "text", "hidden": true },
            { "name": "created", "type": "autodate", "onCreate": true },
        ],
    });
    superuser.post("/api/collections", &definition).expect(200);
    let body = json!({ "title": "one", "tags": ["a"], "secret": "kept" });
    let made = superuser.post(&records("notes"), &body).expect(200);
    let own = record("notes", &made["id"]);

    let replaced = server.guest().put(&own, &json!({ "title": "two" })).expect(200);
    assert_eq!(replaced["title"], "two");
    assert_eq!(replaced["tags"], json!([]));
    assert_eq!(replaced["created"], made["created"]);
    // A guest cannot write hidden fields, so it cannot clear them either.
    assert_eq!(superuser.get(&own).expect(200)["secret"], "kept");
    server.guest().put(&own, &json!({})).expect_code("title", "validation_required");

    let missing = record("notes", &json!("abcdefghij12345"));
    server.guest().get(&missing).expect_error(404);
    let made = server.guest().put(&missing, &json!({ "title": "three" })).expect(200);
    assert_eq!(made["id"], "abcdefghij12345");
    let other = json!({ "id": "abcdefghij99999", "title": "four" });
    server.guest().put(&missing, &other).expect_code("id", "validation_pk_change");
}

#[test]
fn put_cannot_make_what_post_could_not() {
    let server = Server::start();
    let superuser = server.superuser();
    let definition = json!({
        "name": "closed", "updateRule": "",
        "fields": [{ "name": "title", "type": "text" }],
    });
    superuser.post("/api/collections", &definition).expect(200);
    let missing = record("closed", &json!("abcdefghij12345"));
    server.guest().put(&missing, &json!({ "title": "x" })).expect_error(403);
    superuser.put(&missing, &json!({ "title": "x" })).expect(200);
    server.guest().put(&missing, &json!({ "title": "y" })).expect(200);
}

#[test]
fn a_changed_password_ends_old_tokens_and_needs_the_old_one() {
    let server = Server::start();
    let body =
        json!({ "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD });
    let ann = server.guest().post(&records("users"), &body).expect(200);
    let client = server.logged_in("users", "ann@example.com", PASSWORD);
    let own = record("users", &ann["id"]);
    client.get(&own).expect(200);

    let fresh = "a-new-password";
    let without_old = json!({ "password": fresh, "passwordConfirm": fresh });
    client.patch(&own, &without_old).expect_code("oldPassword", "validation_required");
    let wrong_old = json!({ "password": fresh, "passwordConfirm": fresh, "oldPassword": "nope" });
    client.patch(&own, &wrong_old).expect_code("oldPassword", "validation_invalid_old_password");
    let right = json!({ "password": fresh, "passwordConfirm": fresh, "oldPassword": PASSWORD });
    client.patch(&own, &right).expect(200);

    client.get(&own).expect_error(404);
    server.logged_in("users", "ann@example.com", fresh).get(&own).expect(200);
    let old = json!({ "identity": "ann@example.com", "password": PASSWORD });
    server.guest().post("/api/collections/users/auth-with-password", &old).expect_error(400);
}

#[test]
fn nobody_verifies_or_moves_an_account_by_itself() {
    let server = Server::start();
    let signup = json!({
        "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD, "verified": true,
    });
    server
        .guest()
        .post(&records("users"), &signup)
        .expect_code("verified", "validation_values_mismatch");
    let signup = json!({
        "email": "eve@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD,
        "tokenKey": "x".repeat(40),
    });
    let eve = server.guest().post(&records("users"), &signup).expect(200);
    let client = server.logged_in("users", "eve@example.com", PASSWORD);
    let own = record("users", &eve["id"]);
    client
        .patch(&own, &json!({ "email": "ann@example.com" }))
        .expect_code("email", "validation_values_mismatch");
    client
        .patch(&own, &json!({ "verified": true }))
        .expect_code("verified", "validation_values_mismatch");
    client.patch(&own, &json!({ "name": "Eve", "emailVisibility": true })).expect(200);
}

#[test]
fn the_last_superuser_stays() {
    let server = Server::start();
    let superuser = server.superuser();
    let all = superuser.get(&records("_superusers")).expect(200);
    let own = record("_superusers", &all["items"][0]["id"]);
    superuser.delete(&own).expect_error(400);
    superuser.get(&own).expect(200);
}

#[test]
fn a_write_with_if_match_goes_through_only_while_nothing_changed() {
    let server = Server::start();
    let definition = json!({
        "name": "notes", "createRule": "", "updateRule": "", "viewRule": "", "deleteRule": "",
        "fields": [{ "name": "title", "type": "text" }],
    });
    server.superuser().post("/api/collections", &definition).expect(200);
    let guest = server.guest();
    let made = guest.post(&records("notes"), &json!({ "title": "one" }));
    let tag = made.headers["etag"].to_str().unwrap().to_owned();
    let own = record("notes", &made.expect(200)["id"]);
    let viewed = guest.get(&own);
    assert_eq!(viewed.headers["etag"].to_str().unwrap(), tag);

    let send = |method: &str, tag: &str, title: &str| {
        let body = json!({ "title": title }).to_string();
        let headers = [("content-type", "application/json"), ("if-match", tag)];
        guest.send(method, &own, &headers, Some(body.as_bytes()))
    };
    let changed = send("PATCH", &tag, "two");
    let new_tag = changed.headers["etag"].to_str().unwrap().to_owned();
    changed.expect(200);
    assert_ne!(tag, new_tag);
    send("PATCH", &tag, "three").expect_error(412);
    send("PUT", &tag, "three").expect_error(412);
    send("DELETE", &tag, "").expect_error(412);
    assert_eq!(guest.get(&own).expect(200)["title"], "two");
    send("DELETE", &new_tag, "").expect(204);
    send("PUT", "*", "four").expect_error(412);
}

#[test]
fn a_create_that_is_sent_twice_with_one_key_happens_once() {
    let server = Server::start();
    let definition = json!({
        "name": "orders", "createRule": "", "listRule": "",
        "fields": [{ "name": "title", "type": "text" }],
    });
    server.superuser().post("/api/collections", &definition).expect(200);
    let guest = server.guest();
    let send = |key: &str, title: &str| {
        let body = json!({ "title": title }).to_string();
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        guest.send("POST", &records("orders"), &headers, Some(body.as_bytes()))
    };
    let first = send("a", "one").expect(200);
    assert_eq!(send("a", "one").expect(200), first);
    assert_ne!(send("b", "one").expect(200)["id"], first["id"]);
    send("a", "two").expect_error(422);
    send(&"k".repeat(256), "one").expect_error(400);
    assert_eq!(guest.get(&records("orders")).expect(200)["totalItems"], 2);
}

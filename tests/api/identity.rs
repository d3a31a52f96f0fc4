//! What an account is known by stays what it is, and what leads to it leads nowhere else.

use serde_json::json;

use crate::harness::mailbox::Mailbox;
use crate::harness::{PASSWORD, Server, record, records};

const ANN: &str = "ann@example.com";

fn start() -> (Server, serde_json::Value) {
    let server = Server::start();
    let open = json!({
        "listRule": "",
        "viewRule": "",
        "createRule": "",
        "updateRule": "id = @request.auth.id",
        "deleteRule": null,
    });
    server.superuser().patch("/api/collections/users", &open).expect(200);
    let ann = json!({ "email": ANN, "password": PASSWORD, "passwordConfirm": PASSWORD });
    let ann = server.superuser().post(&records("users"), &ann).expect(200);
    (server, ann)
}

/// What makes an account the one it is, as a superuser sees it.
fn marks(server: &Server, ann: &serde_json::Value) -> [serde_json::Value; 4] {
    let seen = server.superuser().get(&record("users", &ann["id"])).expect(200);
    ["id", "collectionId", "email", "verified"].map(|name| seen[name].clone())
}

#[test]
fn nobody_changes_what_an_account_is_known_by_through_its_record() {
    let (server, ann) = start();
    let own = server.logged_in("users", ANN, PASSWORD);
    let path = record("users", &ann["id"]);
    let before = marks(&server, &ann);
    own.patch(&path, &json!({ "id": "abcdefghijklmno" })).expect_code("id", "validation_pk_change");
    own.patch(&path, &json!({ "email": "eve@example.com" })).expect_error(400);
    own.patch(&path, &json!({ "verified": true })).expect_error(400);
    own.patch(
        &path,
        &json!({ "password": "another-password", "passwordConfirm": "another-password" }),
    )
    .expect_error(400);
    for body in [
        json!({ "tokenKey": "x".repeat(50) }),
        json!({ "tokenKey:autogenerate": "" }),
        json!({ "collectionId": "pbc_3142635823", "collectionName": "_superusers" }),
        json!({ "id": ann["id"] }),
    ] {
        let answer = own.patch(&path, &body);
        assert!(answer.status == 200 || answer.status == 400, "{body}: {}", answer.status);
    }
    let batch = json!({ "batch": { "enabled": true } });
    server.superuser().patch("/api/settings", &batch).expect(200);
    let step = json!({ "requests": [
        { "method": "PATCH", "url": path, "body": { "id": "abcdefghijklmno", "tokenKey": "y".repeat(50) } },
    ]});
    own.post("/api/batch", &step).expect_error(400);
    assert_eq!(marks(&server, &ann), before);
    // The secret that signs tokens is shown to nobody; it is the same while they are good.
    own.post("/api/collections/users/auth-refresh", &json!({})).expect(200);
    server.logged_in("users", ANN, PASSWORD);
}

#[test]
fn rules_see_the_account_that_is_stored_and_not_what_was_sent() {
    let (server, ann) = start();
    let add = |email: &str| {
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        server.superuser().post(&records("users"), &body).expect(200)
    };
    add("eve@example.com");
    let eve = server.logged_in("users", "eve@example.com", PASSWORD);
    // Neither the body nor the query can say who is asking, or which record it is.
    let path = record("users", &ann["id"]);
    for body in [
        json!({ "name": "Eve" }),
        json!({ "name": "Eve", "id": ann["id"], "@request.auth.id": ann["id"] }),
        json!({ "name": "Eve", "auth": { "id": ann["id"] } }),
    ] {
        eve.patch(&path, &body).expect_error(404);
        eve.patch(&format!("{path}?@request.auth.id=x&id=x"), &body).expect_error(404);
    }
    assert_eq!(server.superuser().get(&path).expect(200)["name"], "");
}

#[test]
fn links_in_mails_lead_to_the_address_in_the_settings_whatever_the_request_says() {
    let (server, _) = start();
    let mailbox = Mailbox::of(&server);
    let settings = json!({ "meta": { "appURL": "https://app.example.com/" } });
    server.superuser().patch("/api/settings", &settings).expect(200);
    let body = json!({ "email": ANN }).to_string();
    for action in ["request-password-reset", "request-verification"] {
        let headers = [
            ("content-type", "application/json"),
            ("origin", "https://evil.example"),
            ("referer", "https://evil.example/x"),
            ("x-forwarded-host", "evil.example"),
            ("forwarded", "host=evil.example;proto=https"),
            ("x-original-url", "https://evil.example/"),
        ];
        let path = format!("/api/collections/users/{action}");
        server.guest().send("POST", &path, &headers, Some(body.as_bytes())).expect(204);
        let mail = mailbox.next();
        for text in [&mail.text, &mail.html] {
            assert!(text.contains("https://app.example.com/_/#/auth/"), "{text}");
            assert!(!text.contains("evil.example"), "{text}");
        }
    }
}

//! Accounts of visitors who have not said who they are.

use serde_json::{Value as Json, json};

use crate::harness::{Answer, Client, PASSWORD, Server, encode, record, records};

fn users(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/{action}"), body)
}

fn set(server: &Server, options: &Json) {
    server.superuser().patch("/api/collections/users", options).expect(200);
}

/// A server on which visitors get accounts that they may change.
fn start() -> Server {
    let server = Server::start();
    set(
        &server,
        &json!({
            "anonymous": { "enabled": true },
            "viewRule": "id = @request.auth.id",
            "updateRule": "id = @request.auth.id",
            "createRule": null,
        }),
    );
    server
}

fn sign_in(server: &Server, body: &Json) -> (Client, Json) {
    let done = users(&server.guest(), "auth-anonymous", body).expect(200);
    (server.with_token(&done["token"]), done["record"].clone())
}

fn promote(client: &Client, email: &str) -> Answer {
    let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    users(client, "auth-promote", &body)
}

#[test]
fn visitors_get_accounts_only_where_the_collection_says_so() {
    let server = Server::start();
    let guest = server.guest();
    let methods = || guest.get("/api/collections/users/auth-methods").expect(200);
    assert!(methods()["anonymous"].is_null());
    users(&guest, "auth-anonymous", &json!({})).expect_error(403);
    set(&server, &json!({ "anonymous": { "enabled": true } }));
    assert_eq!(methods()["anonymous"], json!({ "enabled": true }));
    users(&guest, "auth-anonymous", &json!({})).expect(200);
    guest.post("/api/collections/posts/auth-anonymous", &json!({})).expect_error(404);

    // Nobody becomes a superuser this way.
    let options = json!({ "anonymous": { "enabled": true } });
    let superusers = server.superuser().patch("/api/collections/_superusers", &options).expect(200);
    assert_eq!(superusers["anonymous"]["enabled"], false);
    guest.post("/api/collections/_superusers/auth-anonymous", &json!({})).expect_error(403);
}

#[test]
fn a_visitor_keeps_id_and_data_when_it_becomes_somebody() {
    let server = start();
    let (visitor, account) = sign_in(&server, &json!({ "name": "Passer-by" }));
    assert_eq!(account["name"], "Passer-by");
    assert_eq!(account["verified"], false);
    let path = record("users", &account["id"]);
    visitor.patch(&path, &json!({ "name": "Ann" })).expect(200);
    users(&visitor, "auth-refresh", &json!({})).expect(200);

    let promoted = promote(&visitor, "ann@example.com").expect(200);
    assert_eq!(promoted["record"]["id"], account["id"]);
    assert_eq!(promoted["record"]["name"], "Ann");
    assert_eq!(promoted["record"]["email"], "ann@example.com");
    assert_eq!(promoted["record"]["verified"], false);
    // The old token ended, the new one is good, and so is the password.
    users(&visitor, "auth-refresh", &json!({})).expect_error(401);
    let ann = server.with_token(&promoted["token"]);
    ann.get(&path).expect(200);
    server.logged_in("users", "ann@example.com", PASSWORD);
    let again = promote(&ann, "other@example.com").expect(400);
    assert_eq!(again["message"], "The account is not anonymous.");
}

#[test]
fn a_promotion_takes_what_a_new_account_would() {
    let server = start();
    let (visitor, _) = sign_in(&server, &json!({}));
    let body = json!({ "email": "ann@example.com", "password": PASSWORD });
    server
        .superuser()
        .post(&records("users"), &json!({ "email": "bob@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD }))
        .expect(200);
    for (body, field, code) in [
        (json!({}), "email", "validation_required"),
        (json!({ "email": "ann" }), "email", "validation_is_email"),
        (json!({ "email": "bob@example.com" }), "email", "validation_not_unique"),
        (json!({}), "password", "validation_required"),
        (json!({ "password": "short" }), "password", "validation_min_text_constraint"),
        (body, "passwordConfirm", "validation_required"),
        (
            json!({ "password": PASSWORD, "passwordConfirm": "x" }),
            "passwordConfirm",
            "validation_values_mismatch",
        ),
    ] {
        users(&visitor, "auth-promote", &body).expect_code(field, code);
    }
    users(&server.guest(), "auth-promote", &json!({})).expect_error(401);
    server.superuser().post("/api/collections/users/auth-promote", &json!({})).expect_error(403);
    promote(&visitor, "ann@example.com").expect(200);
}

#[test]
fn an_account_without_a_password_cannot_be_logged_in_to() {
    let server = start();
    let (visitor, account) = sign_in(&server, &json!({ "name": "visitor" }));
    let identity = account["name"].clone();
    let collection = server.superuser().get("/api/collections/users").expect(200);
    let mut indexes = collection["indexes"].as_array().expect("a list").clone();
    indexes.push("CREATE UNIQUE INDEX idx_users_name ON users (name) WHERE name != ''".into());
    let password = json!({ "identityFields": ["name", "email"] });
    set(&server, &json!({ "indexes": indexes, "passwordAuth": password }));
    for password in [json!(""), json!(null), json!("!"), json!(PASSWORD)] {
        let body = json!({ "identity": identity, "password": password });
        users(&server.guest(), "auth-with-password", &body).expect_error(400);
    }
    // Nor can it get a password or an email any other way.
    let path = record("users", &account["id"]);
    for old in ["", "!", PASSWORD] {
        let body = json!({ "password": PASSWORD, "passwordConfirm": PASSWORD, "oldPassword": old });
        visitor.patch(&path, &body).expect_error(400);
    }
    visitor.patch(&path, &json!({ "email": "ann@example.com" })).expect_error(400);
}

#[test]
fn a_visitor_says_nothing_about_passwords_and_fields_are_checked_as_usual() {
    let server = start();
    let guest = server.guest();
    for field in ["email", "password", "passwordConfirm"] {
        users(&guest, "auth-anonymous", &json!({ field: "ann@example.com" }))
            .expect_code(field, "validation_empty");
    }
    users(&guest, "auth-anonymous", &json!({ "verified": true }))
        .expect_code("verified", "validation_empty");
    let long = "x".repeat(300);
    users(&guest, "auth-anonymous", &json!({ "name": long }))
        .expect_code("name", "validation_max_text_constraint");
    users(&guest, "auth-anonymous", &json!({ "avatar": "a.png" }))
        .expect_code("avatar", "validation_invalid_file");
    let list = server.superuser().get(&records("users")).expect(200);
    assert_eq!(list["totalItems"], 0, "{list}");
}

#[test]
fn the_auth_rule_keeps_visitors_out_and_leaves_no_account() {
    let server = start();
    set(&server, &json!({ "authRule": "verified = true" }));
    users(&server.guest(), "auth-anonymous", &json!({})).expect_error(403);
    let list = server.superuser().get(&records("users")).expect(200);
    assert_eq!(list["totalItems"], 0);
}

#[test]
fn rules_can_tell_visitors_from_others() {
    let server = start();
    let body = json!({ "name": "notes", "type": "base", "fields": [{ "name": "text", "type": "text" }],
        "listRule": "@request.auth.isAnonymous = true",
        "createRule": "@request.auth.id != '' && @request.auth.isAnonymous = false" });
    server.superuser().post("/api/collections", &body).expect(200);
    let (visitor, _) = sign_in(&server, &json!({}));
    visitor.post(&records("notes"), &json!({ "text": "a" })).expect_error(400);
    visitor.get(&records("notes")).expect(200);
    let promoted = promote(&visitor, "ann@example.com").expect(200);
    let ann = server.with_token(&promoted["token"]);
    ann.post(&records("notes"), &json!({ "text": "a" })).expect(200);
    let seen = |client: &Client| client.get(&records("notes")).expect(200)["totalItems"].clone();
    let (other, _) = sign_in(&server, &json!({}));
    assert_eq!((seen(&other), seen(&ann)), (json!(1), json!(0)));
    server.guest().post(&records("notes"), &json!({})).expect_error(400);
}

#[test]
fn a_second_factor_is_asked_of_those_who_can_have_one() {
    let server = start();
    set(&server, &json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } }));
    sign_in(&server, &json!({}));
    let mfas = format!("{}?filter={}", records("_mfas"), encode("method != ''"));
    assert_eq!(server.superuser().get(&mfas).expect(200)["totalItems"], 0);
}

#[test]
fn one_address_gets_only_so_many_accounts() {
    let server = start();
    let statuses: Vec<u16> =
        (0..31).map(|_| users(&server.guest(), "auth-anonymous", &json!({})).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 30);
    assert_eq!(statuses[30], 429);
}

//! Passkeys: adding them, logging in with them, and everything that must be refused.

use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::harness::authenticator::Authenticator;
use crate::harness::{Answer, Client, PASSWORD, Server, record, records};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
/// What the settings say about the application's URL before anybody changes it.
const ORIGIN: &str = "http://localhost:8090";

/// A server whose users may have passkeys, with Ann and Bob, whose records this returns.
fn start() -> (Server, Json, Json) {
    let server = Server::start();
    set(&server, &json!({ "passkeys": { "enabled": true } }));
    let [ann, bob] = [ANN, BOB].map(|email| {
        let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
        server.superuser().post(&records("users"), &body).expect(200)
    });
    (server, ann, bob)
}

fn set(server: &Server, options: &Json) {
    server.superuser().patch("/api/collections/users", options).expect(200);
}

fn passkeys(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/passkeys/{action}"), body)
}

/// Begins to make a passkey.
fn begin(client: &Client) -> Json {
    passkeys(client, "register-begin", &json!({})).expect(200)
}

fn finish(client: &Client, begun: &Json, credential: &Json) -> Answer {
    let id = &begun["challengeId"];
    let body = json!({ "challengeId": id, "name": "Phone", "credential": credential });
    passkeys(client, "register-finish", &body)
}

/// Makes a passkey of this account; returns the authenticator and what the server says of it.
fn register(server: &Server, email: &str) -> (Client, Authenticator, Json) {
    let client = server.logged_in("users", email, PASSWORD);
    let mut key = Authenticator::new(ORIGIN);
    let begun = begin(&client);
    let made = finish(&client, &begun, &key.create(&begun["publicKey"])).expect(200);
    (client, key, made)
}

fn begin_login(server: &Server) -> Json {
    passkeys(&server.guest(), "login-begin", &json!({})).expect(200)
}

fn finish_login(server: &Server, begun: &Json, credential: &Json) -> Answer {
    let body = json!({ "challengeId": begun["challengeId"], "credential": credential });
    passkeys(&server.guest(), "login-finish", &body)
}

fn log_in(server: &Server, key: &mut Authenticator) -> Answer {
    let begun = begin_login(server);
    let credential = key.get(&begun["publicKey"]);
    finish_login(server, &begun, &credential)
}

/// Refuses like a wrong password: nothing says why.
#[track_caller]
fn expect_refusal(answer: Answer) {
    let json = answer.expect(400);
    assert_eq!(json["message"], "Failed to authenticate.");
    assert_eq!(json["data"], json!({}));
}

#[test]
fn an_account_adds_passkeys_and_logs_in_without_a_name() {
    let (server, ann, _) = start();
    let methods = server.guest().get("/api/collections/users/auth-methods").expect(200);
    assert_eq!(methods["passkeys"], json!({ "enabled": true }));
    let (client, mut phone, made) = register(&server, ANN);
    assert_eq!((&made["name"], &made["lastUsed"]), (&json!("Phone"), &json!("")));
    let done = log_in(&server, &mut phone).expect(200);
    assert_eq!(done["record"]["id"], ann["id"]);

    // A second one, on an authenticator that counts. It is told of the first.
    let begun = begin(&client);
    let excluded = begun["publicKey"]["excludeCredentials"].as_array().expect("a list");
    assert_eq!(excluded.len(), 1);
    assert_eq!(excluded[0]["id"], made["credentialId"]);
    let mut stick = Authenticator::new(ORIGIN);
    stick.counter = 7;
    finish(&client, &begun, &stick.create(&begun["publicKey"])).expect(200);
    log_in(&server, &mut stick).expect(200);
    log_in(&server, &mut stick).expect(200);

    let list = client.get("/api/collections/users/passkeys").expect(200);
    assert_eq!(list["totalItems"], 2);
    assert_ne!(list["items"][0]["lastUsed"], "");
    let path = format!("/api/collections/users/passkeys/{}", made["id"].as_str().expect("an id"));
    client.patch(&path, &json!({ "name": "" })).expect_code("name", "validation_required");
    let renamed = client.patch(&path, &json!({ "name": "Old phone" })).expect(200);
    assert_eq!(renamed["name"], "Old phone");
    client.delete(&path).expect(204);
    client.delete(&path).expect_error(404);
    expect_refusal(log_in(&server, &mut phone));
    log_in(&server, &mut stick).expect(200);
}

#[test]
fn a_challenge_is_good_once_and_only_for_what_it_was_made() {
    let (server, ..) = start();
    let (client, mut key, _) = register(&server, ANN);
    let begun = begin_login(&server);
    let credential = key.get(&begun["publicKey"]);
    finish_login(&server, &begun, &credential).expect(200);
    finish_login(&server, &begun, &credential)
        .expect_code("challengeId", "validation_invalid_challenge");
    // What fails uses it up too.
    let begun = begin_login(&server);
    finish_login(&server, &begun, &json!({})).expect_error(400);
    let credential = key.get(&begun["publicKey"]);
    finish_login(&server, &begun, &credential)
        .expect_code("challengeId", "validation_invalid_challenge");
    // An answer to another challenge is none to this one.
    let other = begin_login(&server);
    finish_login(&server, &other, &credential).expect_error(400);

    let begun = begin(&client);
    finish_login(&server, &begun, &key.get(&begun["publicKey"]))
        .expect_code("challengeId", "validation_invalid_challenge");
    let begun = begin_login(&server);
    finish(&client, &begun, &Authenticator::new(ORIGIN).create(&begun["publicKey"]))
        .expect_code("challengeId", "validation_invalid_challenge");
    passkeys(&server.guest(), "login-finish", &json!({}))
        .expect_code("challengeId", "validation_required");
    passkeys(&server.guest(), "login-finish", &json!({ "challengeId": "x", "credential": "y" }))
        .expect_code("credential", "validation_required");
}

#[test]
fn of_twenty_uses_of_a_challenge_one_succeeds() {
    let (server, ..) = start();
    let (_, mut key, _) = register(&server, ANN);
    let begun = begin_login(&server);
    let credential = key.get(&begun["publicKey"]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let uses: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| finish_login(&server, &begun, &credential).status))
            .collect();
        uses.into_iter().map(|using| using.join().expect("an answer")).collect()
    });
    let count = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((count(200), count(400)), (1, 19), "{statuses:?}");
}

#[test]
fn a_passkey_of_another_site_or_a_damaged_one_is_refused() {
    let (server, ..) = start();
    let (client, mut key, _) = register(&server, ANN);
    let spoil: [fn(&mut Authenticator); 4] = [
        |key| key.origin = "http://localhost:9999".to_owned(),
        |key| key.origin = "https://evil.example".to_owned(),
        |key| key.rp_id = "evil.example".to_owned(),
        |key| key.verifies_users = false,
    ];
    for spoil in spoil {
        let mut spoilt = Authenticator::new(ORIGIN);
        spoil(&mut spoilt);
        let begun = begin(&client);
        finish(&client, &begun, &spoilt.create(&begun["publicKey"]))
            .expect_code("credential", "validation_invalid_credential");
        let (origin, rp_id) = (key.origin.clone(), key.rp_id.clone());
        spoil(&mut key);
        expect_refusal(log_in(&server, &mut key));
        (key.origin, key.rp_id, key.verifies_users) = (origin, rp_id, true);
    }
    let begun = begin_login(&server);
    let mut credential = key.get(&begun["publicKey"]);
    let other = key.get(&begun["publicKey"])["response"]["signature"].clone();
    credential["response"]["authenticatorData"] = credential["response"]["clientDataJSON"].clone();
    credential["response"]["signature"] = other;
    expect_refusal(finish_login(&server, &begun, &credential));
    // A key that nobody has is refused in the same way as one of somebody.
    let mut unknown = Authenticator::new(ORIGIN);
    unknown.user = key.user.clone();
    expect_refusal(log_in(&server, &mut unknown));
    log_in(&server, &mut key).expect(200);
}

#[test]
fn a_copy_of_a_passkey_shows_by_what_it_counts() {
    let (server, ..) = start();
    let client = server.logged_in("users", ANN, PASSWORD);
    let mut key = Authenticator::new(ORIGIN);
    key.counter = 10;
    let begun = begin(&client);
    finish(&client, &begun, &key.create(&begun["publicKey"])).expect(200);
    log_in(&server, &mut key).expect(200);
    key.counter = 10;
    expect_refusal(log_in(&server, &mut key));
    key.counter = 0;
    expect_refusal(log_in(&server, &mut key));
    key.counter = 20;
    log_in(&server, &mut key).expect(200);
}

#[test]
fn nobody_uses_what_belongs_to_another_account() {
    let (server, ..) = start();
    let (ann, mut key, made) = register(&server, ANN);
    let (bob, bobs, _) = register(&server, BOB);
    let begun = begin(&ann);
    finish(&bob, &begun, &Authenticator::new(ORIGIN).create(&begun["publicKey"]))
        .expect_code("challengeId", "validation_invalid_challenge");
    // A key that says it is Bob's is not Ann's either.
    let own = std::mem::replace(&mut key.user, bobs.user.clone());
    expect_refusal(log_in(&server, &mut key));
    key.user = own;
    let begun = begin(&bob);
    let mut same = Authenticator::new(ORIGIN);
    same.id.clone_from(&key.id);
    finish(&bob, &begun, &same.create(&begun["publicKey"])).expect_error(400);
    let path = format!("/api/collections/users/passkeys/{}", made["id"].as_str().expect("an id"));
    bob.delete(&path).expect_error(404);
    bob.patch(&path, &json!({ "name": "Mine" })).expect_error(404);
    server.guest().get("/api/collections/users/passkeys").expect_error(401);
    server.superuser().get("/api/collections/users/passkeys").expect_error(403);
    log_in(&server, &mut key).expect(200);
}

#[test]
fn adding_a_passkey_takes_more_than_a_token() {
    let (server, ..) = start();
    let client = server.logged_in("users", ANN, PASSWORD);
    std::thread::sleep(Duration::from_millis(1100));
    let refreshed = client.post("/api/collections/users/auth-refresh", &json!({})).expect(200);
    let refreshed = server.with_token(&refreshed["token"]);
    passkeys(&refreshed, "register-begin", &json!({}))
        .expect_code("password", "validation_required");
    passkeys(&refreshed, "register-begin", &json!({ "password": PASSWORD })).expect(200);
    passkeys(&server.guest(), "register-begin", &json!({})).expect_error(401);
}

#[test]
fn a_passkey_is_two_factors_unless_the_collection_wants_more() {
    let (server, ..) = start();
    let both = json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } });
    let (_, mut key, _) = register(&server, ANN);
    set(&server, &both);
    log_in(&server, &mut key).expect(200);
    set(&server, &json!({ "passkeys": { "requireSecondFactor": true } }));
    let id = log_in(&server, &mut key).expect(401)["mfaId"].clone();
    let body = json!({ "identity": ANN, "password": PASSWORD, "mfaId": id });
    server.guest().post("/api/collections/users/auth-with-password", &body).expect(200);
}

#[test]
fn the_auth_rule_holds_for_passkeys_too() {
    let (server, ..) = start();
    let (_, mut key, _) = register(&server, ANN);
    set(&server, &json!({ "authRule": "@request.context = 'password'" }));
    log_in(&server, &mut key).expect_error(403);
    set(&server, &json!({ "authRule": "@request.context = 'passkey'" }));
    log_in(&server, &mut key).expect(200);
}

#[test]
fn passkeys_go_with_their_account_and_when_its_address_is_proven() {
    let (server, ann, _) = start();
    let superuser = server.superuser();
    let (_, mut key, made) = register(&server, ANN);
    let of_ann = format!("{}/passkeys", record("users", &ann["id"]));
    server.logged_in("users", BOB, PASSWORD).get(&of_ann).expect_error(403);
    assert_eq!(superuser.get(&of_ann).expect(200)["items"][0]["id"], made["id"]);
    let path = format!("{of_ann}/{}", made["id"].as_str().expect("an id"));
    superuser.delete(&path).expect(204);
    expect_refusal(log_in(&server, &mut key));

    // Whoever added it before the address was proven may not be who proves it.
    let (_, mut key, _) = register(&server, ANN);
    let path = record("users", &ann["id"]);
    superuser.patch(&path, &json!({ "verified": true })).expect(200);
    expect_refusal(log_in(&server, &mut key));
    let (_, mut key, _) = register(&server, ANN);
    log_in(&server, &mut key).expect(200);
    superuser.delete(&path).expect(204);
    expect_refusal(log_in(&server, &mut key));
}

#[test]
fn an_account_has_no_more_than_twenty_passkeys() {
    let (server, ..) = start();
    let client = server.logged_in("users", ANN, PASSWORD);
    let add = |begun: &Json| {
        finish(&client, begun, &Authenticator::new(ORIGIN).create(&begun["publicKey"]))
    };
    add(&begin(&client)).expect(200);
    let late = begin(&client);
    for _ in 1..20 {
        add(&begin(&client)).expect(200);
    }
    passkeys(&client, "register-begin", &json!({})).expect_error(400);
    add(&late).expect_error(400);
}

#[test]
fn the_site_follows_the_settings_unless_the_collection_names_it() {
    let (server, ..) = start();
    let superuser = server.superuser();
    let url = |url| json!({ "meta": { "appURL": url } });
    superuser.patch("/api/settings", &url("https://shop.example.com/app")).expect(200);
    let begun = begin_login(&server);
    assert_eq!(begun["publicKey"]["rpId"], "shop.example.com");
    superuser.patch("/api/settings", &url("http://127.0.0.1:8090")).expect(200);
    passkeys(&server.guest(), "login-begin", &json!({})).expect_error(400);
    let options =
        |rp_id: &str, origin: &str| json!({ "passkeys": { "rpId": rp_id, "origins": [origin] } });
    let path = "/api/collections/users";
    let refused = superuser.patch(path, &options("example.com", "https://example.org"));
    let code = refused.expect_error(400)["passkeys"]["origins"]["code"].clone();
    assert_eq!(code, "validation_foreign_origin");
    superuser.patch(path, &options("https://example.com", "https://example.com")).expect_error(400);
    superuser.patch(path, &options("example.com", "https://www.example.com")).expect(200);
    assert_eq!(begin_login(&server)["publicKey"]["rpId"], "example.com");

    set(&server, &json!({ "passkeys": { "enabled": false } }));
    passkeys(&server.guest(), "login-begin", &json!({})).expect_error(403);
    passkeys(&server.logged_in("users", ANN, PASSWORD), "register-begin", &json!({}))
        .expect_error(403);
}

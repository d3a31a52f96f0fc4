//! Codes of authenticator apps: setting one up, logging in with it, losing it, and attacks on it.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value as Json, json};
use totp_rs::{Builder, Secret};

use crate::harness::mailbox::Mailbox;
use crate::harness::{Answer, Client, EMAIL, PASSWORD, Server, encode, records};

const ANN: &str = "ann@example.com";

/// A server whose users may use apps, and Ann among them.
fn start() -> (Server, Json) {
    let server = Server::start();
    set(&server, "users", &json!({ "totp": { "enabled": true, "issuer": "Corner Shop" } }));
    let ann = add(&server, ANN);
    (server, ann)
}

fn add(server: &Server, email: &str) -> Json {
    let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    server.superuser().post(&records("users"), &body).expect(200)
}

fn set(server: &Server, collection: &str, options: &Json) {
    server.superuser().patch(&format!("/api/collections/{collection}"), options).expect(200);
}

fn users(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/{action}"), body)
}

fn log_in(server: &Server) -> Answer {
    let body = json!({ "identity": ANN, "password": PASSWORD });
    users(&server.guest(), "auth-with-password", &body)
}

/// The id of the second factor that a first login asks for.
fn first_login(server: &Server) -> Json {
    log_in(server).expect(401)["mfaId"].clone()
}

fn with_code(server: &Server, mfa_id: &Json, code: &str) -> Answer {
    users(&server.guest(), "auth-with-totp", &json!({ "mfaId": mfa_id, "code": code }))
}

/// The code that an app with this secret shows now, or `steps` later. A code of now is good for a
/// step more, and one of the next step is good already, so that no test depends on the second.
fn code(secret: &Json, steps: u64) -> String {
    let secret = Secret::try_from_base32(secret.as_str().expect("a secret")).expect("base32");
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock").as_secs();
    let totp = Builder::new().with_secret(secret).build().expect("a secret");
    totp.generate(now + 30 * steps).to_string()
}

/// Sets an app up for Ann; returns who she is logged in as, the secret and her recovery codes. The
/// code of now is used up.
fn enrol(server: &Server) -> (Client, Json, Vec<String>) {
    let client = server.logged_in("users", ANN, PASSWORD);
    let (secret, codes) = enrol_as(&client, "users");
    (client, secret, codes)
}

fn enrol_as(client: &Client, collection: &str) -> (Json, Vec<String>) {
    let path = |action| format!("/api/collections/{collection}/totp/{action}");
    let secret = client.post(&path("enroll"), &json!({})).expect(200)["secret"].clone();
    let confirmed = client.post(&path("confirm"), &json!({ "code": code(&secret, 0) }));
    let codes = confirmed.expect(200)["recoveryCodes"].clone();
    let codes: Vec<String> = serde_json::from_value(codes).expect("codes");
    assert_eq!(codes.len(), 10);
    (secret, codes)
}

#[test]
fn an_account_sets_an_app_up_and_needs_it_from_then_on() {
    let (server, _) = start();
    let methods = server.guest().get("/api/collections/users/auth-methods").expect(200);
    assert_eq!(methods["totp"], json!({ "enabled": true }));
    let client = server.logged_in("users", ANN, PASSWORD);
    let state = client.get("/api/collections/users/totp").expect(200);
    assert_eq!(state, json!({ "enabled": false, "confirmed": "", "recoveryCodesLeft": 0 }));

    let made = users(&client, "totp/enroll", &json!({}));
    assert_eq!(made.headers["cache-control"], "no-store");
    let made = made.expect(200);
    let link = made["otpauthURL"].as_str().expect("a link");
    assert!(link.starts_with("otpauth://totp/Corner%20Shop:ann%40example.com?"), "{link}");
    assert!(link.contains(made["secret"].as_str().expect("a secret")), "{link}");
    // Until a code came back, nothing is needed and nothing is good.
    log_in(&server).expect(200);
    users(&client, "totp/confirm", &json!({ "code": "12345" }))
        .expect_code("code", "validation_invalid_code");
    let confirm = json!({ "code": code(&made["secret"], 0) });
    let codes = users(&client, "totp/confirm", &confirm).expect(200)["recoveryCodes"].clone();
    assert_eq!(codes.as_array().map(Vec::len), Some(10));
    users(&client, "totp/enroll", &json!({})).expect_error(400);

    let id = first_login(&server);
    // The code that set the app up was used by that.
    with_code(&server, &id, &code(&made["secret"], 0))
        .expect_code("code", "validation_invalid_code");
    let done = with_code(&server, &id, &code(&made["secret"], 1)).expect(200);
    assert_eq!(done["record"]["email"], ANN);
    let state = server.with_token(&done["token"]).get("/api/collections/users/totp").expect(200);
    assert_eq!((&state["enabled"], &state["recoveryCodesLeft"]), (&json!(true), &json!(10)));
    // Both are used up: the second factor, and the code for another one.
    with_code(&server, &id, &code(&made["secret"], 1)).expect_error(400);
    with_code(&server, &first_login(&server), &code(&made["secret"], 1))
        .expect_code("code", "validation_invalid_code");
}

#[test]
fn a_recovery_code_is_good_once_and_can_be_renewed() {
    let (server, _) = start();
    let (client, _, codes) = enrol(&server);
    let typed = codes[0].to_uppercase().replace('-', "");
    with_code(&server, &first_login(&server), &typed).expect(200);
    with_code(&server, &first_login(&server), &codes[0])
        .expect_code("code", "validation_invalid_code");
    let state = client.get("/api/collections/users/totp").expect(200);
    assert_eq!(state["recoveryCodesLeft"], 9);

    let renewed = users(&client, "totp/recovery-codes", &json!({ "code": codes[1] })).expect(200);
    let state = client.get("/api/collections/users/totp").expect(200);
    assert_eq!(state["recoveryCodesLeft"], 10);
    with_code(&server, &first_login(&server), &codes[2]).expect_error(400);
    // Five attempts in three minutes, good ones included.
    let new = renewed["recoveryCodes"][0].as_str().expect("a code");
    with_code(&server, &first_login(&server), new).expect_error(429);
}

#[test]
fn one_code_used_from_all_sides_at_once_lets_one_in() {
    let (server, _) = start();
    let (_, secret, _) = enrol(&server);
    let ids: Vec<Json> = (0..4).map(|_| first_login(&server)).collect();
    let code = code(&secret, 1);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let uses: Vec<_> = (0..20)
            .map(|at| {
                let (server, id, code) = (&server, &ids[at % ids.len()], &code);
                scope.spawn(move || with_code(server, id, code).status)
            })
            .collect();
        uses.into_iter().map(|using| using.join().expect("an answer")).collect()
    });
    let count = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((count(200), count(200) + count(400) + count(429)), (1, 20), "{statuses:?}");
}

#[test]
fn an_app_is_given_up_with_a_code_or_by_a_superuser() {
    let (server, ann) = start();
    let (client, secret, _) = enrol(&server);
    let path = "/api/collections/users/totp";
    client.json("DELETE", path, &json!({})).expect_code("code", "validation_required");
    client
        .json("DELETE", path, &json!({ "code": "000000" }))
        .expect_code("code", "validation_invalid_code");
    client.json("DELETE", path, &json!({ "code": code(&secret, 1) })).expect(204);
    log_in(&server).expect(200);

    enrol(&server);
    first_login(&server);
    let of_ann = format!("{}/{}/totp", records("users"), ann["id"].as_str().expect("an id"));
    server.guest().delete(&of_ann).expect_error(401);
    client.delete(&of_ann).expect_error(403);
    client.get(&of_ann).expect_error(403);
    let superuser = server.superuser();
    assert_eq!(superuser.get(&of_ann).expect(200)["enabled"], true);
    superuser.delete(&of_ann).expect(204);
    assert_eq!(superuser.get(&of_ann).expect(200)["enabled"], false);
    log_in(&server).expect(200);
    superuser.delete(&format!("{}/nobody/totp", records("users"))).expect_error(404);
}

#[test]
fn setting_an_app_up_takes_more_than_a_token() {
    let (server, _) = start();
    let fresh = server.logged_in("users", ANN, PASSWORD);
    let token = |answer: Answer| server.with_token(&answer.expect(200)["token"]);
    // In the second of its login a refreshed token is the same token.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let refreshed = token(users(&fresh, "auth-refresh", &json!({})));
    users(&refreshed, "totp/enroll", &json!({})).expect_code("password", "validation_required");
    users(&refreshed, "totp/enroll", &json!({ "password": "wrong" }))
        .expect_code("password", "validation_invalid_password");
    users(&refreshed, "totp/enroll", &json!({ "password": PASSWORD })).expect(200);
    users(&fresh, "totp/enroll", &json!({})).expect(200);
    users(&server.guest(), "totp/enroll", &json!({})).expect_error(401);
    users(&server.superuser(), "totp/enroll", &json!({})).expect_error(403);
    // Guesses at the password are limited like those at codes.
    for _ in 0..3 {
        users(&refreshed, "totp/enroll", &json!({ "password": "wrong" })).expect_error(400);
    }
    users(&refreshed, "totp/enroll", &json!({ "password": PASSWORD })).expect_error(429);
}

#[test]
fn where_it_is_off_nothing_of_it_can_be_used() {
    let (server, _) = start();
    let (client, secret, _) = enrol(&server);
    let id = first_login(&server);
    set(&server, "users", &json!({ "totp": { "enabled": false } }));
    let methods = server.guest().get("/api/collections/users/auth-methods").expect(200);
    assert!(methods.get("totp").is_none());
    with_code(&server, &id, &code(&secret, 1)).expect_error(403);
    users(&client, "totp/enroll", &json!({})).expect_error(403);
    log_in(&server).expect(200);
    // What was set up is there when it is turned on again.
    set(&server, "users", &json!({ "totp": { "enabled": true } }));
    with_code(&server, &first_login(&server), &code(&secret, 1)).expect(200);
    server
        .superuser()
        .patch("/api/collections/users", &json!({ "totp": { "issuer": "a:b" } }))
        .expect_error(400);
}

#[test]
fn a_second_factor_is_only_good_for_its_own_account() {
    let (server, _) = start();
    add(&server, "bob@example.com");
    let (_, secret, _) = enrol(&server);
    let bob = server.logged_in("users", "bob@example.com", PASSWORD);
    enrol_as(&bob, "users");
    let body = json!({ "identity": "bob@example.com", "password": PASSWORD });
    let of_bob = users(&server.guest(), "auth-with-password", &body).expect(401)["mfaId"].clone();
    with_code(&server, &of_bob, &code(&secret, 1)).expect_code("code", "validation_invalid_code");
    with_code(&server, &json!("nothing"), &code(&secret, 1)).expect_error(400);
    with_code(&server, &json!(""), "").expect_code("mfaId", "validation_required");
    with_code(&server, &first_login(&server), &code(&secret, 1)).expect(200);
}

#[test]
fn it_composes_with_the_mfa_option() {
    let (server, _) = start();
    set(&server, "users", &json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } }));
    // Without an app the option asks for another method as ever.
    let id = first_login(&server);
    with_code(&server, &id, "123456").expect_code("code", "validation_invalid_code");
    set(&server, "users", &json!({ "mfa": { "enabled": false } }));
    let (client, secret, _) = enrol(&server);
    users(&client, "totp/confirm", &json!({ "code": code(&secret, 1) })).expect_error(400);
    set(&server, "users", &json!({ "mfa": { "enabled": true } }));
    with_code(&server, &first_login(&server), &code(&secret, 1)).expect(200);
}

#[test]
fn mail_alone_does_not_get_past_it_once_the_address_is_proven() {
    let (server, ann) = start();
    let mailbox = Mailbox::of(&server);
    let path = format!("{}/{}", records("users"), ann["id"].as_str().expect("an id"));
    enrol(&server);
    // Who set the app up before may not be who owns the address.
    server.superuser().patch(&path, &json!({ "verified": true })).expect(200);
    log_in(&server).expect(200);

    enrol(&server);
    users(&server.guest(), "request-password-reset", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-password-reset");
    let new = "another-password";
    let body = json!({ "token": token, "password": new, "passwordConfirm": new });
    users(&server.guest(), "confirm-password-reset", &body).expect(204);
    let body = json!({ "identity": ANN, "password": new });
    users(&server.guest(), "auth-with-password", &body).expect(401);
}

#[test]
fn nothing_shows_the_secret_and_it_goes_with_its_account() {
    let (server, ann) = start();
    let (client, secret, codes) = enrol(&server);
    let superuser = server.superuser();
    let id = ann["id"].as_str().expect("an id");
    for path in [
        format!("{}/{id}", records("users")),
        "/api/settings".to_owned(),
        "/api/collections/users".to_owned(),
        format!("{}?filter={}", records("_mfas"), encode("id != ''")),
    ] {
        let shown = superuser.get(&path).expect(200).to_string();
        assert!(!shown.contains(secret.as_str().expect("a secret")) && !shown.contains(&codes[0]));
    }
    client.delete(&format!("{}/{id}", records("users"))).expect(204);
    let body = json!({
        "id": id, "email": ANN, "password": PASSWORD, "passwordConfirm": PASSWORD,
    });
    superuser.post(&records("users"), &body).expect(200);
    log_in(&server).expect(200);
}

#[test]
fn a_superuser_who_lost_the_app_gets_in_by_the_command_line() {
    let server = Server::start();
    set(&server, "_superusers", &json!({ "totp": { "enabled": true } }));
    let (_, codes) = enrol_as(&server.superuser(), "_superusers");
    let path = |action| format!("/api/collections/_superusers/{action}");
    let body = json!({ "identity": EMAIL, "password": PASSWORD });
    let log_in = || server.guest().post(&path("auth-with-password"), &body);
    let id = log_in().expect(401)["mfaId"].clone();
    let done = json!({ "mfaId": id, "code": codes[0] });
    server.guest().post(&path("auth-with-totp"), &done).expect(200);

    let said = server.command(&["superuser", "totp-reset", EMAIL]).expect("it works");
    assert!(said.contains("no TOTP codes"), "{said}");
    log_in().expect(200);
    let said = server.command(&["superuser", "totp-reset", EMAIL]).expect("it works");
    assert!(said.contains("nothing to reset"), "{said}");
    server.command(&["superuser", "totp-reset", "nobody@example.com"]).expect_err("nobody");
}

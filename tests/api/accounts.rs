//! Accounts: codes and links by mail, second factors, alerts, and what must not be found out.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::mailbox::Mailbox;
use crate::harness::{Answer, Client, PASSWORD, Server, encode, record, records};

const ANN: &str = "ann@example.com";
const NOBODY: &str = "nobody@example.com";
const NEW_PASSWORD: &str = "another-password";

/// A server with a mailbox, and Ann among its users, whose record this returns.
fn start() -> (Server, Mailbox, Json) {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    let ann = add(&server, ANN);
    (server, mailbox, ann)
}

fn add(server: &Server, email: &str) -> Json {
    let body = json!({ "email": email, "password": PASSWORD, "passwordConfirm": PASSWORD });
    server.superuser().post(&records("users"), &body).expect(200)
}

fn set(server: &Server, options: &Json) {
    server.superuser().patch("/api/collections/users", options).expect(200);
}

fn users(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/{action}"), body)
}

fn log_in(client: &Client, password: &str) -> Answer {
    users(client, "auth-with-password", &json!({ "identity": ANN, "password": password }))
}

fn ask_for_code(server: &Server, mailbox: &Mailbox) -> (String, String) {
    let asked = users(&server.guest(), "request-otp", &json!({ "email": ANN })).expect(200);
    let mail = mailbox.next();
    assert_eq!(mail.to, ANN);
    let id = asked["otpId"].as_str().expect("an id").to_owned();
    // The row is told where its code went right after the mail went there.
    let row = record("_otps", &asked["otpId"]);
    let start = Instant::now();
    while server.superuser().get(&row).expect(200)["sentTo"] != ANN {
        assert!(start.elapsed() < Duration::from_secs(10), "sentTo stays empty");
    }
    (id, mail.code())
}

fn with_code(client: &Client, id: &str, code: &str) -> Answer {
    users(client, "auth-with-otp", &json!({ "otpId": id, "password": code }))
}

/// How many rows of this collection belong to users.
fn count(server: &Server, collection: &str) -> u64 {
    let filter = encode("collectionRef = '_pb_users_auth_'");
    let path = format!("{}?filter={filter}", records(collection));
    let list = server.superuser().get(&path).expect(200);
    list["totalItems"].as_u64().expect("a number")
}

/// Whether the token still is somebody's.
fn is_good(server: &Server, token: &Json) -> bool {
    users(&server.with_token(token), "auth-refresh", &json!({})).status == 200
}

#[test]
fn a_code_logs_in_once_and_proves_the_address() {
    let (server, mailbox, _) = start();
    users(&server.guest(), "request-otp", &json!({ "email": ANN })).expect_error(403);
    set(&server, &json!({ "otp": { "enabled": true } }));
    let before = log_in(&server.guest(), PASSWORD).expect(200);

    let (id, code) = ask_for_code(&server, &mailbox);
    with_code(&server.guest(), &id, "not it").expect_error(400);
    let done = with_code(&server.guest(), &id, &code).expect(200);
    assert_eq!(done["record"]["verified"], true);
    assert!(is_good(&server, &done["token"]));
    let again = with_code(&server.guest(), &id, &code).expect(400);
    assert_eq!(again["message"], "Invalid or expired OTP.");

    // Whoever had set the password of an address not theirs is out.
    assert!(!is_good(&server, &before["token"]));
    log_in(&server.guest(), PASSWORD).expect_error(400);
}

#[test]
fn of_two_logins_with_one_code_one_succeeds() {
    let (server, mailbox, _) = start();
    set(&server, &json!({ "otp": { "enabled": true } }));
    let (id, code) = ask_for_code(&server, &mailbox);
    let guest = server.guest();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let logins: Vec<_> =
            (0..4).map(|_| scope.spawn(|| with_code(&guest, &id, &code).status)).collect();
        logins.into_iter().map(|login| login.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
}

#[test]
fn too_many_codes_are_refused_even_when_right() {
    let (server, mailbox, _) = start();
    set(&server, &json!({ "otp": { "enabled": true } }));
    let (id, code) = ask_for_code(&server, &mailbox);
    for _ in 0..5 {
        with_code(&server.guest(), &id, "0").expect_error(400);
    }
    let refused = with_code(&server.guest(), &id, &code).expect(429);
    assert_eq!(refused["message"], "Too many attempts, please try again later with a new OTP.");
    // A new code does not help: attempts are counted by account.
    let (id, code) = ask_for_code(&server, &mailbox);
    with_code(&server.guest(), &id, &code).expect_error(429);
}

#[test]
fn the_eleventh_code_is_the_tenth() {
    let (server, mailbox, _) = start();
    set(&server, &json!({ "otp": { "enabled": true } }));
    let ask = || users(&server.guest(), "request-otp", &json!({ "email": ANN })).expect(200);
    let ids: Vec<Json> = (0..11).map(|_| ask()["otpId"].clone()).collect();
    assert_eq!(ids[9], ids[10]);
    for _ in 0..10 {
        mailbox.next();
    }
    mailbox.expect_silence();
    assert_eq!(count(&server, "_otps"), 10);
}

#[test]
fn nothing_tells_whether_an_address_is_known() {
    let (server, mailbox, _) = start();
    set(&server, &json!({ "otp": { "enabled": true } }));
    let guest = server.guest();
    let unknown = users(&guest, "request-otp", &json!({ "email": NOBODY })).expect(200);
    assert_eq!(unknown["otpId"].as_str().map(str::len), Some(15));
    with_code(&guest, unknown["otpId"].as_str().unwrap(), "12345678").expect_error(400);
    for action in ["request-verification", "request-password-reset"] {
        users(&guest, action, &json!({ "email": NOBODY })).expect(204);
    }
    mailbox.expect_silence();
    for action in ["request-otp", "request-verification", "request-password-reset"] {
        users(&guest, action, &json!({})).expect_code("email", "validation_required");
        users(&guest, action, &json!({ "email": "x" })).expect_code("email", "validation_is_email");
        let long = format!("{}@example.com", "x".repeat(255));
        users(&guest, action, &json!({ "email": long }))
            .expect_code("email", "validation_length_out_of_range");
    }
}

#[test]
fn a_password_is_reset_once_and_ends_all_tokens() {
    let (server, mailbox, _) = start();
    let guest = server.guest();
    let before = log_in(&guest, PASSWORD).expect(200);
    users(&guest, "request-password-reset", &json!({ "email": ANN })).expect(204);
    let mail = mailbox.next();
    assert_eq!((mail.to.as_str(), mail.subject.as_str()), (ANN, "Choose a new Depot password"));
    assert!(mail.html.contains("class=\"btn\""), "{}", mail.html);
    let token = mail.token("confirm-password-reset");
    // A second mail has to wait.
    users(&guest, "request-password-reset", &json!({ "email": ANN })).expect(204);
    mailbox.expect_silence();

    let confirm = |password: &str, again: &str| {
        let body = json!({ "token": token, "password": password, "passwordConfirm": again });
        users(&guest, "confirm-password-reset", &body)
    };
    confirm(NEW_PASSWORD, "x").expect_code("passwordConfirm", "validation_values_mismatch");
    confirm("short", "short").expect_code("password", "validation_length_out_of_range");
    assert!(is_good(&server, &before["token"]));
    confirm(NEW_PASSWORD, NEW_PASSWORD).expect(204);
    confirm(PASSWORD, PASSWORD).expect_code("token", "validation_invalid_token");
    assert!(!is_good(&server, &before["token"]));
    log_in(&guest, PASSWORD).expect_error(400);
    assert_eq!(log_in(&guest, NEW_PASSWORD).expect(200)["record"]["verified"], true);
    // It may be asked for again.
    users(&guest, "request-password-reset", &json!({ "email": ANN })).expect(204);
    mailbox.next();
}

#[test]
fn of_two_resets_with_one_token_one_succeeds() {
    let (server, mailbox, _) = start();
    let guest = server.guest();
    users(&guest, "request-password-reset", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-password-reset");
    let reset = |password: String| {
        let body = json!({ "token": token, "password": password, "passwordConfirm": password });
        users(&guest, "confirm-password-reset", &body).status
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let reset = &reset;
        let resets: Vec<_> =
            (0..4).map(|n| scope.spawn(move || reset(format!("password-{n}")))).collect();
        resets.into_iter().map(|reset| reset.join().expect("an answer")).collect()
    });
    assert_eq!(statuses.iter().filter(|status| **status == 204).count(), 1, "{statuses:?}");
}

#[test]
fn a_changed_password_ends_mailed_tokens() {
    let (server, mailbox, ann) = start();
    let guest = server.guest();
    users(&guest, "request-password-reset", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-password-reset");
    let change = json!({ "password": NEW_PASSWORD, "passwordConfirm": NEW_PASSWORD });
    server.superuser().patch(&record("users", &ann["id"]), &change).expect(200);
    let body = json!({ "token": token, "password": PASSWORD, "passwordConfirm": PASSWORD });
    users(&guest, "confirm-password-reset", &body).expect_code("token", "validation_invalid_token");
}

#[test]
fn an_address_is_verified_with_a_link() {
    let (server, mailbox, ann) = start();
    let guest = server.guest();
    users(&guest, "request-verification", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-verification");
    users(&guest, "request-verification", &json!({ "email": ANN })).expect(204);
    mailbox.expect_silence();

    let confirm = |token: &str| users(&guest, "confirm-verification", &json!({ "token": token }));
    confirm("").expect_code("token", "validation_required");
    confirm("x").expect_code("token", "validation_invalid_token_claims");
    let body = json!({ "token": token, "password": PASSWORD, "passwordConfirm": PASSWORD });
    users(&guest, "confirm-password-reset", &body).expect_code("token", "validation_invalid_token");
    confirm(&token).expect(204);
    let own = record("users", &ann["id"]);
    assert_eq!(server.superuser().get(&own).expect(200)["verified"], true);
    // It may be followed again, and nothing happens.
    confirm(&token).expect(204);
    log_in(&guest, PASSWORD).expect(200);
    users(&guest, "request-verification", &json!({ "email": ANN })).expect(204);
    mailbox.expect_silence();
    let superusers = "/api/collections/_superusers/request-verification";
    guest.post(superusers, &json!({ "email": ANN })).expect_error(400);
}

#[test]
fn an_address_changes_with_a_link_and_the_password() {
    let (server, mailbox, _) = start();
    add(&server, "bob@example.com");
    let guest = server.guest();
    let new = "new@example.com";
    users(&guest, "request-email-change", &json!({ "newEmail": new })).expect_error(401);
    server
        .superuser()
        .post("/api/collections/users/request-email-change", &json!({ "newEmail": new }))
        .expect_error(403);
    let ann = server.logged_in("users", ANN, PASSWORD);
    let ask = |new: &str| users(&ann, "request-email-change", &json!({ "newEmail": new }));
    ask(ANN).expect_code("newEmail", "validation_not_in_invalid");
    ask("bob@example.com").expect_code("newEmail", "validation_invalid_new_email");
    ask(new).expect(204);
    let mail = mailbox.next();
    assert_eq!(mail.to, new);
    let token = mail.token("confirm-email-change");

    let confirm = |token: &str, password: &str| {
        users(&guest, "confirm-email-change", &json!({ "token": token, "password": password }))
    };
    let data = confirm("x", "y").expect_error(400);
    assert_eq!(data["token"]["code"], "validation_invalid_token_payload");
    assert_eq!(data["password"]["code"], "validation_invalid_password");
    confirm(&token, "wrong").expect_code("password", "validation_invalid_password");
    confirm(&token, PASSWORD).expect(204);
    confirm(&token, PASSWORD).expect_error(400);
    assert!(!is_good(&server, &json!(ann.token)));
    let done = server.logged_in("users", new, PASSWORD);
    let refreshed = users(&done, "auth-refresh", &json!({})).expect(200);
    assert_eq!(refreshed["record"]["email"], new);
    assert_eq!(refreshed["record"]["verified"], true);
}

#[test]
fn a_second_factor_is_another_method() {
    let (server, mailbox, _) = start();
    let options = json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } });
    set(&server, &options);
    let guest = server.guest();
    log_in(&guest, "wrong").expect_error(400);
    let first = log_in(&guest, PASSWORD).expect(401);
    let mfa = first["mfaId"].as_str().expect("an id").to_owned();
    assert_eq!(first, json!({ "mfaId": mfa }));
    let second =
        |mfa: &str, body: &Json| users(&guest, &format!("auth-with-otp?mfaId={mfa}"), body);

    // The same method again is no second factor, and does not use up the first.
    let again = json!({ "identity": ANN, "password": PASSWORD, "mfaId": mfa });
    let refused = users(&guest, "auth-with-password", &again).expect(400);
    assert_eq!(refused["message"], "A different authentication method is required.");

    let (id, code) = ask_for_code(&server, &mailbox);
    let unknown = second("unknown", &json!({ "otpId": id, "password": code })).expect(400);
    assert_eq!(unknown["message"], "Invalid or expired MFA session.");
    // That used up the code.
    let (id, code) = ask_for_code(&server, &mailbox);
    let done = second(&mfa, &json!({ "otpId": id, "password": code })).expect(200);
    assert!(is_good(&server, &done["token"]));
    assert_eq!(count(&server, "_mfas"), 0);

    // The other way round, with the id in the body.
    let (id, code) = ask_for_code(&server, &mailbox);
    let first = with_code(&guest, &id, &code).expect(401);
    let body = json!({ "identity": ANN, "password": PASSWORD, "mfaId": first["mfaId"] });
    users(&guest, "auth-with-password", &body).expect(200);
    users(&guest, "auth-with-password", &body).expect_error(400);

    // Whom the rule does not ask needs none.
    set(&server, &json!({ "mfa": { "rule": "email != 'ann@example.com'" } }));
    log_in(&guest, PASSWORD).expect(200);
}

#[test]
fn a_second_factor_of_somebody_else_is_refused() {
    let (server, mailbox, _) = start();
    add(&server, "bob@example.com");
    let options = json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } });
    set(&server, &options);
    let guest = server.guest();
    let bob = json!({ "identity": "bob@example.com", "password": PASSWORD });
    let first = users(&guest, "auth-with-password", &bob).expect(401);
    let (id, code) = ask_for_code(&server, &mailbox);
    let body = json!({ "otpId": id, "password": code, "mfaId": first["mfaId"] });
    let refused = users(&guest, "auth-with-otp", &body).expect(400);
    assert_eq!(refused["message"], "Invalid MFA session.");
    assert_eq!(count(&server, "_mfas"), 1);
}

#[test]
fn a_login_from_a_new_place_is_reported() {
    let (server, mailbox, _) = start();
    let body = json!({ "identity": ANN, "password": PASSWORD }).to_string();
    let log_in_with = |agent: &str| {
        let headers = [("content-type", "application/json"), ("user-agent", agent)];
        let path = "/api/collections/users/auth-with-password";
        server.guest().send("POST", path, &headers, Some(body.as_bytes())).expect(200);
    };
    log_in_with("one");
    log_in_with("one");
    mailbox.expect_silence();
    log_in_with("<two>");
    let mail = mailbox.next();
    assert_eq!(mail.to, ANN);
    assert!(mail.text.contains("127.0.0.1 <two>") || mail.html.contains("&lt;two&gt;"));
    for agent in ["3", "4", "5", "6", "7"] {
        log_in_with(agent);
        mailbox.next();
    }
    assert_eq!(count(&server, "_authOrigins"), 5);
    // The oldest was forgotten, the youngest was not.
    log_in_with("7");
    mailbox.expect_silence();
    log_in_with("one");
    mailbox.next();
}

#[test]
fn superusers_act_as_others_with_tokens_that_cannot_be_refreshed() {
    let (server, _mailbox, ann) = start();
    let id = ann["id"].as_str().expect("an id");
    let action = format!("impersonate/{id}");
    users(&server.guest(), &action, &json!({})).expect_error(401);
    users(&server.logged_in("users", ANN, PASSWORD), &action, &json!({})).expect_error(403);
    let superuser = server.superuser();
    users(&superuser, "impersonate/missing", &json!({})).expect_error(404);
    users(&superuser, &action, &json!({ "duration": -1 }))
        .expect_code("duration", "validation_min_greater_equal_than_required");
    let made = users(&superuser, &action, &json!({ "duration": 60 })).expect(200);
    assert_eq!(made["record"]["id"], ann["id"]);
    let refreshed =
        users(&server.with_token(&made["token"]), "auth-refresh", &json!({})).expect(200);
    assert_eq!(refreshed["token"], made["token"]);
}

#[test]
fn mail_waits_for_a_server_that_is_away() {
    let (server, mailbox, _) = start();
    // A port that nobody listens on.
    let away = TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address");
    let smtp = json!({ "smtp": { "enabled": true, "host": "127.0.0.1", "port": away.port() } });
    server.superuser().patch("/api/settings", &smtp).expect(200);
    let start = Instant::now();
    users(&server.guest(), "request-verification", &json!({ "email": ANN })).expect(204);
    assert!(start.elapsed() < Duration::from_secs(2), "the request waited for the mail server");
    mailbox.expect_silence();
    let late = Mailbox::on(TcpListener::bind(away).expect("the port is free"));
    assert_eq!(late.next().to, ANN);
    late.expect_silence();
}

#[test]
fn rows_of_accounts_name_accounts() {
    let (server, _mailbox, ann) = start();
    let superuser = server.superuser();
    let make = |more: &Json| {
        let mut body = json!({
            "collectionRef": "_pb_users_auth_", "recordRef": ann["id"],
            "provider": "github", "providerId": "1",
        });
        body.as_object_mut().expect("an object").extend(more.as_object().cloned().expect("one"));
        superuser.post(&records("_externalAuths"), &body)
    };
    for (field, value, code) in [
        ("collectionRef", "missing", "validation_invalid_collection_id"),
        ("collectionRef", "pbc_2279338944", "validation_invalid_collection_type"),
        ("recordRef", "missing", "validation_invalid_record"),
        ("provider", "missing", "validation_in_invalid"),
        ("provider", "", "validation_required"),
    ] {
        make(&json!({ field: value })).expect_code(field, code);
    }
    make(&json!({})).expect(200);
    superuser.delete(&record("users", &ann["id"])).expect(204);
    assert_eq!(count(&server, "_externalAuths"), 0);
}

#[test]
fn the_command_line_makes_codes_for_superusers() {
    let server = Server::start();
    let refused = server.command(&["superuser", "otp", crate::harness::EMAIL]).unwrap_err();
    assert!(refused.contains("not enabled"), "{refused}");
    let options = json!({ "otp": { "enabled": true } });
    server.superuser().patch("/api/collections/_superusers", &options).expect(200);
    let made = server.command(&["superuser", "otp", crate::harness::EMAIL]).expect("a code");
    let entry = |name: &str| {
        let line = made.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {made}")).to_owned()
    };
    let body = json!({ "otpId": entry("id: "), "password": entry("password: ") });
    // Superusers with codes need a second factor, so this is half a login.
    let path = "/api/collections/_superusers/auth-with-otp";
    let first = server.guest().post(path, &body).expect(401);
    assert!(first["mfaId"].is_string(), "{first}");
}

//! Weak passwords, guessed passwords, and secrets that are good once.

use serde_json::{Value as Json, json};

use crate::harness::mailbox::Mailbox;
use crate::harness::{Answer, Client, EMAIL, PASSWORD, Server, record, records};

const ANN: &str = "annika.lindqvist@example.com";
const STRONG: &str = "correct horse battery";

fn users(client: &Client, action: &str, body: &Json) -> Answer {
    client.post(&format!("/api/collections/users/{action}"), body)
}

fn set(server: &Server, collection: &str, options: &Json) {
    server.superuser().patch(&format!("/api/collections/{collection}"), options).expect(200);
}

fn add(server: &Server, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password, "passwordConfirm": password });
    server.superuser().post(&records("users"), &body)
}

/// Sends what `send` sends from twenty threads at once; the statuses in order.
fn at_once(send: impl Fn() -> Answer + Sync) -> Vec<u16> {
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..20).map(|_| scope.spawn(|| send().status)).collect();
        all.into_iter().map(|one| one.join().expect("an answer")).collect()
    });
    statuses.sort_unstable();
    statuses
}

#[track_caller]
fn expect_one_success(statuses: &[u16], success: u16) {
    let good = statuses.iter().filter(|status| **status == success).count();
    assert_eq!(good, 1, "{statuses:?}");
    assert!(statuses.iter().all(|status| *status == success || *status == 400), "{statuses:?}");
}

#[test]
fn a_collection_may_refuse_weak_passwords_wherever_they_are_set() {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    let ann = add(&server, ANN, "password").expect(200);
    set(&server, "users", &json!({ "passwordPolicy": { "minStrength": 3 } }));
    let weak = "validation_weak_password";
    add(&server, "bob@example.com", "password123").expect_code("password", weak);
    let data = add(&server, "bob@example.com", "password123").expect_error(400);
    let message = data["password"]["message"].as_str().expect("a message");
    assert!(message.starts_with("This password is too easy to guess. "), "{message}");
    assert!(message.len() > 50, "{message}");
    // What is known of somebody is what is tried first.
    add(&server, "krzysztof.wojcik@example.com", "krzysztof.wojcik").expect_code("password", weak);
    add(&server, "bob@example.com", STRONG).expect(200);
    let root = server.superuser();
    let path = record("users", &ann["id"]);
    let body = |password: &str| json!({ "password": password, "passwordConfirm": password });
    root.patch(&path, &body("sunshine1")).expect_code("password", weak);
    // What is there already stays good, and changes of other fields do too.
    root.patch(&path, &json!({ "name": "Ann" })).expect(200);
    server.logged_in("users", ANN, "password");

    users(&server.guest(), "request-password-reset", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-password-reset");
    let mut form = body("sunshine1");
    form["token"] = token.into();
    users(&server.guest(), "confirm-password-reset", &form).expect_code("password", weak);
    form["password"] = STRONG.into();
    form["passwordConfirm"] = STRONG.into();
    users(&server.guest(), "confirm-password-reset", &form).expect(204);

    let steps = |password: &str| {
        let mut body = body(password);
        body["email"] = "cem@example.com".into();
        json!({ "requests": [
            { "method": "POST", "url": records("users"), "body": { "email": "d@example.com",
              "password": STRONG, "passwordConfirm": STRONG } },
            { "method": "POST", "url": records("users"), "body": body },
        ] })
    };
    root.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let data = root.post("/api/batch", &steps("sunshine1")).expect_error(400);
    let response = &data["requests"]["1"]["response"];
    assert_eq!(response["data"]["password"]["code"], weak, "{data}");
    root.post("/api/batch", &steps(STRONG)).expect(200);
}

#[test]
fn superusers_are_bound_by_their_policy_on_the_command_line_too() {
    let server = Server::start();
    set(&server, "_superusers", &json!({ "passwordPolicy": { "minStrength": 3 } }));
    let refused = server.command(&["superuser", "upsert", "b@example.com", "1234567890"]);
    let message = refused.expect_err("weak");
    assert!(message.contains("too easy to guess"), "{message}");
    server.command(&["superuser", "upsert", "b@example.com", STRONG]).expect("strong");
}

#[test]
fn common_passwords_are_refused_the_known_ones_and_those_of_the_operator() {
    let data = tempfile::tempdir().expect("a folder");
    std::fs::write(data.path().join("common.txt"), "haversack-2026\nother\n").expect("a file");
    let config = "[auth]\ncommon_passwords = \"common.txt\"\n";
    std::fs::write(data.path().join("config.toml"), config).expect("a file");
    let server = Server::start_in(data);
    set(&server, "users", &json!({ "passwordPolicy": { "refuseCommon": true } }));
    for password in ["password", "Haversack-2026"] {
        add(&server, ANN, password).expect_code("password", "validation_common_password");
    }
    add(&server, ANN, "haversack-2027").expect(200);
}

#[test]
fn a_policy_has_bounds() {
    let server = Server::start();
    let root = server.superuser();
    for strength in [-1, 5] {
        let options = json!({ "passwordPolicy": { "minStrength": strength } });
        let data = root.patch("/api/collections/users", &options).expect_error(400);
        assert!(data["passwordPolicy"]["minStrength"]["code"].is_string(), "{data}");
    }
    let options = json!({ "anonymous": { "keepDays": -1 } });
    let data = root.patch("/api/collections/users", &options).expect_error(400);
    assert!(data["anonymous"]["keepDays"]["code"].is_string(), "{data}");
}

#[test]
fn whoever_guesses_passwords_has_to_wait_whether_there_is_an_account_or_not() {
    let server = Server::start();
    add(&server, ANN, PASSWORD).expect(200);
    let guest = server.guest();
    let guess = |identity: &str, password: &str| {
        let body = json!({ "identity": identity, "password": password });
        users(&guest, "auth-with-password", &body)
    };
    for identity in [ANN, "nobody@example.com"] {
        let statuses: Vec<u16> = (0..11).map(|_| guess(identity, "not it at all").status).collect();
        assert_eq!(statuses[..10], [400; 10], "{identity}");
        assert_eq!(statuses[10], 429, "{identity}");
    }
    let refused = guess(ANN, PASSWORD).expect(429);
    assert_eq!(refused, json!({ "data": {}, "message": "Too Many Requests.", "status": 429 }));
    // Others at the same address are not held up.
    server.logged_in("_superusers", EMAIL, PASSWORD);
}

#[test]
fn right_passwords_are_not_counted() {
    let server = Server::start();
    for _ in 0..12 {
        server.superuser();
    }
}

#[test]
fn asking_for_mail_again_and_again_ends_whether_there_is_an_account_or_not() {
    let server = Server::start();
    add(&server, ANN, PASSWORD).expect(200);
    let guest = server.guest();
    for email in [ANN, "nobody@example.com"] {
        let ask = || users(&guest, "request-password-reset", &json!({ "email": email })).status;
        let statuses: Vec<u16> = (0..21).map(|_| ask()).collect();
        assert_eq!(statuses[..20], [204; 20], "{email}");
        assert_eq!(statuses[20], 429, "{email}");
    }
}

#[test]
fn codes_of_nobody_behave_as_codes_of_somebody() {
    let server = Server::start();
    add(&server, ANN, PASSWORD).expect(200);
    set(&server, "users", &json!({ "otp": { "enabled": true } }));
    let guest = server.guest();
    let behaviour = |email: &str| {
        let ask = || {
            let asked = users(&guest, "request-otp", &json!({ "email": email })).expect(200);
            asked["otpId"].clone()
        };
        let ids: Vec<Json> = (0..12).map(|_| ask()).collect();
        let newest = ids.iter().position(|id| *id == ids[11]).expect("itself");
        let attempts: Vec<u16> = (0..7)
            .map(|at| {
                let body = json!({ "otpId": ids[at % 3], "password": "0" });
                users(&guest, "auth-with-otp", &body).status
            })
            .collect();
        (newest, attempts)
    };
    let somebody = behaviour(ANN);
    assert_eq!(somebody, (9, vec![400, 400, 400, 400, 400, 429, 429]));
    assert_eq!(behaviour("nobody@example.com"), somebody);
}

#[test]
fn a_link_that_sets_a_password_works_once_however_many_follow_it_at_once() {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    add(&server, ANN, PASSWORD).expect(200);
    users(&server.guest(), "request-password-reset", &json!({ "email": ANN })).expect(204);
    let token = mailbox.next().token("confirm-password-reset");
    let body = json!({ "token": token, "password": STRONG, "passwordConfirm": STRONG });
    let statuses = at_once(|| users(&server.guest(), "confirm-password-reset", &body));
    expect_one_success(&statuses, 204);
    server.logged_in("users", ANN, STRONG);
}

#[test]
fn a_link_that_verifies_may_be_followed_again_and_changes_nothing_then() {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    let ann = add(&server, ANN, PASSWORD).expect(200);
    users(&server.guest(), "request-verification", &json!({ "email": ANN })).expect(204);
    let body = json!({ "token": mailbox.next().token("confirm-verification") });
    let statuses = at_once(|| users(&server.guest(), "confirm-verification", &body));
    assert_eq!(statuses, [204; 20]);
    let path = record("users", &ann["id"]);
    let after = server.superuser().get(&path).expect(200);
    assert_eq!(after["verified"], true);
    users(&server.guest(), "confirm-verification", &body).expect(204);
    assert_eq!(server.superuser().get(&path).expect(200), after);
}

#[test]
fn a_link_that_changes_the_address_works_once_however_many_follow_it_at_once() {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    add(&server, ANN, PASSWORD).expect(200);
    let ann = server.logged_in("users", ANN, PASSWORD);
    let body = json!({ "newEmail": "new@example.com" });
    users(&ann, "request-email-change", &body).expect(204);
    let token = mailbox.next().token("confirm-email-change");
    let body = json!({ "token": token, "password": PASSWORD });
    let statuses = at_once(|| users(&server.guest(), "confirm-email-change", &body));
    expect_one_success(&statuses, 204);
    server.logged_in("users", "new@example.com", PASSWORD);
}

#[test]
fn a_second_factor_completes_one_login_however_many_come_at_once() {
    let server = Server::start();
    let mailbox = Mailbox::of(&server);
    add(&server, ANN, PASSWORD).expect(200);
    set(&server, "users", &json!({ "otp": { "enabled": true }, "mfa": { "enabled": true } }));
    let asked = users(&server.guest(), "request-otp", &json!({ "email": ANN })).expect(200);
    let code = mailbox.next().code();
    let body = json!({ "otpId": asked["otpId"], "password": code });
    let begun = users(&server.guest(), "auth-with-otp", &body).expect(401);
    let body = json!({ "identity": ANN, "password": PASSWORD, "mfaId": begun["mfaId"] });
    let statuses = at_once(|| users(&server.guest(), "auth-with-password", &body));
    expect_one_success(&statuses, 200);
}

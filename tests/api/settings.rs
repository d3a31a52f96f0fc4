//! Reading and changing settings.

use serde_json::{Value as Json, json};

use crate::harness::mailbox::Mailbox;
use crate::harness::{EMAIL, PASSWORD, Server, records};

const PATH: &str = "/api/settings";

#[test]
fn settings_are_for_superusers_and_keep_their_secrets() {
    let server = Server::start();
    let superuser = server.superuser();
    server.guest().get(PATH).expect_error(401);
    server.guest().patch(PATH, &json!({})).expect_error(401);
    let user = json!({ "email": "a@b.co", "password": PASSWORD, "passwordConfirm": PASSWORD });
    superuser.post(&records("users"), &user).expect(200);
    let user = server.logged_in("users", "a@b.co", PASSWORD);
    user.get(PATH).expect_error(403);
    user.patch(PATH, &json!({})).expect_error(403);

    let before = superuser.get(PATH).expect(200);
    assert_eq!(before["meta"]["appName"], "Acme");
    let change = json!({
        "meta": { "appName": "Mine" },
        "smtp": { "password": "p1" }, "s3": { "secret": "s1" },
        "backups": { "s3": { "secret": "s2" } },
    });
    let after = superuser.patch(PATH, &change).expect(200);
    let mut expected = before;
    expected["meta"]["appName"] = "Mine".into();
    assert_eq!(after, expected);
    assert!(!after.to_string().contains("secret") && !after.to_string().contains("password"));
    // An unchanged secret is still there: the bucket cannot be enabled without one.
    let bucket = json!({ "s3": {
        "enabled": true, "bucket": "b", "region": "r", "endpoint": "e.co", "accessKey": "k",
    } });
    superuser.patch(PATH, &bucket).expect(200);
    let data = superuser.patch(PATH, &json!({ "s3": { "secret": "" } })).expect_error(400);
    assert_eq!(data["s3"]["secret"]["code"], "validation_required");

    let server = Server::start_on(server.kill());
    let picked = server.superuser().get("/api/settings?fields=meta.appName").expect(200);
    assert_eq!(picked, json!({ "meta": { "appName": "Mine" } }));
}

#[test]
fn bad_settings_change_nothing() {
    let server = Server::start();
    let superuser = server.superuser();
    let before = superuser.get(PATH).expect(200);
    let data = superuser
        .patch(
            PATH,
            &json!({ "meta": { "appName": "x", "appURL": "test" }, "logs": { "maxDays": -1 } }),
        )
        .expect_error(400);
    assert_eq!(data["meta"]["appURL"]["code"], "validation_is_url");
    assert_eq!(data["logs"]["maxDays"]["code"], "validation_min_greater_equal_than_required");
    for body in [&b"[]"[..], b"{", b"{\"meta\":5}", b"{\"meta\":{\"appName\":5}}"] {
        let headers = [("content-type", "application/json")];
        let answer = superuser.send("PATCH", PATH, &headers, Some(body));
        let message = "An error occurred while loading the submitted data.";
        assert_eq!(answer.json["message"], message);
        answer.expect_error(400);
    }
    assert_eq!(superuser.send("PATCH", PATH, &[], None).expect(200), before);
    assert_eq!(superuser.get(PATH).expect(200), before);
}

#[test]
fn rate_limits_follow_a_renamed_collection() {
    let server = Server::start();
    let superuser = server.superuser();
    superuser.post("/api/collections", &json!({ "name": "old" })).expect(200);
    let rule = |label: &str| json!({ "label": label, "duration": 1, "maxRequests": 1 });
    let rules = json!({ "rateLimits": { "rules": [rule("old:list"), rule("older:list")] } });
    superuser.patch(PATH, &rules).expect(200);
    superuser.patch("/api/collections/old", &json!({ "name": "new" })).expect(200);
    let labels: Vec<Json> = superuser.get(PATH).expect(200)["rateLimits"]["rules"]
        .as_array()
        .expect("rules")
        .iter()
        .map(|rule| rule["label"].clone())
        .collect();
    assert_eq!(labels, ["new:list", "older:list"]);
}

#[test]
fn superusers_may_be_kept_to_their_addresses() {
    let server = Server::start();
    let superuser = server.superuser();
    let proxy = json!({ "superuserIPs": ["10.0.0.0/8", "127.0.0.1"],
        "trustedProxy": { "headers": ["X-Real-IP", "X-Forwarded-For"] } });
    superuser.patch(PATH, &proxy).expect(200);
    let from = |ip: &str, path: &str| superuser.send("GET", path, &[("x-forwarded-for", ip)], None);
    from("10.1.2.3", PATH).expect(200);
    from("1.1.1.1, 10.1.2.3", PATH).expect(200);
    from("10.1.2.3, 1.1.1.1", PATH).expect_error(403);
    from("1.1.1.1", "/api/health").expect_error(403);
    superuser.get(PATH).expect(200);
    let guest = server.guest();
    guest.send("GET", "/api/health", &[("x-forwarded-for", "1.1.1.1")], None).expect(200);
    let login = json!({ "identity": EMAIL, "password": PASSWORD }).to_string();
    let log_in = |ip: &str| {
        let headers = [("content-type", "application/json"), ("x-real-ip", ip)];
        let path = "/api/collections/_superusers/auth-with-password";
        guest.send("POST", path, &headers, Some(login.as_bytes()))
    };
    log_in("10.0.0.1").expect(200);
    log_in("1.1.1.1").expect_error(403);
}

#[test]
fn a_mail_can_be_looked_at_before_it_goes_to_others() {
    let server = Server::start();
    let root = server.superuser();
    let path = format!("{PATH}/test/email");
    let ask = |body: &Json| root.post(&path, body);
    // Without a mail server it goes to the log.
    ask(&json!({ "email": "ann@example.com", "template": "otp" })).expect(204);
    let mailbox = Mailbox::of(&server);
    for (template, link) in [
        ("verification", "confirm-verification"),
        ("password-reset", "confirm-password-reset"),
        ("email-change", "confirm-email-change"),
    ] {
        let body =
            json!({ "email": "ann@example.com", "template": template, "collection": "users" });
        ask(&body).expect(204);
        let mail = mailbox.next();
        assert_eq!(mail.to, "ann@example.com");
        // The token is nobody's.
        let body = json!({ "token": mail.token(link), "password": "x", "passwordConfirm": "x" });
        server.guest().post(&format!("/api/collections/users/{link}"), &body).expect_error(400);
    }
    ask(&json!({ "email": "ann@example.com", "template": "otp" })).expect(204);
    assert_eq!(mailbox.next().code(), "123456");
    ask(&json!({ "email": "ann@example.com", "template": "login-alert" })).expect(204);
    assert!(mailbox.next().text.contains("TEST_IP TEST_USER_AGENT"));

    for (body, field, code) in [
        (json!({}), "email", "validation_required"),
        (json!({ "email": "ann" }), "email", "validation_is_email"),
        (json!({ "email": "a@b.co" }), "template", "validation_required"),
        (json!({ "template": "nope" }), "template", "validation_in_invalid"),
        (json!({ "collection": "nope" }), "collection", "validation_invalid_auth_collection"),
    ] {
        ask(&body).expect_code(field, code);
    }
    ask(&json!({ "email": 1 })).expect_error(400);
    server.guest().post(&path, &json!({})).expect_error(401);
    mailbox.expect_silence();

    // Nobody answers there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let smtp = json!({ "enabled": true, "host": "127.0.0.1", "port": port });
    root.patch(PATH, &json!({ "smtp": smtp })).expect(200);
    let failed = ask(&json!({ "email": "ann@example.com", "template": "otp" })).expect(400);
    let message = failed["message"].as_str().unwrap();
    assert!(message.starts_with("Failed to send the test email. Raw error: \n"), "{message}");
}

//! The log of requests.

use serde_json::{Value as Json, json};

use crate::harness::{Client, PASSWORD, Server, encode, records};

fn list(root: &Client, query: &str) -> Json {
    root.get(&format!("/api/logs?{query}")).expect(200)
}

#[test]
fn every_request_is_logged_with_what_the_settings_want_and_no_secret() {
    let server = Server::start();
    let root = server.superuser();
    let body = json!({ "logs": { "logAuthId": true, "logIP": false } });
    root.patch("/api/settings", &body).expect(200);
    server.guest().get("/api/collections/nope/records?token=s3cret&a%20b=1").expect_error(404);
    let body =
        json!({ "email": "ann@example.com", "password": PASSWORD, "passwordConfirm": PASSWORD });
    root.post(&records("users"), &body).expect(200);

    let page = list(&root, "sort=-@rowid&perPage=2");
    assert_eq!((&page["page"], &page["perPage"]), (&json!(1), &json!(2)));
    let [created, failed] = page["items"].as_array().expect("a list").as_slice() else {
        panic!("{page}");
    };
    assert_eq!(created["message"], "POST /api/collections/users/records");
    assert_eq!(created["level"], 0);
    let data = &created["data"];
    assert_eq!((&data["type"], &data["method"]), (&json!("request"), &json!("POST")));
    assert_eq!((&data["status"], &data["auth"]), (&json!(200), &json!("_superusers")));
    assert!(data["authId"].is_string() && data["execTime"].as_f64() > Some(0.0), "{data}");
    assert!(data["userIP"].is_null() && data["error"].is_null(), "{data}");
    assert_eq!(failed["level"], 8);
    assert_eq!(failed["message"], "GET /api/collections/nope/records?token=***&a b=1");
    assert_eq!(failed["data"]["status"], 404);
    assert!(failed["data"]["error"].is_string() && failed["data"]["auth"] == "", "{failed}");

    let errors = list(&root, &format!("filter={}", encode("data.status >= 400 && level > 0")));
    assert_eq!(errors["totalItems"], 1, "{errors}");
    let entry = root.get(&format!("/api/logs/{}", failed["id"].as_str().unwrap())).expect(200);
    assert_eq!(entry, *failed);
    root.get("/api/logs/nope").expect_error(404);
    let stats = root.get("/api/logs/stats").expect(200);
    let total: u64 =
        stats.as_array().unwrap().iter().map(|hour| hour["total"].as_u64().unwrap()).sum();
    assert_eq!(Json::from(total), list(&root, "")["totalItems"]);
    let failed = root.get("/api/logs/stats?filter=nope").expect(400);
    assert_eq!(failed["message"], "Invalid filter format.");
    root.get("/api/logs?filter=nope%3D1").expect_error(400);
    // Looking at the log is not logged, unless it fails.
    let looks = list(&root, &format!("filter={}", encode("data.url ~ '/api/logs'")));
    assert_eq!(looks["totalItems"], 3, "{looks}");
}

#[test]
fn the_log_is_for_superusers() {
    let server = Server::start();
    for path in ["/api/logs", "/api/logs/stats", "/api/logs/abc"] {
        server.guest().get(path).expect_error(401);
    }
}

#[test]
fn what_is_not_to_be_kept_goes_when_the_settings_say_so() {
    let server = Server::start();
    let root = server.superuser();
    assert!(list(&root, "")["totalItems"].as_u64() > Some(0));
    server.guest().get("/api/health").expect(200);
    root.patch("/api/settings", &json!({ "logs": { "minLevel": 8 } })).expect(200);
    server.guest().get("/api/health").expect(200);
    let minor = || list(&root, &format!("filter={}", encode("level < 8")))["totalItems"].clone();
    let start = std::time::Instant::now();
    while minor() != 0 {
        assert!(start.elapsed() < std::time::Duration::from_secs(20), "{}", minor());
    }
    root.patch("/api/settings", &json!({ "logs": { "maxDays": 0 } })).expect(200);
    server.guest().get("/api/nope").expect_error(404);
    while list(&root, "")["totalItems"] != 0 {
        assert!(start.elapsed() < std::time::Duration::from_secs(40));
    }
}

#[test]
fn the_log_outlives_the_server() {
    let server = Server::start();
    let root = server.superuser();
    server.guest().get("/api/nope").expect_error(404);
    let filter = format!("filter={}", encode("data.status = 404"));
    assert_eq!(list(&root, &filter)["totalItems"], 1);
    std::thread::sleep(std::time::Duration::from_millis(300));
    let server = Server::start_on(server.kill());
    assert_eq!(list(&server.superuser(), &filter)["totalItems"], 1);
}

//! What operators see and fix: metrics, slow lists, health, pinned settings.

use serde_json::json;

use crate::harness::{Client, Server, encode, records};

fn metrics(client: &Client) -> String {
    let (status, headers, bytes) = client.fetch("/metrics", &[]);
    assert_eq!(status, 200);
    let media_type = headers["content-type"].to_str().expect("text");
    assert!(media_type.starts_with("text/plain; version=0.0.4"));
    String::from_utf8(bytes).expect("text")
}

/// The value of a sample.
fn sample(text: &str, name: &str) -> f64 {
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(n, _)| n == name));
    let line = line.unwrap_or_else(|| panic!("no {name} in\n{text}"));
    line.rsplit_once(' ').expect("a value").1.parse().expect("a number")
}

#[test]
fn metrics_are_for_the_token_and_superusers_while_they_are_on() {
    let server = Server::start();
    server.superuser().get("/metrics").expect_error(404);
    let server = Server::start_configured("[metrics]\nenabled = true\ntoken = \"let me in\"\n");
    let superuser = server.superuser();
    server.guest().get("/metrics").expect_error(401);
    server.with_token(&json!("let me out")).get("/metrics").expect_error(401);
    superuser.get(&records("users")).expect(200);
    superuser.get(&records("users")).expect(200);
    superuser.get(&records("nothing")).expect_error(404);
    superuser.get("/api/nowhere").expect_error(404);
    let body = json!({ "name": "things" });
    superuser.post("/api/collections", &body).expect(200);
    let view = json!({ "name": "v", "type": "view", "viewQuery": "select id from things" });
    superuser.post("/api/collections", &view).expect(200);
    superuser.get(&records("v")).expect(200);
    superuser.get(&records("v")).expect(200);
    let text = metrics(&server.with_token(&json!("let me in")));
    assert_eq!(sample(&text, "haversack_view_results_total{cache=\"miss\"}"), 1.0);
    assert!(sample(&text, "haversack_view_results_total{cache=\"hit\"}") >= 1.0);
    let route = "method=\"GET\",route=\"/api/collections/{collection}/records\"";
    let requests = |status| format!("haversack_http_requests_total{{{route},status=\"{status}\"}}");
    assert_eq!(sample(&text, &requests("2xx")), 4.0);
    assert_eq!(sample(&text, &requests("4xx")), 1.0);
    let name = "haversack_http_request_duration_seconds";
    assert_eq!(sample(&text, &format!("{name}_bucket{{{route},le=\"+Inf\"}}")), 5.0);
    assert_eq!(sample(&text, &format!("{name}_count{{{route}}}")), 5.0);
    assert!(sample(&text, &format!("{name}_sum{{{route}}}")) > 0.0);
    assert!(sample(&text, "haversack_store_commits_total") >= 1.0);
    assert!(sample(&text, "haversack_store_file_bytes") > 0.0);
    assert!(sample(&text, "haversack_connections") >= 1.0);
    assert_eq!(sample(&text, "haversack_writer_queue"), 0.0);
    assert_eq!(sample(&text, "haversack_mails_waiting"), 0.0);
    assert_eq!(sample(&text, "haversack_column_cache_bytes"), 0.0);
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().expect("a name");
        let is_part =
            |end| name.strip_suffix(end).is_some_and(|of| text.contains(&format!("# TYPE {of} h")));
        let is_typed = text.contains(&format!("# TYPE {name} "));
        assert!(is_typed || ["_bucket", "_sum", "_count"].into_iter().any(is_part), "{name}");
    }
    assert!(sample(&text, "process_start_time_seconds") > 1.7e9);
    metrics(&superuser);
}

#[test]
fn slow_lists_are_logged_with_their_plan() {
    let server = Server::start_configured("log.slow_query = \"1ms\"\n");
    let superuser = server.superuser();
    let body = json!({ "name": "things", "fields": [{ "name": "text", "type": "text" }] });
    superuser.post("/api/collections", &body).expect(200);
    let rows: String =
        (0..3000).map(|at| format!("{{\"text\":\"{at}\"}}")).collect::<Vec<_>>().join("\n");
    let path = "/api/collections/things/import?format=jsonl";
    let tally = superuser.send("POST", path, &[], Some(rows.as_bytes())).expect(200);
    assert_eq!(tally["created"], 3000);
    let path = format!("{}?filter={}", records("things"), encode("text ~ '99'"));
    superuser.get(&path).expect(200);
    let log = server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("slow list")).collect();
    assert!(!lines.is_empty(), "{log}");
    for part in ["things", "text ~ ?", "columns", "looked=0", "left_out=0", "WARN"] {
        assert!(lines[0].contains(part), "{part} in {}", lines[0]);
    }
    assert!(!log.contains("'99'"), "what was looked for stays out of it: {log}");
}

#[test]
fn ten_lines_a_minute_tell_of_slow_lists() {
    let config = "log.slow_query = \"1ms\"\nmetrics.enabled = true\n";
    let server = Server::start_configured(config);
    let superuser = server.superuser();
    let body = json!({ "name": "things", "fields": [{ "name": "text", "type": "text" }] });
    superuser.post("/api/collections", &body).expect(200);
    let rows: Vec<String> = (0..5000).map(|at| format!("{{\"text\":\"{at:0>200}\"}}")).collect();
    let path = "/api/collections/things/import?format=jsonl";
    superuser.send("POST", path, &[], Some(rows.join("\n").as_bytes())).expect(200);
    for number in 0..30 {
        let filter = encode(&format!("text ~ 'a{number}'"));
        superuser.get(&format!("{}?filter={filter}", records("things"))).expect(200);
    }
    // They were answered from columns, which hold 5,000 texts.
    assert!(sample(&metrics(&superuser), "haversack_column_cache_bytes") > 1e6);
    let log = server.log();
    assert_eq!(log.lines().filter(|line| line.contains("slow list")).count(), 10, "{log}");
}

#[test]
fn health_tells_superusers_more() {
    let server = Server::start();
    let data = server.superuser().get("/api/health").expect(200)["data"].clone();
    assert_eq!(data["version"], env!("CARGO_PKG_VERSION"));
    assert!(data["uptimeSeconds"].is_u64() && data["storeBytes"].as_u64() > Some(0), "{data}");
    assert_eq!(data["secretsEncrypted"], false);
    assert_eq!(server.guest().get("/api/health").expect(200)["data"], json!({}));
}

#[test]
fn pinned_settings_are_in_force_and_refuse_changes() {
    let pins = "[settings.meta]\nappName = \"Pinned\"\n[settings.batch]\nenabled = true\n";
    let server = Server::start_configured(pins);
    let superuser = server.superuser();
    let settings = superuser.get("/api/settings").expect(200);
    assert_eq!(
        (&settings["meta"]["appName"], &settings["batch"]["enabled"]),
        (&json!("Pinned"), &json!(true))
    );
    let change = json!({ "meta": { "appName": "Other", "senderName": "Sam" } });
    let data = superuser.patch("/api/settings", &change).expect_error(400);
    assert_eq!(data["meta"]["appName"]["code"], "validation_pinned");
    let message = data["meta"]["appName"]["message"].as_str().unwrap();
    assert!(message.contains("config.toml") && message.contains("settings.meta.appName"));
    // The dashboard sends whole groups.
    let change = json!({ "meta": { "appName": "Pinned", "senderName": "Sam" } });
    let settings = superuser.patch("/api/settings", &change).expect(200);
    assert_eq!(settings["meta"]["senderName"], "Sam");

    let file = server.folder().join("../config.toml");
    std::fs::write(&file, "[settings.meta]\nsenderName = \"Live\"\n").unwrap();
    let sender = || superuser.get("/api/settings").expect(200)["meta"]["senderName"].clone();
    let started = std::time::Instant::now();
    while sender() != "Live" {
        assert!(started.elapsed().as_secs() < 10, "the file was not read again");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let change = json!({ "batch": { "enabled": false } });
    assert_eq!(superuser.patch("/api/settings", &change).expect(200)["batch"]["enabled"], false);

    for (config, problem) in [
        ("[settings.meta]\nappNme = \"x\"\n", "there is no setting `settings.meta.appNme`"),
        ("[settings.batch]\ntimeout = \"x\"\n", "wrong type"),
        ("[settings.meta]\nappName = 2024-01-01\n", "`settings`: expected groups"),
    ] {
        std::fs::write(&file, config).unwrap();
        let error = server.check_config(&file).unwrap_err();
        assert!(error.contains("config.toml") && error.contains(problem), "{error}");
    }
}

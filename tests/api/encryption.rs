//! Secrets that are encrypted in the data folder.

use std::path::Path;
use std::process::Command;

use serde_json::{Value as Json, json};

use crate::harness::{EMAIL, PASSWORD, Server};

const ON: &str = "[encryption]\nkey_env = \"NEW\"\n";
const ROTATED: &str = "[encryption]\nkey_env = \"NEW\"\nold_key_env = \"OLD\"\n";
const OFF: &str = "[encryption]\nold_key_env = \"OLD\"\n";
const ONE: &str = "11111111111111111111111111111111";
const TWO: &str = "22222222222222222222222222222222";

/// Texts that must not be found on disk.
const HIDDEN: [&str; 4] = ["smtp-hush-hush", "client-hush-hush", "extra-hush-hush", "s3-hush-hush"];

/// Runs the program on a folder; what it prints, or what it complains about.
fn run(folder: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> Result<String, String> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_haversack"));
    let ran = program.args(arguments).envs(variables.iter().copied()).current_dir(folder).output();
    let ran = ran.expect("it runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

fn configure(folder: &Path, config: &str) {
    std::fs::write(folder.join("config.toml"), config).expect("a file");
}

/// A server with secrets of many kinds, and the text of a webhook's.
fn with_secrets(server: &Server) -> String {
    let root = server.superuser();
    let settings = json!({
        "smtp": { "enabled": true, "host": "127.0.0.1", "port": 1, "password": HIDDEN[0] },
        "backups": { "s3": { "enabled": false, "secret": HIDDEN[3] } },
    });
    root.patch("/api/settings", &settings).expect(200);
    let provider = json!({
        "name": "oidc", "clientId": "id", "clientSecret": HIDDEN[1],
        "authURL": "https://a.example.com", "tokenURL": "https://a.example.com",
        "userInfoURL": "https://a.example.com", "extra": { "note": HIDDEN[2] },
    });
    let oauth2 = json!({ "oauth2": { "enabled": true, "providers": [provider] } });
    root.patch("/api/collections/users", &oauth2).expect(200);
    root.post("/api/collections", &json!({ "name": "posts", "type": "base" })).expect(200);
    let hook = json!({
        "name": "mine", "collection": "posts", "events": ["create"],
        "url": "https://example.com/hook",
    });
    let hook = root.post("/api/webhooks", &hook).expect(200);
    hook["secret"].as_str().expect("a secret").to_owned()
}

/// Which of the texts are somewhere in the files of the data folder, the log of requests aside.
fn found(folder: &Path, webhook: &str) -> Vec<String> {
    let read = |name: &str| std::fs::read(folder.join("data").join(name)).unwrap_or_default();
    let bytes = [read("data.redb"), read("data.wal")].concat();
    let all = HIDDEN.into_iter().chain([webhook]);
    let is_there = |text: &&str| {
        let text = text.as_bytes();
        bytes.windows(text.len()).any(|window| window == text)
    };
    all.filter(is_there).map(str::to_owned).collect()
}

/// Proves that the server knows what it has to, and tells superusers whether it is encrypted.
fn works(server: &Server, is_encrypted: bool) {
    let root = server.superuser();
    assert_eq!(root.get("/api/health").expect(200)["data"]["secretsEncrypted"], is_encrypted);
    let settings = root.get("/api/settings").expect(200);
    assert_eq!(settings["smtp"]["host"], "127.0.0.1");
    let users = root.get("/api/collections/users").expect(200);
    assert_eq!(users["oauth2"]["providers"][0]["extra"]["note"], HIDDEN[2]);
    assert_eq!(root.get("/api/webhooks").expect(200)["totalItems"], 1);
}

#[test]
fn secrets_are_encrypted_rotated_and_in_the_clear_again() {
    let server = Server::start();
    let webhook = with_secrets(&server);
    let data = server.kill();
    assert_eq!(found(data.path(), &webhook).len(), HIDDEN.len() + 1, "else this proves nothing");

    // On: nothing of it is left on disk, not even where it was overwritten.
    configure(data.path(), ON);
    let server = Server::start_with(data, &[("NEW", ONE)]);
    works(&server, true);
    server.superuser().patch("/api/settings", &json!({ "meta": { "appName": "x" } })).expect(200);
    let data = server.kill();
    assert_eq!(found(data.path(), &webhook), [] as [&str; 0]);

    // Without the key, or with another one, nothing starts and nothing changes.
    let content = || {
        let dump = run(data.path(), &["export", "--output", "-", "--config", "none.toml"], &[]);
        let dump = dump.expect("it needs no key");
        // The first line has the date, the last the checksum of all.
        let lines: Vec<&str> = dump.lines().collect();
        lines[1..lines.len() - 1].join("\n")
    };
    std::fs::write(data.path().join("none.toml"), "").expect("a file");
    let before = content();
    let upsert = ["superuser", "upsert", EMAIL, PASSWORD];
    let refused = run(data.path(), &upsert, &[("NEW", TWO)]).expect_err("another key");
    assert!(refused.contains("encrypted with another key"), "{refused}");
    let refused = run(data.path(), &upsert, &[]).expect_err("no variable");
    assert!(refused.contains("the variable `NEW` is not set"), "{refused}");
    let refused = run(data.path(), &upsert, &[("NEW", "short")]).expect_err("no key");
    assert!(refused.contains("32 characters"), "{refused}");
    configure(data.path(), "");
    let refused = run(data.path(), &upsert, &[]).expect_err("no key");
    assert!(refused.contains("`encryption.key_env` has to name"), "{refused}");
    assert_eq!(content(), before);

    // Tools that only copy need no key.
    run(data.path(), &["check"], &[]).expect("it is sound");
    run(data.path(), &["compact"], &[]).expect("it works");
    assert_eq!(content(), before);

    // Another key: the old one is of no use then.
    let variables = [("NEW", TWO), ("OLD", ONE)];
    configure(data.path(), ROTATED);
    let server = Server::start_with(data, &variables);
    works(&server, true);
    let data = server.kill();
    assert_eq!(found(data.path(), &webhook), [] as [&str; 0]);
    configure(data.path(), ON);
    let refused = run(data.path(), &upsert, &[("NEW", ONE)]).expect_err("the old key");
    assert!(refused.contains("encrypted with another key"), "{refused}");
    let flags = ["superuser", "upsert", EMAIL, PASSWORD, "--encryption-env", "MINE"];
    run(data.path(), &flags, &[("MINE", TWO)]).expect("the flag beats the file");

    // Off.
    configure(data.path(), OFF);
    let server = Server::start_with(data, &[("OLD", TWO)]);
    works(&server, false);
    let data = server.kill();
    assert_eq!(found(data.path(), &webhook).len(), HIDDEN.len() + 1);
    configure(data.path(), "");
    works(&Server::start_on(data), false);
}

#[test]
fn a_backup_of_encrypted_secrets_is_restored_with_their_key_only() {
    let data = tempfile::tempdir().expect("a temporary folder");
    configure(data.path(), "");
    let server = Server::start_in(data);
    let webhook = with_secrets(&server);
    let data = server.kill();
    configure(data.path(), &format!("{ON}[store]\ndurability = \"relaxed\"\n"));
    let server = Server::start_with(data, &[("NEW", ONE)]);
    let root = server.superuser();
    root.patch("/api/settings", &json!({ "smtp": { "password": HIDDEN[0] } })).expect(200);
    let folder = server.folder().parent().expect("it has one").to_owned();
    assert_eq!(found(&folder, &webhook), [] as [&str; 0], "not in the write-ahead log either");
    root.post("/api/backups", &json!({ "name": "mine.zip" })).expect(204);
    let data = server.kill();
    let zip = data.path().join("data/backups/mine.zip");
    let zip = zip.to_str().expect("a path");
    run(data.path(), &["export", "--output", "dump.ndjson"], &[("NEW", ONE)]).expect("it works");
    let dump = std::fs::read_to_string(data.path().join("dump.ndjson")).expect("a text");
    assert!(HIDDEN.iter().all(|text| !dump.contains(text)), "dumps stay sealed");

    // Elsewhere, where something is already.
    let other = Server::start();
    let made = json!({ "name": "mine", "type": "base" });
    other.superuser().post("/api/collections", &made).expect(200);
    let other = other.kill();
    for (config, key, what) in [("", "", "has to name"), (ON, TWO, "another key")] {
        configure(other.path(), config);
        let restore = ["backup", "restore", zip];
        let refused = run(other.path(), &restore, &[("NEW", key)]).expect_err("no key");
        assert!(refused.contains(what), "{refused}");
        assert!(!other.path().join("data/.restore").exists());
    }
    configure(other.path(), "");
    let server = Server::start_on(other);
    let all = server.superuser().get("/api/collections?perPage=100").expect(200);
    let is_mine = |one: &Json| one["name"] == "mine";
    assert!(all["items"].as_array().expect("a list").iter().any(is_mine), "nothing was replaced");
    let other = server.kill();
    configure(other.path(), ON);
    run(other.path(), &["backup", "restore", zip], &[("NEW", ONE)]).expect("it works");
    let server = Server::start_with(other, &[("NEW", ONE)]);
    works(&server, true);
    let other = server.kill();
    assert_eq!(found(other.path(), &webhook), [] as [&str; 0]);

    // And from the dump.
    let fresh = tempfile::tempdir().expect("a temporary folder");
    let dump = data.path().join("dump.ndjson");
    run(fresh.path(), &["import", dump.to_str().expect("a path")], &[]).expect("it works");
    configure(fresh.path(), ON);
    works(&Server::start_with(fresh, &[("NEW", ONE)]), true);
}

#[test]
fn with_another_key_the_history_of_increments_begins_anew() {
    let server = Server::start();
    let root = server.superuser();
    root.patch("/api/settings", &json!({ "backups": { "fullEvery": 5 } })).expect(200);
    root.post("/api/backups", &json!({ "name": "full.zip" })).expect(204);
    root.post("/api/backups", &json!({ "name": "one.zip", "incremental": true })).expect(204);
    let mut data = server.kill();
    let steps: [(&str, &[(&str, &str)]); 3] =
        [(ON, &[("NEW", ONE)]), (ROTATED, &[("NEW", TWO), ("OLD", ONE)]), (OFF, &[("OLD", TWO)])];
    for (number, (config, variables)) in steps.into_iter().enumerate() {
        configure(data.path(), config);
        let server = Server::start_with(data, variables);
        let root = server.superuser();
        let post = |body: Json| root.post("/api/backups", &body);
        post(json!({ "incremental": true })).expect_code("incremental", "validation_no_base");
        post(json!({ "base": "one.zip" })).expect_code("base", "validation_no_base");
        let full = format!("full-{number}.zip");
        post(json!({ "name": full })).expect(204);
        post(json!({ "name": format!("one-{number}.zip"), "base": full })).expect(204);
        // What was made before is as good as it was.
        data = server.kill();
        run(data.path(), &["backup", "verify", "one.zip"], variables).expect("it is sound");
    }
}

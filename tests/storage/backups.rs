//! Backups in a bucket.

use std::io::{Read, Write};

use serde_json::{Value as Json, json};

use super::bucket::Storage;
use super::harness::form::{Part, send, url};
use super::harness::{Client, Server, record, records, run};
use super::{docs, expect_keys, key, noise, upload};

const BACKUPS: &str = "/api/backups";

/// A server whose backups are in a bucket, with a collection `docs`.
fn shelf() -> (Storage, Server, Client) {
    let storage = Storage::start();
    let server = Server::start();
    let root = server.superuser();
    let settings = json!({ "backups": { "s3": storage.settings(), "fullEvery": 5 } });
    root.patch("/api/settings", &settings).expect(200);
    let fields = json!([
        { "name": "title", "type": "text" },
        { "name": "one", "type": "file", "maxSize": 40_000_000 },
    ]);
    let definition = json!({ "name": "docs", "listRule": "", "fields": fields });
    root.post("/api/collections", &definition).expect(200);
    (storage, server, root)
}

fn add(root: &Client, title: &str, content: &[u8]) -> Json {
    let parts: [Part<'_>; 2] = [("title", None, title.as_bytes()), ("one", Some("a.bin"), content)];
    send(root, "POST", &records("docs"), &parts).expect(200)
}

fn keys(root: &Client) -> Vec<String> {
    let list = root.get(BACKUPS).expect(200);
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item["key"].as_str().expect("a key").to_owned()).collect()
}

fn download(server: &Server, root: &Client, key: &str) -> Vec<u8> {
    let token = root.post("/api/files/token", &json!({})).expect(200)["token"].clone();
    let path = format!("{BACKUPS}/{key}?token={}", token.as_str().expect("a token"));
    let (status, headers, bytes) = server.guest().fetch(&path, &[]);
    assert_eq!((status, headers["content-type"].to_str().expect("text")), (200, "application/zip"));
    let (status, _, part) = server.guest().fetch(&path, &[("range", "bytes=0-3")]);
    assert_eq!((status, part.as_slice()), (206, &b"PK\x03\x04"[..]));
    bytes
}

/// The list of records as it comes; nothing while the server is down.
fn list_if_up(server: &Server) -> Option<String> {
    let mut socket = std::net::TcpStream::connect(&server.address).ok()?;
    let path = records("docs");
    write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    socket.read_to_string(&mut text).ok()?;
    text.starts_with("HTTP/1.1 200").then_some(text)
}

/// Waits until there are records of these titles, of all that tests make.
#[track_caller]
fn wait_for_titles(server: &Server, expected: &[&str]) {
    let began = std::time::Instant::now();
    let is_so = |text: &str| {
        let has = |title: &str| text.contains(&format!("\"title\":\"{title}\""));
        ["a", "b", "c"].iter().all(|title| has(title) == expected.contains(title))
    };
    while !list_if_up(server).is_some_and(|text| is_so(&text)) {
        assert!(began.elapsed().as_secs() < 60, "{:?}", list_if_up(server));
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}

/// Waits until the files of a restored backup are where they belong.
#[track_caller]
fn wait_until_settled(server: &Server) {
    let mark = server.folder().join("storage.restored");
    let began = std::time::Instant::now();
    while mark.exists() {
        assert!(began.elapsed().as_secs() < 10, "files were not brought to their place");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn backups_lie_in_the_bucket_and_come_back() {
    let (storage, server, root) = shelf();
    let large = noise(9 << 20);
    add(&root, "a", &large);
    root.post(BACKUPS, &json!({ "name": "full.zip" })).expect(204);
    assert_eq!(storage.keys(), ["full.zip"]);
    assert!(!server.folder().join("backups").exists(), "nothing of it stays here");
    let left = std::fs::read_dir(server.folder().join("tmp")).expect("a folder").count();
    assert_eq!(left, 0);
    root.post(BACKUPS, &json!({ "name": "full.zip" }))
        .expect_code("name", "validation_backup_name_exists");
    let b = add(&root, "b", b"b");
    root.post(BACKUPS, &json!({ "name": "one.zip", "incremental": true })).expect(204);
    root.delete(&record("docs", &b["id"])).expect(204);
    add(&root, "c", b"c");
    root.post(BACKUPS, &json!({ "name": "two.zip", "base": "one.zip" })).expect(204);
    assert_eq!(keys(&root), ["full.zip", "one.zip", "two.zip"]);
    let list = root.get(BACKUPS).expect(200);
    assert_eq!((&list[2]["kind"], &list[2]["base"]), (&json!("incremental"), &json!("one.zip")));
    assert!(list[0]["size"].as_u64() > Some(8 << 20), "{list}");
    assert!(list[1]["size"].as_u64() < Some(1 << 20), "{list}");
    for key in ["full.zip", "two.zip"] {
        assert!(server.command(&["backup", "verify", key]).expect(key).contains("restored"));
    }
    let middle = list[1]["sequence"].clone();

    // What is downloaded can be sent again, under another name.
    let full = download(&server, &root, "full.zip");
    let upload = |name: &str, bytes: &[u8]| {
        send(&root, "POST", "/api/backups/upload", &[("file", Some(name), bytes)])
    };
    upload("copy.zip", &full).expect(204);
    upload("copy.zip", &full).expect_code("file", "validation_backup_name_exists");
    assert!(download(&server, &root, "copy.zip") == full, "the content differs");
    root.delete(&format!("{BACKUPS}/full.zip")).expect_error(400);
    root.delete(&format!("{BACKUPS}/copy.zip")).expect(204);
    root.delete(&format!("{BACKUPS}/copy.zip")).expect_error(400);
    assert_eq!(storage.keys(), ["full.zip", "one.zip", "two.zip"]);

    root.post(&format!("{BACKUPS}/none.zip/restore"), &json!({})).expect_error(400);
    root.post(&format!("{BACKUPS}/two.zip/restore"), &json!({ "until": middle })).expect(204);
    wait_for_titles(&server, &["a", "b"]);
    root.post(&format!("{BACKUPS}/full.zip/restore"), &json!({})).expect(204);
    wait_for_titles(&server, &["a"]);
}

#[test]
fn a_line_that_is_cut_and_wrong_keys_are_told_and_leave_nothing() {
    let (storage, server, root) = shelf();
    add(&root, "a", &noise(9 << 20));
    let said = |answer: super::harness::Answer| {
        let message = answer.expect(400)["message"].as_str().expect("a message").to_owned();
        assert!(!message.contains("secret-of-the-bucket"), "{message}");
        message
    };
    for bytes in [0, 4 << 20] {
        storage.cut_after(bytes);
        let message = said(root.post(BACKUPS, &json!({ "name": "a.zip" })));
        assert!(message.starts_with("Failed to load backups filesystem"), "{message}");
        storage.mend();
        assert_eq!(storage.keys(), Vec::<String>::new(), "{bytes}");
    }
    root.post(BACKUPS, &json!({ "name": "a.zip" })).expect(204);
    storage.cut_after(0);
    said(root.get(BACKUPS));
    said(root.post(&format!("{BACKUPS}/a.zip/restore"), &json!({})));
    storage.mend();
    assert_eq!(keys(&root), ["a.zip"]);
    root.patch("/api/settings", &json!({ "backups": { "s3": { "secret": "wrong" } } })).expect(200);
    for answer in [
        root.get(BACKUPS),
        root.post(BACKUPS, &json!({})),
        root.delete(&format!("{BACKUPS}/a.zip")),
    ] {
        said(answer);
    }
    let left = std::fs::read_dir(server.folder().join("tmp")).expect("a folder").count();
    assert_eq!(left, 0);
    // On disk again there are none.
    root.patch("/api/settings", &json!({ "backups": { "s3": { "enabled": false } } })).expect(200);
    assert_eq!(keys(&root), Vec::<String>::new());
    assert_eq!(storage.keys(), ["a.zip"]);
}

#[test]
fn files_in_the_bucket_are_part_of_a_backup_where_that_is_asked_for() {
    let (storage, server, root) = docs();
    let large = noise(9 << 20);
    let a = upload(&root, "a", "a.bin", &large).expect(200);
    root.post(BACKUPS, &json!({ "name": "lean.zip" })).expect(204);
    assert_eq!(root.get("/api/settings").expect(200)["backups"].get("includeFiles"), None);
    let settings = json!({ "backups": { "includeFiles": true, "fullEvery": 5 } });
    let shown = root.patch("/api/settings", &settings).expect(200);
    assert_eq!(shown["backups"]["includeFiles"], true);
    root.post(BACKUPS, &json!({ "name": "full.zip" })).expect(204);
    let b = upload(&root, "b", "b.txt", b"of b").expect(200);
    root.post(BACKUPS, &json!({ "name": "more.zip", "incremental": true })).expect(204);
    let list = root.get(BACKUPS).expect(200);
    let size = |key: &str| {
        let item = list.as_array().unwrap().iter().find(|item| item["key"] == key).unwrap();
        item["size"].as_u64().unwrap()
    };
    assert!(size("lean.zip") < 1 << 20 && size("more.zip") < 1 << 20, "{list}");
    assert!(size("full.zip") > 8 << 20, "{list}");
    assert!(server.command(&["backup", "verify", "more.zip"]).unwrap().contains("2 files"));

    // A line that is cut while files are fetched is told, and leaves nothing.
    storage.cut_after(0);
    root.post(BACKUPS, &json!({ "name": "cut.zip" })).expect_error(400);
    storage.mend();
    assert_eq!(keys(&root).len(), 3);

    root.delete(&record("docs", &a["id"])).expect(204);
    let both = vec![key(&a, &a["one"]), key(&b, &b["one"])];
    expect_keys(&storage, both[1..].to_vec());
    storage.lose_all();
    storage.cut_after(0);
    root.post(&format!("{BACKUPS}/more.zip/restore"), &json!({})).expect(204);
    wait_for_titles(&server, &["a", "b"]);
    storage.mend();
    // The first try failed; a removal asks for the next one.
    let c = upload(&root, "c", "c.txt", b"of c").expect(200);
    root.delete(&record("docs", &c["id"])).expect(204);
    expect_keys(&storage, both);
    for (made, content) in [(&a, &large[..]), (&b, b"of b")] {
        assert!(server.guest().fetch(&url(made, &made["one"]), &[]).2 == content);
    }
    wait_until_settled(&server);
    let stray = std::fs::read_dir(server.folder().join("storage")).expect("a folder").count();
    assert_eq!(stray, 0);
}

#[test]
fn a_restore_from_the_bucket_says_when_it_counts() {
    let (_storage, server, root) = shelf();
    add(&root, "a", b"a");
    root.post(BACKUPS, &json!({ "name": "full.zip" })).expect(204);
    add(&root, "b", b"b");
    let data = server.kill();
    let restore = ["backup", "restore", "full.zip"];
    let said = run(data.path(), &restore).expect("no server is needed");
    assert!(said.contains("the next start puts it in the place"), "{said}");
    assert!(!said.contains("starts again"), "{said}");
    let server = Server::start_on(data);
    wait_for_titles(&server, &["a"]);
    wait_until_settled(&server);
    let files = std::fs::read_dir(server.folder().join("storage")).expect("a folder").count();
    assert_eq!(files, 1, "without a bucket of files they stay on disk");
    add(&server.superuser(), "c", b"c");
    let said = server.command(&restore).expect("the server does it");
    assert!(said.contains("starts again with it"), "{said}");
    wait_for_titles(&server, &["a"]);
}

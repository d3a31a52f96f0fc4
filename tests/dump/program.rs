//! The commands of the program, with and without a server.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::folder::Folder;
use crate::harness::{EMAIL, PASSWORD, Server, records};

fn haversack(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn says(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_server_writes_its_dump_while_requests_go_on() {
    let server = Server::start();
    let definition = json!({
        "name": "notes", "createRule": "", "listRule": "",
        "fields": [{ "name": "title", "type": "text" }],
        "indexes": ["CREATE UNIQUE INDEX idx_title ON notes (title)"],
    });
    server.superuser().post("/api/collections", &definition).expect(200);
    let add = |number: u32| {
        let made = server.guest().post(&records("notes"), &json!({"title": number.to_string()}));
        made.expect(200);
    };
    (0..20).for_each(add);
    let home = tempfile::tempdir().unwrap();
    let data = server.folder();
    let data = data.to_str().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 20;
            while !done.load(Ordering::Relaxed) {
                add(number);
                number += 1;
            }
            number
        });
        for name in ["one.ndjson", "two.ndjson"] {
            let exported = haversack(home.path(), &["export", "-o", name, "--data", data]);
            assert!(exported.status.success(), "{}", says(&exported));
        }
        let again = haversack(home.path(), &["export", "-o", "one.ndjson", "--data", data]);
        assert_eq!(again.status.code(), Some(1));
        assert!(says(&again).contains("exists already"), "{}", says(&again));
        let stream = haversack(home.path(), &["export", "--output", "-", "--data", data]);
        assert_eq!(stream.status.code(), Some(1));
        assert!(says(&stream).contains("a server is running on"), "{}", says(&stream));
        done.store(true, Ordering::Relaxed);
        assert!(writer.join().unwrap() > 20, "nothing was written meanwhile");
    });

    let restored = tempfile::tempdir().unwrap();
    let dump = home.path().join("two.ndjson");
    let dump = dump.to_str().unwrap();
    let imported = haversack(restored.path(), &["import", "dump", dump]);
    assert!(imported.status.success(), "{}", says(&imported));
    let checked = haversack(restored.path(), &["check"]);
    assert!(checked.status.success(), "{}", says(&checked));
    let same = haversack(restored.path(), &["export", "--output", "-"]);
    assert!(same.stdout == fs::read(dump).unwrap(), "the second dump differs");
    let restored = Server::start_on(restored);
    let client = restored.logged_in("_superusers", EMAIL, PASSWORD);
    let list = client.get(&records("notes")).expect(200);
    assert!(list["totalItems"].as_u64().unwrap() >= 20, "{list}");
    // The token of the old server is as good: secrets and token keys came over.
    let token = server.superuser().token;
    let mut old = restored.guest();
    old.token = token;
    old.get("/api/collections").expect(200);
}

#[test]
fn compact_says_what_it_gave_back_and_needs_the_folder_for_itself() {
    let server = Server::start();
    let refused = server.command(&["compact"]).unwrap_err();
    assert!(refused.contains("a server is running on"), "{refused}");
    let folder = server.kill();
    let done = haversack(folder.path(), &["compact"]);
    assert!(done.status.success(), "{}", says(&done));
    assert!(says(&done).contains(" bytes before, "), "{}", says(&done));
    assert!(haversack(folder.path(), &["check"]).status.success());
    let server = Server::start_on(folder);
    server.logged_in("_superusers", EMAIL, PASSWORD);
    let nothing = tempfile::tempdir().unwrap();
    let refused = haversack(nothing.path(), &["compact"]);
    assert_eq!(refused.status.code(), Some(1), "{}", says(&refused));
}

#[test]
fn import_takes_a_file_with_and_without_the_word_dump() {
    let folder = Folder::filled();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("d.ndjson"), folder.export()).unwrap();
    let short = haversack(home.path(), &["import", "d.ndjson", "--data", "a"]);
    assert!(short.status.success(), "{}", says(&short));
    assert!(says(&short).contains("3  things\n"), "{}", says(&short));
    let dry = haversack(home.path(), &["import", "dump", "d.ndjson", "--dry-run", "--data", "b"]);
    assert!(dry.status.success(), "{}", says(&dry));
    assert!(!home.path().join("b").exists());
    let used = haversack(home.path(), &["import", "dump", "d.ndjson", "--data", "a"]);
    assert_eq!(used.status.code(), Some(1), "{}", says(&used));
    assert!(says(&used).contains("holds data already"), "{}", says(&used));
    assert_eq!(haversack(home.path(), &["import"]).status.code(), Some(2));
    let unnamed = haversack(home.path(), &["export", "--data", "a"]);
    assert!(unnamed.status.success(), "{}", says(&unnamed));
    fs::remove_file(home.path().join("a/storage/things_id/thing0/a.png")).unwrap();
    let checked = haversack(home.path(), &["check", "--data", "a"]);
    assert_eq!(checked.status.code(), Some(1), "{}", says(&checked));
}

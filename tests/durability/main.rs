//! What was answered survives the end of the process, however it comes.

#[path = "../harness/mod.rs"]
mod harness;

use std::sync::atomic::{AtomicBool, Ordering};

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use harness::form::{Part, send_unheard, torture};
use harness::{Server, record, records};
use serde_json::json;

#[test]
fn every_acknowledged_record_is_there_after_kill() {
    let server = Server::start();
    let definition = json!({
        "name": "notes", "createRule": "", "viewRule": "", "listRule": "",
        "fields": [{ "name": "title", "type": "text" }],
        "indexes": ["CREATE INDEX idx_title ON notes (title)"],
    });
    server.superuser().post("/api/collections", &definition).expect(200);
    let stop = AtomicBool::new(false);
    let (server, acknowledged) = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|writer| {
                let (guest, stop) = (server.guest(), &stop);
                scope.spawn(move || {
                    let mut ids = Vec::new();
                    while !stop.load(Ordering::Relaxed) {
                        let title = format!("{writer}-{}", ids.len());
                        let made = guest.post(&records("notes"), &json!({ "title": title }));
                        ids.push((made.expect(200)["id"].clone(), title));
                    }
                    ids
                })
            })
            .collect();
        std::thread::sleep(std::time::Duration::from_millis(700));
        stop.store(true, Ordering::Relaxed);
        let ids: Vec<_> = writers.into_iter().flat_map(|w| w.join().expect("a writer")).collect();
        (server, ids)
    });
    assert!(acknowledged.len() > 20, "only {} writes", acknowledged.len());
    let server = Server::start_on(server.kill());
    let guest = server.guest();
    let list = guest.get(&records("notes")).expect(200);
    assert_eq!(list["totalItems"], acknowledged.len());
    for (id, title) in &acknowledged {
        assert_eq!(guest.get(&record("notes", id)).expect(200)["title"], *title);
    }
    let filter = harness::encode("title = '0-0'");
    let found = guest.get(&format!("{}?filter={filter}", records("notes"))).expect(200);
    assert_eq!(found["totalItems"], 1);
}

/// Every file below `folder`, by its path there.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    fn walk(root: &Path, folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                found.push(path.strip_prefix(root).expect("below").to_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

#[test]
fn a_crash_amid_uploads_leaves_no_record_without_its_file_and_no_file_without_record() {
    let server = Server::start();
    let definition = json!({
        "name": "docs", "createRule": "", "viewRule": "", "listRule": "",
        "fields": [
            { "name": "one", "type": "file" },
            { "name": "many", "type": "file", "maxSelect": 3 },
        ],
    });
    server.superuser().post("/api/collections", &definition).expect(200);
    let (uploads, content) = (torture(), vec![7; 400_000]);
    let storage = server.folder().join("storage");
    let server = std::thread::scope(|scope| {
        for _ in 0..uploads {
            let (address, content) = (server.address.clone(), &content);
            scope.spawn(move || {
                let parts: [Part<'_>; 3] = [
                    ("one", Some("one.bin"), content),
                    ("many", Some("first.bin"), content),
                    ("many", Some("second.bin"), content),
                ];
                send_unheard(&address, &records("docs"), &parts);
            });
        }
        let deadline = Instant::now() + Duration::from_mins(1);
        while files_below(&storage).len() < uploads && Instant::now() < deadline {
            std::thread::yield_now();
        }
        server.kill()
    });
    let left = files_below(&server.path().join("data/storage")).len();
    let server = Server::start_on(server);
    let storage = server.folder().join("storage");
    let list = server.guest().get(&format!("{}?perPage=1000", records("docs"))).expect(200);
    let items = list["items"].as_array().expect("a list");
    let mut named: Vec<PathBuf> = Vec::new();
    for item in items {
        let text = |json: &serde_json::Value| json.as_str().expect("a text").to_owned();
        let folder = PathBuf::from(text(&item["collectionId"])).join(text(&item["id"]));
        let many = item["many"].as_array().expect("a list");
        named.extend([&item["one"]].into_iter().chain(many).map(|name| folder.join(text(name))));
    }
    named.sort();
    let deadline = Instant::now() + Duration::from_secs(20);
    while files_below(&storage) != named && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(files_below(&storage), named);
    for file in &named {
        let len = std::fs::metadata(storage.join(file)).expect("a file").len();
        assert_eq!(len, content.len() as u64, "{}", file.display());
    }
    assert!(files_below(&server.folder().join("tmp")).is_empty());
    eprintln!("{uploads} uploads: {left} files left by the crash, {} records", items.len());
}

//! What was answered survives the end of the process, however it comes.

mod full_disk;
#[path = "../harness/mod.rs"]
mod harness;
mod torture;

use std::sync::atomic::{AtomicBool, Ordering};

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

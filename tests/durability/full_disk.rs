//! A disk that is full, with the real program: a small file system of its own, where one can be had.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::{Answer, Client, EMAIL, PASSWORD, Server, record, records};

const SIZE: &str = "size=24m";
const BALLAST_BYTES: usize = 8 << 20;

/// A small file system at a folder, until this is dropped.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None`, and a line that says why, where this is not allowed.
    fn mount(path: &Path) -> Option<Self> {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(path).output();
        match mounted {
            Ok(output) if output.status.success() => Some(Self(path.to_owned())),
            Ok(output) => {
                eprintln!("not run: {}", String::from_utf8_lossy(&output.stderr).trim());
                None
            }
            Err(error) => {
                eprintln!("not run: no mount: {error}");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because a test that failed may still have a server on it.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

fn program(folder: &Path, arguments: &[&str]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_haversack"));
    let ran = command.args(arguments).current_dir(folder).output().expect("the program runs");
    let said = [ran.stdout, ran.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(ran.status.success(), "{said:?}");
}

fn insert(guest: &Client, number: usize) -> Answer {
    let body = json!({ "number": number, "text": "x".repeat(300_000) });
    guest.post(&records("notes"), &body)
}

/// What a request gets that needs room.
fn expect_full(answer: Answer) {
    let status = answer.status;
    assert!(matches!(status, 503 | 507), "{answer:?}");
    answer.expect_error(status);
}

/// Waits for an answer that is no failure of the disk.
fn wait_for(what: &str, mut ask: impl FnMut() -> Answer) -> Json {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.status == 200 {
            return answer.json;
        }
        assert!(matches!(answer.status, 503 | 507), "{what}: {answer:?}");
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}: {answer:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_full_disk_is_told_and_costs_nothing_that_was_answered() {
    for durability in ["full", "relaxed"] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Some(_disk) = SmallDisk::mount(folder.path()) else { return };
        let ballast = folder.path().join("ballast");
        std::fs::write(&ballast, vec![1; BALLAST_BYTES]).expect("there is room");
        let config = format!("[store]\ndurability = \"{durability}\"\n");
        std::fs::write(folder.path().join("config.toml"), config).expect("a file");
        program(folder.path(), &["superuser", "upsert", EMAIL, PASSWORD]);
        let server = Server::start_on(folder);
        let definition = json!({
            "name": "notes", "createRule": "", "viewRule": "", "listRule": "",
            "fields": [
                { "name": "number", "type": "number" },
                { "name": "text", "type": "text", "max": 1_000_000 },
            ],
            "indexes": ["CREATE INDEX idx_number ON notes (number)"],
        });
        server.superuser().post("/api/collections", &definition).expect(200);
        let guest = server.guest();
        let mut kept = Vec::new();
        let full = loop {
            let answer = insert(&guest, kept.len());
            if answer.status != 200 {
                break answer;
            }
            kept.push(answer.json["id"].clone());
            assert!(kept.len() < 1000, "the disk never got full");
        };
        assert_eq!(full.json["message"], "The disk of the server is full.", "{full:?}");
        assert_eq!(full.status, 507);
        // Nor do the next ones go through, and none of it ends the server.
        for _ in 0..3 {
            expect_full(insert(&guest, 0));
        }
        // All this while, what was answered can be read.
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(3) {
            for id in [&kept[0], &kept[kept.len() - 1]] {
                guest.get(&record("notes", id)).expect(200);
            }
            let page = guest.get(&format!("{}?fields=id&perPage=1", records("notes"))).expect(200);
            assert_eq!(page["totalItems"], kept.len(), "{durability}");
            expect_full(insert(&guest, 0));
        }
        std::fs::remove_file(&ballast).expect("the ballast");
        let made = wait_for("a write once there is room", || insert(&guest, kept.len()));
        kept.push(made["id"].clone());
        // The program went on by itself, and nobody has to look after it.
        let everything = |guest: &Client| {
            for (number, id) in kept.iter().enumerate() {
                let found = guest.get(&record("notes", id)).expect(200);
                assert_eq!(found["number"], number, "{durability}");
            }
        };
        everything(&guest);
        let folder = server.kill();
        program(folder.path(), &["check"]);
        let server = Server::start_on(folder);
        everything(&server.guest());
        eprintln!("{durability}: full after {} records of 300 KB", kept.len() - 1);
        drop(server.kill());
    }
}

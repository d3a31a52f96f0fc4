//! Files in a bucket: the real program against a real implementation of S3.

#[path = "../harness/mod.rs"]
mod harness;

mod backups;
mod bucket;

use std::time::{Duration, Instant};

use bucket::Storage;
use harness::form::{Part, names, send, send_unheard, torture, url};
use harness::{Client, Server, record, records};
use serde_json::{Value as Json, json};

/// More than one part of an upload.
const LARGE: usize = 20 << 20;

/// A server whose files are in a bucket, with an open collection `docs`.
fn docs() -> (Storage, Server, Client) {
    let storage = Storage::start();
    let server = Server::start();
    let root = server.superuser();
    root.patch("/api/settings", &json!({ "s3": storage.settings() })).expect(200);
    let definition = json!({
        "name": "docs", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "one", "type": "file", "maxSize": 40_000_000, "thumbs": ["5x5"] },
            { "name": "many", "type": "file", "maxSelect": 9 },
        ],
        "indexes": ["CREATE UNIQUE INDEX one_title ON docs (title)"],
    });
    root.post("/api/collections", &definition).expect(200);
    (storage, server, root)
}

fn upload(client: &Client, title: &str, name: &str, content: &[u8]) -> harness::Answer {
    let parts = [("title", None, title.as_bytes()), ("one", Some(name), content)];
    send(client, "POST", &records("docs"), &parts)
}

fn key(made: &Json, name: &Json) -> String {
    url(made, name).trim_start_matches("/api/files/").to_owned()
}

/// Waits until exactly these keys are there: what is to go goes in the background.
#[track_caller]
fn expect_keys(storage: &Storage, mut expected: Vec<String>) {
    expected.sort();
    let deadline = Instant::now() + Duration::from_secs(20);
    while storage.keys() != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(storage.keys(), expected);
}

/// Bytes that are not the same everywhere.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = |_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(next).collect()
}

#[test]
fn files_lie_in_the_bucket_and_come_back_whole_and_in_parts() {
    let (storage, server, root) = docs();
    let guest = server.guest();
    let large = noise(LARGE);
    let made = upload(&guest, "a", "big.bin", &large).expect(200);
    assert_eq!(storage.keys(), [key(&made, &made["one"])]);
    assert!(!server.folder().join("storage").exists(), "nothing of it stays here");
    let path = url(&made, &made["one"]);
    let (status, headers, bytes) = guest.fetch(&path, &[]);
    assert_eq!((status, bytes.len()), (200, LARGE));
    assert!(bytes == large, "the content differs");
    assert_eq!(headers["content-disposition"].to_str().unwrap()[..11], *"attachment;");
    let etag = headers["etag"].to_str().expect("a tag").to_owned();
    assert_eq!(guest.fetch(&path, &[("if-none-match", &etag)]).0, 304);
    for (from, to) in [(0, 9), (8 << 20, (8 << 20) + 99), (LARGE - 5, LARGE - 1)] {
        let range = format!("bytes={from}-{to}");
        let (status, headers, bytes) = guest.fetch(&path, &[("range", &range)]);
        assert_eq!(status, 206);
        assert_eq!(headers["content-range"], format!("bytes {from}-{to}/{LARGE}"));
        assert!(bytes == large[from..=to], "{range}");
    }

    let empty = upload(&guest, "b", "none.txt", b"").expect(200);
    assert_eq!(guest.fetch(&url(&empty, &empty["one"]), &[]).2, b"");
    let odd = upload(&guest, "c", "a.b+c=d#e", b"odd").expect(200);
    let odd_name = odd["one"].as_str().expect("a name");
    assert!(odd_name.contains('#') && odd_name.contains('+'), "{odd_name}");
    let path = url(&odd, &harness::encode(odd_name).into());
    assert_eq!(guest.fetch(&path, &[]).2, b"odd");
    root.delete(&record("docs", &odd["id"])).expect(204);
    root.delete(&record("docs", &empty["id"])).expect(204);
    expect_keys(&storage, vec![key(&made, &made["one"])]);
    root.delete("/api/collections/docs").expect(204);
    expect_keys(&storage, vec![]);
}

#[test]
fn thumbs_lie_beside_their_pictures_and_go_with_them() {
    let (storage, server, root) = docs();
    let png = png(40, 20);
    let made = upload(&server.guest(), "a", "picture.png", &png).expect(200);
    let path = url(&made, &made["one"]);
    for query in ["?thumb=5x5", "?thumb=5x5", "?thumb=100x100&format=webp"] {
        let (status, headers, bytes) = root.fetch(&format!("{path}{query}"), &[]);
        assert_eq!(status, 200);
        let expected = if query.contains("webp") { "image/webp" } else { "image/png" };
        assert_eq!(headers["content-type"], expected);
        assert_ne!(bytes, png);
    }
    let name = made["one"].as_str().expect("a name");
    let folder = key(&made, &format!("thumbs_{name}").into());
    let thumbs = [format!("{folder}/100x100_{name}.webp"), format!("{folder}/5x5_{name}")];
    let mut expected = thumbs.to_vec();
    expected.push(key(&made, &made["one"]));
    expect_keys(&storage, expected);
    root.patch(&record("docs", &made["id"]), &json!({ "one": null })).expect(200);
    expect_keys(&storage, vec![]);
}

#[test]
fn what_a_write_does_not_keep_is_removed() {
    let (storage, server, _root) = docs();
    let guest = server.guest();
    let first = upload(&guest, "same", "a.txt", b"first").expect(200);
    upload(&guest, "same", "b.txt", b"second").expect_code("title", "validation_not_unique");
    expect_keys(&storage, vec![key(&first, &first["one"])]);
    let path = record("docs", &first["id"]);
    let many: [Part<'_>; 2] = [("many", Some("xyz.txt"), b"x"), ("many", Some("yzx.txt"), b"y")];
    let changed = send(&guest, "PATCH", &path, &many).expect(200);
    let left = names(&changed, "many")[1].clone();
    guest.patch(&path, &json!({ "one": "", "many": [left] })).expect(200);
    expect_keys(&storage, vec![key(&first, &left.into())]);
}

#[test]
fn an_upload_that_is_cut_leaves_neither_record_nor_object() {
    let (storage, server, _root) = docs();
    let guest = server.guest();
    let large = noise(LARGE);
    // Within the first part of several, within a later one, and before anything.
    for bytes in [1 << 20, 12 << 20, 0] {
        storage.cut_after(bytes);
        let error = upload(&guest, "a", "big.bin", &large);
        error.expect_error(503);
        assert_eq!(guest.get(&records("docs")).expect(200)["totalItems"], 0);
        storage.mend();
    }
    let made = upload(&guest, "a", "big.bin", &large).expect(200);
    expect_keys(&storage, vec![key(&made, &made["one"])]);
    storage.cut_after(0);
    let path = url(&made, &made["one"]);
    guest.get(&path).expect_error(503);
    storage.mend();
    assert!(guest.fetch(&path, &[]).2 == large, "the content differs");
}

#[test]
fn a_crash_in_the_middle_of_uploads_leaves_records_and_objects_in_step() {
    let (storage, server, _root) = docs();
    let uploads = torture();
    let content = noise(300_000);
    let server = std::thread::scope(|scope| {
        for number in 0..uploads {
            let (address, content) = (server.address.clone(), &content);
            scope.spawn(move || {
                let title = number.to_string();
                let parts: [Part<'_>; 2] =
                    [("title", None, title.as_bytes()), ("one", Some("part.bin"), content)];
                send_unheard(&address, &records("docs"), &parts);
            });
        }
        let deadline = Instant::now() + Duration::from_secs(20);
        while storage.keys().len() < uploads / 4 && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(1));
        }
        let data = server.kill();
        Server::start_on(data)
    });
    let list = server.guest().get(&format!("{}?perPage=500", records("docs"))).expect(200);
    let items = list["items"].as_array().expect("a list");
    let named = items.iter().map(|item| key(item, &item["one"])).collect();
    expect_keys(&storage, named);
    for item in items {
        assert!(server.guest().fetch(&url(item, &item["one"]), &[]).2 == content);
    }
}

#[test]
fn the_storage_is_chosen_while_the_server_runs() {
    let (storage, server, root) = docs();
    let there = upload(&root, "a", "there.txt", b"there").expect(200);
    root.patch("/api/settings", &json!({ "s3": { "enabled": false } })).expect(200);
    let here = upload(&root, "b", "here.txt", b"here").expect(200);
    assert_eq!(storage.keys().len(), 1);
    let fetch = |made: &Json| root.fetch(&url(made, &made["one"]), &[]);
    assert_eq!((fetch(&there).0, fetch(&here).2), (404, b"here".to_vec()));
    root.patch("/api/settings", &json!({ "s3": { "enabled": true } })).expect(200);
    assert_eq!((fetch(&there).2, fetch(&here).0), (b"there".to_vec(), 404));
    // Wherever it is: the file is named by nobody any more.
    root.delete(&record("docs", &here["id"])).expect(204);
    let deadline = Instant::now() + Duration::from_secs(10);
    let folder = server.folder().join(format!("storage/{}", key(&here, &here["one"])));
    while folder.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!folder.exists());
}

#[test]
fn a_storage_can_be_tried_out() {
    let (storage, server, root) = docs();
    let test = |which: &str| root.post("/api/settings/test/s3", &json!({ "filesystem": which }));
    test("storage").expect(204);
    assert_eq!(storage.keys(), Vec::<String>::new());
    let off = test("backups").expect(400);
    assert!(off["message"].as_str().unwrap().contains("is not enabled"), "{off}");
    test("other").expect_code("filesystem", "validation_in_invalid");
    test("").expect_code("filesystem", "validation_required");
    server.guest().post("/api/settings/test/s3", &json!({})).expect_error(401);
    root.patch("/api/settings", &json!({ "backups": { "s3": storage.settings() } })).expect(200);
    test("backups").expect(204);
    for wrong in [json!({ "secret": "wrong" }), json!({ "accessKey": "other" })] {
        root.patch("/api/settings", &json!({ "s3": storage.settings() })).expect(200);
        root.patch("/api/settings", &json!({ "s3": wrong })).expect(200);
        let failed = test("storage").expect(400);
        let message = failed["message"].as_str().expect("a message");
        assert!(message.starts_with("Failed to test the S3 filesystem. Raw error:"), "{message}");
        assert!(!message.contains("secret-of-the-bucket"), "{message}");
    }
}

/// A picture of one colour.
fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(width, height, image::Rgb([10, 200, 30]));
    picture.write_to(&mut bytes, image::ImageFormat::Png).expect("a picture");
    bytes.into_inner()
}

//! Uploads in pieces, by the tus protocol.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};

use crate::harness::form::{names, send, url};
use crate::harness::{Answer, Client, Server, record, records};

const PATH: &str = "/api/files/uploads";
const TUS: (&str, &str) = ("tus-resumable", "1.0.0");
const PIECE: (&str, &str) = ("content-type", "application/offset+octet-stream");

fn docs() -> (Server, Client) {
    let server = Server::start();
    let root = server.superuser();
    let fields = json!([
        { "name": "title", "type": "text" },
        { "name": "one", "type": "file", "maxSize": 1000 },
        { "name": "many", "type": "file", "maxSelect": 3, "mimeTypes": ["text/plain"] },
        { "name": "hidden", "type": "file", "hidden": true },
    ]);
    let open = json!({
        "name": "docs", "listRule": "", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": fields,
    });
    root.post("/api/collections", &open).expect(200);
    let closed = json!({ "name": "closed", "fields": [{ "name": "one", "type": "file" }] });
    root.post("/api/collections", &closed).expect(200);
    for name in ["ann", "bob"] {
        let email = format!("{name}@example.com");
        let body = json!({ "email": email, "password": "12345678", "passwordConfirm": "12345678" });
        root.post(&records("users"), &body).expect(200);
    }
    (server, root)
}

fn metadata(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{name} {}", STANDARD.encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join(",")
}

fn begin(client: &Client, len: &str, pairs: &[(&str, &str)]) -> Answer {
    let metadata = metadata(pairs);
    let headers = [TUS, ("upload-length", len), ("upload-metadata", &metadata)];
    client.send("POST", PATH, &headers, None)
}

/// Begins an upload for the field `field` of a new record.
fn begun(client: &Client, len: usize, field: &str) -> String {
    let pairs = [("collection", "docs"), ("field", field), ("filename", "My note.txt")];
    let answer = begin(client, &len.to_string(), &pairs);
    let location = answer.headers["location"].to_str().expect("a path").to_owned();
    assert_eq!(answer.headers["upload-offset"], "0");
    assert!(answer.headers.contains_key("upload-expires"));
    let made = answer.expect(201);
    assert_eq!(location, format!("{PATH}/{}", made["id"].as_str().expect("an id")));
    location
}

fn piece(client: &Client, path: &str, offset: usize, content: &[u8]) -> Answer {
    let offset = offset.to_string();
    client.send("PATCH", path, &[TUS, PIECE, ("upload-offset", &offset)], Some(content))
}

fn offset(client: &Client, path: &str) -> Option<usize> {
    let answer = client.send("HEAD", path, &[TUS], None);
    assert!(answer.status == 404 || answer.headers["cache-control"] == "no-store");
    (answer.status == 200).then(|| {
        answer.headers["upload-offset"].to_str().expect("a text").parse().expect("a number")
    })
}

/// What stands for the upload at `path` in a record.
fn mark(path: &str) -> Json {
    format!("upload:{}", path.rsplit('/').next().expect("an id")).into()
}

#[test]
fn pieces_become_a_file_of_a_record_also_across_a_crash() {
    let (server, _root) = docs();
    let guest = server.guest();
    let path = begun(&guest, 10, "one");
    assert_eq!(piece(&guest, &path, 0, b"hello").headers["upload-offset"], "5");
    piece(&guest, &path, 4, b"xxxxx").expect_error(409);
    guest
        .post(&records("docs"), &json!({ "one": mark(&path) }))
        .expect_code("one", "validation_invalid_upload");
    let server = Server::start_on(server.kill());
    let guest = server.guest();
    assert_eq!(offset(&guest, &path), Some(5));
    piece(&guest, &path, 5, b" you!!").expect_error(413);
    assert_eq!(offset(&guest, &path), Some(5), "nothing of what is too long is taken");
    let last = piece(&guest, &path, 5, b" you!");
    assert_eq!((last.status, &last.headers["upload-offset"]), (204, &"10".parse().unwrap()));

    let made = guest.post(&records("docs"), &json!({ "one": mark(&path), "title": "x" }));
    let made = made.expect(200);
    let name = made["one"].as_str().expect("a name");
    assert!(name.starts_with("my_note_") && name[8..].contains(".txt"), "{name}");
    assert_eq!(guest.fetch(&url(&made, &made["one"]), &[]).2, b"hello you!");
    assert_eq!(offset(&guest, &path), None, "it is used up");
    guest
        .post(&records("docs"), &json!({ "one": mark(&path) }))
        .expect_code("one", "validation_invalid_upload");
    // The sweep takes what is left of it with the next file that goes.
    guest.patch(&record("docs", &made["id"]), &json!({ "one": "" })).expect(200);
    let left = || std::fs::read_dir(server.folder().join("uploads")).expect("a folder").count();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while left() > 0 && std::time::Instant::now() < deadline {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    assert_eq!(left(), 0);
}

#[test]
fn an_upload_may_begin_with_its_content_and_join_other_files() {
    let (server, _root) = docs();
    let guest = server.guest();
    let made = send(&guest, "POST", &records("docs"), &[("many", Some("first.txt"), b"1")]);
    let made = made.expect(200);
    let id = made["id"].as_str().expect("an id");
    let pairs =
        [("collection", "docs"), ("record", id), ("field", "many"), ("filename", "abc.txt")];
    let metadata = metadata(&pairs);
    let headers = [TUS, PIECE, ("upload-length", "3"), ("upload-metadata", &metadata)];
    let answer = guest.send("POST", PATH, &headers, Some(b"abc"));
    assert_eq!(answer.headers["upload-offset"], "3");
    let upload = mark(answer.headers["location"].to_str().unwrap());
    answer.expect(201);
    guest
        .post(&records("docs"), &json!({ "many": [upload] }))
        .expect_code("many", "validation_invalid_upload");
    let path = record("docs", &made["id"]);
    let joined = guest.patch(&path, &json!({ "many+": upload })).expect(200);
    assert_eq!(names(&joined, "many").len(), 2);
    assert_eq!(guest.fetch(&url(&joined, &joined["many"][1]), &[]).2, b"abc");
    assert_eq!(joined["many"][0], made["many"][0]);
}

#[test]
fn what_is_refused_by_the_field_stays_for_another_try() {
    let (server, _root) = docs();
    let guest = server.guest();
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    let path = begun(&guest, png.len(), "many");
    piece(&guest, &path, 0, png).expect(204);
    guest
        .post(&records("docs"), &json!({ "many": [mark(&path)] }))
        .expect_code("many", "validation_invalid_mime_type");
    assert_eq!(offset(&guest, &path), Some(png.len()));
    guest.send("DELETE", &path, &[TUS], None).expect(204);
    assert_eq!(offset(&guest, &path), None);
    guest.send("DELETE", &path, &[TUS], None).expect_error(404);
}

#[test]
fn a_piece_is_what_its_checksum_says() {
    let (server, _root) = docs();
    let guest = server.guest();
    let path = begun(&guest, 5, "one");
    let send = |checksum: &str, content: &[u8]| {
        let headers = [TUS, PIECE, ("upload-offset", "0"), ("upload-checksum", checksum)];
        guest.send("PATCH", &path, &headers, Some(content))
    };
    let sha1 = "sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=";
    assert_eq!(send(sha1, b"hullo").status, 460);
    assert_eq!(offset(&guest, &path), Some(0));
    send("crc32 AAAA", b"hello").expect_error(400);
    send(sha1, b"hello").expect(204);
    assert_eq!(offset(&guest, &path), Some(5));
    let known = guest.send("OPTIONS", PATH, &[], None);
    assert_eq!(known.headers["tus-checksum-algorithm"], "sha1,sha256");
    assert_eq!(known.headers["tus-version"], "1.0.0");
    assert!(known.headers["tus-extension"].to_str().unwrap().contains("creation-with-upload"));
}

#[test]
fn an_upload_belongs_to_whoever_began_it() {
    let (server, root) = docs();
    let ann = server.logged_in("users", "ann@example.com", "12345678");
    let bob = server.logged_in("users", "bob@example.com", "12345678");
    let path = begun(&ann, 2, "one");
    for other in [&bob, &server.guest(), &root] {
        assert_eq!(offset(other, &path), None);
        piece(other, &path, 0, b"no").expect_error(404);
        other.send("DELETE", &path, &[TUS], None).expect_error(404);
    }
    piece(&ann, &path, 0, b"ok").expect(204);
    bob.post(&records("docs"), &json!({ "one": mark(&path) }))
        .expect_code("one", "validation_invalid_upload");
    let elsewhere = json!({ "many": [mark(&path)] });
    ann.post(&records("docs"), &elsewhere).expect_code("many", "validation_invalid_upload");
    ann.post(&records("docs"), &json!({ "one": mark(&path) })).expect(200);
}

#[test]
fn what_cannot_become_a_file_is_refused_at_once() {
    let (server, root) = docs();
    let guest = server.guest();
    let of = |collection, field| [("collection", collection), ("field", field)];
    begin(&guest, "1001", &of("docs", "one")).expect_error(413);
    begin(&guest, "1", &of("docs", "title")).expect_code("field", "validation_invalid_field");
    begin(&guest, "1", &of("docs", "hidden")).expect_code("field", "validation_invalid_field");
    begin(&root, "1", &of("docs", "hidden")).expect(201);
    begin(&guest, "1", &of("docs", "")).expect_code("field", "validation_required");
    begin(&guest, "1", &of("nothing", "one")).expect_error(404);
    begin(&guest, "1", &of("closed", "one")).expect_error(403);
    begin(&root, "1", &of("closed", "one")).expect(201);
    for len in ["", "-1", "x", "1e3"] {
        begin(&guest, len, &of("docs", "one")).expect_error(400);
    }
    let bad = [TUS, ("upload-length", "1"), ("upload-metadata", "collection ???")];
    guest.send("POST", PATH, &bad, None).expect_code("collection", "validation_invalid_value");
    let old = guest.send("POST", PATH, &[("tus-resumable", "0.2.0"), ("upload-length", "1")], None);
    assert_eq!(old.headers["tus-version"], "1.0.0");
    old.expect_error(412);
    let path = begun(&guest, 1, "one");
    let plain = [TUS, ("upload-offset", "0"), ("content-type", "text/plain")];
    guest.send("PATCH", &path, &plain, Some(b"x")).expect_error(415);
    guest.send("PATCH", &path, &[TUS, PIECE], Some(b"x")).expect_error(400);
    assert_eq!(offset(&guest, &format!("{PATH}/..%2f..%2fdata.redb")), None);
}

//! Uploads, downloads, thumbs, and what becomes of files that nobody names any more.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::form::{BOUNDARY, Part, form, names, send, url};
use crate::harness::{Client, Server, record, records};

/// A picture of one transparent pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0x0d, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0x0a, b'I', b'D', b'A', b'T',
    0x78, 0x9c, 0x63, 0, 1, 0, 0, 5, 0, 1, 0x0d, 0x0a, 0x2d, 0xb4, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

/// A server with an open collection `docs` that has one field of each sort.
fn docs() -> (Server, Client) {
    let server = Server::start();
    let root = server.superuser();
    root.post(
        "/api/collections",
        &json!({
            "name": "docs", "type": "base",
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
            "fields": [
                { "name": "title", "type": "text", "max": 10 },
                { "name": "count", "type": "number" },
                { "name": "one", "type": "file", "maxSize": 40_000_000 },
                { "name": "many", "type": "file", "maxSelect": 3, "maxSize": 100, "thumbs": ["5x5f"] },
                { "name": "picture", "type": "file", "mimeTypes": ["image/png"], "thumbs": ["5x0"] },
            ],
        }),
    )
    .expect(200);
    (server, root)
}

/// Every file below `storage/`, without the folders of collections.
fn stored(server: &Server) -> Vec<String> {
    fn walk(folder: PathBuf, found: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).into_iter().flatten() {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(path, found);
            } else {
                found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
    }
    let mut found = Vec::new();
    walk(server.folder().join("storage"), &mut found);
    found.sort();
    found
}

/// Waits until exactly these files are stored: what is to go goes in the background.
#[track_caller]
fn expect_stored(server: &Server, mut expected: Vec<String>) {
    expected.sort();
    let deadline = Instant::now() + Duration::from_secs(10);
    while stored(server) != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(stored(server), expected);
}

#[test]
fn files_come_and_go_with_the_names_in_the_record() {
    let (server, root) = docs();
    let guest = server.guest();
    let made = send(
        &guest,
        "POST",
        &records("docs"),
        &[
            ("title", None, b"first"),
            ("many", Some("myNote.TXT"), b"one"),
            ("many", Some("b.tar.gz"), b"two"),
            ("@jsonPayload", None, b"{\"count\": 7}"),
            ("unknown", Some("x.txt"), b"x"),
        ],
    )
    .expect(200);
    assert_eq!((&made["title"], &made["count"]), (&json!("first"), &json!(7)));
    let many = names(&made, "many");
    assert!(many[0].starts_with("my_note_") && many[0].contains(".TXT"), "{many:?}");
    assert!(many[1].ends_with(".tar.gz"), "{many:?}");
    assert_eq!(guest.fetch(&url(&made, &made["many"][1]), &[]).2, b"two");
    expect_stored(&server, many.clone());

    let path = record("docs", &made["id"]);
    let before = send(&guest, "PATCH", &path, &[("+many", Some("zero.txt"), b"0")]).expect(200);
    assert_eq!(names(&before, "many")[1..], many);
    let too_many = send(&guest, "PATCH", &path, &[("many+", Some("four.txt"), b"4")]);
    too_many.expect_code("many", "validation_too_many_files");
    let zero = names(&before, "many")[0].clone();
    let less = guest.patch(&path, &json!({ "many-": [zero, many[0]] })).expect(200);
    assert_eq!(names(&less, "many"), [many[1].clone()]);
    expect_stored(&server, names(&less, "many"));

    let kept = many[1].as_bytes();
    let joined =
        send(&guest, "PATCH", &path, &[("many", None, kept), ("many", Some("new.txt"), b"n")]);
    let joined = joined.expect(200);
    assert_eq!(names(&joined, "many")[0], many[1]);
    let replaced = send(&guest, "PATCH", &path, &[("many", Some("last.txt"), b"last")]).expect(200);
    assert_eq!(names(&replaced, "many").len(), 1);
    expect_stored(&server, names(&replaced, "many"));

    let single =
        send(&guest, "PATCH", &path, &[("one", Some("a.txt"), b"a"), ("one", Some("b.txt"), b"b")]);
    let single = single.expect(200);
    assert_eq!(guest.fetch(&url(&single, &single["one"]), &[]).2, b"b");
    let one = single["one"].as_str().expect("a name").to_owned();
    expect_stored(&server, vec![one, names(&single, "many")[0].clone()]);

    root.delete(&path).expect(204);
    expect_stored(&server, vec![]);
    assert_eq!(guest.fetch(&url(&single, &single["one"]), &[]).0, 404);
}

#[test]
fn what_belongs_to_a_truncated_or_deleted_collection_goes_too() {
    let (server, root) = docs();
    let upload = || {
        send(&root, "POST", &records("docs"), &[("one", Some("abc.txt"), b"a")]).expect(200);
    };
    upload();
    upload();
    assert_eq!(stored(&server).len(), 2);
    root.delete("/api/collections/docs/truncate").expect(204);
    expect_stored(&server, vec![]);
    upload();
    root.delete("/api/collections/docs").expect(204);
    expect_stored(&server, vec![]);
}

#[test]
fn a_write_that_fails_leaves_no_file() {
    let (server, root) = docs();
    let path = records("docs");
    let attempt = |client: &Client, parts: &[Part<'_>]| send(client, "POST", &path, parts);
    let file: Part<'_> = ("one", Some("abc.txt"), b"a");
    attempt(&root, &[file, ("title", None, b"longer than ten")]).expect_error(400);
    attempt(&root, &[("many", Some("a.txt"), &[b'x'; 101])])
        .expect_code("many", "validation_file_size_limit");
    attempt(&root, &[("picture", Some("a.png"), b"no picture")])
        .expect_code("picture", "validation_invalid_mime_type");
    attempt(&root, &[("one", None, b"made_up.txt")]).expect_code("one", "validation_invalid_file");
    attempt(&root, &[("many", Some("a"), &b"a"[..]); 4])
        .expect_code("many", "validation_too_many_files");
    attempt(&root, &[file, ("@jsonPayload", None, b"[1]")]).expect_error(400);
    attempt(&root, &[("title", None, b"\xff")]).expect_error(400);
    // An id that is taken is found out inside the write, when the file is in its place.
    let taken = attempt(&root, &[file]).expect(200);
    let id = taken["id"].as_str().expect("an id");
    attempt(&root, &[file, ("id", None, id.as_bytes())]).expect_error(400);
    let name = taken["one"].as_str().expect("a name").to_owned();
    expect_stored(&server, vec![name]);

    root.patch("/api/collections/docs", &json!({ "createRule": null })).expect(200);
    attempt(&server.guest(), &[file]).expect_error(403);
    let tmp = std::fs::read_dir(server.folder().join("tmp"));
    assert_eq!(tmp.map_or(0, Iterator::count), 0, "nothing is left of uploads");
}

#[test]
fn broken_and_hostile_forms_are_refused() {
    let (server, root) = docs();
    let raw = |content_type: &str, body: &[u8]| {
        root.send("POST", &records("docs"), &[("content-type", content_type)], Some(body))
    };
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    raw("multipart/form-data", b"x").expect_error(400);
    raw(&multipart, b"x").expect_error(400);
    let whole = form(&[("one", Some("a.txt"), b"content")]);
    raw(&multipart, &whole[..whole.len() - 30]).expect_error(400);
    raw(&multipart, &form(&vec![("title", None, &b"x"[..]); 1001])).expect_error(400);
    let endless = format!("--{BOUNDARY}\r\nX-Long: {}", "x".repeat(2 << 20));
    raw(&multipart, endless.as_bytes()).expect_error(413);
    raw(&multipart, b"").expect(200);

    for name in
        ["../../../etc/passwd", "..", "/", "a.attrs", "nul\\..\\x", "%2e%2e%2fx", "<b>.html"]
    {
        let made =
            send(&root, "POST", &records("docs"), &[("one", Some(name), b"<b>")]).expect(200);
        let stored = made["one"].as_str().expect("a name");
        assert!(!stored.contains(['/', '\\', '<']) && !stored.starts_with('.'), "{stored}");
        let (status, headers, bytes) = root.fetch(&url(&made, &made["one"]), &[]);
        assert_eq!((status, bytes.as_slice()), (200, &b"<b>"[..]), "{name}");
        let disposition = headers["content-disposition"].to_str().expect("a text");
        assert_eq!(disposition, format!("attachment; filename={stored}"));
        assert!(headers["content-security-policy"].to_str().expect("a text").contains("sandbox"));
        assert!(!headers.contains_key("x-frame-options"));
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
    assert!(!server.folder().join("etc").exists());
    let made = send(&root, "POST", &records("docs"), &[("one", Some("a.txt"), b"a")]).expect(200);
    let id = made["id"].as_str().expect("an id");
    for name in ["..%2f..%2fdata.redb", "%2e%2e", "x%00", "a.txt.attrs", "thumbs_a"] {
        assert_eq!(root.get(&format!("/api/files/docs/{id}/{name}")).status, 404, "{name}");
    }
}

#[test]
fn parts_of_a_file_and_what_a_client_has_already() {
    let (_server, root) = docs();
    // Long enough to be streamed.
    let content: Vec<u8> = (0..300_000_u32).flat_map(u32::to_le_bytes).collect();
    for content in [&content[..], b"short text"] {
        let made = send(&root, "POST", &records("docs"), &[("one", Some("a.bin"), content)]);
        let made = made.expect(200);
        let path = url(&made, &made["one"]);
        let len = content.len();
        let (status, headers, bytes) = root.fetch(&path, &[]);
        assert!(status == 200 && bytes == content);
        assert_eq!(headers["accept-ranges"], "bytes");
        assert_eq!(headers["content-length"], len.to_string().as_str());
        assert_eq!(headers["cache-control"], "max-age=2592000, stale-while-revalidate=86400");

        let (status, part, bytes) = root.fetch(&path, &[("range", "bytes=2-5")]);
        assert_eq!((status, bytes.as_slice()), (206, &content[2..6]));
        assert_eq!(part["content-range"], format!("bytes 2-5/{len}").as_str());
        let (status, _, bytes) = root.fetch(&path, &[("range", "bytes=-3")]);
        assert_eq!((status, bytes.as_slice()), (206, &content[len - 3..]));
        let (status, beyond, _) = root.fetch(&path, &[("range", "bytes=99999999-")]);
        assert_eq!(status, 416);
        assert_eq!(beyond["content-range"], format!("bytes */{len}").as_str());

        let etag = headers["etag"].to_str().expect("a text");
        let date = headers["last-modified"].to_str().expect("a text");
        for condition in [("if-none-match", etag), ("if-modified-since", date)] {
            let (status, headers, bytes) = root.fetch(&path, &[condition]);
            assert_eq!((status, bytes.len()), (304, 0));
            assert_eq!(headers["etag"], etag);
        }
        let other = [("range", "bytes=0-1"), ("if-range", "\"other\"")];
        assert_eq!(root.fetch(&path, &other).0, 200);
        let head = root.send("HEAD", &path, &[], None);
        assert_eq!(head.headers["content-length"], len.to_string().as_str());
    }
}

#[test]
fn pictures_are_shown_in_place_and_have_thumbs() {
    let (server, root) = docs();
    let parts: [Part<'_>; 2] = [("picture", Some("dot.png"), PNG), ("many", Some("x.png"), PNG)];
    let made = send(&root, "POST", &records("docs"), &parts).expect(200);
    let path = url(&made, &made["picture"]);
    let name = made["picture"].as_str().expect("a name");
    let disposition = |query: &str| {
        let (status, headers, bytes) = root.fetch(&format!("{path}{query}"), &[]);
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "image/png");
        (headers["content-disposition"].to_str().expect("a text").to_owned(), bytes)
    };
    assert_eq!(disposition(""), (format!("inline; filename={name}"), PNG.to_vec()));
    assert_eq!(disposition("?download=1").0, format!("attachment; filename={name}"));
    assert_eq!(disposition("?fields=x").1, PNG);
    // A size that the field does not know is no size.
    assert_eq!(disposition("?thumb=6x6"), (format!("inline; filename={name}"), PNG.to_vec()));
    for size in ["100x100", "5x0"] {
        let (disposition, bytes) = disposition(&format!("?thumb={size}"));
        assert_eq!(disposition, format!("inline; filename={size}_{name}"));
        assert!(bytes != PNG && bytes.starts_with(&PNG[..8]));
    }
    assert_eq!(stored(&server).len(), 4);
    root.patch(&record("docs", &made["id"]), &json!({ "picture": null })).expect(200);
    expect_stored(&server, names(&made, "many"));
}

#[test]
fn a_picture_that_claims_to_be_huge_is_served_as_it_is() {
    let (server, root) = docs();
    let mut bomb = PNG.to_vec();
    bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
    // The checksum of the changed chunk.
    let checksum = crc32(&bomb[12..29]).to_be_bytes();
    bomb[29..33].copy_from_slice(&checksum);
    let made =
        send(&root, "POST", &records("docs"), &[("picture", Some("bomb.png"), &bomb)]).expect(200);
    let before = server.memory_peak();
    let path = format!("{}?thumb=100x100", url(&made, &made["picture"]));
    let (status, _, bytes) = root.fetch(&path, &[]);
    assert!(status == 200 && bytes == bomb);
    if let (Some(before), Some(after)) = (before, server.memory_peak()) {
        assert!(after < before + (32 << 20), "{before} became {after}");
    }
}

fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

#[test]
fn large_files_take_little_memory() {
    let (server, root) = docs();
    let content = vec![7; 30 << 20];
    let parts: [Part<'_>; 1] = [("one", Some("large.bin"), &content)];
    // The way there and back is paved by a smaller one.
    send(&root, "POST", &records("docs"), &[("one", Some("a.bin"), &content[..1 << 20])])
        .expect(200);
    let before = server.memory_peak();
    let made = send(&root, "POST", &records("docs"), &parts).expect(200);
    let (status, _, bytes) = root.fetch(&url(&made, &made["one"]), &[]);
    assert!(status == 200 && bytes == content);
    if let (Some(before), Some(after)) = (before, server.memory_peak()) {
        assert!(after < before + (16 << 20), "{before} became {after}");
    }
    let over = vec![7; 40_000_001];
    let refused = send(&root, "POST", &records("docs"), &[("one", Some("over.bin"), &over)]);
    refused.expect_code("one", "validation_file_size_limit");
}

#[test]
fn protected_files_need_the_token_of_somebody_who_may_view_the_record() {
    let (server, root) = docs();
    let field = json!({ "name": "secret", "type": "file", "protected": true });
    let definition = json!({
        "name": "vault", "type": "base", "fields": [field],
        "viewRule": "@request.context = 'protectedFile' && @request.auth.id != ''",
    });
    root.post("/api/collections", &definition).expect(200);
    let user = json!({
        "email": "ann@example.com", "password": "1234567890", "passwordConfirm": "1234567890",
    });
    root.post(&records("users"), &user).expect(200);
    let ann = server.logged_in("users", "ann@example.com", "1234567890");
    let made =
        send(&root, "POST", &records("vault"), &[("secret", Some("a.txt"), b"secret")]).expect(200);
    let path = url(&made, &made["secret"]);
    server.guest().post("/api/files/token", &json!({})).expect_error(401);
    let token = |client: &Client| {
        let answer = client.post("/api/files/token", &json!({})).expect(200);
        answer["token"].as_str().expect("a token").to_owned()
    };
    for client in [&root, &ann] {
        assert_eq!(client.fetch(&path, &[]).0, 404, "the header is not asked");
        let path = format!("{path}?token={}", token(client));
        assert_eq!(server.guest().fetch(&path, &[]).2, b"secret");
    }
    let auth_token = ann.token.clone().expect("a token");
    for wrong in ["", "x", &auth_token] {
        assert_eq!(root.fetch(&format!("{path}?token={wrong}"), &[]).0, 404);
    }
    root.patch("/api/collections/vault", &json!({ "viewRule": null })).expect(200);
    assert_eq!(ann.fetch(&format!("{path}?token={}", token(&ann)), &[]).0, 404);
    assert_eq!(ann.fetch(&format!("{path}?token={}", token(&root)), &[]).0, 200);
}

#[test]
fn the_same_upload_with_the_same_key_happens_once() {
    let (server, root) = docs();
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    let headers = [("content-type", content_type.as_str()), ("idempotency-key", "k")];
    let create = |content: &[u8]| {
        let body = form(&[("one", Some("a.txt"), content)]);
        root.send("POST", &records("docs"), &headers, Some(&body))
    };
    let first = create(b"a").expect(200);
    assert_eq!(create(b"a").expect(200)["id"], first["id"]);
    assert_ne!(create(b"b").status, 200);
    expect_stored(&server, vec![first["one"].as_str().expect("a name").to_owned()]);
}

#[test]
fn a_batch_brings_files_for_each_of_its_items_or_for_none() {
    let (server, root) = docs();
    root.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let path = records("docs");
    let batch = |title: &str| {
        let items = json!({ "requests": [
            { "method": "POST", "url": path, "body": { "title": "a" } },
            { "method": "PUT", "url": path, "body": { "id": "aaaaaaaaaaaaaaa", "title": title } },
        ] });
        let parts: [Part<'_>; 4] = [
            ("@jsonPayload", None, &items.to_string().into_bytes()),
            ("requests.0.one", Some("first.txt"), b"1"),
            ("requests.1.many", Some("second.txt"), b"2"),
            ("requests.9.one", Some("nowhere.txt"), b"9"),
        ];
        send(&root, "POST", "/api/batch", &parts)
    };
    batch("longer than ten").expect_error(400);
    expect_stored(&server, vec![]);
    let made = batch("b").expect(200);
    let again = batch("c").expect(200);
    let name = |answers: &Json, at: usize, field: &str| {
        let value = &answers[at]["body"][field];
        value.as_str().or(value[0].as_str()).expect("a name").to_owned()
    };
    let first = [name(&made, 0, "one"), name(&again, 0, "one"), name(&again, 1, "many")];
    expect_stored(&server, first.to_vec());
    let record = &again[1]["body"];
    assert_eq!(root.fetch(&url(record, &record["many"][0]), &[]).2, b"2");
}

#[test]
fn a_crash_leaves_files_and_records_in_step() {
    let (server, root) = docs();
    let made = send(&root, "POST", &records("docs"), &[("one", Some("abc.txt"), b"a")]).expect(200);
    // What an upload leaves that was cut short: it was announced, so the list knows of it. Here only
    // the half-read part is made up; the rest is for the unit tests of the sweep.
    std::fs::write(server.folder().join("tmp/0123"), "half").expect("a file");
    let server = Server::start_on(server.kill());
    let name = made["one"].as_str().expect("a name").to_owned();
    expect_stored(&server, vec![name]);
    assert_eq!(server.guest().fetch(&url(&made, &made["one"]), &[]).2, b"a");
    let tmp = std::fs::read_dir(server.folder().join("tmp"));
    assert_eq!(tmp.map_or(0, Iterator::count), 0);
}

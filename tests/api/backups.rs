//! Backups: made while writes go on, restored whole or not at all.

use std::io::{Cursor, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};
use zip::write::SimpleFileOptions;

use crate::harness::{Answer, Client, Server, record, records};

pub(crate) const BACKUPS: &str = "/api/backups";

pub(crate) fn path_of(key: &str) -> String {
    format!("{BACKUPS}/{key}")
}

/// A server with posts that have a title and a file.
pub(crate) fn with_posts() -> (Server, Client) {
    let server = Server::start();
    let superuser = server.superuser();
    let definition = json!({
        "name": "posts", "listRule": "", "viewRule": "",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "paper", "type": "file", "maxSelect": 1 },
        ],
    });
    superuser.post("/api/collections", &definition).expect(200);
    (server, superuser)
}

/// Sends a form with one file.
fn send_file(client: &Client, method: &str, path: &str, part: (&str, &str, &[u8])) -> Answer {
    let (name, file_name, content) = part;
    let head = format!(
        "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"\r\n\r\n"
    );
    let body = [head.as_bytes(), content, b"\r\n--x--\r\n"].concat();
    client.send(method, path, &[("content-type", "multipart/form-data; boundary=x")], Some(&body))
}

pub(crate) fn post(superuser: &Client, title: &str, paper: &[u8]) -> Json {
    let path = format!("{}?title={title}", records("posts"));
    send_file(superuser, "POST", &path, ("paper", "paper.txt", paper)).expect(200)
}

pub(crate) fn titles(client: &Client) -> Vec<String> {
    let list = client.get(&format!("{}?perPage=1000&sort=@rowid", records("posts"))).expect(200);
    let items = list["items"].as_array().expect("a list");
    items.iter().map(|item| item["title"].as_str().expect("a title").to_owned()).collect()
}

pub(crate) fn keys(superuser: &Client) -> Vec<String> {
    let list = superuser.get(BACKUPS).expect(200);
    let items = list.as_array().expect("a list");
    items.iter().map(|item| item["key"].as_str().expect("a key").to_owned()).collect()
}

fn download(server: &Server, superuser: &Client, key: &str) -> Vec<u8> {
    let token = superuser.post("/api/files/token", &json!({})).expect(200)["token"].clone();
    let path = format!("{}?token={}", path_of(key), token.as_str().expect("a token"));
    let (status, _, bytes) = server.guest().fetch(&path, &[]);
    assert_eq!(status, 200);
    bytes
}

/// Waits until something holds, for as long as a restart may take.
#[track_caller]
pub(crate) fn wait_for(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < Duration::from_secs(20), "{what}: not in time");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The list of posts, or nothing while the server is down.
pub(crate) fn titles_if_up(server: &Server) -> Option<String> {
    let mut socket = std::net::TcpStream::connect(&server.address).ok()?;
    let path = records("posts");
    write!(socket, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").ok()?;
    let mut text = String::new();
    std::io::Read::read_to_string(&mut socket, &mut text).ok()?;
    text.starts_with("HTTP/1.1 200").then_some(text)
}

#[test]
fn only_superusers_deal_with_backups_and_only_their_file_tokens_download_them() {
    let (server, superuser) = with_posts();
    let user = json!({
        "email": "ann@example.com", "password": "1234567890", "passwordConfirm": "1234567890",
    });
    superuser.post(&records("users"), &user).expect(200);
    let ann = server.logged_in("users", "ann@example.com", "1234567890");
    superuser.post(BACKUPS, &json!({ "name": "a.zip" })).expect(204);
    for (client, status) in [(&server.guest(), 401), (&ann, 403)] {
        client.get(BACKUPS).expect_error(status);
        client.post(BACKUPS, &json!({})).expect_error(status);
        client.post("/api/backups/upload", &json!({})).expect_error(status);
        client.delete(&path_of("a.zip")).expect_error(status);
        client.post(&format!("{}/restore", path_of("a.zip")), &json!({})).expect_error(status);
    }
    let token = |client: &Client| {
        client.post("/api/files/token", &json!({})).expect(200)["token"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    superuser.get(&path_of("a.zip")).expect_error(403);
    let of_login = superuser.token.clone().expect("a token");
    for token in ["", "x", &of_login, &token(&ann)] {
        server.guest().get(&format!("{}?token={token}", path_of("a.zip"))).expect_error(403);
    }
    let good = token(&superuser);
    server.guest().get(&format!("{}?token={good}", path_of("b.zip"))).expect_error(404);
    server.guest().get(&format!("{}?token={good}", path_of("..%2Fdata.redb"))).expect_error(404);
    let whole = download(&server, &superuser, "a.zip");
    let path = format!("{}?token={good}", path_of("a.zip"));
    let (status, headers, part) = server.guest().fetch(&path, &[("range", "bytes=0-3")]);
    assert_eq!((status, part.as_slice()), (206, &whole[..4]));
    assert_eq!(headers["content-disposition"], "attachment; filename=a.zip");
    assert_eq!(&whole[..4], b"PK\x03\x04");
}

#[test]
fn names_are_checked_and_backups_can_be_removed() {
    let (server, superuser) = with_posts();
    let create = |name: &str| superuser.post(BACKUPS, &json!({ "name": name }));
    for bad in ["a", "A.zip", "../a.zip", "a/b.zip", ".zip", "a.zip.txt", "@x.zip"] {
        create(bad).expect_code("name", "validation_match_invalid");
    }
    create(&format!("{}.zip", "a".repeat(150)))
        .expect_code("name", "validation_length_out_of_range");
    superuser.post(BACKUPS, &json!({ "name": 5 })).expect_error(400);
    create("a-1_b.zip").expect(204);
    create("a-1_b.zip").expect_code("name", "validation_backup_name_exists");
    create("").expect(204);
    let all = keys(&superuser);
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].starts_with("pb_backup_acme_"), "{all:?}");
    let list = superuser.get(BACKUPS).expect(200);
    assert!(list[0]["size"].as_u64() > Some(500), "{list}");
    assert!(list[0]["modified"].as_str().is_some_and(|at| at.ends_with('Z')), "{list}");
    superuser.delete(&path_of("a-1_b.zip")).expect(204);
    superuser.delete(&path_of("a-1_b.zip")).expect_error(400);
    superuser.delete(&path_of("..%2Fdata.redb")).expect_error(400);
    assert_eq!(keys(&superuser).len(), 1);
    assert!(server.folder().join("data.redb").exists());
    let health = superuser.get("/api/health").expect(200);
    assert_eq!(health["data"]["canBackup"], true, "{health}");
    assert_eq!(server.guest().get("/api/health").expect(200)["data"], json!({}));
}

#[test]
fn an_upload_must_be_a_zip_of_a_new_name() {
    let (_server, superuser) = with_posts();
    let send = |name: &str, content: &[u8]| {
        send_file(&superuser, "POST", "/api/backups/upload", ("file", name, content))
    };
    let empty = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    send("test", empty).expect(204);
    send("test", empty).expect_code("file", "validation_backup_name_exists");
    send("@x y.zip", empty).expect(204);
    send("text.zip", b"text").expect_code("file", "validation_invalid_mime_type");
    send(".hidden", empty).expect_code("file", "validation_backup_name_exists");
    send_file(&superuser, "POST", "/api/backups/upload", ("other", "a.zip", empty))
        .expect_code("file", "validation_required");
    superuser.post("/api/backups/upload", &json!({})).expect_code("file", "validation_required");
    assert_eq!(keys(&superuser), ["@x y.zip", "test"]);
    superuser.delete(&path_of("%40x%20y.zip")).expect(204);
}

#[test]
fn a_restored_server_is_what_it_was() {
    let (server, superuser) = with_posts();
    for number in 0..20 {
        post(&superuser, &format!("t{number}"), format!("paper {number}").as_bytes());
    }
    let before = server.folder().join("before.ndjson");
    let export = |path: &Path| server.command(&["export", "--output", path.to_str().unwrap()]);
    export(&before).expect("an export");
    superuser.post(BACKUPS, &json!({ "name": "a.zip" })).expect(204);
    let list = superuser.get(&records("posts")).expect(200);
    for item in list["items"].as_array().expect("a list").iter().take(5) {
        superuser.delete(&record("posts", &item["id"])).expect(204);
    }
    post(&superuser, "later", b"later");
    superuser.post("/api/collections", &json!({ "name": "later" })).expect(200);
    superuser.post(&format!("{}/restore", path_of("b.zip")), &json!({})).expect_error(400);
    superuser.post(&format!("{}/restore", path_of("a.zip")), &json!({})).expect(204);
    // Nothing else is done with backups meanwhile.
    superuser.post(BACKUPS, &json!({})).expect_error(400);
    superuser.delete(&path_of("a.zip")).expect_error(400);
    wait_for("the old state", || {
        titles_if_up(&server).is_some_and(|text| text.contains("t0") && !text.contains("later"))
    });
    assert_eq!(titles(&server.guest()), (0..20).map(|n| format!("t{n}")).collect::<Vec<_>>());
    // Tokens are those of then; the collection that came later is gone.
    superuser.get("/api/collections/later").expect_error(404);
    assert_eq!(keys(&superuser), ["a.zip"]);
    let after = server.folder().join("after.ndjson");
    export(&after).expect("an export");
    let read = |path: &Path| std::fs::read_to_string(path).expect("a file");
    assert_eq!(read(&after), read(&before));
    let folder = server.folder();
    assert!(!folder.join(".restore").exists() && !folder.join(".replaced").exists());
    // And it goes on as any other.
    post(&superuser, "new", b"new");
    let kept = server.kill();
    let server = Server::start_on(kept);
    assert_eq!(titles(&server.guest()).len(), 21);
    let kept = server.kill();
    let checked = check(kept.path());
    assert!(checked.contains("No damage"), "{checked}");
    assert!(!checked.contains("no record names"), "{checked}");
}

/// What `haversack check` says of the data folder in `folder`.
pub(crate) fn check(folder: &Path) -> String {
    run(folder, &["check"]).expect("no damage")
}

pub(crate) fn run(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let ran = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"))
        .current_dir(folder)
        .args(arguments)
        .output()
        .expect("the program runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

#[test]
fn a_backup_under_steady_writes_is_the_state_at_one_commit() {
    let (server, superuser) = with_posts();
    superuser.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let over = std::sync::atomic::AtomicBool::new(false);
    let slowest = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut slowest = Duration::ZERO;
            for number in 0.. {
                // Two records in one transaction, and files that come and go.
                let create = |side: &str| {
                    let body = json!({ "title": format!("{number}{side}") });
                    json!({ "method": "POST", "url": records("posts"), "body": body })
                };
                let began = Instant::now();
                let pair = json!({ "requests": [create("a"), create("b")] });
                superuser.post("/api/batch", &pair).expect(200);
                slowest = slowest.max(began.elapsed());
                let paper = post(&superuser, "paper", b"some paper");
                if number % 2 == 0 {
                    superuser.delete(&record("posts", &paper["id"])).expect(204);
                }
                if over.load(std::sync::atomic::Ordering::SeqCst) {
                    break;
                }
            }
            slowest
        });
        std::thread::sleep(Duration::from_millis(300));
        for number in 0..3 {
            let name = format!("b{number}.zip");
            superuser.post(BACKUPS, &json!({ "name": name })).expect(204);
        }
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        writer.join().expect("writes that succeed")
    });
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    for number in 0..3 {
        let name = format!("b{number}.zip");
        assert!(server.command(&["backup", "verify", &name]).expect("sound").contains("restored"));
        let folder = tempfile::tempdir().expect("a folder");
        let archive = server.folder().join("backups").join(&name);
        run(folder.path(), &["backup", "restore", archive.to_str().unwrap()]).expect("restored");
        let checked = check(folder.path());
        assert!(!checked.contains("no record names"), "{checked}");
        let restored = Server::start_on(folder);
        let list = restored.superuser().get(&format!("{}?perPage=1000", records("posts")));
        let list = list.expect(200);
        let mut numbers: Vec<String> = list["items"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|item| item["title"].as_str().filter(|title| *title != "paper"))
            .map(str::to_owned)
            .collect();
        numbers.sort_by_key(|title| title[..title.len() - 1].parse::<u32>().expect("a number"));
        let expected: Vec<String> = (0..numbers.len() / 2)
            .flat_map(|number| [format!("{number}a"), format!("{number}b")])
            .collect();
        assert_eq!(numbers, expected);
    }
}

/// A zip with these entries.
fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).expect("an entry");
        zip.write_all(content).expect("its content");
    }
    zip.finish().expect("an archive").into_inner()
}

/// The entries of a zip.
fn entries(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("an archive");
    (0..zip.len())
        .map(|at| {
            let mut entry = zip.by_index(at).expect("an entry");
            let mut content = Vec::new();
            std::io::Read::read_to_end(&mut entry, &mut content).expect("its content");
            (entry.name().expect("a name").into_owned(), content)
        })
        .collect()
}

#[test]
fn what_is_no_sound_backup_is_refused_with_nothing_replaced() {
    let (server, superuser) = with_posts();
    post(&superuser, "kept", b"kept");
    superuser.post(BACKUPS, &json!({ "name": "good.zip" })).expect(204);
    let good = download(&server, &superuser, "good.zip");
    let parts = entries(&good);
    let borrowed: Vec<(&str, &[u8])> =
        parts.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let with = |name: &str| {
        let mut entries = borrowed.clone();
        entries.push((name, b"evil"));
        archive(&entries)
    };
    let without = |prefix: &str| {
        let left: Vec<_> =
            borrowed.iter().copied().filter(|(name, _)| !name.starts_with(prefix)).collect();
        archive(&left)
    };
    let changed = |name: &str| {
        let spoil = |content: &[u8]| String::from_utf8_lossy(content).replace("kept", "bent");
        let texts: Vec<(&str, String)> = borrowed.iter().map(|(n, c)| (*n, spoil(c))).collect();
        let entries: Vec<(&str, &[u8])> = borrowed
            .iter()
            .zip(&texts)
            .map(|(old, (n, text))| if n.starts_with(name) { (*n, text.as_bytes()) } else { *old })
            .collect();
        archive(&entries)
    };
    let mut flipped = good.clone();
    let middle = flipped.len() / 3;
    flipped[middle] ^= 0x20;
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("garbage", b"PK\x03\x04 and nothing".repeat(50)),
        ("truncated", good[..good.len() / 2].to_vec()),
        ("flipped", flipped),
        ("slip", with("storage/../../evil.txt")),
        ("absolute", with("/tmp/evil.txt")),
        ("rooted", with("storage//etc/evil.txt")),
        ("backslash", with("storage/a/..\\..\\evil.txt")),
        ("elsewhere", with("config.toml")),
        ("no-data", without("data.ndjson")),
        ("no-manifest", without("manifest")),
        ("no-files", without("storage/")),
        ("bent", changed("data.ndjson")),
        ("pocketbase", archive(&[("data.db", b"SQLite format 3\0")])),
        ("empty", archive(&[])),
    ];
    for (name, bytes) in &cases {
        std::fs::write(server.folder().join("backups").join(name), bytes).expect("a file");
        let refused = server.command(&["backup", "verify", name]);
        assert!(refused.is_err(), "{name}: {refused:?}");
    }
    superuser.post(&format!("{}/restore", path_of("slip")), &json!({})).expect(204);
    wait_for("the end of the restore", || {
        superuser.get("/api/health").expect(200)["data"]["canBackup"] == true
    });
    assert_eq!(titles(&server.guest()), ["kept"]);
    let folder = server.kill();
    for (name, _) in &cases {
        let refused = run(folder.path(), &["backup", "restore", name]).expect_err(name);
        assert!(refused.starts_with("error: "), "{name}: {refused}");
        assert!(!folder.path().join("data/.restore").exists(), "{name}");
    }
    assert!(!folder.path().join("evil.txt").exists() && !Path::new("/tmp/evil.txt").exists());
    assert!(check(folder.path()).contains("No damage"));
    run(folder.path(), &["backup", "restore", "good.zip"]).expect("restored");
    let server = Server::start_on(folder);
    assert_eq!(titles(&server.guest()), ["kept"]);
}

#[test]
fn the_command_line_makes_and_restores_backups_with_and_without_a_server() {
    let (server, superuser) = with_posts();
    post(&superuser, "one", b"1");
    let made = server.command(&["backup", "create", "run.zip"]).expect("a backup");
    assert!(made.contains("run.zip"), "{made}");
    let again = server.command(&["backup", "create", "run.zip"]).expect_err("it exists");
    assert!(again.contains("validation_backup_name_exists"), "{again}");
    post(&superuser, "two", b"2");
    server.command(&["backup", "restore", "run.zip"]).expect("it begins");
    wait_for("the old state", || {
        titles_if_up(&server).is_some_and(|text| text.contains("one") && !text.contains("two"))
    });
    let folder = server.kill();
    let list = run(folder.path(), &["backup", "create"])
        .and_then(|_| run(folder.path(), &["backup", "list"]));
    let list = list.expect("a list");
    assert!(list.contains("run.zip") && list.contains("pb_backup_"), "{list}");
    run(folder.path(), &["backup", "restore", "run.zip"]).expect("restored");
    assert!(run(folder.path(), &["backup", "restore", "none.zip"]).is_err());
    let server = Server::start_on(folder);
    assert_eq!(titles(&server.guest()), ["one"]);
}

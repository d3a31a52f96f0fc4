//! Changes of collections that become migrations.

use std::path::Path;

use serde_json::{Value as Json, json};

use crate::harness::{Client, Server};

const ON: &str = "[migrations]\nautomigrate = true\n";

fn path(name: &str) -> String {
    format!("/api/collections/{name}")
}

/// All definitions by name, without what differs between data folders.
fn definitions(root: &Client) -> Vec<Json> {
    let page = root.get("/api/collections?perPage=500&sort=name").expect(200);
    let mut all = page["items"].as_array().expect("a list").clone();
    for one in &mut all {
        let members = one.as_object_mut().expect("an object");
        members.retain(|name, _| name != "created" && name != "updated");
        // Those of views are made up each time.
        for field in one["fields"].as_array_mut().expect("a list") {
            if field["id"].as_str().is_some_and(|id| id.starts_with("_clone_")) {
                field["id"] = json!("_clone_");
            }
        }
    }
    all
}

/// Fails where two lists of definitions differ, and shows no more than that.
#[track_caller]
fn assert_same(found: &[Json], expected: &[Json]) {
    let names = |all: &[Json]| -> Vec<Json> { all.iter().map(|one| one["name"].clone()).collect() };
    assert_eq!(names(found), names(expected));
    for (found, expected) in found.iter().zip(expected) {
        for (name, value) in expected.as_object().expect("an object") {
            assert_eq!(&found[name], value, "{name} of {}", expected["name"]);
        }
        assert_eq!(
            found.as_object().map(serde_json::Map::len),
            expected.as_object().map(serde_json::Map::len)
        );
    }
}

/// The files of migrations beside a data folder, in order.
fn files(folder: &Path) -> Vec<(String, String)> {
    let listed = std::fs::read_dir(folder.join("migrations"));
    let entries = listed.into_iter().flatten().map(|entry| entry.expect("an entry").path());
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().into_owned();
    let mut files: Vec<_> = entries
        .map(|path| (name(&path), std::fs::read_to_string(&path).expect("a text")))
        .collect();
    files.sort();
    files
}

/// What the files are called after their numbers.
fn names(folder: &Path) -> Vec<String> {
    let rest = |(name, _): (String, String)| {
        name.split_once('_').map(|(_, rest)| rest.to_owned()).expect("a number")
    };
    files(folder).into_iter().map(rest).collect()
}

/// A new folder with the same migrations.
fn follower(folder: &Path) -> tempfile::TempDir {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(data.path().join("migrations")).expect("a folder");
    for (name, text) in files(folder) {
        std::fs::write(data.path().join("migrations").join(name), text).expect("a file");
    }
    data
}

/// Runs `haversack migrate …`; what it prints and what it complains about.
fn migrate(folder: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"));
    let ran = program.arg("migrate").args(arguments).current_dir(folder).output();
    let ran = ran.expect("it runs");
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    if ran.status.success() { Ok(text(&ran.stdout)) } else { Err(text(&ran.stderr)) }
}

/// Many kinds of changes, one after the other.
fn work(root: &Client) {
    let authors = json!({
        "name": "authors", "type": "auth", "listRule": "",
        "fields": [{ "name": "nick", "type": "text", "max": 40 }],
        "sessions": { "enabled": true },
        "oauth2": { "enabled": true, "providers": [
            { "name": "github", "clientId": "id", "clientSecret": "secret" },
        ]},
    });
    let authors = root.post("/api/collections", &authors).expect(200);
    let posts = json!({
        "name": "posts", "type": "base", "listRule": "writer.nick != \"\n`${x}\"",
        "fields": [
            { "name": "title", "type": "text", "required": true },
            { "name": "writer", "type": "relation", "collectionId": authors["id"] },
            { "name": "kind", "type": "select", "values": ["a", "b"], "maxSelect": 2 },
            { "name": "size", "type": "number", "min": 1 },
        ],
        "indexes": ["CREATE INDEX idx_posts_title ON posts (title)"],
    });
    let posts = root.post("/api/collections", &posts).expect(200);
    let view = json!({
        "name": "titles", "type": "view", "viewQuery": "select id, title from posts",
    });
    root.post("/api/collections", &view).expect(200);
    // Fields go, come, change their names and swap their places; the view follows.
    let mut fields = posts["fields"].as_array().expect("a list").clone();
    fields.retain(|field| field["name"] != "size");
    fields.reverse();
    for field in &mut fields {
        if field["name"] == "title" {
            field["name"] = json!("headline");
        } else if field["name"] == "kind" {
            field["name"] = json!("title");
        }
    }
    fields.push(json!({ "name": "place", "type": "geoPoint" }));
    let body = json!({
        "name": "articles", "fields": fields, "updateRule": "id != ''",
        "listRule": "writer.nick != 'x'",
    });
    root.patch(&path("posts"), &body).expect(200);
    let body = json!({
        "sessions": { "enabled": false }, "otp": { "enabled": true, "length": 6 },
        "passwordAuth": { "enabled": false },
    });
    root.patch(&path("authors"), &body).expect(200);
    root.post("/api/collections", &json!({ "name": "gone", "type": "base" })).expect(200);
    root.delete(&path("gone")).expect(204);
    // Nothing but a date changes here.
    root.patch(&path("authors"), &json!({ "otp": { "enabled": true } })).expect(200);
}

#[test]
fn what_clients_do_to_collections_can_be_followed_elsewhere_and_taken_back() {
    let server = Server::start_configured(ON);
    let root = server.superuser();
    let before = definitions(&root);
    work(&root);
    let mut after = definitions(&root);
    let folder = server.folder().parent().expect("it has one").to_owned();
    let expected = [
        "created_authors.js",
        "created_posts.js",
        "created_titles.js",
        "updated_posts.js",
        "updated_authors.js",
        "created_gone.js",
        "deleted_gone.js",
    ];
    assert_eq!(names(&folder), expected);
    assert!(!files(&folder).iter().any(|(_, text)| text.contains("secret")));

    // Here they count as made, whatever happens.
    let data = server.kill();
    assert_eq!(migrate(data.path(), &["up"]).as_deref(), Ok("nothing to make\n"));

    let data = follower(&folder);
    let made = migrate(data.path(), &["up"]).expect("it works");
    assert_eq!(made.lines().count(), expected.len(), "{made}");
    let server = Server::start_in(data);
    // Login providers have secrets and so are not part of files.
    for one in &mut after {
        if one["name"] == "authors" {
            one["oauth2"]["providers"] = json!([]);
        }
    }
    assert_same(&definitions(&server.superuser()), &after);

    let data = server.kill();
    let back = migrate(data.path(), &["down", "2"]).expect("it works");
    assert!(back.contains("_deleted_gone.js") && back.contains("_created_gone.js"), "{back}");
    let back = migrate(data.path(), &["down", "all"]).expect("it works");
    assert_eq!(back.lines().count(), expected.len() - 2, "{back}");
    assert_eq!(migrate(data.path(), &["down"]).as_deref(), Ok("nothing to take back\n"));
    std::fs::remove_dir_all(data.path().join("migrations")).expect("they go");
    let server = Server::start_on(data);
    assert_same(&definitions(&server.superuser()), &before);
    server.kill();
}

#[test]
fn an_import_is_one_migration() {
    let server = Server::start_configured(ON);
    let root = server.superuser();
    let before = definitions(&root);
    // Each needs the other.
    let import = json!({ "collections": [
        { "id": "pbc_aaaaaaaaaa", "name": "a", "type": "base", "fields": [
            { "name": "b", "type": "relation", "collectionId": "pbc_bbbbbbbbbb" },
            { "name": "more", "type": "text" },
        ]},
        { "id": "pbc_bbbbbbbbbb", "name": "b", "type": "base", "fields": [
            { "name": "a", "type": "relation", "collectionId": "pbc_aaaaaaaaaa" },
        ]},
    ]});
    root.put("/api/collections/import", &import).expect(204);
    // One that changes nothing leaves no file; one of one collection is like a change of it.
    root.put("/api/collections/import", &import).expect(204);
    let one = json!({ "collections": [{ "id": "pbc_aaaaaaaaaa", "name": "a", "listRule": "" }] });
    root.put("/api/collections/import", &one).expect(204);
    let middle = definitions(&root);
    let mut shrunk = import.clone();
    shrunk["deleteMissing"] = json!(true);
    shrunk["collections"][0]["fields"].as_array_mut().expect("a list").pop();
    shrunk["collections"][1]["name"] = json!("c");
    root.put("/api/collections/import", &shrunk).expect(204);
    let after = definitions(&root);
    let folder = server.folder().parent().expect("it has one").to_owned();
    let expected = ["imported_2_collections.js", "updated_a.js", "imported_3_collections.js"];
    assert_eq!(names(&folder), expected, "{:?}", files(&folder));

    let server = Server::start_in(follower(&folder));
    assert_same(&definitions(&server.superuser()), &after);
    let data = server.kill();
    migrate(data.path(), &["down"]).expect("it works");
    let keep = files(data.path());
    std::fs::remove_file(data.path().join("migrations").join(&keep[2].0)).expect("it goes");
    let server = Server::start_on(data);
    assert_same(&definitions(&server.superuser()), &middle);
    let data = server.kill();
    migrate(data.path(), &["down", "all"]).expect("it works");
    std::fs::remove_dir_all(data.path().join("migrations")).expect("they go");
    let server = Server::start_on(data);
    assert_same(&definitions(&server.superuser()), &before);
}

#[test]
fn a_snapshot_gives_a_new_folder_the_same_collections() {
    let server = Server::start();
    let root = server.superuser();
    work(&root);
    // Fields that every new folder has are gone here.
    let users = root.get(&path("users")).expect(200);
    let mut fields = users["fields"].as_array().expect("a list").clone();
    fields.retain(|field| field["name"] != "avatar");
    let body = json!({ "fields": fields, "oauth2": { "mappedFields": { "avatarURL": "" } } });
    root.patch(&path("users"), &body).expect(200);
    root.patch(&path("authors"), &json!({ "oauth2": { "providers": [] } })).expect(200);
    let all = definitions(&root);
    let folder = server.folder().parent().expect("it has one").to_owned();
    assert!(files(&folder).is_empty(), "nothing is written unless somebody asks for it");
    let refused = migrate(&folder, &["collections"]).expect_err("a server is running");
    assert!(refused.contains("another server is running"), "{refused}");

    let data = server.kill();
    let printed = migrate(data.path(), &["collections"]).expect("it works");
    assert!(printed.trim().ends_with("_collections_snapshot.js"), "{printed}");
    assert!(data.path().join(printed.trim()).is_file(), "{printed}");
    assert_eq!(migrate(data.path(), &["up"]).as_deref(), Ok("nothing to make\n"));
    let other = Server::start_in(follower(data.path()));
    assert_same(&definitions(&other.superuser()), &all);

    // A folder without users.
    let server = Server::start_on(data);
    server.superuser().delete(&path("users")).expect(204);
    let all = definitions(&server.superuser());
    let data = server.kill();
    std::fs::remove_dir_all(data.path().join("migrations")).expect("they go");
    migrate(data.path(), &["collections"]).expect("it works");
    let other = Server::start_in(follower(data.path()));
    assert_same(&definitions(&other.superuser()), &all);
}

#[test]
fn the_history_forgets_files_that_are_gone() {
    let server = Server::start_configured(ON);
    let root = server.superuser();
    for name in ["one", "two"] {
        root.post("/api/collections", &json!({ "name": name, "type": "base" })).expect(200);
    }
    let data = server.kill();
    let (name, text) = files(data.path()).pop().expect("a file");
    let file = data.path().join("migrations").join(&name);
    std::fs::remove_file(&file).expect("it goes");
    let refused = migrate(data.path(), &["down"]).expect_err("it cannot be taken back");
    assert!(refused.contains(&name) && refused.contains("history-sync"), "{refused}");
    assert_eq!(migrate(data.path(), &["history-sync"]), Ok(format!("forgotten: {name}\n")));
    assert_eq!(migrate(data.path(), &["history-sync"]).as_deref(), Ok(""));
    let back = migrate(data.path(), &["down"]).expect("it works");
    assert!(back.trim().ends_with("_created_one.js"), "{back}");
    // What was forgotten would be made again, and says why it cannot.
    std::fs::write(&file, text).expect("a file");
    let refused = migrate(data.path(), &["up"]).expect_err("it is there");
    assert!(refused.contains(&format!("{name}:")) && refused.contains("name"), "{refused}");
    for wrong in ["0", "-1", "some"] {
        let refused = migrate(data.path(), &["down", "--", wrong]).expect_err("no number");
        assert!(refused.contains("above zero"), "{refused}");
    }
}

#[test]
fn a_file_that_cannot_be_written_breaks_no_request() {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(data.path().join("config.toml"), "[migrations]\nfolder = \"file/x\"\n")
        .expect("a file");
    let server = Server::start_in(data);
    let data = server.kill();
    let config = "[migrations]\nfolder = \"file/x\"\nautomigrate = true\n";
    std::fs::write(data.path().join("config.toml"), config).expect("a file");
    let server = Server::start_on(data);
    let folder = server.folder().parent().expect("it has one").to_owned();
    // What is in the way comes later: a server does not start over a folder that is a file.
    std::fs::write(folder.join("file"), "in the way").expect("a file");
    let body = json!({ "name": "made", "type": "base" });
    server.superuser().post("/api/collections", &body).expect(200);
    let log = server.log();
    assert!(log.contains("a migration was not written") && log.contains("created_made"), "{log}");
}

#[test]
fn a_crash_between_file_and_commit_leaves_all_or_nothing() {
    let server = Server::start_configured(ON);
    let body = json!({ "name": "made", "type": "base" });
    server.superuser().post("/api/collections", &body).expect(200);
    let data = server.kill();
    let folder = data.path().join("migrations");
    let (name, text) = files(data.path()).pop().expect("a file");
    // As if the process had ended before the file got its name, and before another was committed.
    std::fs::rename(folder.join(&name), folder.join(format!(".{name}.new"))).expect("a file");
    std::fs::write(folder.join(".9999999999_created_x.js.new"), &text).expect("a file");
    assert_eq!(migrate(data.path(), &["up"]).as_deref(), Ok("nothing to make\n"));
    assert_eq!(files(data.path()), [(name, text)]);
}

#[test]
fn a_broken_file_stops_at_its_line_and_leaves_nothing_of_itself() {
    let data = tempfile::tempdir().expect("a temporary folder");
    let folder = data.path().join("migrations");
    std::fs::create_dir(&folder).expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(folder.join(name), text).expect("a file");
    write("1_good.js", "migrate((app) => app.save(new Collection({ name: 'good' })))");
    write(
        "2_bad.js",
        "migrate((app) => {\n  app.save(new Collection({ name: 'half' }))\n\n  \
         app.save(new Collection({ name: 'good' }))\n})",
    );
    let refused = migrate(data.path(), &["up"]).expect_err("it is broken");
    assert!(refused.contains("2_bad.js:4") && refused.contains("must be unique"), "{refused}");
    // With the mistake put right, all of it is made.
    write("2_bad.js", "migrate((app) => app.save(new Collection({ name: 'half' })))");
    assert_eq!(migrate(data.path(), &["up"]).as_deref(), Ok("made: 2_bad.js\n"));
    write("3_broken.js", "migrate((app) => {\n  const = 1\n})");
    let refused = migrate(data.path(), &["down"]).expect_err("it cannot be read");
    assert!(refused.contains("3_broken.js:2"), "{refused}");
}

//! Increments: what happened since another backup, and any moment between.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::backups::{
    BACKUPS, check, keys, path_of, post, run, titles, titles_if_up, wait_for, with_posts,
};
use crate::harness::{Client, Server, record, records};

/// A server with posts that keeps a history.
fn recording() -> (Server, Client) {
    let (server, superuser) = with_posts();
    let settings = json!({ "backups": { "fullEvery": 7 } });
    let shown = superuser.patch("/api/settings", &settings).expect(200);
    assert_eq!(shown["backups"]["fullEvery"], 7);
    (server, superuser)
}

fn create(superuser: &Client, body: &Json) {
    superuser.post(BACKUPS, body).expect(204);
}

/// What the list says of a backup.
fn listed(superuser: &Client, key: &str) -> Json {
    let list = superuser.get(BACKUPS).expect(200);
    let items = list.as_array().expect("a list");
    items.iter().find(|item| item["key"] == key).expect("the backup").clone()
}

fn export(server: &Server, name: &str) -> String {
    let path = server.folder().join(name);
    server.command(&["export", "--output", path.to_str().expect("a value")]).expect("an export");
    std::fs::read_to_string(path).expect("a file")
}

#[test]
fn increments_are_made_listed_and_restored_through_the_api() {
    let (server, superuser) = recording();
    for number in 0..4 {
        post(&superuser, &format!("t{number}"), format!("paper {number}").as_bytes());
    }
    create(&superuser, &json!({ "name": "full.zip" }));
    let first = post(&superuser, "between", b"between");
    let t1 = superuser.get(&format!("{}?filter=title=%22t1%22", records("posts"))).expect(200);
    superuser.delete(&record("posts", &t1["items"][0]["id"])).expect(204);
    create(&superuser, &json!({ "name": "one.zip", "incremental": true }));
    let middle = post(&superuser, "middle", b"middle");
    superuser.patch(&record("posts", &middle["id"]), &json!({ "title": "middle 2" })).expect(200);
    let at_middle = export(&server, "middle.ndjson");
    let until = server.command(&["backup", "create", "now.zip", "--base", "one.zip"]);
    assert!(until.expect("an increment").contains("now.zip"));
    let now = listed(&superuser, "now.zip");
    superuser.delete(&record("posts", &first["id"])).expect(204);
    superuser.delete(&record("posts", &middle["id"])).expect(204);
    superuser.post("/api/collections", &json!({ "name": "later" })).expect(200);
    create(&superuser, &json!({ "name": "two.zip", "base": "one.zip" }));
    create(&superuser, &json!({ "name": "three.zip", "incremental": true }));
    let full = listed(&superuser, "full.zip");
    assert_eq!((&full["kind"], &full["base"]), (&json!("full"), &Json::Null));
    let two = listed(&superuser, "two.zip");
    assert_eq!((&two["kind"], &two["base"]), (&json!("incremental"), &json!("one.zip")));
    assert!(two["sequence"].as_u64() > full["sequence"].as_u64(), "{two}");
    assert!(
        two["at"].as_str() > full["at"].as_str() && two["size"].as_u64() < full["size"].as_u64()
    );
    assert_eq!(listed(&superuser, "three.zip")["base"], "two.zip");

    superuser.delete(&path_of("one.zip")).expect_error(400);
    superuser
        .post(BACKUPS, &json!({ "base": "none.zip" }))
        .expect_code("base", "validation_no_base");
    superuser.post(BACKUPS, &json!({ "base": 5 })).expect_error(400);
    superuser.post(BACKUPS, &json!({ "incremental": "x" })).expect_error(400);
    let restore = |key: &str, until: Json| {
        superuser.post(&format!("{}/restore", path_of(key)), &json!({ "until": until }))
    };
    for bad in [json!("nonsense"), json!(-1), json!(true)] {
        restore("two.zip", bad).expect_code("until", "validation_invalid_value");
    }
    for outside in [json!(1), json!("2001-02-03 04:05:06Z"), json!(1_000_000)] {
        restore("two.zip", outside).expect_code("until", "validation_not_in_backup");
    }
    for key in ["full.zip", "one.zip", "now.zip", "two.zip", "three.zip"] {
        let verified = server.command(&["backup", "verify", key]).expect(key);
        assert!(verified.contains("can be restored"), "{verified}");
    }
    restore("two.zip", now["sequence"].clone()).expect(204);
    wait_for("the state between", || {
        titles_if_up(&server).is_some_and(|text| text.contains("middle 2"))
    });
    assert_eq!(titles(&server.guest()), ["t0", "t2", "t3", "between", "middle 2"]);
    superuser.get("/api/collections/later").expect_error(404);
    assert_eq!(export(&server, "again.ndjson"), at_middle);
    // Another history begins, which no backup of before belongs to.
    superuser
        .post(BACKUPS, &json!({ "base": "two.zip" }))
        .expect_code("base", "validation_no_base");
    create(&superuser, &json!({ "name": "full2.zip" }));
    create(&superuser, &json!({ "name": "four.zip", "incremental": true }));
    assert_eq!(listed(&superuser, "four.zip")["base"], "full2.zip");
    let folder = server.kill();
    let checked = check(folder.path());
    assert!(checked.contains("No damage") && !checked.contains("no record names"), "{checked}");
}

#[test]
fn the_command_line_goes_back_to_a_moment_without_a_server() {
    let (server, superuser) = recording();
    post(&superuser, "one", b"1");
    create(&superuser, &json!({ "name": "full.zip" }));
    post(&superuser, "two", b"2");
    std::thread::sleep(Duration::from_millis(20));
    let health = superuser.get("/api/backups").expect(200);
    assert_eq!(health.as_array().map(Vec::len), Some(1));
    let between = post(&superuser, "three", b"3");
    let folder = server.kill();
    let made = run(folder.path(), &["backup", "create", "--incremental", "inc.zip"]);
    assert!(made.expect("an increment").contains("inc.zip"));
    let list = run(folder.path(), &["backup", "list"]).expect("a list");
    assert!(list.contains("since full.zip"), "{list}");
    // Elsewhere, the chain lies in one folder.
    let elsewhere = tempfile::tempdir().expect("a folder");
    for key in ["full.zip", "inc.zip"] {
        let from = folder.path().join("data/backups").join(key);
        std::fs::copy(from, elsewhere.path().join(key)).expect("copied");
    }
    let last = {
        let restored = tempfile::tempdir().expect("a folder");
        let archive = elsewhere.path().join("inc.zip");
        run(restored.path(), &["backup", "restore", archive.to_str().unwrap()]).expect("restored");
        assert!(check(restored.path()).contains("No damage"));
        let server = Server::start_on(restored);
        titles(&server.guest())
    };
    assert_eq!(last, ["one", "two", "three"]);
    // `created` of the third is the moment of its write, or a little before.
    let archive = elsewhere.path().join("inc.zip");
    let error = run(
        elsewhere.path(),
        &["backup", "restore", archive.to_str().unwrap(), "--until", "2001-01-01"],
    );
    assert!(error.expect_err("too early").contains("the backup tells of"));
    std::fs::remove_file(elsewhere.path().join("full.zip")).expect("removed");
    let error = run(elsewhere.path(), &["backup", "restore", archive.to_str().unwrap()]);
    assert!(error.expect_err("a missing link").contains("full.zip, which is missing"));
    assert!(!Path::new(&elsewhere.path().join("data/data.redb")).exists());
    assert!(between["id"].is_string());
    let refused = run(folder.path(), &["backup", "restore", "inc.zip", "--until", "x"]);
    assert!(refused.expect_err("no moment").contains("no time"));
    run(folder.path(), &["backup", "restore", "full.zip"]).expect("restored");
    let server = Server::start_on(folder);
    assert_eq!(titles(&server.guest()), ["one"]);
    assert_eq!(keys(&server.superuser()), ["full.zip", "inc.zip"]);
}

#[test]
fn increments_under_steady_writes_lose_and_repeat_nothing() {
    let (server, superuser) = recording();
    create(&superuser, &json!({ "name": "b0.zip" }));
    let over = AtomicBool::new(false);
    let written = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..3)
            .map(|writer| {
                let (superuser, over) = (&superuser, &over);
                scope.spawn(move || {
                    let mut number = 0;
                    while !over.load(Ordering::SeqCst) {
                        let made = post(superuser, &format!("{writer}_{number}"), b"paper");
                        if number % 3 == 0 {
                            superuser.delete(&record("posts", &made["id"])).expect(204);
                        }
                        number += 1;
                    }
                    number
                })
            })
            .collect();
        for number in 1..5 {
            std::thread::sleep(Duration::from_millis(200));
            let name = format!("b{number}.zip");
            create(&superuser, &json!({ "name": name, "incremental": true }));
        }
        over.store(true, Ordering::SeqCst);
        writers.into_iter().map(|writer| writer.join().expect("good writes")).collect::<Vec<_>>()
    });
    assert!(written.iter().all(|count| *count > 0), "{written:?}");
    create(&superuser, &json!({ "name": "b5.zip", "incremental": true }));
    let before = export(&server, "before.ndjson");
    superuser.delete("/api/collections/posts").expect(204);
    superuser.post(&format!("{}/restore", path_of("b5.zip")), &json!({})).expect(204);
    wait_for("the posts", || titles_if_up(&server).is_some_and(|text| text.contains("_1")));
    assert!(export(&server, "after.ndjson") == before, "the exports differ");
    let folder = server.kill();
    assert!(check(folder.path()).contains("No damage"));
    for number in 1..5 {
        run(folder.path(), &["backup", "verify", &format!("b{number}.zip")]).expect("a good chain");
    }
}

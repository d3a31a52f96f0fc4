//! The names of hooks that are about failures, requests and batches.

use serde_json::{Value as Json, json};

use crate::{POSTS, server, titles, wait_for};

const NOTES: &str = r#"
routerAdd("GET", "/notes", (e) => e.json(200, $app.store().get("notes") ?? []))
"#;

/// A script whose handlers note what happens.
fn noting(text: &str) -> String {
    let note =
        "const note = (text) => $app.store().setFunc('notes', (all) => [...(all ?? []), text]);";
    text.replace("NOTE", note) + NOTES
}

#[test]
fn what_came_to_nothing_is_told_and_never_as_a_success() {
    let text = noting(
        r#"
        onRecordAfterCreateSuccess((e) => { NOTE note(`made ${e.record.get("title")}`); e.next() }, "posts")
        onRecordAfterCreateError((e) => {
            NOTE note(`${e.type} ${e.record.get("title")}: ${e.error.message} ${e.error.status}`)
            e.next()
        }, "posts")
        onRecordAfterUpdateError((e) => { NOTE note(`update ${e.record.get("title")}`); e.next() }, "posts")
        onModelAfterDeleteError((e) => { NOTE note(`delete ${e.model.get("title")}`); e.next() })
        onRecordAfterDeleteError((e) => { NOTE note("never"); e.next() }, "others")
        onRecordCreateExecute((e) => {
            if (e.record.get("title") === "bad") throw new BadRequestError("Bad title")
            e.next()
        }, "posts")
        onRecordUpdate((e) => { throw new ForbiddenError("No changes") }, "posts")
        onRecordDelete((e) => { throw new ForbiddenError("It stays") }, "posts")
        routerAdd("POST", "/both", (e) => {
            $app.runInTransaction((txApp) => {
                const posts = txApp.findCollectionByNameOrId("posts")
                txApp.save(new Record(posts, { title: "first" }))
                throw new BadRequestError("Not both")
            })
        })
        routerAdd("POST", "/one-of-two", (e) => {
            $app.runInTransaction((txApp) => {
                const posts = txApp.findCollectionByNameOrId("posts")
                try { txApp.save(new Record(posts, { title: "bad" })) } catch {}
                txApp.save(new Record(posts, { title: "kept" }))
            })
            return e.noContent(204)
        })
        "#,
    );
    let server = server(&[("errors.pb.js", &text)]);
    let guest = server.guest();
    let notes = |count: usize| {
        let read = || guest.get("/notes").expect(200).as_array().expect("a list").clone();
        wait_for(|| read().len() >= count);
        read()
    };
    guest.post(POSTS, &json!({ "title": "bad" })).expect(400);
    assert_eq!(notes(1), [json!("create bad: Bad title 400")]);
    let made = guest.post(POSTS, &json!({ "title": "good" })).expect(200);
    let path = format!("{POSTS}/{}", made["id"].as_str().expect("an id"));
    guest.patch(&path, &json!({ "title": "changed" })).expect(403);
    guest.delete(&path).expect(403);
    assert_eq!(notes(4)[1..], [json!("made good"), json!("update changed"), json!("delete good")]);
    // What was made and then taken back came to nothing.
    guest.post("/both", &json!({})).expect(400);
    assert_eq!(notes(5)[4..], [json!("create first: Taken back. 500")]);
    guest.post("/one-of-two", &json!({})).expect(204);
    assert_eq!(notes(7)[5..], [json!("create bad: Bad title 400"), json!("made kept")]);
    assert_eq!(titles(&guest).len(), 2);
}

#[test]
fn collections_have_hooks_inside_each_other_and_after_failures() {
    let text = noting(
        r#"
        onCollectionCreate((e) => { NOTE note("create("); e.next(); note(")create") })
        onCollectionValidate((e) => { NOTE note(`${e.type} validate(`); e.next(); note(")validate") })
        onCollectionCreateExecute((e) => { NOTE note("execute("); e.next(); note(")execute") })
        onCollectionUpdateExecute((e) => { throw new BadRequestError("Frozen") }, "made")
        onCollectionDeleteExecute((e) => { NOTE note("delete"); e.next() })
        onCollectionAfterCreateError((e) => { NOTE note(`failed ${e.collection.name} ${Object.keys(e.error.data)}`); e.next() })
        onCollectionAfterUpdateError((e) => { NOTE note(`failed ${e.error.error()}`); e.next() }, "made")
        onCollectionAfterDeleteSuccess((e) => { NOTE note(`gone ${e.collection.name}`); e.next() })
        onCollectionsListRequest((e) => { if (e.requestInfo().query.stop) throw new ForbiddenError("No list"); e.next() })
        onCollectionViewRequest((e) => { if (e.collection.name === "made" && e.requestInfo().query.stop) throw new ForbiddenError("No view"); e.next() })
        onCollectionUpdateRequest((e) => { e.collection.listRule = ""; e.next() })
        onCollectionsImportRequest((e) => {
            if (e.deleteMissing) throw new ForbiddenError("Nothing goes")
            e.collectionsData = e.collectionsData.filter((one) => one.name !== "unwanted")
            e.next()
        })
        "#,
    );
    let server = server(&[("collections.pb.js", &text)]);
    let (guest, root) = (server.guest(), server.superuser());
    let read = || guest.get("/notes").expect(200).as_array().expect("a list").clone();
    // `posts` is made by every test.
    let since = read().len();
    let new = |from: usize, count: usize| -> Vec<Json> {
        wait_for(|| read().len() >= since + from + count);
        read()[since + from..].to_vec()
    };
    root.post("/api/collections", &json!({ "name": "made", "type": "base" })).expect(200);
    let order = ["create(", "create validate(", ")validate", "execute(", ")execute", ")create"];
    assert_eq!(new(0, 6), order.map(Json::from));
    root.post("/api/collections", &json!({ "name": "no name!", "type": "base" })).expect(400);
    assert_eq!(new(6, 3), ["create(", "create validate(", "failed no name! name"].map(Json::from));
    let refused = root.patch("/api/collections/made", &json!({ "name": "other" })).expect(400);
    assert_eq!(refused["message"], "Frozen.");
    assert_eq!(new(9, 3)[2], "failed Frozen");
    root.get("/api/collections?stop=1").expect(403);
    root.get("/api/collections/made?stop=1").expect(403);
    root.get("/api/collections/made").expect(200);
    let import = |delete_missing: bool| {
        let collections = json!([
            { "name": "wanted", "type": "base", "fields": [] },
            { "name": "unwanted", "type": "base", "fields": [] },
        ]);
        json!({ "collections": collections, "deleteMissing": delete_missing })
    };
    root.put("/api/collections/import", &import(true)).expect(403);
    root.put("/api/collections/import", &import(false)).expect(204);
    root.get("/api/collections/wanted").expect(200);
    root.get("/api/collections/unwanted").expect(404);
    let before = read().len();
    root.delete("/api/collections/wanted").expect(204);
    wait_for(|| read().len() >= before + 2);
    assert_eq!(read()[before..], ["delete", "gone wanted"].map(Json::from));
    root.patch("/api/collections/posts", &json!({ "listRule": null })).expect(200);
    guest.get(POSTS).expect(200);
}

#[test]
fn batches_and_the_requests_in_them_are_asked_about() {
    let text = noting(
        r#"
        onBatchRequest((e) => {
            if (e.batch.length > 2) throw new BadRequestError("Two at most")
            for (const step of e.batch) if (step.body) step.body.views = 9
            e.next()
        })
        onRecordCreateRequest((e) => {
            if (e.requestInfo().context !== "batch") return e.next()
            if (e.record.get("title") === "bad") throw new ForbiddenError("Not that one")
            e.record.set("slug", "batched")
            e.next()
        }, "posts")
        onRecordDeleteRequest((e) => { throw new ForbiddenError("It stays") }, "posts")
        onRecordCreate((e) => {
            e.next()
            if (e.record.get("title") === "late") throw new BadRequestError("Too late")
        }, "posts")
        onRecordAfterCreateError((e) => { NOTE note(`failed ${e.record.get("title")}`); e.next() }, "posts")
        onRecordAfterCreateSuccess((e) => { NOTE note(`made ${e.record.get("title")}`); e.next() }, "posts")
        "#,
    );
    let server = server(&[("batch.pb.js", &text)]);
    let (guest, root) = (server.guest(), server.superuser());
    root.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let create =
        |title: &str| json!({ "method": "POST", "url": POSTS, "body": { "title": title } });
    let send = |steps: &[Json]| guest.post("/api/batch", &json!({ "requests": steps }));
    let made = send(&[create("a"), create("b")]).expect(200);
    for (at, title) in ["a", "b"].into_iter().enumerate() {
        let body = &made[at]["body"];
        assert_eq!(
            (&body["title"], &body["slug"], &body["views"]),
            (&json!(title), &json!("batched"), &json!(9))
        );
    }
    assert_eq!(
        send(&[create("1"), create("2"), create("3")]).expect(400)["message"],
        "Two at most."
    );
    let refused = send(&[create("c"), create("bad")]).expect(400);
    let failed = &refused["data"]["requests"]["1"]["response"];
    assert_eq!((&failed["status"], &failed["message"]), (&json!(403), &json!("Not that one.")));
    // A hook that throws inside a step takes the whole batch with it.
    let refused = send(&[create("early"), create("late")]).expect(400);
    assert_eq!(refused["data"]["requests"]["1"]["response"]["message"], "Too late.");
    let path = format!("{POSTS}/{}", made[0]["body"]["id"].as_str().expect("an id"));
    send(&[json!({ "method": "DELETE", "url": path })]).expect(400);
    assert_eq!(titles(&guest), [json!("a"), json!("b")]);
    let notes = || guest.get("/notes").expect(200).as_array().expect("a list").clone();
    wait_for(|| notes().len() >= 4);
    assert_eq!(notes(), ["made a", "made b", "failed early", "failed late"].map(Json::from));
}

#[test]
fn backups_are_made_as_hooks_want_them() {
    let text = r#"
        onBackupCreate((e) => {
            if (e.name === "never.zip") throw new BadRequestError("Not that one")
            e.name = "by_hook.zip"
            e.next()
        })
        onBackupRestore((e) => { throw new ForbiddenError("No way back") })
        routerAdd("POST", "/backup", (e) => { $app.createBackup(new Context(), "x.zip"); return e.noContent(204) })
    "#;
    let server = server(&[("backups.pb.js", text)]);
    let (guest, root) = (server.guest(), server.superuser());
    root.post("/api/backups", &json!({ "name": "never.zip" })).expect(400);
    guest.post("/backup", &json!({})).expect(204);
    let list = root.get("/api/backups").expect(200);
    let keys: Vec<_> = list.as_array().expect("a list").iter().map(|item| &item["key"]).collect();
    assert_eq!(keys, [&json!("by_hook.zip")]);
    root.post("/api/backups/by_hook.zip/restore", &json!({})).expect(403);
}

#[test]
fn declarations_are_written_for_editors() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let run = |arguments: &[&str]| {
        let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"));
        let ran = program.args(arguments).current_dir(place.path()).output().expect("it runs");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        String::from_utf8_lossy(&ran.stdout).into_owned()
    };
    assert!(run(&["hooks", "types", "-"]).contains("declare function onRecordCreate("));
    run(&["hooks", "types"]);
    let written = std::fs::read_to_string(place.path().join("hooks/types.d.ts")).expect("a file");
    assert!(written.contains("declare const $app: App;"));
}

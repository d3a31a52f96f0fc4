//! Files of records and of the machine.

use serde_json::json;

use crate::harness::Client;
use crate::{server, text, wait_for};

const FILES: &str = r#"
onRecordCreate((e) => {
    if (e.record.get("title") === "badge") {
        e.record.set("one", $filesystem.fileFromBytes("of a hook", "badge.txt"))
        e.record.set("many", [$filesystem.fileFromBytes([104, 105], "hi.txt"), new File(["ho"], "ho.txt")])
    }
    e.next()
    if (e.record.get("title") === "badge" && e.record.get("fails")) throw new BadRequestError("after all")
}, "docs")
routerAdd("POST", "/save", (e) => {
    const { title, inside, fails } = e.requestInfo().body
    const run = (app) => {
        const doc = new Record(app.findCollectionByNameOrId("docs"), { title })
        doc.set("one", $filesystem.fileFromBytes("first", "a name.txt"))
        app.save(doc)
        doc.set("many+", $filesystem.fileFromBytes("second", "b.txt"))
        doc.set("many+", $filesystem.fileFromBytes("third", "c.txt"))
        app.save(doc)
        if (fails) throw new BadRequestError("on purpose")
        return doc
    }
    const doc = inside ? $app.runInTransaction(run) : run($app)
    return e.json(200, doc)
})
routerAdd("POST", "/too-large", (e) => {
    const doc = new Record($app.findCollectionByNameOrId("docs"))
    doc.set("one", $filesystem.fileFromBytes("x".repeat(2000), "large.txt"))
    $app.save(doc)
})
routerAdd("GET", "/read/{id}", (e) => {
    const doc = $app.findRecordById("docs", e.request.pathValue("id"))
    const files = $app.newFilesystem()
    const key = `${doc.baseFilesPath()}/${doc.get("one")}`
    const copy = files.getReuploadableFile(key)
    doc.set("many-", doc.get("many")[0])
    doc.set("many+", copy)
    $app.save(doc)
    const extra = `${doc.baseFilesPath()}/extra.txt`
    files.upload("extra", extra)
    const seen = [files.exists(key), files.exists(extra), files.attributes(key).size, toString(files.getReader(key))]
    files.delete(extra)
    seen.push(files.exists(extra))
    let missing
    try { files.getReader(extra) } catch (error) { missing = error.status }
    try { files.getReader("../../secret") } catch (error) { missing = [missing, error.status] }
    files.close()
    return e.json(200, { seen, missing, many: doc.get("many").length })
})
routerAdd("GET", "/serve/{id}", (e) => {
    const doc = $app.findRecordById("docs", e.request.pathValue("id"))
    const files = $app.newFilesystem()
    files.serve(e.response, e.request, `${doc.baseFilesPath()}/${doc.get("one")}`, "shown.txt")
})
routerAdd("GET", "/machine", (e) => {
    const folder = `${$app.dataDir()}/../made`
    $os.mkdirAll(`${folder}/deep`)
    $os.writeFile(`${folder}/a.txt`, "hello")
    $os.writeFile(`${folder}/b.bin`, [0, 255])
    $os.rename(`${folder}/b.bin`, `${folder}/c.bin`)
    const names = $os.readDir(folder).map((entry) => `${entry.name()}${entry.isDir() ? "/" : ""}`)
    const stat = $os.stat(`${folder}/a.txt`)
    const file = $filesystem.fileFromPath(`${folder}/a.txt`)
    const out = [names, toString($os.readFile(`${folder}/a.txt`)), $os.readFile(`${folder}/c.bin`), stat.size(), file.name, file.size]
    $os.removeAll(folder)
    for (const run of [() => $os.readFile(`${folder}/a.txt`), () => $os.cmd("ls")]) {
        try { run(); out.push("?") } catch (error) { out.push(true) }
    }
    return e.json(200, out)
})
"#;

fn docs(root: &Client) {
    root.post(
        "/api/collections",
        &json!({
            "name": "docs", "type": "base", "listRule": "", "viewRule": "", "createRule": "",
            "fields": [
                { "name": "title", "type": "text" }, { "name": "fails", "type": "bool" },
                { "name": "one", "type": "file", "maxSize": 1000 },
                { "name": "many", "type": "file", "maxSelect": 5, "maxSize": 1000 },
            ],
        }),
    )
    .expect(200);
}

#[test]
fn scripts_save_files_with_their_records() {
    let server = server(&[("files.pb.js", FILES)]);
    let (guest, root) = (server.guest(), server.superuser());
    docs(&root);
    let storage = || {
        let found = std::process::Command::new("find")
            .arg(server.folder().join("storage"))
            .args(["-type", "f", "-not", "-name", "*.attrs"])
            .output()
            .expect("it runs");
        String::from_utf8_lossy(&found.stdout).lines().count()
    };
    let path = "/api/collections/docs/records";
    let content = |record: &serde_json::Value, name: &serde_json::Value| {
        let (id, name) = (record["id"].as_str().expect("an id"), name.as_str().expect("a name"));
        text(guest.get(&format!("/api/files/docs/{id}/{name}")))
    };

    for inside in [false, true] {
        let made = guest.post("/save", &json!({ "title": "a", "inside": inside })).expect(200);
        assert!(made["one"].as_str().expect("a name").starts_with("a_name_"), "{made}");
        assert_eq!(content(&made, &made["one"]), "first");
        assert_eq!(made["many"].as_array().expect("names").len(), 2, "{made}");
        assert_eq!(content(&made, &made["many"][1]), "third");
        let refused = json!({ "title": "b", "inside": inside, "fails": true });
        guest.post("/save", &refused).expect(400);
    }
    // Outside of a transaction, what was saved stays; inside, nothing does, nor do its files.
    assert_eq!(guest.get(path).expect(200)["totalItems"], 3);
    wait_for(|| storage() == 9);
    let refused = guest.post("/too-large", &json!({})).expect(400);
    assert_eq!(refused["data"]["one"]["code"], "validation_file_size_limit");

    let made = guest.post(path, &json!({ "title": "badge" })).expect(200);
    assert_eq!(content(&made, &made["one"]), "of a hook");
    assert_eq!(content(&made, &made["many"][0]), "hi");
    guest.post(path, &json!({ "title": "badge", "fails": true })).expect(400);
    wait_for(|| storage() == 12);
    // What a program may bring, a client may not.
    let brought = json!({ "one": { "name": "a.txt", "base64": "aGk=" } });
    let made = guest.post(path, &brought);
    assert!(made.status == 400 || made.expect(200)["one"] == "");

    let first = &guest.get(path).expect(200)["items"][0];
    let id = first["id"].as_str().expect("an id");
    let read = guest.get(&format!("/read/{id}")).expect(200);
    assert_eq!(read["seen"], json!([true, true, 5, "first", false]));
    assert_eq!((&read["missing"], &read["many"]), (&json!([404, 400]), &json!(2)));
    assert_eq!(text(guest.get(&format!("/serve/{id}"))), "first");
}

#[test]
fn scripts_use_files_of_the_machine_but_run_no_programs() {
    let server = server(&[("files.pb.js", FILES)]);
    let shown = server.guest().get("/machine").expect(200);
    let expected =
        json!([["a.txt", "c.bin", "deep/"], "hello", [0, 255], 5, "a.txt", 5, true, true]);
    assert_eq!(shown, expected);
}

#[test]
fn a_folder_that_comes_later_is_read_then() {
    let server = crate::harness::Server::start();
    let hooks = server.folder().parent().expect("it has one").join("hooks");
    let guest = server.guest();
    let route = "routerAdd('GET', '/late', (e) => e.json(200, 1))";
    for _ in 0..2 {
        std::fs::create_dir(&hooks).expect("a folder");
        std::fs::write(hooks.join("late.pb.js"), route).expect("a file");
        wait_for(|| guest.get("/late").status == 200);
        std::fs::remove_dir_all(&hooks).expect("it is there");
        wait_for(|| guest.get("/late").status == 404);
    }
}

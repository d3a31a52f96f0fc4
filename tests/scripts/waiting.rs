//! Promises and timers.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{POSTS, posts, server, titles, wait_for};

const WAITING: &str = r#"
onRecordCreate(async (e) => {
    await new Promise((done) => setTimeout(done, 20))
    e.record.set("title", `${e.record.get("title")} waited`)
    if (e.record.get("slug") === "bad") throw new BadRequestError("not later either")
    await e.next()
    await null
    e.record.id || oops()
}, "posts")
onRecordAfterCreateSuccess(async (e) => {
    await null
    $app.store().set("after", e.record.id)
    e.next()
}, "posts")
cronAdd("later", "0 0 1 1 *", async () => {
    await new Promise((done) => setTimeout(done, 10))
    $app.store().set("cron", "done")
})
routerAdd("GET", "/store", (e) => e.json(200, $app.store().getAll()))
routerUse(async (e) => {
    e.response.header().set("x-before", "1")
    await null
    await e.next()
})
routerUse((e) => { e.next() })
routerAdd("GET", "/timers", async (e) => {
    const seen = []
    const stopped = setTimeout(() => seen.push("stopped"), 1)
    clearTimeout(stopped)
    const beat = setInterval((word) => seen.push(word), 5, "beat")
    await new Promise((done) => setTimeout(done, 60))
    clearInterval(beat)
    const count = seen.length
    await new Promise((done) => setTimeout(done, 30))
    setTimeout(() => $app.store().set("late", true), 1)
    return e.json(200, { many: count > 2, same: count === seen.length, words: [...new Set(seen)] })
})
routerAdd("GET", "/reject", async (e) => {
    await null
    throw new NotFoundError("rejected")
})
routerAdd("GET", "/throw", async (e) => {
    setTimeout(() => { throw new ForbiddenError("from a timer") }, 1)
    await new Promise(() => {})
})
routerAdd("GET", "/never", async (e) => { await new Promise(() => {}) })
routerAdd("GET", "/forever", async (e) => {
    setInterval(() => {}, 1)
    await new Promise(() => {})
})
routerAdd("GET", "/busy", async (e) => { for (;;) await null })
routerAdd("GET", "/lost", (e) => {
    Promise.reject(new Error("nobody looked"))
    Promise.resolve().then(() => { leak = 1 })
    return e.json(200, typeof leak)
})
routerAdd("POST", "/tx", async (e) => {
    const { title, fails } = e.requestInfo().body
    await $app.runInTransaction(async (txApp) => {
        await null
        txApp.save(new Record(txApp.findCollectionByNameOrId("posts"), { title }))
        await new Promise((done) => setTimeout(done, 5))
        if (fails) throw new BadRequestError("taken back")
    })
    return e.json(200, { isTransactional: $app.isTransactional() })
})
"#;

#[test]
fn handlers_may_wait() {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(data.path().join("hooks")).expect("a folder");
    std::fs::write(data.path().join("hooks/waiting.js"), WAITING).expect("a file");
    std::fs::write(data.path().join("config.toml"), "[hooks]\ntime_limit = \"400ms\"\n")
        .expect("a file");
    let server = crate::harness::Server::start_in(data);
    let (guest, root) = (server.guest(), server.superuser());
    posts(&root);

    let made = guest.post(POSTS, &json!({ "title": "a" })).expect(200);
    assert_eq!(made["title"], "a waited");
    let refused = guest.post(POSTS, &json!({ "title": "b", "slug": "bad" })).expect(400);
    assert_eq!(refused["message"], "Not later either.");
    assert_eq!(titles(&guest), [json!("a waited")]);
    wait_for(|| guest.get("/store").expect(200)["after"] == made["id"]);
    root.post("/api/crons/later", &json!({})).expect(204);
    wait_for(|| guest.get("/store").expect(200)["cron"] == "done");

    let timers = guest.get("/timers").expect(200);
    assert_eq!(timers, json!({ "many": true, "same": true, "words": ["beat"] }));
    assert_eq!(guest.get("/reject").expect(404)["message"], "Rejected.");
    assert_eq!(guest.get("/throw").expect(403)["message"], "From a timer.");
    for path in ["/never", "/forever", "/busy", "/never"] {
        let began = Instant::now();
        assert!(guest.get(path).status >= 400, "{path}");
        assert!(began.elapsed() < Duration::from_secs(20), "{path}");
    }
    for _ in 0..3 {
        assert_eq!(guest.get("/lost").expect(200), "undefined");
    }
    // What was left over when a call ended never happens.
    std::thread::sleep(Duration::from_millis(30));
    assert!(guest.get("/store").expect(200).get("late").is_none());

    let done = guest.post("/tx", &json!({ "title": "c" })).expect(200);
    assert_eq!(done["isTransactional"], false);
    guest.post("/tx", &json!({ "title": "d", "fails": true })).expect(400);
    assert_eq!(titles(&guest), [json!("a waited"), json!("c waited")]);
}

#[test]
fn what_nobody_handled_is_in_the_log_with_its_place() {
    let server = server(&[(
        "lost.pb.js",
        "routerAdd('GET', '/lost', async (e) => {\n  later()\n  e.json(200, 1)\n  \
         async function later() {\n    await null\n    oops()\n  }\n})",
    )]);
    server.guest().get("/lost").expect(200);
    let said = server.log();
    assert!(said.contains("nobody handled") && said.contains("lost.pb.js:6:5"), "{said}");
}

//! Small scripts of the kind that people have, one server for all of them.

use serde_json::json;

use crate::{POSTS, server, wait_for};

/// Each is about posts with a title of its own, so that none is in another's way.
const SNIPPETS: &[(&str, &str)] = &[
    (
        "01_defaults.pb.js",
        r#"onRecordCreate((e) => {
            if (e.record.getString("title") === "defaults") {
                e.record.set("views", 7)
                e.record.set("done", true)
                e.record.set("tags", { from: "hook", list: [1, 2] })
            }
            e.next()
        }, "posts")"#,
    ),
    (
        "02_validate.pb.js",
        r#"onRecordValidate((e) => {
            if (e.record.getInt("views") > 1000) {
                throw new BadRequestError("Too popular", {
                    views: new ValidationError("validation_max", "Not more than 1000."),
                })
            }
            e.next()
        }, "posts")"#,
    ),
    (
        "03_unchanged.pb.js",
        r#"onRecordUpdate((e) => {
            const before = e.record.original().getString("slug")
            if (before === "fixed" && e.record.getString("slug") !== before) {
                throw new ForbiddenError("The slug stays")
            }
            e.next()
        }, "posts")"#,
    ),
    (
        "04_counter.pb.js",
        r#"onRecordUpdateExecute((e) => {
            if (e.record.getString("title") === "counted") e.record.set("views+", 1)
            e.next()
        }, "posts")"#,
    ),
    (
        "05_cascade.pb.js",
        r#"onRecordDelete((e) => {
            const title = e.record.getString("title")
            e.next()
            if (title === "parent") {
                const left = $app.findRecordsByFilter("posts", "slug = {:slug}", "-title", 10, 0, { slug: "child" })
                for (const child of left) e.app.delete(child)
            }
        }, "posts")"#,
    ),
    (
        "06_model.pb.js",
        r#"onModelAfterDeleteSuccess((e) => {
            $app.store().set("deleted", $app.store().getOrSet("deleted", () => 0) + 1)
            e.next()
        }, "posts")"#,
    ),
    (
        "07_settings.pb.js",
        r#"routerAdd("GET", "/name", (e) => e.json(200, { name: $app.settings().meta.appName }))"#,
    ),
    (
        "08_hash.pb.js",
        r#"routerAdd("GET", "/hash/{text}", (e) => {
            const text = e.request.pathValue("text")
            const token = $security.createJWT({ text }, "key", 60)
            return e.json(200, {
                sha: $security.sha256(text), back: $security.parseJWT(token, "key").text,
                random: $security.randomString(12).length, same: $security.equal(text, text),
            })
        })"#,
    ),
    (
        "09_env.pb.js",
        r#"routerAdd("GET", "/env", (e) => e.json(200, { missing: $os.getenv("NO_SUCH_VARIABLE") }))"#,
    ),
    (
        "10_async.pb.js",
        r#"routerAdd("GET", "/async", async (e) => {
            const one = await Promise.resolve(1)
            e.json(200, { one })
        })"#,
    ),
    (
        "11_mail.pb.js",
        r#"onMailerSend((e) => {
            e.message.subject = `[ours] ${e.message.subject}`
            e.next()
        })
        onRecordAfterUpdateSuccess((e) => {
            if (e.record.getString("title") === "mailed") {
                $app.newMailClient().send(new MailerMessage({
                    from: { address: "a@example.com" }, to: [{ address: "b@example.com" }],
                    subject: "Hello", html: "<p>Hi</p>",
                }))
            }
            e.next()
        }, "posts")"#,
    ),
    (
        "12_collections.pb.js",
        r#"onCollectionCreate((e) => {
            if (e.collection.name === "forbidden") throw new BadRequestError("No such name")
            e.next()
        })
        onCollectionAfterCreateSuccess((e) => {
            $app.store().set("made", e.collection.name)
            e.next()
        })"#,
    ),
    ("13_store.pb.js", r#"routerAdd("GET", "/store", (e) => e.json(200, $app.store().getAll()))"#),
    (
        "14_login.pb.js",
        r#"onRecordAuthWithPasswordRequest((e) => {
            if (e.identity === "banned@example.com") throw new ForbiddenError("Banned")
            e.next()
        })"#,
    ),
    (
        "15_list.pb.js",
        r#"onRecordsListRequest((e) => {
            if (e.requestInfo().query.secret) throw new UnauthorizedError("Not for you")
            e.next()
        }, "posts")"#,
    ),
    (
        "16_nested.pb.js",
        r#"routerAdd("POST", "/nested", (e) => {
            try {
                $app.runInTransaction((txApp) => {
                    txApp.save(new Record(txApp.findCollectionByNameOrId("posts"), { title: "lost" }))
                    throw new Error("on purpose")
                })
            } catch (error) {
                return e.json(200, { error: error.message, count: $app.countRecords("posts", "title = 'lost'") })
            }
        })"#,
    ),
    (
        "17_missing.pb.js",
        r#"routerAdd("GET", "/missing", (e) => {
            try {
                $app.findFirstRecordByData("posts", "title", "it's \"nowhere\"")
            } catch (error) {
                throw new NotFoundError("nothing there")
            }
        })"#,
    ),
    (
        "18_fields.pb.js",
        r#"routerAdd("GET", "/fields", (e) => {
            const posts = $app.findCollectionByNameOrId("posts")
            return e.json(200, { names: posts.fields.fieldNames(), type: posts.fields.getByName("views").type })
        })"#,
    ),
    (
        "19_guest.pb.js",
        r#"routerAdd("GET", "/guests", (e) => e.noContent(204), $apis.requireGuestOnly())"#,
    ),
    (
        "20_blob.pb.js",
        r#"routerAdd("GET", "/blob", (e) => e.blob(200, "application/octet-stream", [104, 105]))
        routerAdd("GET", "/inner", (e) => {
            const answer = $http.send({ url: "http://127.0.0.1:1/" })
            return e.json(200, answer.statusCode)
        })"#,
    ),
];

#[test]
fn what_people_write_does_what_they_mean() {
    let server = server(SNIPPETS);
    let (guest, root) = (server.guest(), server.superuser());
    let make = |body: serde_json::Value| guest.post(POSTS, &body).expect(200);
    let path =
        |post: &serde_json::Value| format!("{POSTS}/{}", post["id"].as_str().expect("an id"));

    let post = make(json!({ "title": "defaults" }));
    assert_eq!((&post["views"], &post["done"]), (&json!(7), &json!(true)));
    assert_eq!(post["tags"], json!({ "from": "hook", "list": [1, 2] }));
    let refused = guest.post(POSTS, &json!({ "views": 1001 })).expect(400);
    assert_eq!(refused["data"]["views"]["code"], "validation_max");

    let post = make(json!({ "slug": "fixed" }));
    assert_eq!(guest.patch(&path(&post), &json!({ "slug": "x" })).status, 403);
    assert_eq!(guest.patch(&path(&post), &json!({ "title": "x" })).status, 200);
    let post = make(json!({ "title": "counted", "views": 1 }));
    let changed = guest.patch(&path(&post), &json!({ "slug": "x" })).expect(200);
    assert_eq!(changed["views"], 2);

    let children = [make(json!({ "slug": "child" })), make(json!({ "slug": "child" }))];
    let parent = make(json!({ "title": "parent" }));
    guest.delete(&path(&parent)).expect(204);
    for child in &children {
        guest.get(&path(child)).expect(404);
    }
    wait_for(|| guest.get("/store").expect(200)["deleted"] == 3);

    assert!(guest.get("/name").expect(200)["name"].is_string());
    let hash = guest.get("/hash/abc").expect(200);
    assert!(hash["sha"].as_str().expect("a text").starts_with("ba7816bf"));
    assert_eq!(
        (&hash["back"], &hash["random"], &hash["same"]),
        (&json!("abc"), &json!(12), &json!(true))
    );
    assert_eq!(guest.get("/env").expect(200)["missing"], "");
    assert_eq!(guest.get("/async").expect(200)["one"], 1);

    root.post("/api/collections", &json!({ "name": "forbidden", "type": "base" })).expect(400);
    root.post("/api/collections", &json!({ "name": "allowed", "type": "base" })).expect(200);
    wait_for(|| guest.get("/store").expect(200)["made"] == "allowed");
    let login = json!({ "identity": "banned@example.com", "password": "1234567890" });
    guest.post("/api/collections/_superusers/auth-with-password", &login).expect(403);
    guest.get(&format!("{POSTS}?secret=1")).expect(401);
    guest.get(&format!("{POSTS}?page=1")).expect(200);

    let nested = guest.post("/nested", &json!({})).expect(200);
    assert_eq!((&nested["error"], &nested["count"]), (&json!("on purpose"), &json!(0)));
    assert_eq!(guest.get("/missing").expect(404)["message"], "Nothing there.");
    let fields = guest.get("/fields").expect(200);
    assert_eq!(fields["type"], "number");
    assert!(fields["names"].as_array().expect("a list").contains(&json!("slug")));
    guest.get("/guests").expect(204);
    root.get("/guests").expect(400);
    // The inner network is closed to scripts.
    assert!(guest.get("/inner").status >= 400);
}

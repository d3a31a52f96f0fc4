//! More small scripts of the kind that people have: queries, accounts, settings, middleware.

use serde_json::{Value as Json, json};

use crate::harness::mailbox::Mailbox;
use crate::harness::stream::Stream;
use crate::harness::{record, records};
use crate::{POSTS, server, wait_for, write};

const IDIOMS: &[(&str, &str)] = &[
    (
        "31_query.pb.js",
        r#"routerAdd("GET", "/query/records", (e) => {
            const found = arrayOf(new Record())
            $app.recordQuery("posts")
                .andWhere($dbx.hashExp({ slug: "q" }))
                .andWhere($dbx.or($dbx.like("title", "it's"), $dbx.exp("LOWER(title) = {:t}", { t: "loud" })))
                .orderBy("views DESC").limit(5)
                .all(found)
            const one = new Record()
            $app.recordQuery("posts").andWhere($dbx.exp("views >= {:v}", { v: 3 })).orderBy("views ASC").one(one)
            const none = []
            $app.recordQuery("posts").andWhere($dbx.in("title")).all(none)
            return e.json(200, {
                titles: found.map((post) => post.getString("title")), least: one.get("title"), none: none.length,
                all: $app.findAllRecords("posts", $dbx.hashExp({ slug: "q" }), $dbx.not($dbx.hashExp({ views: 3 }))).length,
                few: $app.findAllRecords("posts", $dbx.hashExp({ slug: ["q", "z"] })).length,
                count: $app.countRecords("posts", $dbx.between("views", 2, 3), $dbx.hashExp({ slug: "q" })),
                plain: $app.countRecords("posts", $dbx.hashExp({ slug: "q" })),
            })
        })"#,
    ),
    (
        "32_sql.pb.js",
        r#"routerAdd("GET", "/query/sql", (e) => {
            const rows = arrayOf(new DynamicModel({ slug: "", total: 0, most: -0, any: false, name: nullString() }))
            $app.db().newQuery("SELECT slug, COUNT(*) AS total, MAX(views) AS most, 1 AS any, NULL AS name FROM {{posts}} WHERE [[slug]] = {:slug} GROUP BY slug")
                .bind({ slug: "q" }).all(rows)
            const top = new DynamicModel({ title: "" })
            $app.db().select("title").from("posts").where($dbx.notLike("title", "z")).orderBy("views DESC").limit(1).one(top)
            let refused = ""
            try { $app.db().newQuery("DELETE FROM posts").execute() } catch (error) { refused = error.message }
            let missing = ""
            try { $app.db().newQuery("SELECT nothing FROM posts").all(rows) } catch (error) { missing = error.message }
            return e.json(200, { rows, top, refused, missing })
        })"#,
    ),
    (
        "33_in_a_transaction.pb.js",
        r#"routerAdd("POST", "/query/own", (e) => {
            let seen = 0
            try {
                $app.runInTransaction((txApp) => {
                    txApp.save(new Record(txApp.findCollectionByNameOrId("posts"), { title: "unseen" }))
                    const row = new DynamicModel({ total: 0 })
                    txApp.db().newQuery("SELECT COUNT(*) AS total FROM posts WHERE title = 'unseen'").one(row)
                    seen = row.total
                    throw new Error("enough")
                })
            } catch {}
            return e.json(200, { seen, left: $app.countRecords("posts", "title = 'unseen'") })
        })"#,
    ),
    (
        "34_login.pb.js",
        r#"routerAdd("POST", "/my-login", (e) => {
            const data = new DynamicModel({ email: "", password: "" })
            e.bindBody(data)
            const record = $app.findAuthRecordByEmail("users", data.email)
            if (!record.validatePassword(data.password)) throw new BadRequestError("Invalid credentials")
            return $apis.recordAuthResponse(e, record, "")
        })
        routerAdd("GET", "/whose", (e) => {
            const record = $app.findAuthRecordByToken(e.request.url.query().get("t"), "auth")
            return e.json(200, { id: record.id, email: record.publicExport().email ?? null })
        })"#,
    ),
    (
        "35_access.pb.js",
        r#"routerAdd("GET", "/see/{id}", (e) => {
            const post = $app.findRecordById("posts", e.request.pathValue("id"))
            const may = (rule) => $app.canAccessRecord(post, e.requestInfo(), rule)
            return e.json(200, [may(null), may(""), may("@request.auth.id != ''"), may("title = 'seen'")])
        })"#,
    ),
    (
        "36_settings.pb.js",
        r#"routerAdd("POST", "/rename-app", (e) => {
            const settings = $app.settings()
            settings.meta.appName = e.requestInfo().body.name
            $app.save(settings)
            return e.json(200, $app.settings().meta.appName)
        })
        onSettingsReload((e) => {
            e.next()
            $app.store().set("app", e.app.settings().meta.appName)
        })
        onSettingsUpdateRequest((e) => {
            if (e.newSettings.meta?.appName === "forbidden") throw new BadRequestError("Not that name")
            e.next()
        })
        onSettingsListRequest((e) => { e.settings.meta.note = "by a hook"; e.next() })"#,
    ),
    (
        "37_everywhere.pb.js",
        r#"routerUse(new Middleware((e) => {
            e.response.header().set("x-second", String($app.store().get("first") ?? ""))
            return e.next()
        }, 10))
        routerUse(new Middleware((e) => {
            if (e.request.url.path === "/api/health" && e.request.header.get("x-stop")) throw new ForbiddenError("Stopped")
            if (e.request.url.path === "/api/teapot") return e.json(418, { short: true })
            $app.store().set("first", e.request.method)
            return e.next()
        }, -10))"#,
    ),
    (
        "38_store.pb.js",
        r#"routerAdd("GET", "/limited", (e) => {
            const store = $app.store()
            const inside = store.setIfLessThanLimit(`limited-${store.length()}`, 1, store.length() + 1)
            const full = store.setIfLessThanLimit("limited-never", 1, 1)
            store.setFunc("calls", (old) => (old ?? 0) + 1)
            return e.json(200, { inside, full, calls: store.get("calls"), has: store.has("limited-never") })
        })"#,
    ),
    (
        "39_broker.pb.js",
        r#"routerAdd("POST", "/shout", (e) => {
            const message = new SubscriptionMessage({ name: "news", data: JSON.stringify({ text: "hi" }) })
            const clients = $app.subscriptionsBroker().clients()
            let sent = 0
            for (const id in clients) {
                if (clients[id].hasSubscription("news")) { clients[id].send(message); sent += 1 }
            }
            return e.json(200, { sent })
        })"#,
    ),
    (
        "40_quiet.pb.js",
        r#"onRecordCreate((e) => {
            if (e.record.get("title") === "quiet") e.record.set("slug", "hooked")
            e.next()
        }, "posts")
        routerAdd("POST", "/quiet", (e) => {
            const post = new Record($app.findCollectionByNameOrId("posts"), { title: "quiet" })
            $app.unsafeWithoutHooks().save(post)
            return e.json(200, post)
        }, $apis.bodyLimit(64))
        routerAdd("GET", "/mine", (e) => e.json(200, { ip: e.realIP(), remote: e.remoteIP() }), $apis.skipSuccessActivityLog())"#,
    ),
    (
        "41_welcome.pb.js",
        r#"onRecordAfterCreateSuccess((e) => {
            $mails.sendRecordVerification($app, e.record)
            e.next()
        }, "users")
        onMailerRecordVerificationSend((e) => {
            e.message.subject = `For ${e.record.id}: ${e.meta.token.length > 20} ${e.record.newAuthToken().length > 20}`
            e.next()
        })"#,
    ),
    (
        "42_schema.pb.js",
        r#"routerAdd("POST", "/schema", (e) => {
            $app.importCollections([{ name: "imported", type: "base", fields: [{ name: "n", type: "number" }] }], false)
            const imported = $app.findCollectionByNameOrId("imported")
            $app.save(new Record(imported, { n: 1 }))
            $app.truncateCollection(imported)
            return e.json(200, { left: $app.countRecords("imported"), columns: $app.tableColumns("imported") })
        })
        onCollectionCreateRequest((e) => {
            e.collection.name = e.collection.name.replace("draft_", "")
            e.next()
        })
        onCollectionDeleteRequest((e) => {
            if (e.collection.name === "kept") throw new ForbiddenError("It stays")
            e.next()
        })"#,
    ),
    (
        "43_files.pb.js",
        r#"routerAdd("GET", "/docs/{path...}", $apis.static(`${__hooks}/site`, false))
        routerAdd("GET", "/one-file", (e) => e.fileFS(`${__hooks}/site`, "a.txt"))
        routerAdd("GET", "/cookie", (e) => {
            e.setCookie(new Cookie({ name: "a", value: "b", path: "/", httpOnly: true }))
            return e.stream(200, "text/plain", "streamed")
        })"#,
    ),
    (
        "44_odds.pb.js",
        r#"routerAdd("GET", "/odds", (e) => {
            const key = "0123456789abcdef0123456789abcdef"
            return e.json(200, {
                secret: $security.decrypt($security.encrypt("hidden", key), key),
                code: /^[A-Z]{3}-\d{4}$/.test($security.randomStringByRegex("[A-Z]{3}-[0-9]{4}")),
                paths: [$filepath.join("a", "../b", "c.txt"), $filepath.base("/x/y.js"), $filepath.ext("z.tar.gz"), $filepath.dir("/a/b"), $filepath.rel("/a/b", "/a/c/d")],
                guest: e.requestInfo().auth, as: e.requestInfo.auth?.id ?? null, method: e.requestInfo.method,
                super: e.requestInfo().hasSuperuserAuth(),
            })
        })
        onRecordEnrich((e) => {
            if (!e.requestInfo.auth?.isSuperuser()) e.record.hide("views")
            e.next()
        }, "posts")"#,
    ),
];

#[test]
fn queries_say_what_sql_says() {
    let server = server(IDIOMS);
    let guest = server.guest();
    for (title, views) in [("it's", 5), ("LOUD", 3), ("other", 2)] {
        guest.post(POSTS, &json!({ "title": title, "views": views, "slug": "q" })).expect(200);
    }
    let found = guest.get("/query/records").expect(200);
    let expected = json!({
        "titles": ["it's", "LOUD"], "least": "LOUD", "none": 0, "all": 2, "few": 3, "count": 2, "plain": 3,
    });
    assert_eq!(found, expected);
    let found = guest.get("/query/sql").expect(200);
    let expected = json!([{ "slug": "q", "total": 3, "most": 5, "any": true, "name": null }]);
    assert_eq!((&found["rows"], &found["top"]["title"]), (&expected, &json!("it's")));
    assert!(found["refused"].as_str().expect("a text").contains("SQL can only read"), "{found}");
    assert!(found["missing"].as_str().expect("a text").contains("nothing"), "{found}");
    let own = guest.post("/query/own", &json!({})).expect(200);
    assert_eq!(own, json!({ "seen": 1, "left": 0 }));
}

#[test]
fn accounts_log_in_and_get_mail_as_scripts_say() {
    let server = server(IDIOMS);
    let mailbox = Mailbox::of(&server);
    let (guest, root) = (server.guest(), server.superuser());
    let account = json!({
        "email": "ann@example.com", "password": "1234567890", "passwordConfirm": "1234567890",
    });
    let ann = root.post(&records("users"), &account).expect(200);
    let mail = mailbox.next();
    let id = ann["id"].as_str().expect("an id");
    assert_eq!(mail.subject, format!("For {id}: true true"));
    let login = |password: &str| {
        guest.post("/my-login", &json!({ "email": "ann@example.com", "password": password }))
    };
    assert_eq!(login("wrong").expect(400)["message"], "Invalid credentials.");
    let answer = login("1234567890").expect(200);
    assert_eq!(answer["record"]["email"], "ann@example.com");
    let ann = server.with_token(&answer["token"]);
    assert_eq!(ann.get(&record("users", &answer["record"]["id"])).status, 200);
    let token = answer["token"].as_str().expect("a token");
    let whose = guest.get(&format!("/whose?t={token}")).expect(200);
    assert_eq!(whose, json!({ "id": id, "email": null }));
    assert!(guest.get("/whose?t=none").status >= 400);
    let post = guest.post(POSTS, &json!({ "title": "seen" })).expect(200);
    let see = format!("/see/{}", post["id"].as_str().expect("an id"));
    assert_eq!(guest.get(&see).expect(200), json!([false, true, false, true]));
    assert_eq!(ann.get(&see).expect(200), json!([false, true, true, true]));
    assert_eq!(root.get(&see).expect(200), json!([true, true, true, true]));
}

#[test]
fn middleware_is_around_the_api_too() {
    let server = server(IDIOMS);
    let guest = server.guest();
    let answer = guest.get("/api/health");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.headers["x-second"], "GET");
    let stopped = guest.send("GET", "/api/health", &[("x-stop", "1")], None);
    assert_eq!(stopped.expect(403)["message"], "Stopped.");
    assert_eq!(guest.get("/api/teapot").expect(418), json!({ "short": true }));
    let missing = guest.get(&format!("{POSTS}/nothing"));
    assert_eq!(missing.expect(404)["message"], "The requested resource wasn't found.");
    assert_eq!(guest.post(POSTS, &json!({ "title": "body" })).expect(200)["title"], "body");
    write(&server, "37_everywhere.pb.js", "");
    wait_for(|| guest.get("/api/teapot").status == 404);
    assert!(!guest.get("/api/health").headers.contains_key("x-second"));
}

#[test]
fn settings_collections_and_what_is_in_memory_are_in_reach() {
    let server = server(IDIOMS);
    let site = server.folder().parent().expect("it has one").join("hooks/site");
    std::fs::create_dir(&site).expect("a folder");
    std::fs::write(site.join("a.txt"), "text").expect("a file");
    let (guest, root) = (server.guest(), server.superuser());
    assert_eq!(guest.post("/rename-app", &json!({ "name": "Ours" })).expect(200), "Ours");
    let settings = root.get("/api/settings").expect(200);
    assert_eq!(
        (&settings["meta"]["appName"], &settings["meta"]["note"]),
        (&json!("Ours"), &json!("by a hook"))
    );
    let refused = guest.post("/rename-app", &json!({ "name": "x".repeat(1000) })).expect(400);
    assert!(refused["data"]["meta"]["appName"].is_object(), "{refused}");
    let named = |name: &str| json!({ "meta": { "appName": name } });
    root.patch("/api/settings", &named("forbidden")).expect(400);
    root.patch("/api/settings", &named("Theirs")).expect(200);
    let limited = guest.get("/limited").expect(200);
    assert_eq!(
        (&limited["inside"], &limited["full"], &limited["has"]),
        (&json!(true), &json!(false), &json!(false))
    );
    let mut stream = Stream::subscribed(&server, &guest, &["news"]);
    assert_eq!(guest.post("/shout", &json!({})).expect(200)["sent"], 1);
    let event = stream.next().expect("a message");
    assert_eq!(event.name, "news");
    let quiet = guest.post("/quiet", &json!({})).expect(200);
    assert_eq!(quiet["slug"], "");
    assert_eq!(guest.post("/quiet", &json!({ "x": "y".repeat(100) })).status, 413);
    let mine: Json = guest.get("/mine").expect(200);
    assert_eq!((&mine["ip"], &mine["remote"]), (&json!("127.0.0.1"), &json!("127.0.0.1")));
    let schema = guest.post("/schema", &json!({})).expect(200);
    assert_eq!(schema["left"], 0);
    let made = root.post("/api/collections", &json!({ "name": "draft_kept", "type": "base" }));
    assert_eq!(made.expect(200)["name"], "kept");
    root.delete("/api/collections/kept").expect(403);
    assert_eq!(guest.get("/docs/a.txt").json, "text");
    guest.get("/docs/none.txt").expect(404);
    assert!(guest.get("/docs/..%2f37_everywhere.pb.js").status >= 400);
    assert_eq!(guest.get("/one-file").json, "text");
    let cookie = guest.get("/cookie");
    assert_eq!(cookie.headers["set-cookie"], "a=b; Path=/; HttpOnly");
    assert_eq!(cookie.json, "streamed");
    let odds = guest.get("/odds").expect(200);
    let expected = json!({
        "secret": "hidden", "code": true, "paths": ["b/c.txt", "y.js", ".gz", "/a", "../c/d"],
        "guest": null, "as": null, "method": "GET", "super": false,
    });
    assert_eq!(odds, expected);
    let odds = root.get("/odds").expect(200);
    assert_eq!((&odds["super"], &odds["as"]), (&json!(true), &odds["guest"]["id"]));
    let post = guest.post(POSTS, &json!({ "title": "hidden" })).expect(200);
    assert!(post.get("views").is_none(), "{post}");
    let path = format!("{POSTS}/{}", post["id"].as_str().expect("an id"));
    assert_eq!(root.get(&path).expect(200)["views"], 0);
}

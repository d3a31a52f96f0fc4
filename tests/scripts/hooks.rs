//! Hooks around records.

use serde_json::json;

use crate::{POSTS, server, titles, wait_for, write};

#[test]
fn a_handler_changes_a_record_on_its_way_into_the_store() {
    let server = server(&[(
        "slug.pb.js",
        r#"
        onRecordCreate((e) => {
            e.record.set("slug", e.record.getString("title").toLowerCase().replace(/ /g, "-"))
            e.next()
            e.record.id.length === 15 || $app.logger().error("no id")
        }, "posts")
        "#,
    )]);
    let made = server.guest().post(POSTS, &json!({ "title": "Hello You" })).expect(200);
    assert_eq!(made["slug"], "hello-you");
}

#[test]
fn what_a_handler_throws_is_what_the_client_gets_and_nothing_is_kept() {
    let server = server(&[(
        "deny.pb.js",
        r#"
        onRecordCreate((e) => {
            const log = new Record($app.findCollectionByNameOrId("posts"), { title: "log" })
            if (e.record.get("title") === "bad") {
                e.app.save(log)
                throw new BadRequestError("not today", {
                    title: new ValidationError("validation_mood", "Wrong mood."),
                })
            }
            e.next()
            if (e.record.get("title") === "late") {
                undefinedFunction()
            }
        }, "posts")
        "#,
    )]);
    let guest = server.guest();
    let refused = guest.post(POSTS, &json!({ "title": "bad" })).expect(400);
    assert_eq!(refused["message"], "Not today.");
    assert_eq!(refused["data"]["title"]["code"], "validation_mood");
    let refused = guest.post(POSTS, &json!({ "title": "late" })).expect(400);
    assert_eq!(refused["data"], json!({}));
    assert!(titles(&guest).is_empty());
    guest.post(POSTS, &json!({ "title": "good" })).expect(200);
    assert_eq!(titles(&guest), [json!("good")]);
}

#[test]
fn a_handler_sees_nothing_of_its_file_or_of_other_calls() {
    let server = server(&[(
        "alone.pb.js",
        r#"
        const outside = "seen"
        onRecordCreate((e) => {
            leak = (globalThis.leak ?? 0) + 1
            $app.store().set("count", ($app.store().get("count") ?? 0) + 1)
            e.record.set("title", [typeof outside, leak, $app.store().get("count")].join())
            e.next()
        }, "posts")
        "#,
    )]);
    let guest = server.guest();
    for count in 1..4 {
        let made = guest.post(POSTS, &json!({})).expect(200);
        assert_eq!(made["title"], format!("undefined,1,{count}"));
    }
}

#[test]
fn what_a_handler_does_not_let_through_does_not_happen() {
    let server = server(&[("stop.pb.js", "onRecordDelete((e) => {}, 'posts')")]);
    let guest = server.guest();
    let made = guest.post(POSTS, &json!({ "title": "stays" })).expect(200);
    guest.delete(&format!("{POSTS}/{}", made["id"].as_str().expect("an id")));
    assert_eq!(titles(&guest), [json!("stays")]);
}

#[test]
fn a_changed_file_is_read_again_and_a_broken_one_keeps_what_was_there() {
    let hook = |word: &str| {
        format!("\nonRecordCreate((e) => {{ e.record.set('title', '{word}'); e.next() }}, 'posts')")
    };
    let server = server(&[("a.pb.js", &hook("one"))]);
    let guest = server.guest();
    let title = || guest.post(POSTS, &json!({})).expect(200)["title"].clone();
    assert_eq!(title(), "one");
    write(&server, "a.pb.js", &hook("two"));
    wait_for(|| title() == "two");
    write(&server, "a.pb.js", "\n\nonRecordCreate((e) => {");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert_eq!(title(), "two");
    write(&server, "a.pb.js", "");
    wait_for(|| title() == "");
}

#[test]
fn reloading_under_load_fails_no_request() {
    let hook = |word: usize| {
        format!("onRecordCreate((e) => {{ e.record.set('views', {word}); e.next() }}, 'posts')")
    };
    let server = server(&[("a.pb.js", &hook(1))]);
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        let clients: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let guest = server.guest();
                    let mut last = 0;
                    while !over.load(std::sync::atomic::Ordering::SeqCst) {
                        let made = guest.post(POSTS, &json!({})).expect(200);
                        last = made["views"].as_u64().expect("a hook has set it");
                        assert!(last > 0, "no hook ran");
                    }
                    last
                })
            })
            .collect();
        for word in 2..6 {
            write(&server, "a.pb.js", &hook(word));
            std::thread::sleep(std::time::Duration::from_millis(300));
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        for client in clients {
            assert_eq!(client.join().expect("no failure"), 5);
        }
    });
}

#[test]
fn after_hooks_request_hooks_and_enrich_hooks_have_their_say() {
    let server = server(&[(
        "more.pb.js",
        r#"
        onRecordCreateRequest((e) => {
            e.record.set("views", e.requestInfo().headers["x_views"] * 1)
            if (!e.hasSuperuserAuth()) e.record.set("done", true)
            e.next()
        }, "posts")
        onRecordAfterCreateSuccess((e) => {
            const record = $app.findRecordById("posts", e.record.id)
            if (record.get("slug")) return e.next()
            record.set("slug", "after")
            $app.save(record)
            e.next()
        }, "posts")
        onRecordEnrich((e) => {
            e.record.hide("tags")
            e.record.withCustomData(true)
            e.record.set("upper", e.record.getString("title").toUpperCase())
            e.next()
        }, "posts")
        "#,
    )]);
    let guest = server.guest();
    let made = guest.post(POSTS, &json!({ "title": "abc" })).expect(200);
    assert_eq!((&made["upper"], &made["done"]), (&json!("ABC"), &json!(true)));
    assert!(made.get("tags").is_none(), "{made}");
    let path = format!("{POSTS}/{}", made["id"].as_str().expect("an id"));
    wait_for(|| guest.get(&path).expect(200)["slug"] == "after");
}

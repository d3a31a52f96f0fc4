use std::sync::Arc;

use haversack::access::Caller;
use haversack::app::App;
use haversack::hooks::{Find, Mail, Rejection};
use serde_json::json;

use crate::server::{Server, config};

#[test]
fn records_are_made_found_changed_and_deleted_without_http() {
    let server = Server::with(|app| app);
    let data = server.app.data();
    server.block_on(async {
        let mut post = data.new_record("posts").unwrap();
        post.set("title", "it's");
        post.set("views", 3);
        let post = data.save(&post).await.unwrap();
        data.create("posts", json!({ "title": "other", "views": 1 })).await.unwrap();
        let find = Find::filter("title = {:title} && views > {:views}").bind("title", "it's");
        let find = find.bind("views", 2);
        assert_eq!(data.first("posts", find.clone()).await.unwrap().unwrap().id(), post.id());
        assert_eq!(data.count("posts", find).await.unwrap(), 1);
        let sorted = data.list("posts", Find::all().sort("views").limit(1)).await.unwrap();
        assert_eq!(sorted[0].text("title"), "other");
        let skipped = data.list("posts", Find::all().offset(1)).await.unwrap();
        assert_eq!((skipped.len(), skipped[0].text("title")), (1, "other"));
        let changed = data.update("posts", post.id(), json!({ "views+": 2 })).await.unwrap();
        assert_eq!(changed.to_json()["views"], 5);
        data.delete("posts", post.id()).await.unwrap();
        assert!(data.find("posts", post.id()).await.unwrap().is_none());

        let error = data.create("posts", json!({})).await.unwrap_err();
        assert_eq!(
            (error.status(), &error.fields()["title"]["code"]),
            (400, &json!("validation_required"))
        );
        assert_eq!(data.list("nothing", "").await.unwrap_err().status(), 404);
        assert_eq!(data.list("posts", "{:gone} = 1").await.unwrap_err().status(), 400);
        assert_eq!(data.settings().await.unwrap()["meta"]["appName"], json!("Acme"));
        let mail = Mail { to: "a@b.co".into(), subject: "x".into(), html: "<p>y</p>".into() };
        data.send_mail(mail).await.unwrap();
    });
}

#[test]
fn a_transaction_is_all_or_nothing() {
    let server = Server::with(|app| app);
    let data = server.app.data();
    let failed: Result<(), _> = server.block_on(data.transaction(|data| {
        data.create("posts", json!({ "title": "a" }))?;
        assert_eq!(data.count("posts", &Find::all())?, 1);
        Err(Rejection::bad_request("changed my mind"))
    }));
    assert_eq!(failed.unwrap_err().message(), "changed my mind");
    assert!(server.texts("posts", "title").is_empty());
    let made = server.block_on(data.transaction(|data| {
        let post = data.create("posts", json!({ "title": "a" }))?;
        data.create("comments", json!({ "post": post.id(), "text": "b" }))
    }));
    assert_eq!(made.unwrap().text("text"), "b");
}

#[test]
fn rules_apply_to_a_caller_and_to_nobody_else() {
    let server = Server::with(|app| {
        app.migration(
            "close",
            |data| {
                data.save_collection(json!({ "name": "posts", "viewRule": null,
                "createRule": null, "listRule": "views > 1" }))
                    .map(drop)
            },
            |_| Ok(()),
        )
    });
    let (all, guest) = (server.app.data(), Arc::new(Caller::default()));
    server.block_on(async {
        let post = all.create("posts", json!({ "title": "a", "views": 1 })).await.unwrap();
        all.create("posts", json!({ "title": "b", "views": 2 })).await.unwrap();
        let some = all.as_caller(guest);
        assert_eq!(some.create("posts", json!({ "title": "c" })).await.unwrap_err().status(), 403);
        assert_eq!(some.find("posts", post.id()).await.unwrap_err().status(), 403);
        assert_eq!(some.count("posts", "").await.unwrap(), 1);
        assert_eq!(all.count("posts", "").await.unwrap(), 2);
        let in_transaction =
            some.transaction(|data| data.create("posts", json!({ "title": "d" }))).await;
        assert_eq!(in_transaction.unwrap_err().status(), 403);
        assert_eq!(some.delete_collection("posts").await.unwrap_err().status(), 403);
    });
}

#[test]
fn migrations_run_once_in_order_and_can_be_taken_back() {
    let folder = tempfile::tempdir().unwrap();
    let build = |broken: bool| {
        App::builder()
            .config(config(&folder))
            .migration(
                "1",
                |data| data.save_collection(json!({ "name": "a", "type": "base" })).map(drop),
                |data| data.delete_collection("a"),
            )
            .migration(
                "2",
                move |data| {
                    data.create("a", json!({}))?;
                    if broken { Err(Rejection::bad_request("broken")) } else { Ok(()) }
                },
                |_| Ok(()),
            )
            .build()
    };
    let error = build(true).unwrap_err().to_string();
    assert!(error.contains("migration 2") && error.contains("broken"), "{error}");
    for _ in 0..2 {
        let app = build(false).unwrap();
        let data = app.data().blocking();
        assert_eq!(haversack::hooks::Data::count(&data, "a", &Find::all()).unwrap(), 1);
        app.close().unwrap();
    }
    let app = build(false).unwrap();
    assert_eq!(app.revert_migrations(5).unwrap(), ["2", "1"]);
    assert!(haversack::hooks::Data::collection(&app.data().blocking(), "a").is_err());
    app.close().unwrap();
}

#[test]
fn several_apps_live_in_one_process() {
    let one = Server::with(|app| {
        app.before_create("posts", |event| {
            event.record.set("title", "one");
            Ok(())
        })
    });
    let two = Server::with(|app| app);
    for server in [&one, &two] {
        let path = "/api/collections/posts/records";
        assert_eq!(server.send("POST", path, &json!({ "title": "x" })).0, 200);
    }
    assert_eq!(
        (one.texts("posts", "title"), two.texts("posts", "title")),
        (vec!["one".into()], vec!["x".into()])
    );
}

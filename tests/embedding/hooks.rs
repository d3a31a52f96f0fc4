use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use haversack::hooks::{Action, AuthAction, Rejection, RequestAction, When};
use serde_json::{Value as Json, json};

use crate::server::Server;

const POSTS: &str = "/api/collections/posts/records";
const SOON: Duration = Duration::from_secs(10);

type Notes = Arc<Mutex<Vec<String>>>;

/// A place to note things in from hooks.
fn notes() -> (Notes, Notes) {
    let notes = Arc::default();
    (Arc::clone(&notes), notes)
}

#[test]
fn a_hook_that_rejects_is_heard_by_the_client_and_nothing_is_written() {
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            // What it wrote before it refused goes, too.
            event.data().create("comments", json!({ "text": "lost" }))?;
            let rejection = Rejection::new(422, "not today");
            Err(rejection.with_field("title", "validation_mood", "Wrong mood."))
        })
    });
    let (status, body) = server.send("POST", POSTS, &json!({ "title": "x" }));
    assert_eq!(status, 422, "{body}");
    assert_eq!(body["message"], "Not today.");
    assert_eq!(
        body["data"]["title"],
        json!({ "code": "validation_mood", "message": "Wrong mood." })
    );
    assert!(server.texts("posts", "title").is_empty());
    assert!(server.texts("comments", "text").is_empty());
}

#[test]
fn a_hook_changes_the_record_before_it_is_checked() {
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            let title = format!("{}{}", event.record.text("title"), "!");
            event.record.set("title", title);
            event.record.set("views", 7);
            Ok(())
        })
        .before_update("posts", |event| {
            let old = event.old.as_ref().map(|old| old.text("title").to_owned());
            event.record.set("secret", old.unwrap_or_default());
            Ok(())
        })
    });
    let (status, post) = server.send("POST", POSTS, &json!({}));
    assert_eq!((status, &post["title"], &post["views"]), (200, &json!("!"), &json!(7)));
    let path = format!("{POSTS}/{}", post["id"].as_str().unwrap());
    server.send("PATCH", &path, &json!({ "title": "new" }));
    assert_eq!(server.texts("posts", "secret"), ["!"]);
    // What it makes of it is checked like what clients send.
    let (status, body) = server.send("POST", POSTS, &json!({ "title": "12345678901234567890" }));
    assert_eq!(
        (status, &body["data"]["title"]["code"]),
        (400, &json!("validation_max_text_constraint"))
    );
}

#[test]
fn a_value_of_the_wrong_kind_is_refused_at_every_stage() {
    let server = Server::with(|app| {
        app.hooks(|hooks| {
            hooks.records.create_execute.before("posts", |event| {
                event.record.set("views", "many");
                Ok(())
            });
        })
    });
    let (status, body) = server.send("POST", POSTS, &json!({ "title": "x" }));
    let code = "validation_unsupported_value_type";
    assert_eq!((status, &body["data"]["views"]["code"]), (400, &json!(code)));
    assert!(server.texts("posts", "title").is_empty());
}

#[test]
fn a_batch_is_taken_back_with_what_its_hooks_did() {
    let (told, telling) = channel();
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            event.data().create("comments", json!({ "text": event.record.text("title") }))?;
            if event.record.text("title") == "bad" {
                return Err(Rejection::forbidden("no"));
            }
            Ok(())
        })
        .after_create("posts", move |event| {
            told.send(event.record.text("title").to_owned()).unwrap();
            async { Ok(()) }
        })
    });
    let token = superuser(&server);
    server.send_as(&token, "PATCH", "/api/settings", &json!({ "batch": { "enabled": true } }));
    let batch = |titles: [&str; 2]| {
        let item = |title| json!({ "method": "POST", "url": POSTS, "body": { "title": title } });
        server.send("POST", "/api/batch", &json!({ "requests": titles.map(item) }))
    };
    let (status, body) = batch(["good", "bad"]);
    assert_eq!(status, 400);
    assert_eq!(body["data"]["requests"]["1"]["response"]["status"], 403, "{body}");
    assert!(server.texts("posts", "title").is_empty());
    assert!(server.texts("comments", "text").is_empty());
    assert_eq!(batch(["a", "b"]).0, 200);
    assert_eq!(server.texts("comments", "text"), ["a", "b"]);
    let heard: Vec<String> = (0..2).map(|_| telling.recv_timeout(SOON).unwrap()).collect();
    assert_eq!(heard, ["a", "b"]);
}

fn superuser(server: &Server) -> String {
    let body = json!({ "email": "a@b.co", "password": "1234567890" });
    server.block_on(server.app.data().create("_superusers", body.clone())).unwrap();
    let body = json!({ "identity": "a@b.co", "password": "1234567890" });
    let path = "/api/collections/_superusers/auth-with-password";
    server.send("POST", path, &body).1["token"].as_str().unwrap().to_owned()
}

#[test]
fn each_record_of_a_cascade_has_its_own_delete() {
    let ((notes, in_hook), (told, telling)) = (notes(), channel());
    let server = Server::with(|app| {
        app.before_delete("*", move |event| {
            in_hook.lock().unwrap().push(event.record.collection().name.clone());
            Ok(())
        })
        .after_delete("comments", move |event| {
            told.send(event.record.text("text").to_owned()).unwrap();
            async { Ok(()) }
        })
    });
    let (_, post) = server.send("POST", POSTS, &json!({ "title": "x" }));
    for text in ["one", "two"] {
        let comment = json!({ "text": text, "post": post["id"] });
        assert_eq!(server.send("POST", "/api/collections/comments/records", &comment).0, 200);
    }
    let path = format!("{POSTS}/{}", post["id"].as_str().unwrap());
    assert_eq!(server.send("DELETE", &path, &Json::Null).0, 204);
    assert_eq!(*notes.lock().unwrap(), ["posts", "comments", "comments"]);
    let mut heard: Vec<String> = (0..2).map(|_| telling.recv_timeout(SOON).unwrap()).collect();
    heard.sort();
    assert_eq!(heard, ["one", "two"]);
}

#[test]
fn a_panic_in_a_hook_is_a_500_and_the_server_goes_on() {
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            assert_ne!(event.record.text("title"), "boom", "on purpose");
            Ok(())
        })
        .on_request(RequestAction::View, "posts", |_| panic!("on purpose"))
        .after_create("posts", |event| {
            assert_ne!(event.record.text("title"), "late", "on purpose");
            async { Ok(()) }
        })
    });
    let post = |title: &str| server.send("POST", POSTS, &json!({ "title": title })).0;
    assert_eq!((post("boom"), post("late"), post("fine")), (500, 200, 200));
    assert_eq!(server.send("GET", &format!("{POSTS}/x"), &Json::Null).0, 500);
    assert_eq!(server.texts("posts", "title"), ["late", "fine"]);
}

#[test]
fn hooks_that_cause_each_other_without_end_are_stopped() {
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            event.data().create("posts", json!({ "title": "again" }))?;
            Ok(())
        })
    });
    let (status, body) = server.send("POST", POSTS, &json!({ "title": "x" }));
    assert_eq!((status, &body["message"]), (400, &json!("Hooks cause each other without end.")));
    assert!(server.texts("posts", "title").is_empty());
}

#[test]
fn hooks_run_in_order_and_can_be_removed() {
    let server = Server::with(|app| {
        let append = |letter: &'static str| {
            move |event: &mut haversack::hooks::Event<'_, haversack::hooks::RecordWrite>| {
                let title = format!("{}{letter}", event.record.text("title"));
                event.record.set("title", title);
                Ok(())
            }
        };
        app.before_create("posts", append("b"))
            .before_create(["posts", "comments"], append("c"))
            .before_create("comments", append("never"))
            .before_create(When::from("posts").priority(-1), append("a"))
    });
    let title = || server.send("POST", POSTS, &json!({ "title": "" })).1["title"].clone();
    assert_eq!(title(), "abc");
    let id = server.app.hooks().records.create.before("posts", |_| Err(Rejection::forbidden("")));
    assert_eq!(title(), Json::Null);
    assert!(server.app.hooks().records.create.remove(id));
    assert_eq!(title(), "abc");
}

#[test]
fn after_hooks_see_the_committed_record_and_may_use_the_data() {
    let (told, telling) = channel();
    let server = Server::with(|app| {
        app.after_create("posts", move |event| {
            let told = told.clone();
            async move {
                let data = event.app().data();
                let found = data.find("posts", event.record.id()).await?;
                let stored = found.map(|post| post.text("title").to_owned());
                told.send((event.record.text("title").to_owned(), stored)).unwrap();
                data.update("posts", event.record.id(), json!({ "views+": 1 })).await?;
                Ok(())
            }
        })
        .after_update("posts", |event| {
            let (old, new) = (event.old.clone().unwrap(), event.record.clone());
            async move {
                assert_ne!(old.get("views"), new.get("views"));
                Ok(())
            }
        })
    });
    server.send("POST", POSTS, &json!({ "title": "x" }));
    let heard = telling.recv_timeout(SOON).unwrap();
    assert_eq!(heard, ("x".to_owned(), Some("x".to_owned())));
}

#[test]
fn a_write_that_fails_inside_a_hook_leaves_nothing_even_if_the_hook_goes_on() {
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            if event.record.text("title") == "stray" {
                return Ok(());
            }
            let refused = event.data().create("comments", json!({ "post": "nobody" }));
            assert!(refused.is_err());
            let comment = event.data().create("comments", json!({ "text": "kept" }))?;
            let mut comment = event.data().find("comments", comment.id())?.unwrap();
            comment.set("text", "kept and saved");
            event.data().save(&comment)?;
            Ok(())
        })
        .before_create("comments", |event| {
            if event.record.text("post").is_empty() {
                return Ok(());
            }
            event.data().create("posts", json!({ "title": "stray" })).map(drop)
        })
    });
    let (status, body) = server.send("POST", POSTS, &json!({ "title": "x" }));
    assert_eq!(status, 200, "{body}");
    assert_eq!(server.texts("posts", "title"), ["x"]);
    assert_eq!(server.texts("comments", "text"), ["kept and saved"]);
}

#[test]
fn requests_logins_and_answers_have_hooks() {
    let server = Server::with(|app| {
        app.on_request(RequestAction::Create, "posts", |event| {
            event.body.insert("title".to_owned(), json!("from the hook"));
            Ok(())
        })
        .on_request(RequestAction::List, "comments", |_| Err(Rejection::forbidden("Not here.")))
        .on_auth(AuthAction::Password, "users", |event| {
            let blocked = event.body["identity"] == "blocked@b.co";
            if blocked { Err(Rejection::forbidden("Blocked.")) } else { Ok(()) }
        })
        .on_enrich("posts", |event| {
            event.hide("views");
            event.show("secret");
            let shout = event.record.text("title").to_uppercase();
            event.add("shout", shout);
            Ok(())
        })
        .before_collection(Action::Create, |event| {
            if event.definition["name"] == "forbidden" {
                return Err(Rejection::field("name", "validation_name", "Not this name."));
            }
            Ok(())
        })
    });
    let (_, post) = server.send("POST", POSTS, &json!({ "title": "mine" }));
    assert_eq!(post["title"], "from the hook");
    assert_eq!(post["shout"], "FROM THE HOOK");
    assert!(post.get("views").is_none() && post.get("secret").is_some(), "{post}");
    let (_, page) = server.send("GET", POSTS, &Json::Null);
    assert_eq!(page["items"][0], post);
    let (status, body) = server.send("GET", "/api/collections/comments/records", &Json::Null);
    assert_eq!((status, &body["message"]), (403, &json!("Not here.")));
    let login = |identity: &str| {
        let body = json!({ "identity": identity, "password": "x" });
        server.send("POST", "/api/collections/users/auth-with-password", &body)
    };
    assert_eq!(login("blocked@b.co").1["message"], "Blocked.");
    assert_eq!(login("other@b.co").1["message"], "Failed to authenticate.");
    let made = server.block_on(server.app.data().save_collection(json!({ "name": "forbidden" })));
    assert_eq!(made.unwrap_err().fields()["name"]["code"], "validation_name");
}

#[test]
fn a_password_that_a_hook_sets_is_hashed() {
    let server = Server::with(|app| {
        app.before_create("users", |event| {
            event.record.set("password", "set by a hook");
            Ok(())
        })
    });
    let body = json!({ "email": "a@b.co", "password": "by the client" });
    let made = server.block_on(server.app.data().create("users", body)).unwrap();
    assert!(made.text("password").starts_with("$argon2id$"));
    let login = json!({ "identity": "a@b.co", "password": "set by a hook" });
    let path = "/api/collections/users/auth-with-password";
    assert_eq!(server.send("POST", path, &login).0, 200);
}

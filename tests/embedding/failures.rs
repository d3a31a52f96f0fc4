//! Hooks after failures, around batches, collections and settings.

use std::sync::mpsc::channel;
use std::time::Duration;

use haversack::hooks::{Action, CollectionAction, Rejection, When};
use serde_json::{Value as Json, json};

use crate::server::Server;

const POSTS: &str = "/api/collections/posts/records";
const SOON: Duration = Duration::from_secs(10);

fn root(server: &Server) -> String {
    let account = json!({
        "email": "root@example.com", "password": "1234567890", "passwordConfirm": "1234567890",
    });
    server.block_on(server.app.data().create("_superusers", account)).unwrap();
    let login = json!({ "identity": "root@example.com", "password": "1234567890" });
    let path = "/api/collections/_superusers/auth-with-password";
    server.send("POST", path, &login).1["token"].as_str().unwrap().to_owned()
}

#[test]
fn a_transaction_that_fails_is_told_as_failures_and_never_as_successes() {
    let (sender, heard) = channel();
    let [made, failed, late] = [sender.clone(), sender.clone(), sender];
    let server = Server::with(|app| {
        app.after_create("posts", move |event| {
            let _ = made.send(format!("made {}", event.record.text("title")));
            async { Ok(()) }
        })
        .after_error(Action::Create, When::from("posts").priority(1), move |event| {
            let (title, why) = (event.record.text("title"), event.error.message());
            let _ = late.send(format!("again {title}: {why}"));
            async { Ok(()) }
        })
        .after_error(Action::Create, "posts", move |event| {
            let (title, why) = (event.record.text("title"), event.error.message());
            let _ = failed.send(format!("failed {title}: {why}"));
            async { Ok(()) }
        })
    });
    let work = |data: &dyn haversack::hooks::Data| {
        data.create("posts", json!({ "title": "a" }))?;
        // A part that fails is told, too, though the rest goes on.
        let _ = data.create("posts", json!({ "title": "b", "id": "!" }));
        Err::<(), _>(Rejection::new(409, "Not at all."))
    };
    let outcome = server.block_on(server.app.data().transaction(work));
    assert_eq!(outcome.unwrap_err().status(), 409);
    let next = || heard.recv_timeout(SOON).unwrap();
    assert_eq!(next(), "failed a: Not at all.");
    assert_eq!(next(), "again a: Not at all.");
    assert!(next().starts_with("failed b: "));
    assert!(next().starts_with("again b: "));
    assert_eq!(server.send("POST", POSTS, &json!({ "title": "c" })).0, 200);
    assert_eq!(next(), "made c");
    assert!(heard.try_recv().is_err());
}

#[test]
fn chains_stand_inside_each_other_in_their_order() {
    let (sender, heard) = channel();
    let server = Server::with(|app| {
        let note = |name: &'static str, sender: &std::sync::mpsc::Sender<String>| {
            let sender = sender.clone();
            move |_: &mut haversack::hooks::Event<'_, haversack::hooks::RecordWrite>,
                  is_in: bool| {
                let _ = sender.send(format!("{}{name}", if is_in { "+" } else { "-" }));
            }
        };
        let names = ["execute", "validate", "inner", "outer"];
        let [execute, validate, inner, outer] = names.map(|name| note(name, &sender));
        app.hooks(move |hooks| {
            let records = &hooks.records;
            records.create_execute.around("posts", move |event, next| {
                execute(event, true);
                next.run(event)?;
                execute(event, false);
                Ok(())
            });
            records.validate.around("posts", move |event, next| {
                validate(event, true);
                next.run(event)?;
                validate(event, false);
                Ok(())
            });
            records.create.around(When::from("posts").priority(1), move |event, next| {
                inner(event, true);
                next.run(event)?;
                inner(event, false);
                Ok(())
            });
            records.create.around(When::from("posts").priority(-1), move |event, next| {
                outer(event, true);
                next.run(event)?;
                outer(event, false);
                Ok(())
            });
        })
    });
    assert_eq!(server.send("POST", POSTS, &json!({ "title": "x" })).0, 200);
    let order: Vec<String> = heard.try_iter().collect();
    let expected =
        ["+outer", "+inner", "+validate", "-validate", "+execute", "-execute", "-inner", "-outer"];
    assert_eq!(order, expected);
}

#[test]
fn a_hook_that_panics_inside_a_batch_takes_the_batch_with_it() {
    let (sender, heard) = channel();
    let server = Server::with(|app| {
        app.before_create("posts", |event| {
            assert_ne!(event.record.text("title"), "boom", "on purpose");
            Ok(())
        })
        .after_error(Action::Create, "posts", move |event| {
            let _ = sender.send(event.record.text("title").to_owned());
            async { Ok(()) }
        })
        .on_batch(|event| {
            if event.requests.len() > 3 {
                return Err(Rejection::bad_request("Three at most."));
            }
            Ok(())
        })
    });
    let token = root(&server);
    let enable = json!({ "batch": { "enabled": true } });
    assert_eq!(server.send_as(&token, "PATCH", "/api/settings", &enable).0, 200);
    let send = |titles: &[&str]| {
        let step =
            |title: &&str| json!({ "method": "POST", "url": POSTS, "body": { "title": title } });
        let steps: Vec<Json> = titles.iter().map(step).collect();
        server.send("POST", "/api/batch", &json!({ "requests": steps }))
    };
    let (status, body) = send(&["a", "boom", "c"]);
    assert!(status >= 400, "{body}");
    assert!(server.texts("posts", "title").is_empty());
    let mut failed = [heard.recv_timeout(SOON).unwrap(), heard.recv_timeout(SOON).unwrap()];
    failed.sort();
    assert_eq!(failed, ["a", "boom"]);
    assert_eq!(send(&["a", "b", "c", "d"]).1["message"], "Three at most.");
    assert_eq!(send(&["a", "b"]).0, 200);
    assert_eq!(server.texts("posts", "title"), ["a", "b"]);
}

#[test]
fn collections_and_settings_have_hooks_that_can_be_removed() {
    let (sender, heard) = channel();
    let (settings, collections) = (sender.clone(), sender);
    let server = Server::with(|app| {
        app.on_collection_request(CollectionAction::Create, When::any(), |event| {
            event.payload.body.insert("listRule".to_owned(), json!(""));
            Ok(())
        })
        .on_settings(|event| {
            let is_refused = event.body.contains_key("smtp");
            if is_refused { Err(Rejection::forbidden("No mail server.")) } else { Ok(()) }
        })
        .after_settings(move |event| {
            let _ = settings.send(event.settings["meta"]["appName"].to_string());
            async { Ok(()) }
        })
        .after_collection_error(Action::Create, move |event| {
            let _ = collections.send(event.definition["name"].to_string());
            async { Ok(()) }
        })
    });
    let token = root(&server);
    let send = |method, path, body: Json| server.send_as(&token, method, path, &body);
    let (status, made) = send("POST", "/api/collections", json!({ "name": "made" }));
    assert_eq!((status, &made["listRule"]), (200, &json!("")));
    assert_eq!(send("POST", "/api/collections", json!({ "name": "made" })).0, 400);
    assert_eq!(heard.recv_timeout(SOON).unwrap(), "\"made\"");
    assert_eq!(send("PATCH", "/api/settings", json!({ "smtp": {} })).0, 403);
    assert_eq!(send("PATCH", "/api/settings", json!({ "meta": { "appName": "Ours" } })).0, 200);
    assert_eq!(heard.recv_timeout(SOON).unwrap(), "\"Ours\"");
    let named = |data: &dyn haversack::hooks::Data| {
        data.save_settings(json!({ "meta": { "appName": "Theirs" } }))
    };
    let saved = server.block_on(server.app.data().transaction(named)).unwrap();
    assert_eq!(saved["meta"]["appName"], "Theirs");
    assert_eq!(send("GET", "/api/settings", Json::Null).1["meta"]["appName"], "Theirs");
    assert_eq!(heard.recv_timeout(SOON).unwrap(), "\"Theirs\"");
    let chain = server.app.hooks().collection_request(CollectionAction::Delete);
    let id = chain.before("made", |_| Err(Rejection::forbidden("It stays.")));
    assert_eq!(send("DELETE", "/api/collections/made", Json::Null).0, 403);
    assert!(chain.remove(id) && !chain.remove(id));
    assert_eq!(send("DELETE", "/api/collections/made", Json::Null).0, 204);
}

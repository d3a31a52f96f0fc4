#![allow(dead_code, reason = "the examples' own main functions")]

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::server::Server;

#[path = "../../examples/blog.rs"]
mod blog;
#[path = "../../examples/chat/main.rs"]
mod chat;
#[path = "../../examples/custom_routes.rs"]
mod custom_routes;
#[path = "../../examples/hooks.rs"]
mod hooks;
#[path = "../../examples/mounted.rs"]
mod mounted;
#[path = "../../examples/scheduled_job.rs"]
mod scheduled_job;
#[path = "../../examples/todo/main.rs"]
mod todo;

#[test]
fn blog() {
    let server = Server::of(|config| blog::app(config).unwrap());
    let (status, page) = server.text_as("", "GET", "/blog?q=hello", &Json::Null);
    assert_eq!((status, &*page), (200, "<h1>Blog</h1><ul><li>Hello &lt;world&gt;</li></ul>"));
    assert!(!server.text_as("", "GET", "/blog?q='", &Json::Null).1.contains("<li>"));
}

#[test]
fn custom_routes() {
    let server = Server::of(|config| custom_routes::app(config).unwrap());
    let sum = |body| server.send("POST", "/api/shop/sum", &body);
    assert_eq!(sum(json!({ "numbers": [1, 2.5] })), (200, json!({ "sum": 3.5 })));
    assert_eq!(sum(json!({ "numbers": "x" })).0, 400);
    let (_, text) = server.text_as("", "GET", "/api/whoami/hi", &Json::Null);
    assert_eq!(text, "hi, guest");
}

#[test]
fn hooks() {
    let server = Server::of(|config| hooks::app(config).unwrap());
    let path = "/api/collections/posts/records";
    let (status, body) = server.send("POST", path, &json!({ "title": "Spam!" }));
    assert_eq!((status, &body["data"]["title"]["code"]), (400, &json!("validation_spam")));
    let (_, post) = server.send("POST", path, &json!({ "title": " a ", "secret": "s" }));
    assert_eq!((&post["title"], &post["titleLength"]), (&json!("a"), &json!(1)));
    assert!(post.get("secret").is_none());
    let until = Instant::now() + Duration::from_secs(10);
    while server.texts("log", "line") != ["post number 1", "committed a"] {
        assert!(Instant::now() < until, "{:?}", server.texts("log", "line"));
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn scheduled_job() {
    let server = Server::of(|config| scheduled_job::app(config).unwrap());
    let data = server.app.data();
    for year in ["2020", "2999"] {
        let note = json!({ "text": year, "written": format!("{year}-01-01 00:00:00.000Z") });
        server.block_on(data.create("notes", note)).unwrap();
    }
    let run = |arguments: &[&str]| {
        let arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
        server.app.run_command("prune", &arguments)
    };
    assert!(run(&["x"]).is_err());
    assert_eq!(run(&["1"]).unwrap(), "1 deleted");
    server.app.run_cron("prune").unwrap();
    assert_eq!(server.texts("notes", "text"), ["2999"]);
}

#[test]
fn mounted() {
    let folder = tempfile::tempdir().unwrap();
    let app = mounted::app(crate::server::config(&folder)).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    runtime.spawn(mounted::serve(app, listener));
    let get = |path: &str| {
        let mut answer = ureq::get(format!("{address}{path}")).call().unwrap();
        answer.body_mut().read_to_string().unwrap()
    };
    assert_eq!(get("/hello"), "hello from outside\n");
    assert!(get("/api/health").contains("API is healthy."));
    runtime.shutdown_background();
}

#[test]
fn chat() {
    let server = Server::of(|config| chat::app(config).unwrap());
    let (status, page) = server.text_as("", "GET", "/", &Json::Null);
    assert!(status == 200 && page.contains("chat.js"), "{page}");
    let (_, script) = server.text_as("", "GET", "/chat.js", &Json::Null);
    let records = "/api/collections/messages/records";
    assert!(script.contains(records), "{script}");
    let (mut lines, client_id) = server.stream();
    let body = json!({ "clientId": client_id, "subscriptions": ["messages/*"] });
    assert_eq!(server.send("POST", "/api/realtime", &body).0, 204);
    let (status, message) = server.send("POST", records, &json!({ "author": "a", "text": "hi" }));
    assert_eq!(status, 200, "{message}");
    let data = lines.find_map(|line| line.strip_prefix("data:").map(str::to_owned)).unwrap();
    let event: Json = serde_json::from_str(&data).unwrap();
    assert_eq!((&event["action"], &event["record"]), (&json!("create"), &message));
    let page = server.send("GET", &format!("{records}?sort=-sent&perPage=50"), &Json::Null).1;
    assert_eq!(page["items"], json!([message]));
    let path = format!("{records}/{}", message["id"].as_str().unwrap());
    assert_eq!(server.send("PATCH", &path, &json!({ "text": "no" })).0, 403);
}

#[test]
fn todo() {
    let server = Server::of(|config| todo::app(config).unwrap());
    let (status, page) = server.text_as("", "GET", "/", &Json::Null);
    assert!(status == 200 && page.contains("todo.js"), "{page}");
    assert!(server.text_as("", "GET", "/todo.js", &Json::Null).1.contains("\"/sdk.mjs\""));
    // Who has not installed the SDK is told to.
    let (status, text) = server.text_as("", "GET", "/sdk.mjs", &Json::Null);
    assert!(status == 200 || status == 404 && text.contains("npm install"), "{text}");
    let account = |email: &str| {
        let form = json!({ "email": email, "password": "12345678", "passwordConfirm": "12345678" });
        let (_, user) = server.send("POST", "/api/collections/users/records", &form);
        let login = json!({ "identity": email, "password": "12345678" });
        let path = "/api/collections/users/auth-with-password";
        let token = server.send("POST", path, &login).1["token"].as_str().unwrap().to_owned();
        (token, user["id"].clone())
    };
    let records = "/api/collections/todos/records";
    let (ann, ann_id) = account("ann@example.com");
    let (bob, bob_id) = account("bob@example.com");
    let add = |token: &str, owner: &Json| {
        server.send_as(token, "POST", records, &json!({ "text": "try it", "owner": owner })).0
    };
    assert_eq!(add(&ann, &ann_id), 200);
    assert_eq!((add(&ann, &bob_id), add("", &json!(""))), (400, 400));
    let total =
        |token: &str| server.send_as(token, "GET", records, &Json::Null).1["totalItems"].clone();
    assert_eq!((total(&ann), total(&bob), total("")), (json!(1), json!(0), json!(0)));
}

#![allow(dead_code, reason = "the examples' own main functions")]

use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::server::Server;

#[path = "../../examples/blog.rs"]
mod blog;
#[path = "../../examples/custom_routes.rs"]
mod custom_routes;
#[path = "../../examples/hooks.rs"]
mod hooks;
#[path = "../../examples/mounted.rs"]
mod mounted;
#[path = "../../examples/scheduled_job.rs"]
mod scheduled_job;

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

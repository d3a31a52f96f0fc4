//! Hooks, routes, jobs and migrations in JavaScript, from outside: the real program.

#[path = "../harness/mod.rs"]
mod harness;

mod automigrate;
mod files;
mod hooks;
mod idioms;
mod language;
mod limits;
mod migrations;
mod names;
mod routes;
mod snippets;
mod templates;
mod waiting;
mod web;

use harness::{Answer, Client, Server};
use serde_json::{Value as Json, json};

/// A server with these files of hooks, and a collection `posts` that everybody may use.
fn server(files: &[(&str, &str)]) -> Server {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(data.path().join("hooks")).expect("a folder");
    for (name, text) in files {
        let path = data.path().join("hooks").join(name);
        std::fs::create_dir_all(path.parent().expect("it has one")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let server = Server::start_in(data);
    posts(&server.superuser());
    server
}

fn posts(root: &Client) {
    root.post(
        "/api/collections",
        &json!({
            "name": "posts", "type": "base",
            "listRule": "", "viewRule": "", "createRule": "", "updateRule": "", "deleteRule": "",
            "fields": [
                { "name": "title", "type": "text" }, { "name": "slug", "type": "text" },
                { "name": "views", "type": "number" }, { "name": "done", "type": "bool" },
                { "name": "tags", "type": "json" },
            ],
        }),
    )
    .expect(200);
}

const POSTS: &str = "/api/collections/posts/records";

/// Writes a file of hooks of a running server.
fn write(server: &Server, name: &str, text: &str) {
    let folder = server.folder().parent().expect("it has one").join("hooks");
    std::fs::write(folder.join(name), text).expect("a file");
}

/// Waits until `check` is true.
fn wait_for(mut check: impl FnMut() -> bool) {
    let began = std::time::Instant::now();
    while !check() {
        assert!(began.elapsed() < std::time::Duration::from_secs(20), "it did not happen");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// The text that a request is answered with.
fn text(answer: Answer) -> String {
    answer.expect(200).as_str().expect("a text").to_owned()
}

fn titles(client: &Client) -> Vec<Json> {
    let page = client.get(POSTS).expect(200);
    let items = page["items"].as_array().expect("a list").iter();
    items.map(|item| item["title"].clone()).collect()
}

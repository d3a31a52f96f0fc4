//! Files for anybody, beside the API.

use crate::harness::{Answer, Server};

fn get(server: &Server, path: &str, headers: &str) -> Answer {
    server.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n"))
}

#[test]
fn files_are_served_with_their_types_and_versions() {
    let server = Server::plain();
    server.publish("index.html", "<h1>home</h1>");
    server.publish("assets/app.js", "let a = 1;");
    server.publish("assets/logo.png", [0x89, b'P', b'N', b'G']);
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "<h1>home</h1>"),
        ("/?a=b", "text/html; charset=utf-8", "<h1>home</h1>"),
        ("/assets/app.js", "text/javascript; charset=utf-8", "let a = 1;"),
    ] {
        let answer = get(&server, path, "");
        assert_eq!((answer.status, answer.body.as_str()), (200, body), "{path}");
        assert_eq!(answer.header("content-type"), Some(kind), "{path}");
        assert!(answer.header("last-modified").is_some(), "{path}");
    }
    let picture = get(&server, "/assets/logo.png", "");
    assert_eq!(picture.header("content-type"), Some("image/png"));
    let tag = picture.header("etag").expect("a tag").to_owned();
    let again = get(&server, "/assets/logo.png", &format!("If-None-Match: {tag}\r\n"));
    assert_eq!((again.status, again.bytes.len()), (304, 0));
    let part = get(&server, "/assets/app.js", "Range: bytes=4-4\r\n");
    assert_eq!((part.status, part.body.as_str()), (206, "a"));
    assert_eq!(part.header("content-range"), Some("bytes 4-4/10"));
    let none = get(&server, "/assets/app.js", "Range: bytes=10-\r\n");
    assert_eq!((none.status, none.header("content-range")), (416, Some("bytes */10")));
    let head = {
        let mut client = server.connect();
        client.write("HEAD /assets/app.js HTTP/1.1\r\nHost: x\r\n\r\n");
        client.answer_to("HEAD")
    };
    assert_eq!((head.status, head.header("content-length")), (200, Some("10")));
}

#[test]
fn single_page_apps_get_their_index_and_the_api_goes_first() {
    let server = Server::plain();
    server.publish("index.html", "app");
    server.publish("api/health", "not this");
    for path in ["/some/route", "/api/unknown", "/../config.toml", "/assets/gone.js"] {
        assert_eq!(get(&server, path, "").body, "app", "{path}");
    }
    assert!(get(&server, "/api/health", "").body.contains("healthy"));
    let posted = server.send("POST /some/route HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(posted.status, 404);
}

#[test]
fn folders_and_indexes_have_one_path_each_and_no_redirect_leaves_the_server() {
    let server = Server::plain();
    server.publish("docs/index.html", "docs");
    server.publish("file.txt", "text");
    for (path, location) in [
        ("/docs", "/docs/"),
        ("/docs?a=b", "/docs/"),
        ("/docs/index.html", "/docs/"),
        ("/file.txt/", "/file.txt"),
    ] {
        let answer = get(&server, path, "");
        assert_eq!((answer.status, answer.header("location")), (301, Some(location)), "{path}");
    }
    for path in ["//docs", "//example.com/..", "/%5cexample.com", "/\\example.com"] {
        let answer = get(&server, path, "");
        assert_eq!(answer.header("location"), None, "{path}");
    }
}

#[test]
fn without_an_index_what_is_missing_is_not_found() {
    let server = Server::plain();
    server.publish("file.txt", "text");
    let answer = get(&server, "/nope", "");
    assert_eq!(answer.status, 404);
    assert!(answer.body.contains("File not found."), "{}", answer.body);
}

//! Extensions of the dashboard.

use crate::harness::{Client, Server};

/// Status and text of what a GET is answered, and that the policy of the dashboard is on it.
fn text(client: &Client, path: &str) -> (u16, String) {
    let (status, headers, bytes) = client.fetch(path, &[]);
    if status == 200 {
        let policy = headers["content-security-policy"].to_str().expect("a policy");
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        assert_eq!(headers["cache-control"], "no-cache");
    }
    (status, String::from_utf8(bytes).expect("a text"))
}

#[test]
fn scripts_of_extensions_are_one_and_their_files_are_served() {
    let server = Server::start();
    let guest = server.guest();
    assert_eq!(text(&guest, "/_/extensions.js"), (200, String::new()), "there is no folder");
    assert_eq!(text(&guest, "/_/extensions/one/a.txt").0, 404);

    let beside = server.folder().parent().expect("a folder").to_owned();
    std::fs::write(beside.join("secret.txt"), "secret").expect("a file");
    for (name, content) in [
        ("two words/main.js", "second() // at its end"),
        ("one/main.js", "first()"),
        ("one/sub/a.txt", "a text"),
        ("none/b.txt", "no script"),
        ("stray.txt", "no extension"),
    ] {
        let path = beside.join("extensions").join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }
    // The folder may come while the server runs.
    let script = "await (async function(){first()\n})();\
        await (async function(){second() // at its end\n})();";
    assert_eq!(text(&guest, "/_/extensions.js"), (200, script.to_owned()));
    let (_, headers, _) = guest.fetch("/_/extensions.js", &[]);
    assert_eq!(headers["content-type"], "text/javascript; charset=utf-8");
    assert_eq!(text(&guest, "/_/extensions/one/sub/a.txt"), (200, "a text".to_owned()));
    assert_eq!(text(&guest, "/_/extensions/two%20words/main.js").0, 200);
    for path in [
        "/_/extensions",
        "/_/extensions/",
        "/_/extensions/one",
        "/_/extensions/one/sub",
        "/_/extensions/one/nope.txt",
        "/_/extensions/../secret.txt",
        "/_/extensions/%2e%2e/secret.txt",
        "/_/extensions/one/..%2f..%2f..%2fsecret.txt",
        "/_/extensions/one/%2e%2e%5c%2e%2e%5csecret.txt",
    ] {
        let (status, text) = text(&guest, path);
        assert!(status == 404 && !text.contains("secret"), "{path}: {status} {text}");
    }
}

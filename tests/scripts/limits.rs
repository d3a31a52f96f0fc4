//! What no script can do to the server.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{POSTS, server, titles};

const HOSTILE: &str = r#"
onRecordCreate((e) => {
    const title = e.record.get("title")
    if (title === "loop") while (true) { try { for (;;); } catch {} }
    if (title === "heap") { const all = []; for (;;) all.push("x".repeat(1 << 20) + all.length) }
    if (title === "stack") { const f = () => f() + 1; f() }
    if (title === "match") /^(a+)+$/.test("a".repeat(40) + "!")
    if (title === "self") $app.save(new Record(e.record.collection(), { title }))
    e.next()
}, "posts")
"#;

#[test]
fn a_runaway_script_ends_and_the_server_goes_on() {
    let data = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(data.path().join("hooks")).expect("a folder");
    std::fs::write(data.path().join("hooks/hostile.js"), HOSTILE).expect("a file");
    let config = "[hooks]\ntime_limit = \"300ms\"\nmemory_limit = \"16MiB\"\n";
    std::fs::write(data.path().join("config.toml"), config).expect("a file");
    let server = crate::harness::Server::start_in(data);
    crate::posts(&server.superuser());
    let guest = server.guest();
    for title in ["loop", "heap", "stack", "match", "self", "loop"] {
        let began = Instant::now();
        let answer = guest.post(POSTS, &json!({ "title": title }));
        assert!(answer.status >= 400, "{title}: {}", answer.status);
        assert!(began.elapsed() < Duration::from_secs(10), "{title}");
        guest.post(POSTS, &json!({ "title": "fine" })).expect(200);
    }
    assert_eq!(titles(&guest).len(), 6);
}

#[test]
fn a_server_does_not_start_with_a_broken_file_and_says_where_it_is_broken() {
    let server = server(&[]);
    let hooks = server.folder().parent().expect("it has one").to_owned();
    let other = tempfile::tempdir().expect("a temporary folder");
    std::fs::create_dir(other.path().join("hooks")).expect("a folder");
    for (text, expected) in [
        ("\n\nonRecordCreate((e) => {", "bad.pb.js:"),
        ("\n\nonRecordCreated(() => {})", "bad.pb.js:3: ReferenceError"),
        ("\ncronAdd('x', 'whenever', () => {})", "bad.pb.js:2: "),
        ("\nrouterAdd('GET', '/a/{b', () => {})", "bad.pb.js:2: routerAdd: "),
    ] {
        std::fs::write(other.path().join("hooks/bad.pb.js"), text).expect("a file");
        let ran = std::process::Command::new(env!("CARGO_BIN_EXE_haversack"))
            .args(["serve", "--http", "127.0.0.1:0"])
            .current_dir(other.path())
            .output()
            .expect("it runs");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(!ran.status.success() && said.contains(expected), "{text}: {said}");
    }
    drop(hooks);
}

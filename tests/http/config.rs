//! The configuration of the program: layers, mistakes, changes while it runs.

use std::fs;
use std::time::{Duration, Instant};

use crate::harness::{Client, Process, error_text, program, run};

#[test]
fn mistakes_in_the_file_name_the_file_the_line_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    for (text, expected) in [
        (
            "\nhtttp = \"a:1\"\n",
            "error: config.toml:2: unknown key `htttp`, the nearest is `http`\n",
        ),
        (
            "[limits]\nbody_size = 5\n",
            "error: config.toml:2: `limits.body_size`: expected a size above zero such as \
             \"10MiB\", found this integer\n",
        ),
    ] {
        fs::write(&file, text).unwrap();
        let output = run(folder.path(), &["serve"]);
        assert_eq!((output.status.code(), error_text(&output).as_str()), (Some(2), expected));
    }
    let output = run(folder.path(), &["serve", "--config", "missing.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(error_text(&output).starts_with("error: missing.toml: "), "{}", error_text(&output));
}

#[test]
fn unknown_variables_name_the_nearest() {
    let folder = tempfile::tempdir().unwrap();
    let output = program(folder.path()).arg("serve").env("HAVERSACK_DATE", "x").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        error_text(&output),
        "error: unknown variable `HAVERSACK_DATE`, the nearest is `HAVERSACK_DATA`\n"
    );
}

#[test]
fn the_running_server_follows_its_file_and_ignores_a_broken_one() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("config.toml");
    fs::write(&file, "cors.origins = [\"https://one.org\"]").unwrap();
    let process = Process::start(folder.path(), &[]);
    let allowed = |origin: &str| {
        let mut client = Client::connect(process.address);
        client.write(&format!("GET /api/health HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n"));
        client.answer().header("access-control-allow-origin").is_some()
    };
    assert!(allowed("https://one.org") && !allowed("https://two.org"));

    fs::write(&file, "cors.origins = [\"https://two.org\"]").unwrap();
    let started = Instant::now();
    while !allowed("https://two.org") {
        assert!(started.elapsed() < Duration::from_secs(10), "never reloaded");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(!allowed("https://one.org"));

    fs::write(&file, "cors.origins = [\"https://one.org\"]\nnonsense = 1").unwrap();
    std::thread::sleep(Duration::from_millis(400));
    assert!(allowed("https://two.org") && !allowed("https://one.org"));
}

#[test]
fn the_flags_of_a_pocketbase_service_mean_the_same() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("pb_public")).unwrap();
    fs::write(folder.path().join("pb_public/index.html"), "home").unwrap();
    let flags = [
        "--dir=pb_data",
        "--publicDir=pb_public",
        "--hooksDir=pb_hooks",
        "--migrationsDir=pb_migrations",
        "--origins=https://one.org,https://two.org",
    ];
    let process = Process::start(folder.path(), &flags);
    for (origin, allowed) in [("https://two.org", true), ("https://three.org", false)] {
        let mut client = Client::connect(process.address);
        client.write(&format!("GET / HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\r\n"));
        let answer = client.answer();
        assert_eq!((answer.status, answer.body.as_str()), (200, "home"));
        assert_eq!(answer.header("access-control-allow-origin").is_some(), allowed, "{origin}");
    }
    assert!(folder.path().join("pb_data/data.redb").exists());
}

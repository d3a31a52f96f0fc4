//! The program as a process: arguments, exit codes, signals.

use crate::harness::{Client, Process, error_text, run};

#[test]
fn help_and_version_are_successes_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &["--help"][..],
        &["--version"],
        &["serve", "--help"],
        &["serve", "--version"],
        &["superuser", "--help"],
        &["superuser", "upsert", "--help"],
        &["superuser", "delete", "--version"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        assert!(!output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn mistakes_in_the_arguments_exit_with_2() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &[][..],
        &["nonsense"],
        &["serve", "--nonsense"],
        &["serve", "--http", "nonsense"],
        &["superuser"],
        &["superuser", "upsert"],
        &["superuser", "upsert", "no-address", "password"],
        &["superuser", "delete", "a@b.co", "more"],
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_start_that_fails_exits_with_1() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = run(folder.path(), &["serve", "--http", &address]);
    assert_eq!(output.status.code(), Some(1));
    let expected = format!("error: cannot listen on {address}: ");
    assert!(error_text(&output).starts_with(&expected), "{}", error_text(&output));

    std::fs::write(folder.path().join("file"), "").unwrap();
    let output = run(folder.path(), &["serve", "--data", "file/x"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_text(&output).starts_with("error: data folder file/x: "));
}

#[test]
fn an_empty_password_is_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(folder.path(), &["superuser", "upsert", "a@b.co"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(error_text(&output), "error: the password is empty\n");
}

#[cfg(unix)]
#[test]
fn signals_end_the_server_in_good_order() {
    for signal in ["TERM", "INT"] {
        let folder = tempfile::tempdir().unwrap();
        let mut process = Process::start(folder.path(), &["--data", "d"]);
        let mut client = Client::connect(process.address);
        client.write("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(client.answer().status, 200);
        assert!(folder.path().join("d/haversack.sock").exists());
        assert_eq!(process.end_with(signal), Some(0), "{signal}");
        assert!(!folder.path().join("d/haversack.sock").exists());
    }
}

#[cfg(unix)]
#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path(), &[]);
    let mut client = Client::connect(process.address);
    client.write("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    let output = run(folder.path(), &["serve", "--http", "127.0.0.1:0"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(error_text(&output).contains("another server is running on ./data"));
    client.write("GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer().status, 200);
}

#[test]
fn a_watchdog_hears_whether_the_server_is_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Process::start(folder.path(), &[]);
    let address = server.address.to_string();
    let everywhere = format!("0.0.0.0:{}", server.address.port());
    for address in [&address, &everywhere] {
        let output = run(folder.path(), &["health", "--http", address]);
        assert_eq!(output.status.code(), Some(0), "{}", error_text(&output));
    }
    // Somebody else, who hangs up.
    let other = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let strange = other.local_addr().unwrap().to_string();
    let stranger = std::thread::spawn(move || drop(other.accept()));
    let output = run(folder.path(), &["health", "--http", &strange]);
    assert_eq!(output.status.code(), Some(1));
    stranger.join().unwrap();
    assert_eq!(server.end_with("TERM"), Some(0));
    let output = run(folder.path(), &["health", "--http", &address]);
    assert_eq!(output.status.code(), Some(1));
    let said = error_text(&output);
    assert!(said.starts_with(&format!("error: no answer from {address}: ")), "{said}");
}

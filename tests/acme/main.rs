//! A certificate from a real ACME server, pebble, that asks at our port.

use std::io::{BufRead, BufReader};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use serde_json::json;

const DOMAIN: &str = "app.example.org";

/// A process that ends with the test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start(command: &mut Command) -> Process {
    Process(command.stderr(Stdio::null()).stdin(Stdio::null()).spawn().expect("it starts"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Starts pebble, which asks at `tls_port` of every domain; returns its directory.
fn start_pebble(folder: &Path, tls_port: u16) -> ([Process; 2], String) {
    let (api, management, dns, dns_management) =
        (free_port(), free_port(), free_port(), free_port());
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["127.0.0.1".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate");
    std::fs::write(folder.join("pebble.crt.pem"), certificate.pem()).expect("a file");
    std::fs::write(folder.join("pebble.key.pem"), key.serialize_pem()).expect("a file");
    let config = json!({"pebble": {
        "listenAddress": format!("127.0.0.1:{api}"),
        "managementListenAddress": format!("127.0.0.1:{management}"),
        "certificate": folder.join("pebble.crt.pem"),
        "privateKey": folder.join("pebble.key.pem"),
        "httpPort": 1,
        "tlsPort": tls_port,
    }});
    std::fs::write(folder.join("pebble.json"), config.to_string()).expect("a file");
    // Every name is this machine.
    let names = start(
        Command::new("pebble-challtestsrv")
            .args(["-http01", "", "-https01", "", "-tlsalpn01", ""])
            .args(["-defaultIPv4", "127.0.0.1", "-defaultIPv6", ""])
            .args(["-dns01", &format!("127.0.0.1:{dns}")])
            .args(["-management", &format!("127.0.0.1:{dns_management}")])
            .stdout(Stdio::null()),
    );
    let pebble = start(
        Command::new("pebble")
            .args(["-config".as_ref(), folder.join("pebble.json").as_os_str()])
            .args(["-dnsserver", &format!("127.0.0.1:{dns}")])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdout(Stdio::null()),
    );
    let listens = || TcpStream::connect(("127.0.0.1", api)).is_ok();
    let started = Instant::now();
    while !listens() {
        assert!(started.elapsed() < Duration::from_secs(30), "pebble does not listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    ([names, pebble], format!("https://127.0.0.1:{api}/dir"))
}

fn start_server(folder: &Path, tls_port: u16, directory: &str) -> (Process, String) {
    let mut server = start(
        Command::new(env!("CARGO_BIN_EXE_haversack"))
            .args(["serve", DOMAIN, "www.example.org", "--http", "127.0.0.1:0"])
            .args(["--https", &format!("127.0.0.1:{tls_port}")])
            .env("HAVERSACK_TLS_DIRECTORY", directory)
            .env("HAVERSACK_TLS_DIRECTORY_CA", folder.join("pebble.crt.pem"))
            .env("HAVERSACK_TLS_EMAIL", "operator@example.org")
            .current_dir(folder)
            .stdout(Stdio::piped()),
    );
    let mut line = String::new();
    let stdout = server.0.stdout.take().expect("a pipe");
    BufReader::new(stdout).read_line(&mut line).expect("a first line");
    let plain = line.trim().strip_prefix("listening on ").expect("an address").to_owned();
    (server, plain)
}

/// Asks for the health over an encrypted connection, and returns the certificate that was shown.
fn certificate_shown(tls_port: u16) -> Option<Vec<u8>> {
    let client = reqwest::blocking::Client::builder()
        // Pebble's own root is new at every start; that the names fit is looked at below.
        .tls_danger_accept_invalid_certs(true)
        .tls_info(true)
        .resolve(DOMAIN, ([127, 0, 0, 1], tls_port).into())
        .build()
        .expect("a client");
    let answer = client.get(format!("https://{DOMAIN}:{tls_port}/api/health")).send().ok()?;
    assert_eq!(answer.status(), 200);
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>().expect("an encrypted answer");
    info.peer_certificate().map(<[u8]>::to_vec)
}

#[test]
fn a_certificate_is_got_kept_and_used_again_after_a_restart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let folder = tempfile::tempdir().expect("a folder");
    let tls_port = free_port();
    let (_pebble, directory) = start_pebble(folder.path(), tls_port);
    let (server, _) = start_server(folder.path(), tls_port, &directory);
    let started = Instant::now();
    let certificate = loop {
        if let Some(certificate) = certificate_shown(tls_port) {
            break certificate;
        }
        // Should the first try fail, the second comes a minute later.
        assert!(started.elapsed() < Duration::from_mins(3), "no certificate");
        std::thread::sleep(Duration::from_millis(200));
    };
    for name in [DOMAIN, "www.example.org"] {
        let is_named = certificate.windows(name.len()).any(|bytes| bytes == name.as_bytes());
        assert!(is_named, "the certificate is for {name}");
    }
    let kept = folder.path().join("data/acme");
    for entry in std::fs::read_dir(kept).expect("a folder") {
        let metadata = entry.expect("an entry").metadata().expect("its metadata");
        let mode = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions());
        assert_eq!(mode & 0o077, 0, "only the owner reads keys");
    }
    drop(server);
    let (_server, _) = start_server(folder.path(), tls_port, "https://127.0.0.1:1/nobody");
    let again = std::iter::repeat_with(|| {
        std::thread::sleep(Duration::from_millis(50));
        certificate_shown(tls_port)
    });
    let again = again.take(100).flatten().next().expect("an answer");
    assert!(again == certificate, "the same certificate as before");
}

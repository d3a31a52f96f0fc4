//! Encrypted connections with a certificate of one's own.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use rcgen::{CertificateParams, KeyPair};
use reqwest::Version;
use reqwest::blocking::Client;

use crate::harness::{self, Process, error_text, run};

/// Puts a new certificate for `localhost` into the folder, and returns it.
fn certify(folder: &Path) -> String {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    fs::write(folder.join("key.pem"), key.serialize_pem()).expect("a file");
    fs::write(folder.join("certificate.pem"), &certificate).expect("a file");
    certificate
}

fn configure(folder: &Path) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let config = format!(
        "[tls]\naddress = \"127.0.0.1:{port}\"\ncertificate = \"certificate.pem\"\nkey = \"key.pem\"\n"
    );
    fs::write(folder.join("config.toml"), config).expect("a file");
    port
}

/// A client that trusts this certificate only.
fn client(certificate: &str) -> Client {
    // Another test may have been first.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("a certificate");
    Client::builder()
        .tls_certs_only([root])
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .expect("a client")
}

#[test]
fn answers_are_encrypted_over_both_versions_and_the_plain_port_leads_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = certify(folder.path());
    let port = configure(folder.path());
    let process = Process::start(folder.path(), &[]);
    let client = client(&certificate);
    let answer =
        client.get(format!("https://localhost:{port}/api/health")).send().expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_2));
    let old = reqwest::blocking::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(certificate.as_bytes()).expect("it")])
        .http1_only()
        .build()
        .expect("a client");
    let answer = old.get(format!("https://localhost:{port}/api/health")).send().expect("an answer");
    assert_eq!((answer.status().as_u16(), answer.version()), (200, Version::HTTP_11));

    let plain = process.address;
    let answer = client.post(format!("http://{plain}/api/x?a=b%20c")).send().expect("an answer");
    assert_eq!(answer.status(), 308);
    let expected = format!("https://127.0.0.1:{port}/api/x?a=b%20c");
    assert_eq!(answer.headers()["location"], expected.as_str());
    let mut raw = harness::Client::connect(plain);
    raw.write("GET / HTTP/1.1\r\nHost: user@evil/path\r\n\r\n");
    assert_eq!(raw.answer().status, 400);
}

#[test]
fn a_renewed_certificate_is_shown_without_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let port = configure(folder.path());
    let _process = Process::start(folder.path(), &[]);
    let renewed = certify(folder.path());
    let started = Instant::now();
    let url = format!("https://localhost:{port}/api/health");
    while client(&renewed).get(&url).send().is_err() {
        assert!(started.elapsed() < Duration::from_mins(1), "never read again");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
fn what_cannot_encrypt_is_refused_at_the_start() {
    let folder = tempfile::tempdir().expect("a folder");
    certify(folder.path());
    let serve = |tls: &str| {
        fs::write(
            folder.path().join("config.toml"),
            format!("[tls]\naddress = \"127.0.0.1:0\"\n{tls}"),
        )
        .expect("a file");
        let output = run(folder.path(), &["serve", "--http", "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(1));
        error_text(&output)
    };
    let incomplete = "error: tls.address needs tls.certificate and tls.key, or tls.domains\n";
    assert_eq!(serve(""), incomplete);
    assert_eq!(serve("certificate = \"certificate.pem\""), incomplete);
    let missing = serve("certificate = \"certificate.pem\"\nkey = \"nope.pem\"");
    assert!(missing.starts_with("error: the certificate in nope.pem: "), "{missing}");
    let stranger = KeyPair::generate().expect("a key").serialize_pem();
    fs::write(folder.path().join("other.pem"), stranger).expect("a file");
    let other = serve("certificate = \"certificate.pem\"\nkey = \"other.pem\"");
    assert!(other.starts_with("error: the certificate in other.pem: "), "{other}");
}

#[test]
fn a_client_that_never_shakes_hands_is_in_nobodys_way() {
    let folder = tempfile::tempdir().expect("a folder");
    let certificate = certify(folder.path());
    let port = configure(folder.path());
    let _process = Process::start(folder.path(), &[]);
    let silent: Vec<_> =
        (0..20).map(|_| harness::Client::connect(([127, 0, 0, 1], port).into())).collect();
    let mut nonsense = harness::Client::connect(([127, 0, 0, 1], port).into());
    nonsense.write("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    nonsense.wait_for_end();
    let answer = client(&certificate).get(format!("https://localhost:{port}/api/health")).send();
    assert_eq!(answer.expect("an answer").status(), 200);
    drop(silent);
}

//! Realtime under strain: many streams at once, slow readers, and what is taken away meanwhile.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value as Json, json};

use crate::harness::stream::Stream;
use crate::harness::{Client, Server, records};

fn with_posts() -> (Server, Client) {
    let server = Server::start();
    let superuser = server.superuser();
    define_posts(&superuser, &json!(""));
    (server, superuser)
}

fn define_posts(superuser: &Client, rule: &Json) {
    let definition = json!({
        "name": "posts", "listRule": rule,
        "fields": [{ "name": "title", "type": "text", "max": 3_000_000 }],
    });
    superuser.post("/api/collections", &definition).expect(200);
}

fn post(superuser: &Client, title: &str) -> Json {
    superuser.post(&records("posts"), &json!({ "title": title })).expect(200)
}

fn sequence(event: &Json) -> u64 {
    event["seq"].as_u64().expect("a sequence")
}

#[test]
fn every_stream_gets_the_writes_of_many_clients_in_one_order() {
    let (server, superuser) = with_posts();
    let guest = server.guest();
    let mut streams: Vec<Stream> = (0..8).map(|_| Stream::open(&server, "?seq=1", &[])).collect();
    for stream in &streams {
        stream.subscribe(&guest, &["posts/*"]);
    }
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let superuser = &superuser;
            scope.spawn(move || {
                for number in 0..40 {
                    post(superuser, &format!("{writer} {number}"));
                }
            });
        }
    });
    let mut seen: Vec<Vec<(u64, Json)>> = Vec::new();
    for stream in &mut streams {
        let events = (0..160).map(|_| stream.next().expect("a message").data);
        seen.push(events.map(|data| (sequence(&data), data["record"]["title"].clone())).collect());
        stream.expect_nothing();
    }
    assert!(seen[0].windows(2).all(|pair| pair[0].0 < pair[1].0), "{:?}", seen[0]);
    assert!(seen.iter().all(|other| *other == seen[0]));
}

#[test]
fn a_storm_of_reconnects_loses_nothing_and_doubles_nothing() {
    const WRITES: usize = 150;
    let (server, superuser) = with_posts();
    std::thread::scope(|scope| {
        let (server, superuser) = (&server, &superuser);
        let first = post(superuser, "first");
        let start = {
            let stream = Stream::open(server, "?seq=1", &[]);
            sequence(&stream.connected)
        };
        let clients: Vec<_> = (0..24)
            .map(|_| {
                scope.spawn(move || {
                    let guest = server.guest();
                    let (mut last, mut titles) = (start, Vec::new());
                    while titles.len() < WRITES {
                        let mut stream = Stream::open(server, &format!("?resume={last}"), &[]);
                        stream.subscribe(&guest, &["posts/*"]);
                        // A few events, and away again.
                        for _ in 0..20.min(WRITES - titles.len()) {
                            let data = stream.next().expect("a message").data;
                            assert!(sequence(&data) > last);
                            last = sequence(&data);
                            titles.push(data["record"]["title"].as_str().expect("one").to_owned());
                        }
                    }
                    titles
                })
            })
            .collect();
        for number in 0..WRITES {
            post(superuser, &number.to_string());
        }
        let expected: Vec<String> = (0..WRITES).map(|number| number.to_string()).collect();
        for client in clients {
            assert_eq!(client.join().expect("a client that ends well"), expected);
        }
        assert!(first["id"].is_string());
    });
}

#[test]
fn clients_that_do_not_read_cost_little_memory_each() {
    const SLOW: u64 = 40;
    let (server, superuser) = with_posts();
    let guest = server.guest();
    let slow: Vec<Stream> =
        (0..SLOW).map(|_| Stream::subscribed(&server, &guest, &["posts/*"])).collect();
    let large = "x".repeat(500_000);
    post(&superuser, &large);
    let Some(before) = server.memory_peak() else { return };
    for _ in 0..24 {
        post(&superuser, &large);
    }
    let grown = server.memory_peak().expect("a figure").saturating_sub(before);
    // Each would hold 12 MB of its own otherwise; what waits is shared.
    assert!(grown < SLOW * 2_000_000, "{grown} bytes");
    for mut stream in slow.into_iter().take(2) {
        let mut last = None;
        while let Some(event) = stream.next() {
            last = Some(event.name);
        }
        assert_eq!(last.as_deref(), Some("REALTIME_TOO_SLOW"));
    }
}

#[test]
fn rules_and_collections_that_go_silence_open_streams_at_once() {
    let (server, superuser) = with_posts();
    let mut stream = Stream::subscribed(&server, &server.guest(), &["posts/*"]);
    post(&superuser, "a");
    assert_eq!(stream.titles(1), ["create a"]);
    let collection = "/api/collections/posts";
    superuser.patch(collection, &json!({ "listRule": null })).expect(200);
    post(&superuser, "b");
    stream.expect_nothing();
    superuser.patch(collection, &json!({ "listRule": "title != 'c'" })).expect(200);
    post(&superuser, "c");
    post(&superuser, "d");
    assert_eq!(stream.titles(1), ["create d"]);
    superuser.delete(collection).expect(204);
    stream.expect_nothing();
    // Another collection of that name has rules of its own.
    define_posts(&superuser, &Json::Null);
    post(&superuser, "e");
    stream.expect_nothing();
    superuser.patch(collection, &json!({ "listRule": "" })).expect(200);
    post(&superuser, "f");
    assert_eq!(stream.titles(1), ["create f"]);
}

#[test]
fn a_deleted_auth_collection_makes_guests_of_its_accounts() {
    let (server, superuser) = with_posts();
    let members = json!({ "name": "members", "type": "auth" });
    superuser.post("/api/collections", &members).expect(200);
    let ann = json!({
        "email": "ann@example.com", "password": "1234567890", "passwordConfirm": "1234567890",
    });
    superuser.post(&records("members"), &ann).expect(200);
    let ann = server.logged_in("members", "ann@example.com", "1234567890");
    let mut stream = Stream::subscribed(&server, &ann, &["posts/*"]);
    let rule = |rule: &str| {
        superuser.patch("/api/collections/posts", &json!({ "listRule": rule })).expect(200);
    };
    rule("@request.auth.id != ''");
    post(&superuser, "a");
    assert_eq!(stream.titles(1), ["create a"]);
    superuser.delete("/api/collections/members").expect(204);
    post(&superuser, "b");
    stream.expect_nothing();
    rule("@request.auth.id = ''");
    post(&superuser, "c");
    assert_eq!(stream.titles(1), ["create c"]);
}

/// What a client that sends `request` has read once `until` has come.
fn read_until(server: &Server, request: &str, until: &str) -> (TcpStream, String) {
    let mut socket = TcpStream::connect(&server.address).expect("a connection");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    socket.write_all(request.as_bytes()).expect("a request");
    let mut text = String::new();
    while !text.contains(until) {
        let mut bytes = [0; 4096];
        let count = socket.read(&mut bytes).expect("more");
        assert!(count > 0, "it ended: {text}");
        text.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    (socket, text)
}

#[test]
fn a_stream_may_follow_other_answers_on_its_connection() {
    let server = Server::start();
    let one = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n");
    let requests = format!("{}{}", one("/api/health").repeat(3), one("/api/realtime"));
    let (mut socket, text) = read_until(&server, &requests, "PB_CONNECT");
    assert_eq!(text.matches("API is healthy").count(), 3, "{text}");
    assert!(text.find("PB_CONNECT") > text.rfind("API is healthy"), "{text}");
    assert!(text.contains("\r\nconnection: close\r\n") && text.contains("\r\ndate: "), "{text}");
    // Nothing that comes on it is a request any more.
    socket.write_all(one("/api/health").as_bytes()).expect("a request");
    socket.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    assert!(socket.read(&mut [0; 64]).is_err());
}

#[test]
fn a_client_of_http_1_0_gets_a_stream_without_chunks() {
    let server = Server::start();
    let (_, text) = read_until(&server, "GET /api/realtime HTTP/1.0\r\n\r\n", "PB_CONNECT");
    assert!(!text.to_lowercase().contains("chunked"), "{text}");
    let (_, body) = text.split_once("\r\n\r\n").expect("a head");
    assert!(body.starts_with("id:"), "{body}");
}

//! Smaller answers for those who take them.

use std::io::Read;

use haversack::config::ByteSize;

use crate::harness::{Answer, Server};

fn text() -> String {
    "the same words again and again, ".repeat(10_000)
}

fn get(server: &Server, path: &str, accepted: &str) -> Answer {
    server.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {accepted}\r\n\r\n"))
}

fn expanded(answer: &Answer) -> String {
    let mut text = String::new();
    match answer.header("content-encoding") {
        Some("gzip") => {
            flate2::read::GzDecoder::new(&*answer.bytes).read_to_string(&mut text).expect("gzip");
        }
        Some("br") => {
            brotli::Decompressor::new(&*answer.bytes, 4096).read_to_string(&mut text).expect("br");
        }
        Some("zstd") => {
            text =
                String::from_utf8(zstd::decode_all(&*answer.bytes).expect("zstd")).expect("text");
        }
        other => assert_eq!(other, None),
    }
    text
}

#[test]
fn large_texts_are_compressed_as_the_client_likes() {
    let server = Server::plain();
    server.publish("words.txt", text());
    for encoding in ["gzip", "br", "zstd"] {
        let answer = get(&server, "/words.txt", encoding);
        assert_eq!(answer.header("content-encoding"), Some(encoding));
        assert!(answer.bytes.len() < text().len() / 20, "{encoding}: {}", answer.bytes.len());
        assert_eq!(expanded(&answer), text(), "{encoding}");
        assert!(answer.head.to_ascii_lowercase().contains("vary: accept-encoding"), "{encoding}");
        let tag = answer.header("etag").expect("a tag");
        assert!(tag.starts_with("W/"), "{tag}");
        let again = server.send(&format!(
            "GET /words.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {encoding}\r\nIf-None-Match: {tag}\r\n\r\n"
        ));
        assert_eq!(again.status, 304);
    }
    let plain = get(&server, "/words.txt", "identity");
    assert_eq!(plain.body, text());
}

#[test]
fn what_is_small_or_packed_or_asked_for_in_parts_stays_as_it_is() {
    let server = Server::plain();
    server.publish("small.txt", "small");
    server.publish("packed.zip", text());
    server.publish("words.txt", text());
    for path in ["/small.txt", "/packed.zip", "/api/health"] {
        assert_eq!(get(&server, path, "gzip").header("content-encoding"), None, "{path}");
    }
    let part = server.send(
        "GET /words.txt HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nRange: bytes=0-9999\r\n\r\n",
    );
    assert_eq!((part.status, part.header("content-encoding")), (206, None));
    assert_eq!(part.body, &text()[..10_000]);
}

#[test]
fn the_operator_says_from_which_size_on_and_whether_at_all() {
    let eager = Server::start(|live| live.compressed_size_min = ByteSize::bytes(10));
    let answer = get(&eager, "/api/health", "gzip");
    assert_eq!(answer.header("content-encoding"), Some("gzip"));
    assert!(expanded(&answer).contains("healthy"));
    let off = Server::start(|live| live.compression = false);
    off.publish("words.txt", text());
    assert_eq!(get(&off, "/words.txt", "gzip").header("content-encoding"), None);
}

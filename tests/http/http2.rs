//! HTTP/2 without a handshake of another kind before it, spoken by hand.

use std::time::Duration;

use crate::harness::{Client, Server};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend_from_slice(&[kind, flags, 0, 0, 0, stream]);
    frame.extend_from_slice(payload);
    frame
}

/// A GET of `path`, with the header table's numbers for what is in it.
fn get(path: &str) -> Vec<u8> {
    let (method_get, scheme_http, literal_path) = (0x82, 0x86, 0x04);
    let mut block = vec![method_get, scheme_http, literal_path, path.len() as u8];
    block.extend_from_slice(path.as_bytes());
    block
}

fn read_frame(client: &mut Client) -> (u8, u8, Vec<u8>) {
    let head = client.read_exact(9);
    let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
    (head[3], head[5 + 3], client.read_exact(length))
}

#[test]
fn requests_are_answered_over_http2_with_prior_knowledge() {
    let server = Server::plain();
    let mut client = server.connect();
    client.write_bytes(PREFACE);
    client.write_bytes(&frame(SETTINGS, 0, 0, &[]));
    let flags = END_STREAM | END_HEADERS;
    client.write_bytes(&frame(HEADERS, flags, 1, &get("/api/health")));
    client.write_bytes(&frame(HEADERS, flags, 3, &get("/nope")));
    let (mut first_status, mut second_status) = (0, 0);
    let mut body = Vec::new();
    while body.is_empty() || second_status == 0 {
        match read_frame(&mut client) {
            (HEADERS, 1, block) => first_status = block[0],
            (HEADERS, 3, block) => second_status = block[0],
            (DATA, 1, data) => body.extend(data),
            _ => {}
        }
    }
    // The table's numbers for the statuses 200 and 404.
    assert_eq!((first_status, second_status), (0x88, 0x8d));
    assert!(body.starts_with(b"{\"message\":\"API is healthy.\""), "{body:?}");
}

#[test]
fn a_client_that_never_widens_its_window_is_cut() {
    let short = Duration::from_millis(200);
    // An answer that is all in our buffers is as good as given, and the connection idle.
    for path in ["/large", "/endless"] {
        let server = Server::start(|live| match path {
            "/large" => live.header_timeout = short,
            _ => live.idle_timeout = short,
        });
        let mut client = server.connect();
        client.write_bytes(PREFACE);
        client.write_bytes(&frame(SETTINGS, 0, 0, &[]));
        client.write_bytes(&frame(HEADERS, END_STREAM | END_HEADERS, 1, &get(path)));
        assert!(client.wait_for_end() < Duration::from_secs(5), "{path}");
    }
}

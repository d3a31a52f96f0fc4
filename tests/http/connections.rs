//! Connections: slow clients, large bodies, many requests, shutdown.

use std::time::{Duration, Instant};

use haversack::config::ByteSize;

use crate::harness::Server;

const SHORT: Duration = Duration::from_millis(200);
const GET_HEALTH: &str = "GET /api/health HTTP/1.1\r\nHost: x\r\n\r\n";

/// Long enough for anything, short against the real limits.
const SOON: Duration = Duration::from_secs(5);

fn small_bodies() -> Server {
    Server::start(|live| live.body_size_max = ByteSize::bytes(1000))
}

fn assert_too_large(answer: &crate::harness::Answer) {
    assert_eq!(answer.status, 413);
    let expected = "{\"data\":{},\"message\":\"Request entity too large.\",\"status\":413}\n";
    assert_eq!(answer.body, expected);
}

#[test]
fn a_client_that_never_ends_its_head_is_cut() {
    let server = Server::start(|live| live.header_timeout = SHORT);
    for beginning in ["", "G", "PRI * HT", "GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut client = server.connect();
        client.write(beginning);
        let took = client.wait_for_end();
        assert!(took >= SHORT / 2 && took < SOON, "{beginning:?} took {took:?}");
    }
}

#[test]
fn a_client_that_dribbles_its_head_is_cut() {
    let server = Server::start(|live| live.header_timeout = SHORT);
    let mut client = server.connect();
    client.write("GET /api/health HTTP/1.1\r\nHost: x\r\nX-Slow: ");
    let started = Instant::now();
    while client.try_write(b"x") {
        assert!(started.elapsed() < SOON, "never cut");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_idle_connection_is_cut_and_a_busy_one_is_not() {
    let server = Server::start(|live| live.header_timeout = SHORT);
    let mut client = server.connect();
    for _ in 0..4 {
        std::thread::sleep(SHORT / 3);
        client.write(GET_HEALTH);
        assert_eq!(client.answer().status, 200);
    }
    // A handler may take longer than a client.
    client.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    assert!(client.wait_for_end() < SOON);
}

#[test]
fn a_body_that_stops_coming_is_refused() {
    let server = Server::start(|live| live.idle_timeout = SHORT);
    let mut client = server.connect();
    client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{\"a\"");
    assert_eq!(client.answer().status, 408);
    assert!(client.wait_for_end() < SOON);
}

#[test]
fn a_body_that_dribbles_is_refused() {
    let server = Server::start(|live| live.body_timeout = SHORT);
    let mut client = server.connect();
    client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n");
    for _ in 0..15 {
        client.try_write(b" ");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(client.answer().status, 408);
}

#[test]
fn a_client_that_does_not_read_its_answer_is_cut() {
    let server = Server::start(|live| live.idle_timeout = SHORT);
    let mut client = server.connect();
    client.write("GET /large HTTP/1.1\r\nHost: x\r\n\r\n");
    std::thread::sleep(SHORT * 5);
    // What the sockets had buffered still comes, but not all of the answer.
    let mut got = 0;
    let started = Instant::now();
    while let Ok(count) = client.read_once() {
        got += count;
        if count == 0 {
            break;
        }
    }
    assert!(got < 64 << 20, "all {got} bytes came");
    assert!(started.elapsed() < SOON);
}

#[test]
fn a_client_that_reads_slowly_but_steadily_gets_everything() {
    let server = Server::start(|live| {
        live.idle_timeout = SHORT;
        live.header_timeout = SHORT;
    });
    let mut client = server.connect();
    client.write("GET /large HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let mut got = 0;
    let mut pauses = 0;
    while let Ok(count @ 1..) = client.read_once() {
        got += count;
        if got > pauses * (4 << 20) {
            pauses += 1;
            std::thread::sleep(SHORT / 4);
        }
    }
    assert!(got > 64 << 20, "only {got} bytes came");
}

#[test]
fn an_answer_that_waits_for_its_source_is_left_alone() {
    let server = Server::start(|live| {
        live.idle_timeout = SHORT;
        live.header_timeout = SHORT;
    });
    let mut client = server.connect();
    client.write("GET /pausing HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(client.answer().status, 200);
    let chunked = "A\r\nsome text\n\r\n0\r\n\r\n";
    assert_eq!(client.read_exact(chunked.len()), chunked.as_bytes());
}

#[test]
fn a_body_that_announces_too_much_is_refused_before_it_comes() {
    let server = small_bodies();
    let mut client = server.connect();
    client.write("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
    assert_too_large(&client.answer());
}

#[test]
fn a_client_that_asks_first_is_refused_without_sending() {
    let server = small_bodies();
    let mut client = server.connect();
    client.write(
        "POST /echo HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9999\r\n\r\n",
    );
    assert_too_large(&client.answer());
}

#[test]
fn a_client_that_sends_a_large_body_first_still_sees_the_refusal() {
    let server = small_bodies();
    let mut client = server.connect();
    let body = vec![b'x'; 8 << 20];
    client.write(&format!(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.write_bytes(&body);
    assert_too_large(&client.answer());
}

#[test]
fn a_client_that_sends_a_body_nobody_wants_still_sees_the_answer() {
    let server = Server::plain();
    let mut client = server.connect();
    let body = vec![b'x'; 8 << 20];
    client.write(&format!(
        "POST /nope HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n",
        body.len()
    ));
    client.write_bytes(&body);
    assert_eq!(client.answer().status, 404);
}

#[test]
fn a_chunked_body_is_cut_at_the_limit() {
    let server = small_bodies();
    let head = "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                Transfer-Encoding: chunked\r\n\r\n";
    let mut client = server.connect();
    client.write(head);
    for _ in 0..11 {
        client.write(&format!("64\r\n{}\r\n", " ".repeat(100)));
    }
    client.write("0\r\n\r\n");
    assert_too_large(&client.answer());

    let mut client = server.connect();
    client.write(head);
    client.write("2\r\n{\"\r\n5\r\na\":1}\r\n0\r\n\r\n");
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "{\"a\":1}\n"));
}

#[test]
fn a_body_exactly_at_the_limit_is_taken() {
    let server = small_bodies();
    let body = format!("{{}}{}", " ".repeat(998));
    let answer = server.send(&format!(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
         Content-Length: 1000\r\n\r\n{body}"
    ));
    assert_eq!(answer.status, 200);
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = Server::plain();
    let mut client = server.connect();
    let get = |name: &str| format!("GET /echo/{name} HTTP/1.1\r\nHost: x\r\n\r\n");
    client.write(&[get("a"), get("b"), get("c")].concat());
    for name in ["a", "b", "c"] {
        assert_eq!(client.answer().body, format!("\"{name}\"\n"));
    }
}

#[test]
fn a_head_that_is_too_long_is_refused() {
    let server = Server::plain();
    let mut client = server.connect();
    let name = "x".repeat(200 << 10);
    client.try_write(format!("GET /echo/{name} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes());
    let status = client.answer().status;
    assert!([414, 431].contains(&status), "{status}");
}

#[test]
fn connections_over_the_limit_wait_for_their_turn() {
    let server = Server::start(|live| live.connections_max = 1.try_into().expect("one"));
    let mut first = server.connect();
    first.write(GET_HEALTH);
    assert_eq!(first.answer().status, 200);
    let mut second = server.connect();
    second.write(GET_HEALTH);
    std::thread::sleep(SHORT);
    drop(first);
    assert_eq!(second.answer().status, 200);
}

#[test]
fn shutdown_finishes_what_is_under_way_and_takes_no_more() {
    let mut server = Server::plain();
    let mut idle = server.connect();
    let mut busy = server.connect();
    busy.write("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n");
    std::thread::sleep(SHORT / 2);
    let stopped = server.begin_stop();
    assert!(idle.wait_for_end() < SOON);
    assert_eq!(busy.answer().body, "{\"slow\":true}\n");
    stopped.join().expect("a clean end");
    assert!(std::net::TcpStream::connect(server.address).is_err());
}

#[test]
fn a_quiet_stream_ends_when_its_own_limit_says() {
    // The limits of other answers do not count for a stream.
    let server = Server::start(|live| {
        (live.header_timeout, live.idle_timeout) = (SHORT, SHORT);
        live.stream_idle_timeout = SHORT * 5;
    });
    let mut client = server.connect();
    client.write("GET /api/realtime HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let took = client.wait_for_end();
    assert!(took >= SHORT * 5 && took < SOON, "{took:?}");
}

#[test]
fn open_streams_do_not_hold_up_the_end() {
    let mut server = Server::start(|_| {});
    let mut client = server.connect();
    client.write("GET /api/realtime HTTP/1.1\r\nHost: x\r\n\r\n");
    std::thread::sleep(SHORT);
    let started = Instant::now();
    server.begin_stop().join().expect("a clean end");
    assert!(started.elapsed() < SOON, "{:?}", started.elapsed());
    client.wait_for_end();
}

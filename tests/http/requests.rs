//! One request, one answer.

use crate::harness::Server;

const NOT_FOUND: &str =
    "{\"data\":{},\"message\":\"The requested resource wasn't found.\",\"status\":404}\n";

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

fn post(content_type: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Type: {content_type}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

#[test]
fn health_says_it_is_well_with_every_usual_header() {
    let answer = Server::plain().send(&request("GET", "/api/health"));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body, "{\"message\":\"API is healthy.\",\"code\":200,\"data\":{}}\n");
    for (name, value) in [
        ("content-type", "application/json"),
        ("vary", "Origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("x-xss-protection", "1; mode=block"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    assert_eq!(answer.header("x-request-id").unwrap().len(), 16);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn unknown_paths_methods_and_spellings_are_not_found() {
    let server = Server::plain();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/api/nope"),
        ("POST", "/api/health"),
        ("DELETE", "/api/health"),
        ("TRACE", "/api/health"),
        ("BREW", "/api/health"),
        ("GET", "/api/health/"),
        ("GET", "//api/health"),
        ("GET", "/api//health"),
        ("GET", "/api/../api/health"),
        ("GET", "/api/%2e%2e/api/health"),
        ("GET", "/api%2Fhealth"),
        ("GET", "/api/health%00"),
        ("GET", "/echo/"),
        ("GET", "/echo/%ff"),
        ("GET", "/echo/a/b"),
        ("GET", "/_/../config.toml"),
        ("GET", "/_/%2e%2e/%2e%2e/Cargo.toml"),
        ("GET", "/_/..%2f..%2fCargo.toml"),
        ("GET", "/_/%2fetc%2fpasswd"),
        ("GET", "/_/nope.js"),
    ] {
        let answer = server.send(&request(method, path));
        assert_eq!((answer.status, answer.body.as_str()), (404, NOT_FOUND), "{method} {path}");
    }
}

#[test]
fn encoded_parts_of_a_path_are_only_names() {
    let server = Server::plain();
    for (path, expected) in [
        ("/echo/%2e%2e", "\"..\"\n"),
        ("/echo/a%2Fb", "\"a/b\"\n"),
        ("/echo/%00", "\"\\u0000\"\n"),
        ("/echo/%C3%A9?x=%ff", "\"é\"\n"),
        ("/query?q=%ff", "\"\u{fffd}\"\n"),
        ("/query?%&q=%zz&q=2", "\"%zz\"\n"),
    ] {
        let answer = server.send(&request("GET", path));
        assert_eq!((answer.status, answer.body.as_str()), (200, expected), "{path}");
    }
}

#[test]
fn raw_bytes_in_a_path_never_break_the_server() {
    let server = Server::plain();
    for bytes in [
        &b"GET /echo/\xff HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        b"GET /echo/\xc3\xa9?\xff=\xff \
        HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\0\0\0\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
    ] {
        let mut client = server.connect();
        client.write_bytes(bytes);
        let status = client.answer().status;
        assert!([200, 400, 404, 505].contains(&status), "{status} for {bytes:?}");
    }
    assert_eq!(server.send(&request("GET", "/api/health")).status, 200);
}

#[test]
fn head_answers_as_get_without_a_body() {
    let server = Server::plain();
    let mut client = server.connect();
    client.write(&request("HEAD", "/api/health"));
    let answer = client.answer_to("HEAD");
    assert_eq!((answer.status, answer.header("content-length")), (200, Some("51")));
    // The next answer begins right after the head.
    client.write(&request("GET", "/api/health"));
    assert_eq!(client.answer().status, 200);
    client.write(&request("HEAD", "/nope"));
    assert_eq!(client.answer_to("HEAD").status, 404);
}

#[test]
fn options_is_answered_anywhere() {
    let server = Server::start(|live| live.cors_origins = vec!["https://*.good.org".to_owned()]);
    let with = |origin: &str| {
        format!(
            "OPTIONS /any/where HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Headers: a,b\r\n\r\n"
        )
    };
    let good = server.send(&with("https://a.good.org"));
    assert_eq!((good.status, good.header("content-length")), (204, None));
    assert_eq!(good.header("access-control-allow-origin"), Some("https://a.good.org"));
    assert_eq!(good.header("access-control-allow-headers"), Some("a,b"));
    let methods = good.header("access-control-allow-methods");
    assert_eq!(methods, Some("GET,HEAD,PUT,PATCH,POST,DELETE"));

    for other in [with("https://evil.org"), request("OPTIONS", "/api/health")] {
        let answer = server.send(&other);
        assert_eq!((answer.status, answer.header("vary")), (204, Some("Origin")));
        assert!(!answer.head.contains("access-control"), "{}", answer.head);
    }
}

#[test]
fn simple_requests_of_an_allowed_origin_are_marked() {
    let server = Server::plain();
    let answer = server.send("GET /nope HTTP/1.1\r\nHost: x\r\nOrigin: https://a.b\r\n\r\n");
    assert_eq!(answer.status, 404);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
}

#[test]
fn bodies_become_objects_or_bad_requests() {
    let server = Server::plain();
    let json = "application/json";
    for (content_type, body, status) in [
        (json, "{\"a\":1}", 200),
        (json, "", 200),
        ("text/plain", "", 200),
        (json, "{\"a\":1} tail", 200),
        ("application/x-www-form-urlencoded", "a=1", 200),
        (json, "[1]", 400),
        (json, "{", 400),
        ("text/plain", "x", 400),
    ] {
        assert_eq!(server.send(&post(content_type, body)).status, status, "{content_type} {body}");
    }
    let answer = server.send(&post(json, "{\"a\":\"<b>\"}"));
    assert_eq!(answer.body, "{\"a\":\"\\u003cb\\u003e\"}\n");
}

#[test]
fn the_fields_parameter_picks_and_a_bad_one_is_refused() {
    let server = Server::plain();
    let answer = server.send(&request("GET", "/api/health?fields=code"));
    assert_eq!(answer.body, "{\"code\":200}\n");
    let answer = server.send(&request("GET", "/api/health?fields=a:excerpt("));
    assert_eq!(answer.status, 400);
    assert!(answer.body.contains("\"Invalid fields parameter.\""), "{}", answer.body);
}

#[test]
fn a_panic_is_a_500_that_says_nothing_and_the_server_goes_on() {
    let server = Server::plain();
    let mut client = server.connect();
    client.write(&request("GET", "/panic"));
    let answer = client.answer();
    assert_eq!(answer.status, 500);
    assert_eq!(
        answer.body,
        "{\"data\":{},\"message\":\"Something went wrong while processing your request.\",\
         \"status\":500}\n"
    );
    assert_eq!(answer.header("x-frame-options"), Some("SAMEORIGIN"));
    client.write(&request("GET", "/api/health"));
    assert_eq!(client.answer().status, 200);
}

#[test]
fn the_dashboard_is_served_with_a_strict_policy() {
    let server = Server::plain();
    let redirect = server.send(&request("GET", "/_"));
    assert_eq!((redirect.status, redirect.header("location")), (307, Some("/_/")));
    let page = server.send(&request("GET", "/_/"));
    assert_eq!(page.status, 200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    // What scripts of the page put in as styles has to know a value that is good for once.
    let other = server.send(&request("GET", "/_/"));
    assert_ne!(other.header("content-security-policy"), Some(policy));
    assert!(page.body.contains("<title>"), "{}", page.body);
}

//! Files as they are shown: through views, as thumbs, to rules, and whatever somebody made them up as.

use serde_json::json;

use crate::harness::form::{names, send, url};
use crate::harness::{Client, Server, record, records};

fn docs(rules: &serde_json::Value) -> (Server, Client) {
    let server = Server::start();
    let root = server.superuser();
    let mut definition = json!({
        "name": "docs", "viewRule": "", "createRule": "", "updateRule": "",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "one", "type": "file" },
            { "name": "secret", "type": "file", "protected": true },
            { "name": "many", "type": "file", "maxSelect": 3 },
        ],
    });
    for (name, rule) in rules.as_object().expect("rules") {
        definition[name] = rule.clone();
    }
    root.post("/api/collections", &definition).expect(200);
    (server, root)
}

#[test]
fn a_view_shows_files_of_records_by_its_own_rule() {
    let (server, root) = docs(&json!({ "viewRule": "title = 'no one'" }));
    let views = [
        ("shown", "SELECT id, one AS picture, secret, many FROM docs", "title_of = 'open'"),
        ("again", "SELECT 'x' || id AS id, picture, secret FROM shown", ""),
        ("cast", "SELECT id, cast(one as text) AS one FROM docs", ""),
    ];
    for (name, query, rule) in views {
        let query = if name == "shown" {
            query.replace("many FROM", "many, title AS title_of FROM")
        } else {
            query.to_owned()
        };
        let view = json!({ "name": name, "type": "view", "viewQuery": query, "viewRule": rule });
        root.post("/api/collections", &view).expect(200);
    }
    let parts = |title| {
        [
            ("title", None, title),
            ("one", Some("one.txt"), &b"one"[..]),
            ("secret", Some("secret.txt"), b"secret"),
            ("many", Some("ab1.txt"), b"m1"),
            ("many", Some("ab2.txt"), b"m2"),
        ]
    };
    let open = send(&root, "POST", &records("docs"), &parts(b"open")).expect(200);
    let closed = send(&root, "POST", &records("docs"), &parts(b"closed")).expect(200);
    let guest = server.guest();
    let fetch = |view: &str, id: &str, name: &str| {
        let (status, _, bytes) = guest.fetch(&format!("/api/files/{view}/{id}/{name}"), &[]);
        (status, if status == 200 { bytes } else { Vec::new() })
    };
    let text = |json: &serde_json::Value| json.as_str().expect("a text").to_owned();
    let (id, one, secret) = (text(&open["id"]), text(&open["one"]), text(&open["secret"]));
    assert_eq!(fetch("shown", &id, &one), (200, b"one".to_vec()));
    assert_eq!(fetch("shown", &id, &secret), (200, b"secret".to_vec()), "the rule of the view");
    assert_eq!(fetch("docs", &id, &secret).0, 404, "the rule of the collection");
    assert_eq!(fetch("shown", &id, &names(&open, "many")[1]), (200, b"m2".to_vec()));
    assert_eq!(fetch("again", &format!("x{id}"), &one), (200, b"one".to_vec()));
    assert_eq!(fetch("again", &format!("x{id}"), &secret), (200, b"secret".to_vec()));
    assert_eq!(fetch("again", &id, &one).0, 404, "no such record there");
    assert_eq!(fetch("cast", &id, &one).0, 404, "no file there");
    let (id, secret) = (text(&closed["id"]), text(&closed["secret"]));
    assert_eq!(fetch("shown", &id, &secret).0, 404);
    assert_eq!(fetch("shown", &id, &one), (404, vec![]), "a file of another record");
    assert_eq!(fetch("shown", &id, &text(&closed["one"])).0, 200, "it is not protected");
    let thumb = format!("{one}?thumb=100x100");
    assert_eq!(fetch("shown", &text(&open["id"]), &thumb), (200, b"one".to_vec()));
}

#[test]
fn rules_see_what_is_uploaded() {
    let rule = "@request.body.one:isset = false || (@request.body.one.size < 5 && \
                @request.body.one.originalName ~ '%.txt')";
    let many = "@request.body.many:length <= 2 && @request.body.many.0.size != 3";
    let (server, _root) = docs(&json!({ "createRule": rule, "updateRule": many }));
    let guest = server.guest();
    let create = |name: &str, content: &[u8]| {
        send(&guest, "POST", &records("docs"), &[("one", Some(name), content)])
    };
    let made = create("a.txt", b"1234").expect(200);
    create("a.txt", b"12345").expect_error(400);
    create("a.bin", b"1234").expect_error(400);
    let path = record("docs", &made["id"]);
    let update = |contents: &[&'static [u8]]| {
        let parts: Vec<_> = contents.iter().map(|c| ("many", Some("abc.txt"), *c)).collect();
        send(&guest, "PATCH", &path, &parts)
    };
    update(&[b"1", b"2"]).expect(200);
    update(&[b"123", b"2"]).expect_error(404);
    update(&[b"1", b"2", b"3"]).expect_error(404);
}

#[test]
fn thumbs_are_webp_for_who_asks() {
    let (server, _root) = docs(&json!({}));
    let guest = server.guest();
    let mut png = std::io::Cursor::new(Vec::new());
    let picture = image::RgbImage::from_pixel(300, 200, image::Rgb([10, 200, 30]));
    picture.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    let png = png.into_inner();
    let made = send(&guest, "POST", &records("docs"), &[("one", Some("pic.png"), &png)]);
    let made = made.expect(200);
    let path = url(&made, &made["one"]);
    let mut tags = Vec::new();
    for (query, media_type, suffix) in [
        ("", "image/png", ".png"),
        ("?thumb=100x100", "image/png", ".png"),
        ("?thumb=100x100&format=webp", "image/webp", ".png.webp"),
        ("?format=webp", "image/png", ".png"),
        ("?thumb=100x100&format=other", "image/png", ".png"),
    ] {
        let (status, headers, bytes) = guest.fetch(&format!("{path}{query}"), &[]);
        assert_eq!(
            (status, &headers["content-type"]),
            (200, &media_type.parse().unwrap()),
            "{query}"
        );
        let name = headers["content-disposition"].to_str().unwrap().to_owned();
        assert!(name.starts_with("inline") && name.ends_with(suffix), "{name}");
        assert_eq!(image::guess_format(&bytes).unwrap().to_mime_type(), media_type);
        assert_eq!(bytes == png, !query.contains("thumb"), "the original is what it was");
        tags.push(headers["etag"].clone());
    }
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2], "{tags:?}");
    assert!(tags[0] == tags[3] && tags[1] == tags[4], "{tags:?}");
}

#[test]
fn nothing_that_is_uploaded_runs_in_a_browser() {
    let (server, _root) = docs(&json!({}));
    let guest = server.guest();
    let script = "<script>alert(1)</script>";
    let gif = format!("GIF89a/*{script}*/=1;alert(1)");
    let pdf = format!("%PDF-1.4\n{script}");
    let jpeg: Vec<u8> = [b"\xff\xd8\xff\xe0\0\x10JFIF\0".as_slice(), script.as_bytes()].concat();
    for (name, content, is_inline) in [
        (
            "a.svg",
            format!("<svg xmlns='http://www.w3.org/2000/svg'>{script}</svg>").as_bytes(),
            false,
        ),
        ("a.html", format!("<!doctype html><html>{script}").as_bytes(), false),
        ("a.png", format!("<html>{script}").as_bytes(), false),
        ("a.xhtml", format!("<?xml version='1.0'?><html>{script}</html>").as_bytes(), false),
        ("a.js", b"alert(1)", false),
        ("a.txt", script.as_bytes(), false),
        ("a.html", gif.as_bytes(), true),
        ("a.html", pdf.as_bytes(), true),
        ("a.html", &jpeg, true),
        ("a.hta", b"\xef\xbb\xbf<script>", false),
    ] {
        let made = send(&guest, "POST", &records("docs"), &[("one", Some(name), content)]);
        let made = made.expect(200);
        let (status, headers, _) = guest.fetch(&url(&made, &made["one"]), &[]);
        let header = |name: &str| headers[name].to_str().expect("a text").to_owned();
        assert_eq!(status, 200);
        assert_eq!(header("x-content-type-options"), "nosniff");
        let policy = header("content-security-policy");
        assert!(policy.contains("default-src 'none'") && policy.ends_with("sandbox"), "{policy}");
        let kind = if is_inline { "inline;" } else { "attachment;" };
        assert!(header("content-disposition").starts_with(kind), "{name} {is_inline}");
        let media_type = header("content-type");
        assert!(
            !is_inline || ["image/", "application/pdf"].iter().any(|t| media_type.starts_with(t)),
            "{name} is shown as {media_type}"
        );
    }
}

#[test]
fn names_cannot_break_out_of_headers_or_folders() {
    let (server, _root) = docs(&json!({}));
    let guest = server.guest();
    let boundary = "b0undary";
    for name in [
        "a%0d%0aSet-Cookie: x=1.txt",
        "a\\\"; filename=\\\"evil.html",
        "../../../../etc/passwd",
        "..\\\\..\\\\windows.txt",
        "con.txt;x=y",
        "\u{202e}gpj.exe",
        "a\u{0}b.txt",
        "name\u{7f}\u{85}.txt",
        ".attrs",
        "x.png.attrs",
    ] {
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"one\"; filename=\"{name}\"\r\n\r\n\
             content\r\n--{boundary}--\r\n"
        );
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let headers = [("content-type", content_type.as_str())];
        let made = guest.send("POST", &records("docs"), &headers, Some(body.as_bytes()));
        if made.status == 400 {
            // A form that makes no sense is no way in either.
            continue;
        }
        let made = made.expect(200);
        let stored = made["one"].as_str().expect("a name").to_owned();
        let is_safe = |c: char| c.is_ascii_alphanumeric() || "_.*-+=#".contains(c);
        assert!(stored.chars().all(is_safe) && !stored.contains(".."), "{stored}");
        let path = url(&made, &crate::harness::encode(&stored).into());
        let (status, headers, bytes) = guest.fetch(&path, &[]);
        assert_eq!((status, bytes), (200, b"content".to_vec()), "{stored}");
        let disposition = headers["content-disposition"].to_str().expect("plain text");
        assert_eq!(disposition, format!("attachment; filename={stored}"));
        assert!(!headers.contains_key("set-cookie"));
    }
    let outside = server.folder().parent().expect("a folder").join("etc");
    assert!(!outside.exists());
}

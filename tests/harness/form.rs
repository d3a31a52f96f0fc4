//! Forms with files, and the way to files.

use std::io::{Read, Write};
use std::net::TcpStream;

use serde_json::Value as Json;

use super::{Answer, Client};

pub(crate) const BOUNDARY: &str = "boundary-of-parts";

/// A part of a form: key, file name, content. Without a file name it is a plain value.
pub(crate) type Part<'a> = (&'a str, Option<&'a str>, &'a [u8]);

pub(crate) fn form(parts: &[Part<'_>]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, file_name, content) in parts {
        let file_name = file_name.map(|name| format!("; filename=\"{name}\"")).unwrap_or_default();
        let head = format!(
            "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{key}\"{file_name}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body
}

pub(crate) fn send(client: &Client, method: &str, path: &str, parts: &[Part<'_>]) -> Answer {
    let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
    client.send(method, path, &[("content-type", &content_type)], Some(&form(parts)))
}

pub(crate) fn url(record: &Json, name: &Json) -> String {
    let text = |json: &Json| json.as_str().expect("a text").to_owned();
    format!("/api/files/{}/{}/{}", text(&record["collectionId"]), text(&record["id"]), text(name))
}

pub(crate) fn names(record: &Json, field: &str) -> Vec<String> {
    let names = record[field].as_array().expect("a list");
    names.iter().map(|name| name.as_str().expect("a name").to_owned()).collect()
}

/// Sends a form and waits for an answer, or for the end of the line; whatever comes is fine.
pub(crate) fn send_unheard(address: &str, path: &str, parts: &[Part<'_>]) {
    let body = form(parts);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\n\r\n",
        body.len()
    );
    let Ok(mut line) = TcpStream::connect(address) else { return };
    let sent = line.write_all(head.as_bytes()).and_then(|()| line.write_all(&body));
    let _ = sent.and_then(|()| line.read_to_end(&mut Vec::new()));
}

/// How many uploads a crash cuts through: a few, or as many as `HAVERSACK_TORTURE` says.
pub(crate) fn torture() -> usize {
    std::env::var("HAVERSACK_TORTURE").ok().and_then(|text| text.parse().ok()).unwrap_or(20)
}

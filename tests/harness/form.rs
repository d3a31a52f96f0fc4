//! Forms with files, and the way to files.

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

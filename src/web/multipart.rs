//! Multipart bodies taken apart in memory; for those with files of records see `upload_form`.

use bytes::Bytes;
use http_body_util::{BodyDataStream, Full};

use super::ApiError;

/// Parts in one body.
const PARTS_MAX: usize = 1000;

/// What a multipart body holds.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// Name and text of each part that is no file, in order. Bytes that are no UTF-8 are replaced.
    pub(super) texts: Vec<(String, String)>,
    /// The parts that are files.
    pub(super) files: Vec<FormFile>,
}

/// A file in a form.
#[derive(Debug, Clone)]
pub struct FormFile {
    /// The name of the part.
    pub name: String,
    /// The name of the file, as the client says.
    pub file_name: String,
    /// The type of the file, as the client says; empty when it does not.
    pub content_type: String,
    /// What is in it.
    pub bytes: Bytes,
}

/// Whether `content_type` is that of a multipart form.
pub(super) fn is_multipart(content_type: Option<&str>) -> bool {
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("multipart/form-data")
}

/// Takes the body `bytes` of type `content_type` apart; no bytes are no parts.
///
/// Fails with 400 when it is not what the type says, or has more than a thousand parts.
pub(super) async fn parts(content_type: &str, bytes: Bytes) -> Result<Parts, ApiError> {
    let malformed = |cause: multer::Error| ApiError::bad_request("").with_cause(cause);
    let mut found = Parts::default();
    if bytes.is_empty() {
        return Ok(found);
    }
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = BodyDataStream::new(Full::new(bytes));
    let mut form = multer::Multipart::new(stream, boundary);
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        if found.texts.len() + found.files.len() == PARTS_MAX {
            let cause = format!("more than {PARTS_MAX} parts");
            return Err(ApiError::bad_request("").with_cause(cause));
        }
        let name = part.name().unwrap_or_default().to_owned();
        if let Some(file_name) = part.file_name().map(str::to_owned) {
            let content_type = part.content_type().map(ToString::to_string).unwrap_or_default();
            let bytes = part.bytes().await.map_err(malformed)?;
            found.files.push(FormFile { name, file_name, content_type, bytes });
        } else {
            let text = part.bytes().await.map_err(malformed)?;
            found.texts.push((name, String::from_utf8_lossy(&text).into_owned()));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPE: &str = "multipart/form-data; boundary=b";

    fn part(head: &str, text: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{text}\r\n")
    }

    #[tokio::test]
    async fn texts_and_files_are_told_apart_in_order() {
        let body = part("name=\"a\"", "1")
            + &part("name=\"f\"; filename=\"x.txt\"", "content")
            + &part("name=\"a\"", "é\r\nx")
            + "--b--\r\n";
        let parts = parts(TYPE, body.into()).await.unwrap();
        let texts = [("a", "1"), ("a", "é\r\nx")].map(|(n, t)| (n.to_owned(), t.to_owned()));
        assert_eq!(parts.texts, texts);
        let [file] = &parts.files[..] else { panic!("{parts:?}") };
        assert_eq!((file.name.as_str(), file.file_name.as_str()), ("f", "x.txt"));
        assert_eq!(file.bytes, "content");
    }

    #[tokio::test]
    async fn broken_and_endless_bodies_are_bad_requests() {
        let many = part("name=\"a\"", "").repeat(PARTS_MAX + 1) + "--b--\r\n";
        for (content_type, body) in [
            (TYPE, "x"),
            (TYPE, "--b\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nno end"),
            ("multipart/form-data", "--b--"),
            (TYPE, &many),
        ] {
            let error = parts(content_type, body.to_owned().into()).await.unwrap_err();
            assert_eq!(error.status(), 400, "{content_type} {}", body.len());
        }
        assert!(parts(TYPE, Bytes::new()).await.unwrap().texts.is_empty());
    }

    #[test]
    fn the_type_may_have_parameters_and_any_case() {
        assert!(is_multipart(Some("Multipart/Form-Data; boundary=b")));
        assert!(!is_multipart(Some("multipart/mixed; boundary=b")) && !is_multipart(None));
    }
}

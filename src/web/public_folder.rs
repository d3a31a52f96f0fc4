//! The folder whose files anybody may read: the build of a web app, beside the API.

use std::fs::File;
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    ACCEPT_RANGES, CONTENT_RANGE, ETAG, HeaderMap, HeaderValue, LAST_MODIFIED, LOCATION, RANGE,
};

use super::compression::is_text;
use super::file_body::{FileBody, PIECE, read_exact};
use super::range::{Version, Wanted, wanted};
use super::router::decode;
use super::{ApiError, Reply, Request, State};

/// Texts up to this size are read at once, so that they can be compressed.
const TEXT_BYTES_MAX: u64 = 8 << 20;

const INDEX: &str = "index.html";

/// A folder of files for anybody, at `/`. It may be missing, and may come later.
#[derive(Debug)]
pub struct PublicFolder {
    root: PathBuf,
    index_fallback: bool,
}

/// What a path leads to.
enum Found {
    File(Opened),
    /// The same under another path, with or without the slash at its end.
    Elsewhere(String),
}

/// A file that is open.
struct Opened {
    file: File,
    len: u64,
    modified: SystemTime,
    content_type: String,
    /// What is small, or text, is read at once.
    whole: Option<Bytes>,
}

impl PublicFolder {
    /// The files in `root`. With `index_fallback`, a path that names none of them shows the
    /// `index.html` of `root` with status 200, as single-page apps with routes of their own need.
    pub fn new(root: &Path, index_fallback: bool) -> Self {
        Self { root: root.to_owned(), index_fallback }
    }

    /// Answers with the file that the request's path names. Links in the folder are followed: what
    /// is in it is up to the operator.
    ///
    /// Errors: 404 when there is none, and the answers of conditional requests that fail.
    pub(crate) async fn answer(&self, state: &State, request: Request) -> Result<Reply, ApiError> {
        let (root, fallback) = (self.root.clone(), self.index_fallback);
        let Request { path, headers, .. } = request;
        let in_parts = headers.contains_key(RANGE);
        let found = state.blocking.run(move || find(&root, &path, fallback, in_parts)).await;
        match found {
            Ok(Found::File(opened)) => send(state, &headers, opened).await,
            Ok(Found::Elsewhere(path)) => {
                let location = HeaderValue::from_str(&path).map_err(ApiError::internal)?;
                let reply = Reply::empty(StatusCode::MOVED_PERMANENTLY);
                Ok(reply.with_header(LOCATION, location))
            }
            // With no folder there, this server has an API only.
            Err(_) if !self.root.is_dir() => Err(ApiError::generic(StatusCode::NOT_FOUND)),
            Err(error) => Err(ApiError::not_found("File not found.").with_cause(error)),
        }
    }
}

/// Finds the file of a raw path.
fn find(root: &Path, raw_path: &str, fallback: bool, in_parts: bool) -> io::Result<Found> {
    match find_exact(root, raw_path, in_parts) {
        Err(_) if fallback => open(&root.join(INDEX), in_parts).map(Found::File),
        found => found,
    }
}

fn find_exact(root: &Path, raw_path: &str, in_parts: bool) -> io::Result<Found> {
    let none = || io::Error::from(io::ErrorKind::NotFound);
    let decoded = decode(raw_path).ok_or_else(none)?;
    let inner = decoded.strip_prefix('/').ok_or_else(none)?;
    let (inner, is_folder) = match inner.strip_suffix('/') {
        Some(inner) => (inner, true),
        None => (inner, inner.is_empty()),
    };
    let mut path = root.to_owned();
    for part in inner.split('/').filter(|_| !inner.is_empty()) {
        // One part is one name: nothing that leads up, elsewhere, or to a device.
        let is_name = !matches!(part, "" | "." | "..") && !part.contains(['\\', '\0', ':']);
        path.push(is_name.then_some(part).ok_or_else(none)?);
    }
    if path.is_dir() {
        if is_folder {
            return open(&path.join(INDEX), in_parts).map(Found::File);
        }
        // The path begins with one slash and a name, so no other host can be in it.
        return Ok(Found::Elsewhere(format!("{raw_path}/")));
    }
    if is_folder {
        // Only a file is worth going to.
        return path
            .is_file()
            .then(|| Found::Elsewhere(raw_path.trim_end_matches('/').to_owned()))
            .ok_or_else(none);
    }
    if let Some(folder) = raw_path.strip_suffix(INDEX).filter(|folder| folder.ends_with('/'))
        && path.is_file()
    {
        return Ok(Found::Elsewhere(folder.to_owned()));
    }
    open(&path, in_parts).map(Found::File)
}

fn open(path: &Path, in_parts: bool) -> io::Result<Opened> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let content_type = content_type(path);
    let len = metadata.len();
    let at_once = if is_text(&content_type) && !in_parts { TEXT_BYTES_MAX } else { PIECE };
    let whole = if len <= at_once { Some(read_exact(&mut file, len)?) } else { None };
    Ok(Opened { file, len, modified: metadata.modified()?, content_type, whole })
}

/// The media type by the name; texts are in UTF-8.
fn content_type(path: &Path) -> String {
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let kind = kind.essence_str();
    let has_charset = kind.starts_with("text/") || kind == "application/javascript";
    if has_charset { format!("{kind}; charset=utf-8") } else { kind.to_owned() }
}

async fn send(state: &State, headers: &HeaderMap, opened: Opened) -> Result<Reply, ApiError> {
    let Opened { mut file, len, modified, content_type, whole } = opened;
    let version = Version::new(len, modified, "");
    let header = |text: &str| HeaderValue::from_str(text).map_err(ApiError::internal);
    let content_type = header(&content_type)?;
    let reply = match (wanted(headers, &version, len), whole) {
        (Wanted::Nothing, _) => Reply::empty(StatusCode::NOT_MODIFIED),
        (Wanted::Other, _) => return Err(ApiError::generic(StatusCode::PRECONDITION_FAILED)),
        (Wanted::Impossible, _) => {
            let reply = ApiError::generic(StatusCode::RANGE_NOT_SATISFIABLE).to_reply();
            return Ok(reply.with_header(CONTENT_RANGE, header(&format!("bytes */{len}"))?));
        }
        (Wanted::Whole, Some(bytes)) => Reply::bytes(StatusCode::OK, content_type, bytes),
        (Wanted::Whole, None) => {
            let body = FileBody::new(state.blocking.clone(), file, len);
            Reply::stream(StatusCode::OK, content_type, body)
                .with_header(ACCEPT_RANGES, HeaderValue::from_static("bytes"))
        }
        (Wanted::Part(part), _) => {
            let range = header(&format!("bytes {}-{}/{len}", part.start, part.end - 1))?;
            let seek = move || file.seek(SeekFrom::Start(part.start)).map(|_| file);
            let file = state.blocking.run(seek).await.map_err(ApiError::internal)?;
            let body = FileBody::new(state.blocking.clone(), file, part.end - part.start);
            Reply::stream(StatusCode::PARTIAL_CONTENT, content_type, body)
                .with_header(CONTENT_RANGE, range)
        }
    };
    let reply = reply.with_header(ETAG, header(&version.etag)?);
    Ok(match version.last_modified() {
        Some(date) => reply.with_header(LAST_MODIFIED, header(&date)?),
        None => reply,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("public/docs")).unwrap();
        std::fs::create_dir_all(root.join("public/empty")).unwrap();
        for (name, text) in [
            ("secret.txt", "secret"),
            ("public/index.html", "home"),
            ("public/app.js", "app"),
            ("public/a b.txt", "spaced"),
            ("public/docs/index.html", "docs"),
        ] {
            std::fs::write(root.join(name), text).unwrap();
        }
        folder
    }

    fn found(path: &str, fallback: bool) -> Option<Result<String, String>> {
        let folder = folder();
        match find(&folder.path().join("public"), path, fallback, false).ok()? {
            Found::File(opened) => {
                Some(Ok(String::from_utf8(opened.whole.unwrap().to_vec()).unwrap()))
            }
            Found::Elsewhere(path) => Some(Err(path)),
        }
    }

    #[test]
    fn paths_name_files_and_folders_their_index() {
        let file = |text: &str| Some(Ok(text.to_owned()));
        let elsewhere = |path: &str| Some(Err(path.to_owned()));
        for (path, expected) in [
            ("/", file("home")),
            ("/app.js", file("app")),
            ("/a%20b.txt", file("spaced")),
            ("/docs/", file("docs")),
            ("/docs", elsewhere("/docs/")),
            ("/app.js/", elsewhere("/app.js")),
            ("/index.html", elsewhere("/")),
            ("/docs/index.html", elsewhere("/docs/")),
            ("/empty/", None),
            ("/nope", None),
            ("/nope/", None),
        ] {
            assert_eq!(found(path, false), expected, "{path}");
        }
    }

    #[test]
    fn nothing_outside_the_folder_is_found() {
        for path in [
            "/../secret.txt",
            "/%2e%2e/secret.txt",
            "/docs/../../secret.txt",
            "/..%2fsecret.txt",
            "/%2e%2e%5csecret.txt",
            "//docs/",
            "//app.js",
            "/docs//index.html",
            "/%00",
            "/%ff",
            "secret.txt",
        ] {
            assert_eq!(found(path, false), None, "{path}");
        }
    }

    #[test]
    fn a_path_that_names_nothing_shows_the_index_when_asked_to() {
        for path in ["/nope", "/deep/route", "/../secret.txt", "/empty/"] {
            assert_eq!(found(path, true), Some(Ok("home".to_owned())), "{path}");
        }
    }
}

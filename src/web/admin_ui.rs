//! The dashboard: a single-page app whose files are inside the program.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use rust_embed::RustEmbed;

use super::{ApiError, Reply, Request, State};

#[derive(RustEmbed)]
#[folder = "admin-ui/dist"]
struct Files;

/// The page loads nothing from elsewhere and nobody frames it.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; \
     connect-src 'self'; script-src 'self'; frame-ancestors 'none'",
);

const INDEX: &str = "index.html";

/// `GET /_`
pub(super) async fn redirect(_state: Arc<State>, _request: Request) -> Result<Reply, ApiError> {
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    Ok(Reply::bytes(StatusCode::TEMPORARY_REDIRECT, html, "")
        .with_header(LOCATION, HeaderValue::from_static("/_/")))
}

/// `GET /_/`
pub(super) async fn index(_state: Arc<State>, _request: Request) -> Result<Reply, ApiError> {
    file(INDEX)
}

/// `GET /_/{*path}`
pub(super) async fn asset(_state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    file(request.params.get("path"))
}

fn file(path: &str) -> Result<Reply, ApiError> {
    // In development the files are read from the folder, where such paths would lead around.
    let plain = path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    let file = plain.then(|| Files::get(path)).flatten().ok_or_else(|| ApiError::not_found(""))?;
    // The page names the other files, so it must be fresh and they need not be.
    let cache =
        if path == INDEX { "no-cache" } else { "max-age=1209600, stale-while-revalidate=86400" };
    let content_type = HeaderValue::from_static(content_type(path));
    Ok(Reply::bytes(StatusCode::OK, content_type, file.data.into_owned())
        .with_header(CACHE_CONTROL, HeaderValue::from_static(cache))
        .with_header(CONTENT_SECURITY_POLICY, POLICY))
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_there_and_nothing_outside_the_folder_is() {
        assert!(file(INDEX).is_ok());
        for path in ["", ".", "../dist/index.html", "../../Cargo.toml", "/etc/passwd", "a\0b"] {
            assert_eq!(file(path).unwrap_err().status(), 404, "{path}");
        }
    }
}

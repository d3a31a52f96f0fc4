//! The dashboard: a single-page app whose files are inside the program.

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue, LOCATION};
use rand::distr::{Alphanumeric, SampleString};
use rust_embed::RustEmbed;

use super::{ApiError, Reply, Request, State};

#[derive(RustEmbed)]
#[folder = "admin-ui/dist"]
struct Files;

/// The page loads nothing from elsewhere, runs scripts from files only, and nobody frames it. Styles
/// come from files, or from scripts of the page that know the value made for this answer. Frames may
/// show what the page itself has made, which is how PDFs are looked at; such a frame is under the same
/// policy.
pub(super) fn policy(nonce: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; \
         img-src 'self' data: blob:; media-src 'self' blob:; font-src 'self'; connect-src 'self'; \
         frame-src 'self' blob:; manifest-src 'self'; form-action 'none'; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    HeaderValue::try_from(policy).expect("letters and digits between printable text")
}

/// Stands in the page where the value for its styles belongs.
const NONCE_PLACE: &str = "STYLE_NONCE";
const NONCE_LEN: usize = 24;

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
    let content_type = HeaderValue::from_static(content_type(path));
    if path == INDEX {
        return Ok(page(&file.data, content_type));
    }
    // A name below assets/ carries a hash of what the file holds, so it never holds anything else.
    let cache = if path.starts_with("assets/") {
        "max-age=31536000, immutable"
    } else {
        "max-age=3600, stale-while-revalidate=86400"
    };
    Ok(Reply::bytes(StatusCode::OK, content_type, file.data.into_owned())
        .with_header(CACHE_CONTROL, HeaderValue::from_static(cache))
        .with_header(CONTENT_SECURITY_POLICY, policy("none")))
}

/// The page names the other files, so it is asked for anew each time; its nonce is good for once.
fn page(template: &[u8], content_type: HeaderValue) -> Reply {
    let nonce = Alphanumeric.sample_string(&mut rand::rng(), NONCE_LEN);
    let html = String::from_utf8_lossy(template).replace(NONCE_PLACE, &nonce);
    Reply::bytes(StatusCode::OK, content_type, html)
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_header(CONTENT_SECURITY_POLICY, policy(&nonce))
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

    #[test]
    fn every_page_allows_styles_of_a_value_of_its_own() {
        let template = format!("<meta content=\"{NONCE_PLACE}\">");
        let html = HeaderValue::from_static("text/html");
        let policies: Vec<_> = (0..2)
            .map(|_| {
                page(template.as_bytes(), html.clone()).headers_mut()[CONTENT_SECURITY_POLICY]
                    .clone()
            })
            .collect();
        assert_ne!(policies[0], policies[1]);
        for policy in &policies {
            assert!(!policy.to_str().unwrap().contains("unsafe"), "{policy:?}");
        }
    }
}

//! Answers made smaller for clients that take it.
//!
//! A page that mixes secrets with what an attacker chose can leak through its compressed length
//! when browsers send credentials by themselves (BREACH). Nothing here is authenticated by cookies,
//! so a foreign page cannot make a browser ask with somebody's token.

use std::io::{self, Write};

use bytes::Bytes;
use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue,
    VARY,
};
use http::{Response, StatusCode};

use super::State;
use super::reply::Payload;

/// Larger answers are compressed on a blocking thread, and not where requests are served.
const INLINE_BYTES_MAX: usize = 64 << 10;

/// Levels that cost little: an answer is compressed for one client once.
const ZSTD_LEVEL: i32 = 3;
const BROTLI_LEVEL: i32 = 4;
const BROTLI_WINDOW: i32 = 20;
const GZIP_LEVEL: u32 = 4;

/// A way to make an answer smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Zstd,
    Brotli,
    Gzip,
}

impl Encoding {
    /// The quickest of what these headers accept best (RFC 9110, section 12.5.3); `None` when that
    /// is the answer as it is.
    pub(super) fn accepted(headers: &HeaderMap) -> Option<Self> {
        let lists = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
        let mut best: Option<(u16, Self)> = None;
        let mut seen = Vec::new();
        for (name, weight) in lists.flat_map(|list| list.split(',')).map(weighted) {
            seen.push((name, weight));
        }
        let weight_of = |wanted: &str| {
            let named = |name: &str| seen.iter().find(|(seen, _)| seen.eq_ignore_ascii_case(name));
            named(wanted).or_else(|| named("*")).map_or(0, |(_, weight)| *weight)
        };
        for encoding in [Self::Zstd, Self::Brotli, Self::Gzip] {
            let weight = weight_of(encoding.name());
            if weight > best.map_or(0, |(weight, _)| weight) {
                best = Some((weight, encoding));
            }
        }
        let plain = seen.iter().find(|(name, _)| name.eq_ignore_ascii_case("identity"));
        let plain = plain.map_or(0, |(_, weight)| *weight);
        best.filter(|(weight, _)| *weight >= plain).map(|(_, encoding)| encoding)
    }

    /// Its name in headers.
    fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn compress(self, bytes: &[u8]) -> io::Result<Vec<u8>> {
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, ZSTD_LEVEL),
            Self::Brotli => {
                let parameters = brotli::enc::BrotliEncoderParams {
                    quality: BROTLI_LEVEL,
                    lgwin: BROTLI_WINDOW,
                    size_hint: bytes.len(),
                    ..Default::default()
                };
                let mut out = Vec::new();
                brotli::BrotliCompress(&mut &*bytes, &mut out, &parameters)?;
                Ok(out)
            }
            Self::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }
}

/// `gzip;q=0.5` as its name and thousandths. A weight that is none counts as zero.
fn weighted(item: &str) -> (&str, u16) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=").or(part.strip_prefix("Q=")));
    let weight = weight.map_or(1.0, |weight| weight.parse::<f32>().unwrap_or(0.0));
    (name, (weight.clamp(0.0, 1.0) * 1000.0) as u16)
}

/// Compresses `response` when that is worth it and the client takes `encoding`.
pub(super) async fn apply(
    state: &State,
    encoding: Option<Encoding>,
    mut response: Response<Payload>,
) -> Response<Payload> {
    let live = state.live.load();
    if !live.compression || !is_worth_it(&response, live.compressed_size_min.get()) {
        return response;
    }
    drop(live);
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let Some(encoding) = encoding else { return response };
    let Some(plain) = response.body().whole().cloned() else { return response };
    let compressed = if plain.len() <= INLINE_BYTES_MAX {
        encoding.compress(&plain)
    } else {
        state.blocking.run(move || encoding.compress(&plain)).await
    };
    match compressed {
        Ok(compressed) => replace(response, encoding, compressed.into()),
        Err(error) => {
            tracing::warn!(%error, "cannot compress an answer");
            response
        }
    }
}

fn is_worth_it(response: &Response<Payload>, size_min: u64) -> bool {
    let headers = response.headers();
    let large = response.body().whole().is_some_and(|bytes| bytes.len() as u64 >= size_min);
    large
        && response.status() != StatusCode::PARTIAL_CONTENT
        // Of what can be asked for in parts, the parts must stay what they were.
        && !headers.contains_key(ACCEPT_RANGES)
        && !headers.contains_key(CONTENT_ENCODING)
        && headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(is_text)
}

/// Whether a media type is text of some kind; pictures and archives are small already.
pub(super) fn is_text(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim();
    kind.starts_with("text/") && kind != "text/event-stream"
        || kind.ends_with("+json")
        || kind.ends_with("+xml")
        || matches!(
            kind,
            "application/json"
                | "application/javascript"
                | "application/xml"
                | "application/wasm"
                | "application/vnd.ms-fontobject"
                | "font/ttf"
                | "font/otf"
        )
}

fn replace(
    response: Response<Payload>,
    encoding: Encoding,
    compressed: Bytes,
) -> Response<Payload> {
    let mut response = response.map(|_| Payload::from_bytes(compressed));
    let headers = response.headers_mut();
    headers.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding.name()));
    // A strong tag says that the bytes are the same (RFC 9110, section 8.8.1); now only what they mean is.
    let strong = headers.get(ETAG).filter(|tag| !tag.as_bytes().starts_with(b"W/"));
    let weak = strong.and_then(|tag| {
        let tag = [b"W/", tag.as_bytes()].concat();
        HeaderValue::from_bytes(&tag).ok()
    });
    if let Some(weak) = weak {
        headers.insert(ETAG, weak);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(list: &'static str) -> Option<Encoding> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(list));
        Encoding::accepted(&headers)
    }

    #[test]
    fn the_best_liked_encoding_is_taken_and_the_quickest_of_equals() {
        assert_eq!(Encoding::accepted(&HeaderMap::new()), None);
        for (list, expected) in [
            ("", None),
            ("identity", None),
            ("compress", None),
            ("gzip", Some(Encoding::Gzip)),
            ("GZIP", Some(Encoding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Encoding::Zstd)),
            ("gzip, br", Some(Encoding::Brotli)),
            ("gzip;q=0.9, br;q=0.8", Some(Encoding::Gzip)),
            ("gzip;q=0", None),
            ("*", Some(Encoding::Zstd)),
            ("zstd;q=0, *", Some(Encoding::Brotli)),
            ("identity, gzip;q=0.5", None),
            ("gzip;q=nonsense", None),
        ] {
            assert_eq!(accepted(list), expected, "{list}");
        }
    }

    #[test]
    fn only_text_is_compressed() {
        for kind in ["application/json", "text/css; charset=utf-8", "image/svg+xml"] {
            assert!(is_text(kind), "{kind}");
        }
        for kind in ["image/png", "text/event-stream", "application/zip", ""] {
            assert!(!is_text(kind), "{kind}");
        }
    }

    #[test]
    fn a_compressed_answer_has_a_weak_tag() {
        let mut response = Response::new(Payload::from_bytes(Bytes::from_static(b"x")));
        response.headers_mut().insert(ETAG, HeaderValue::from_static("\"a\""));
        let response = replace(response, Encoding::Gzip, Bytes::from_static(b"y"));
        assert_eq!(response.headers()[ETAG], "W/\"a\"");
        assert_eq!(response.headers()[CONTENT_ENCODING], "gzip");
        let again = replace(response, Encoding::Gzip, Bytes::from_static(b"z"));
        assert_eq!(again.headers()[ETAG], "W/\"a\"");
    }
}

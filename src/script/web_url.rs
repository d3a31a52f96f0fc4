//! `URL` and `URLSearchParams`.

use serde_json::{Value as Json, json};
use url::{Url, form_urlencoded, quirks};

use crate::hooks::Rejection;

/// Answers `url.<verb>`.
pub(super) fn ask(verb: &str, values: &[Json]) -> Result<Option<Json>, Rejection> {
    let text = |at: usize| values.get(at).and_then(Json::as_str).unwrap_or_default();
    Ok(match verb {
        "query" => {
            Some(form_urlencoded::parse(text(0).as_bytes()).map(|pair| json!(pair)).collect())
        }
        "form" => {
            let pairs = values.first().and_then(Json::as_array).into_iter().flatten();
            let part = |pair: &Json, at: usize| pair[at].as_str().unwrap_or_default().to_owned();
            let mut form = form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(pairs.map(|pair| (part(pair, 0), part(pair, 1))));
            Some(form.finish().into())
        }
        "parse" => {
            let parsed = match values.get(1).and_then(Json::as_str) {
                Some(base) => Url::parse(base).and_then(|base| base.join(text(0))),
                None => Url::parse(text(0)),
            };
            parsed.ok().map(|url| parts(&url))
        }
        "set" => Url::parse(text(0)).ok().map(|mut url| {
            set(&mut url, text(1), text(2));
            parts(&url)
        }),
        _ => return Err(Rejection::new(500, format!("URL cannot {verb}"))),
    })
}

fn parts(url: &Url) -> Json {
    json!({
        "href": quirks::href(url), "origin": quirks::origin(url), "protocol": quirks::protocol(url),
        "username": quirks::username(url), "password": quirks::password(url),
        "host": quirks::host(url), "hostname": quirks::hostname(url), "port": quirks::port(url),
        "pathname": quirks::pathname(url), "search": quirks::search(url), "hash": quirks::hash(url),
    })
}

/// What cannot be set stays as it is, as in browsers.
fn set(url: &mut Url, part: &str, value: &str) {
    let _ = match part {
        "protocol" => quirks::set_protocol(url, value),
        "username" => quirks::set_username(url, value),
        "password" => quirks::set_password(url, value),
        "host" => quirks::set_host(url, value),
        "hostname" => quirks::set_hostname(url, value),
        "port" => quirks::set_port(url, value),
        "pathname" => {
            quirks::set_pathname(url, value);
            Ok(())
        }
        "search" => {
            quirks::set_search(url, value);
            Ok(())
        }
        _ => {
            quirks::set_hash(url, value);
            Ok(())
        }
    };
}

//! What the log keeps of a request.

use std::net::IpAddr;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use http::header::{HeaderMap, HeaderValue, REFERER, USER_AGENT};
use http::{Method, StatusCode, Uri};
use serde_json::{Map, Value as Json, json};

use crate::model::Timestamp;
use crate::ops::logs::LogEntry;
use crate::query::AuthRow;
use crate::settings::{Logs as Wanted, Settings};

use super::super::{ApiError, State, SuccessLog};

/// Bytes kept of a URL, and of other texts that clients send.
const URL_BYTES_MAX: usize = 3000;
const TEXT_BYTES_MAX: usize = 2000;
/// Parameters of URLs whose values let somebody in.
const SECRET: [&str; 6] = ["token", "password", "secret", "code", "access_token", "api_key"];
/// Successes under these paths are of no interest: looking at the log, and the dashboard's files.
const QUIET: [&str; 2] = ["/api/logs", "/_/"];
/// The levels of what went well and what did not.
const INFO: i64 = 0;
const ERROR: i64 = 8;

/// A request under way. What it holds is shared with the request: until it is known that an entry is
/// wanted nothing is copied.
pub(super) struct Activity {
    started: Instant,
    method: Method,
    uri: Uri,
    referer: Option<HeaderValue>,
    user_agent: Option<HeaderValue>,
    remote: IpAddr,
    /// Where it comes from and who sent it, once that is known.
    origin: OnceLock<(IpAddr, Option<AuthRow>)>,
    success_log: SuccessLog,
}

impl Activity {
    /// Of a request that begins.
    pub(super) fn begin(method: &Method, uri: &Uri, headers: &HeaderMap, remote: IpAddr) -> Self {
        Self {
            started: Instant::now(),
            method: method.clone(),
            uri: uri.clone(),
            referer: headers.get(REFERER).cloned(),
            user_agent: headers.get(USER_AGENT).cloned(),
            remote,
            origin: OnceLock::new(),
            success_log: SuccessLog::default(),
        }
    }

    /// Its path, percent signs and all.
    pub(super) fn path(&self) -> &str {
        self.uri.path()
    }

    /// How long ago it began.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// What handlers may switch off.
    pub(super) fn success_log(&self) -> SuccessLog {
        self.success_log.clone()
    }

    /// Notes where it comes from and who sent it.
    pub(super) fn comes_from(&self, address: IpAddr, auth: Option<&AuthRow>) {
        // It is known once for each request.
        let _ = self.origin.set((address, auth.cloned()));
    }

    /// Adds it to the log, as far as the settings want it there.
    pub(super) fn end(&self, state: &State, status: StatusCode, error: Option<&ApiError>) {
        let Some(logs) = state.backend.logs() else { return };
        let level = if status.is_client_error() || status.is_server_error() { ERROR } else { INFO };
        let is_quiet = level == INFO
            && (self.success_log.is_skipped()
                || QUIET.iter().any(|path| self.path().starts_with(path)));
        let settings = state.backend.settings();
        let wanted = &settings.logs;
        if wanted.max_days <= 0 || level < wanted.min_level || is_quiet || !logs.admits(level) {
            return;
        }
        let entry = self.finished(&settings, level, status, error);
        logs.push(level, move || entry.into_entry());
    }

    fn finished(
        &self,
        settings: &Settings,
        level: i64,
        status: StatusCode,
        error: Option<&ApiError>,
    ) -> Finished {
        let header = |value: Option<&HeaderValue>| {
            value.and_then(|value| value.to_str().ok()).unwrap_or("").to_owned()
        };
        let (address, auth) = self.origin.get().cloned().unwrap_or((self.remote, None));
        Finished {
            wanted: settings.logs.clone(),
            level,
            now: Timestamp::now(),
            took: self.elapsed(),
            method: self.method.clone(),
            url: self.uri.path_and_query().map_or_else(String::new, ToString::to_string),
            status,
            referer: header(self.referer.as_ref()),
            user_agent: header(self.user_agent.as_ref()),
            addresses: (address, self.remote),
            auth,
            error: error.map(|error| {
                let cause = error.cause().map(|cause| format!("; {cause}")).unwrap_or_default();
                (format!("{}{cause}", error.message()), error.to_json()["data"].clone())
            }),
        }
    }
}

/// A request that was answered, on its way to the log.
struct Finished {
    wanted: Wanted,
    level: i64,
    now: Timestamp,
    took: Duration,
    method: Method,
    url: String,
    status: StatusCode,
    referer: String,
    user_agent: String,
    /// That of the client, and that of the other end of the connection.
    addresses: (IpAddr, IpAddr),
    auth: Option<AuthRow>,
    /// What to say of the failure, and its details.
    error: Option<(String, Json)>,
}

impl Finished {
    fn into_entry(self) -> LogEntry {
        let url = shortened(&masked(&self.url), URL_BYTES_MAX, "");
        let mut data = Map::new();
        let mut set = |key: &str, value: Json| data.insert(key.to_owned(), value);
        set("type", "request".into());
        set("execTime", json!(self.took.as_secs_f64() * 1000.0));
        set("url", url.clone().into());
        set("method", self.method.as_str().chars().take(50).collect::<String>().into());
        set("status", self.status.as_u16().into());
        set("referer", shortened(&masked(&self.referer), TEXT_BYTES_MAX, "...").into());
        set("userAgent", shortened(&self.user_agent, TEXT_BYTES_MAX, "...").into());
        set("auth", self.auth.as_ref().map_or("", |auth| &auth.collection.name).into());
        if let Some(auth) = self.auth.filter(|_| self.wanted.log_auth_id) {
            set("authId", auth.row.as_row().id().into());
        }
        if self.wanted.log_ip {
            set("userIP", self.addresses.0.to_string().into());
            set("remoteIP", self.addresses.1.to_string().into());
        }
        if let Some((text, details)) = self.error {
            set("error", shortened(&text, TEXT_BYTES_MAX, "...").into());
            set("details", details);
        }
        let message = format!("{} {}", self.method, percent_decoded(&url));
        let began = self.now.millis().saturating_sub(self.took.as_millis() as i64);
        LogEntry { created: Timestamp::from_millis(began), level: self.level, message, data }
    }
}

/// `url` with stars for the values of parameters that let somebody in.
fn masked(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let parts: Vec<String> = query
        .split('&')
        .map(|part| match part.split_once('=') {
            Some((name, _)) if SECRET.contains(&percent_decoded(name).to_lowercase().as_str()) => {
                format!("{name}=***")
            }
            _ => part.to_owned(),
        })
        .collect();
    format!("{path}?{}", parts.join("&"))
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = (bytes[at] == b'%').then(|| text.get(at + 1..at + 3)).flatten();
        let escaped = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(escaped.unwrap_or(bytes[at]));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// The first `max` bytes at most, with `mark` where something is missing.
fn shortened(text: &str, max: usize, mark: &str) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let end = (0..=max).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    format!("{}{mark}", &text[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lets_somebody_in_is_masked() {
        for (url, expected) in [
            (
                "/api/files/a/b/c.png?token=abc&thumb=1x1",
                "/api/files/a/b/c.png?token=***&thumb=1x1",
            ),
            ("/x?TOKEN=a&%74oken=b&password=", "/x?TOKEN=***&%74oken=***&password=***"),
            ("/x?filter=token='a'", "/x?filter=token='a'"),
            ("/x?token", "/x?token"),
            ("/x", "/x"),
        ] {
            assert_eq!(masked(url), expected);
        }
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_escapes_undone() {
        assert_eq!(shortened("aéb", 2, "..."), "a...");
        assert_eq!(shortened("aéb", 4, "..."), "aéb");
        assert_eq!(percent_decoded("/a%20b%zz%C3%A9%"), "/a b%zzé%");
    }
}

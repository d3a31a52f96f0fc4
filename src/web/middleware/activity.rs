//! What the log keeps of a request.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderMap, Method, StatusCode};
use serde_json::{Map, Value as Json, json};

use crate::model::Timestamp;
use crate::ops::logs::LogEntry;
use crate::query::AuthRow;
use crate::settings::Logs as Settings;

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

/// A request under way.
pub(super) struct Activity {
    started: Instant,
    created: Timestamp,
    method: Method,
    url: String,
    referer: String,
    user_agent: String,
    remote: IpAddr,
    /// Where it comes from and who sent it, once that is known.
    origin: Mutex<Origin>,
    success_log: SuccessLog,
}

/// Where a request comes from, and who sent it.
#[derive(Default)]
struct Origin {
    address: Option<IpAddr>,
    /// The name of the account's collection, and its id.
    account: Option<(String, String)>,
}

impl Activity {
    /// Of a request that begins; `url` is its path and query.
    pub(super) fn begin(method: &Method, url: &str, headers: &HeaderMap, remote: IpAddr) -> Self {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("");
        Self {
            started: Instant::now(),
            created: Timestamp::now(),
            method: method.clone(),
            url: shortened(&masked(url), URL_BYTES_MAX, ""),
            referer: shortened(&masked(header("referer")), TEXT_BYTES_MAX, "..."),
            user_agent: shortened(header("user-agent"), TEXT_BYTES_MAX, "..."),
            remote,
            origin: Mutex::default(),
            success_log: SuccessLog::default(),
        }
    }

    /// What handlers may switch off.
    pub(super) fn success_log(&self) -> SuccessLog {
        self.success_log.clone()
    }

    /// Notes where it comes from and who sent it.
    pub(super) fn comes_from(&self, address: IpAddr, auth: Option<&AuthRow>) {
        let account =
            auth.map(|auth| (auth.collection.name.clone(), auth.row.as_row().id().to_owned()));
        let origin = Origin { address: Some(address), account };
        *self.origin.lock().unwrap_or_else(PoisonError::into_inner) = origin;
    }

    /// Adds it to the log, as far as the settings want it there.
    pub(super) fn end(&self, state: &State, status: StatusCode, error: Option<&ApiError>) {
        let settings = state.backend.settings();
        let Some(logs) = state.backend.logs() else { return };
        let level = if status.is_client_error() || status.is_server_error() { ERROR } else { INFO };
        let is_quiet = level == INFO
            && (self.success_log.is_skipped()
                || QUIET.iter().any(|path| self.url.starts_with(path)));
        if settings.logs.max_days <= 0 || level < settings.logs.min_level || is_quiet {
            return;
        }
        logs.push(self.entry(&settings.logs, level, status, error));
    }

    fn entry(
        &self,
        settings: &Settings,
        level: i64,
        status: StatusCode,
        error: Option<&ApiError>,
    ) -> LogEntry {
        let origin = self.origin.lock().unwrap_or_else(PoisonError::into_inner);
        let Origin { address, account } = &*origin;
        let mut data = Map::new();
        let mut set = |key: &str, value: Json| data.insert(key.to_owned(), value);
        set("type", "request".into());
        set("execTime", json!(self.started.elapsed().as_secs_f64() * 1000.0));
        set("url", self.url.clone().into());
        set("method", self.method.as_str().chars().take(50).collect::<String>().into());
        set("status", status.as_u16().into());
        set("referer", self.referer.clone().into());
        set("userAgent", self.user_agent.clone().into());
        set("auth", account.as_ref().map_or("", |(name, _)| name).into());
        if let Some((_, id)) = account.as_ref().filter(|_| settings.log_auth_id) {
            set("authId", id.clone().into());
        }
        if settings.log_ip {
            set("userIP", address.unwrap_or(self.remote).to_string().into());
            set("remoteIP", self.remote.to_string().into());
        }
        if let Some(error) = error {
            let cause = error.cause().map(|cause| format!("; {cause}")).unwrap_or_default();
            let text = format!("{}{cause}", error.message());
            set("error", shortened(&text, TEXT_BYTES_MAX, "...").into());
            set("details", error.to_json()["data"].clone());
        }
        let path = percent_decoded(&self.url);
        let message = format!("{} {path}", self.method);
        LogEntry { created: self.created, level, message, data }
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

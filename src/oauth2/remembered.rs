//! What one login leaves behind for the next, in memory only.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

use super::ProviderError;
use crate::outbound::{Answer, Call, Outbound, OutboundError, Reach};

/// How long a provider's description and its keys are believed without asking again.
const DOCUMENT_AGE_MAX: Duration = Duration::from_mins(10);
/// How old keys must be before they are fetched again because of one that is not among them.
const DOCUMENT_AGE_MIN: Duration = Duration::from_secs(10);
/// How long nobody is asked again for what was not to be had.
const FAILURE_AGE_MAX: Duration = Duration::from_secs(5);
const DOCUMENTS_MAX: usize = 256;
const STYLES_MAX: usize = 1024;
/// How long a name waits for the login that it belongs to.
const NAME_AGE_MAX: Duration = Duration::from_mins(1);
const NAMES_MAX: usize = 1000;
/// Bytes of a code that a name may wait under, and of the name.
const CODE_BYTES_MAX: usize = 984;
const NAME_BYTES_MAX: usize = 150;

/// What one login leaves behind for the next. Everything is bounded.
#[derive(Debug, Default)]
pub struct Remembered(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    /// URL to when it was fetched, and what it was.
    documents: HashMap<String, (Instant, Arc<Json>)>,
    /// URL to when there was nothing to be had.
    failures: HashMap<String, Instant>,
    /// Token URLs and clients that have to send their secret in the body.
    secret_in_body: HashSet<(String, String)>,
    /// Code to when it came, and the name that came with it.
    names: HashMap<String, (Instant, String)>,
}

impl std::fmt::Debug for Notes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Notes").field("documents", &self.documents.len()).finish_non_exhaustive()
    }
}

impl Remembered {
    /// Keeps the name that Apple sends to the redirect address, and only there, for the login with
    /// this code. `user` is the JSON that came; what is no name is left out.
    pub fn keep_name(&self, code: &str, user: &str) {
        if code.is_empty() || code.len() > CODE_BYTES_MAX {
            return;
        }
        let Ok(user) = serde_json::from_str::<Json>(user) else { return };
        let part = |key: &str| user["name"][key].as_str().unwrap_or_default();
        let full = format!("{} {}", part("firstName"), part("lastName"));
        let mut end = full.len().min(NAME_BYTES_MAX);
        while !full.is_char_boundary(end) {
            end -= 1;
        }
        let name = full[..end].trim();
        if name.is_empty() {
            return;
        }
        let now = Instant::now();
        let mut notes = self.notes();
        notes.names.retain(|_, (came, _)| now.duration_since(*came) < NAME_AGE_MAX);
        if notes.names.len() < NAMES_MAX {
            notes.names.insert(code.to_owned(), (now, name.to_owned()));
        }
    }

    /// The name that was kept for this code; it is gone after that.
    pub(super) fn take_name(&self, code: &str) -> Option<String> {
        let (came, name) = self.notes().names.remove(code)?;
        (came.elapsed() < NAME_AGE_MAX).then_some(name)
    }

    pub(super) fn secret_goes_in_body(&self, token_url: &str, client_id: &str) -> bool {
        let key = (token_url.to_owned(), client_id.to_owned());
        self.notes().secret_in_body.contains(&key)
    }

    pub(super) fn put_secret_in_body(&self, token_url: &str, client_id: &str) {
        let mut notes = self.notes();
        if notes.secret_in_body.len() < STYLES_MAX {
            notes.secret_in_body.insert((token_url.to_owned(), client_id.to_owned()));
        }
    }

    fn document(&self, url: &str, age_max: Duration) -> Option<Arc<Json>> {
        let notes = self.notes();
        let (fetched, document) = notes.documents.get(url)?;
        (fetched.elapsed() < age_max).then(|| Arc::clone(document))
    }

    fn failed_lately(&self, url: &str) -> bool {
        self.notes().failures.get(url).is_some_and(|failed| failed.elapsed() < FAILURE_AGE_MAX)
    }

    fn keep_failure(&self, url: &str) {
        let mut notes = self.notes();
        notes.failures.retain(|_, failed| failed.elapsed() < FAILURE_AGE_MAX);
        if notes.failures.len() < DOCUMENTS_MAX {
            notes.failures.insert(url.to_owned(), Instant::now());
        }
    }

    fn keep_document(&self, url: &str, document: &Arc<Json>) {
        let mut notes = self.notes();
        notes.documents.retain(|_, (fetched, _)| fetched.elapsed() < DOCUMENT_AGE_MAX);
        if notes.documents.len() < DOCUMENTS_MAX {
            notes.documents.insert(url.to_owned(), (Instant::now(), Arc::clone(document)));
        }
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The means to talk with a provider, and how long that may take.
#[derive(Debug, Clone, Copy)]
pub struct Talk<'a> {
    /// The way out.
    pub outbound: &'a Outbound,
    /// What earlier talks left.
    pub remembered: &'a Remembered,
    /// When everything must be over.
    pub deadline: Instant,
}

impl Talk<'_> {
    pub(super) fn send(&self, call: Call) -> Result<Answer, OutboundError> {
        self.outbound.send(&call.header("accept", "application/json").until(self.deadline))
    }

    /// The JSON object at `url`, which may have been fetched some minutes ago.
    pub(super) fn document(&self, reach: Reach, url: &str) -> Result<Arc<Json>, ProviderError> {
        match self.remembered.document(url, DOCUMENT_AGE_MAX) {
            Some(document) => Ok(document),
            None => self.fetch(reach, url),
        }
    }

    /// The JSON object at `url`, fetched anew unless that was done just now.
    pub(super) fn fresh_document(
        &self,
        reach: Reach,
        url: &str,
    ) -> Result<Arc<Json>, ProviderError> {
        match self.remembered.document(url, DOCUMENT_AGE_MIN) {
            Some(document) => Ok(document),
            None => self.fetch(reach, url),
        }
    }

    fn fetch(&self, reach: Reach, url: &str) -> Result<Arc<Json>, ProviderError> {
        // Lists of providers are open to everybody, and must not become a stream of calls.
        if self.remembered.failed_lately(url) {
            return Err(ProviderError::Refused("it was not to be had just now".to_owned()));
        }
        let answer = self.send(Call::get(reach, url));
        let document = answer.map_err(ProviderError::from).and_then(|answer| object(&answer));
        match document {
            Ok(document) => {
                let document = Arc::new(document);
                self.remembered.keep_document(url, &document);
                Ok(document)
            }
            Err(error) => {
                self.remembered.keep_failure(url);
                Err(error)
            }
        }
    }
}

/// The object that a successful answer is.
pub(super) fn object(answer: &Answer) -> Result<Json, ProviderError> {
    if !(200..300).contains(&answer.status) {
        return Err(ProviderError::Refused(format!("status {}", answer.status)));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(json @ Json::Object(_)) => Ok(json),
        _ => Err(ProviderError::Malformed("it is no JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_waits_for_one_login() {
        let remembered = Remembered::default();
        remembered.keep_name("a", r#"{"name":{"firstName":" Ann","lastName":"Other "}}"#);
        assert_eq!(remembered.take_name("a").as_deref(), Some("Ann Other"));
        assert_eq!(remembered.take_name("a"), None);
        let long = format!(r#"{{"name":{{"firstName":"{}"}}}}"#, "é".repeat(100));
        remembered.keep_name("b", &long);
        assert_eq!(remembered.take_name("b").map(|name| name.len()), Some(150));
        remembered.keep_name(&"c".repeat(985), &long);
        assert_eq!(remembered.take_name(&"c".repeat(985)), None);
        for junk in ["", "{", "[]", r#"{"name":1}"#, r#"{"name":{"firstName":" "}}"#] {
            remembered.keep_name("d", junk);
            assert_eq!(remembered.take_name("d"), None, "{junk}");
        }
    }
}

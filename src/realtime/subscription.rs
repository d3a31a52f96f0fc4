//! A topic with its options, as one client asked for it.

use std::sync::Arc;

use serde_json::{Map, Value as Json};
use url::form_urlencoded;

use crate::access::Caller;
use crate::query::{AuthRow, Context, Request, Texts};

/// What a client may show of itself in a room: bytes of JSON. More is as good as nothing.
const PRESENCE_BYTES_MAX: usize = 512;

/// What a client may ask of a topic besides its events.
#[derive(Debug, Default, PartialEq)]
pub struct Options {
    query: Texts,
    headers: Texts,
    presence: Option<Map<String, Json>>,
}

/// One topic of one client.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// The topic exactly as it was asked for; messages name it.
    pub(super) topic: Arc<str>,
    /// Only events after this one are sent.
    pub(super) after: u64,
    /// Who asks, as rules see it.
    pub(super) caller: Arc<Caller>,
    /// What the client shows of itself to others in a room.
    pub(super) presence: Option<Arc<Map<String, Json>>>,
}

impl Options {
    /// Reads what follows the question mark of a topic. What is malformed is no option.
    fn parse(query: &str) -> Self {
        let text = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "options");
        let Some((_, text)) = text else { return Self::default() };
        let Ok(Json::Object(options)) = serde_json::from_str(&text) else {
            return Self::default();
        };
        let members = |name: &str| match options.get(name) {
            None | Some(Json::Null) => Some(Map::new()),
            Some(Json::Object(members)) => Some(members.clone()),
            Some(_) => None,
        };
        match (members("query"), members("headers")) {
            (Some(query), Some(headers)) => Self {
                presence: members("presence").filter(fits),
                query: query.iter().map(|(name, value)| (name, text_of(value))).collect(),
                headers: headers
                    .iter()
                    .map(|(name, value)| (snake_case(name), text_of(value)))
                    .collect(),
            },
            _ => Self::default(),
        }
    }
}

impl Subscription {
    /// A subscription to `topic` of whoever `auth` is; it gets events after the change `after`.
    pub fn new(topic: &str, auth: Option<&AuthRow>, after: u64) -> Self {
        let Options { query, headers, presence } = match topic.split_once('?') {
            None => Options::default(),
            Some((_, query)) => Options::parse(query),
        };
        let request = Request {
            method: "GET".to_owned(),
            context: Context::Realtime,
            query,
            headers,
            body: Map::new(),
            auth: auth.cloned(),
            ..Request::default()
        };
        let (topic, presence) = (topic.into(), presence.map(Arc::new));
        Self { topic, after, caller: Arc::new(Caller::new(request)), presence }
    }

    /// The same subscription of somebody else.
    pub(super) fn with_auth(&self, auth: Option<&AuthRow>) -> Self {
        let request = Request { auth: auth.cloned(), ..self.caller.request().clone() };
        Self { caller: Arc::new(Caller::new(request)), ..self.clone() }
    }

    /// The topic without its options.
    pub fn base(&self) -> &str {
        base_of(&self.topic)
    }

    /// The options as text, so that equal ones can be told.
    pub(super) fn options(&self) -> &str {
        self.topic.get(self.base().len()..).unwrap_or_default()
    }

    /// Who asks.
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The option called `name`, such as `fields`; empty when there is none.
    pub fn option(&self, name: &str) -> &str {
        self.caller.request().query.get(name).unwrap_or("")
    }

    /// Whether the topic is about all records of a collection, so that the list rule counts.
    pub(super) fn is_about_all(&self) -> bool {
        self.base().split_once('/').is_none_or(|(_, record)| record == "*")
    }
}

/// Whether this may be shown to everybody in a room.
fn fits(presence: &Map<String, Json>) -> bool {
    let length = serde_json::to_vec(presence).map_or(usize::MAX, |text| text.len());
    !presence.is_empty() && length <= PRESENCE_BYTES_MAX
}

/// A topic without its options.
pub(super) fn base_of(topic: &str) -> &str {
    topic.split_once('?').map_or(topic, |(base, _)| base)
}

fn text_of(value: &Json) -> String {
    match value {
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Null | Json::Array(_) | Json::Object(_) => String::new(),
    }
}

/// `X-Token` and `xToken` are both `x_token`.
fn snake_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 2);
    let mut was_small = false;
    for c in name.chars() {
        let is_letter = c.is_alphanumeric();
        if !is_letter || c.is_uppercase() && was_small {
            out.push('_');
        }
        if is_letter {
            out.extend(c.to_lowercase());
        }
        was_small = c.is_lowercase() || c.is_numeric();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscription(topic: &str) -> Subscription {
        Subscription::new(topic, None, 0)
    }

    #[test]
    fn options_are_read_as_a_form() {
        let json = r#"{"query":{"filter":"a = 'x y'","n":123,"t":true,"o":{},"z":null},"headers":{"X-Token":"t","n":1}}"#;
        let plus: String = form_urlencoded::byte_serialize(json.as_bytes()).collect();
        let percent = plus.replace('+', "%20");
        for encoded in [plus, percent] {
            let subscription = subscription(&format!("demo/*?a=b&options={encoded}"));
            assert_eq!(subscription.base(), "demo/*");
            assert_eq!(subscription.option("filter"), "a = 'x y'");
            assert_eq!(subscription.option("n"), "123");
            assert_eq!(subscription.option("t"), "true");
            assert_eq!(subscription.option("o"), "");
            let headers = &subscription.caller().request().headers;
            assert_eq!(headers.get("x_token"), Some("t"));
            assert_eq!(headers.get("n"), Some("1"));
        }
    }

    #[test]
    fn malformed_options_are_none() {
        for topic in ["a?options=%7B", "a?options=[]", "a?options=%7B%22query%22:1%7D", "a?x", "a?"]
        {
            let subscription = subscription(topic);
            assert_eq!(subscription.base(), "a");
            assert!(subscription.caller().request().query.is_empty(), "{topic}");
        }
    }

    #[test]
    fn topics_of_all_records_differ_from_topics_of_one() {
        for (topic, all) in
            [("demo", true), ("demo/*", true), ("demo/*?x", true), ("demo/abc", false)]
        {
            assert_eq!(subscription(topic).is_about_all(), all, "{topic}");
        }
    }

    #[test]
    fn header_names_become_snake_case() {
        for (name, expected) in [
            ("X-Token", "x_token"),
            ("xToken", "x_token"),
            ("a", "a"),
            ("Content-Type", "content_type"),
        ] {
            assert_eq!(snake_case(name), expected);
        }
    }
}

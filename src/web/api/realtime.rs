//! `/api/realtime`

use std::sync::Arc;

use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use serde_json::{Map, Value as Json};

use crate::hooks::{RealtimeConnect, RealtimeSubscribe};
use crate::ops::{Error, Failure};
use crate::query::AuthRow;
use crate::realtime::{Connect, Message, SubscribeError};
use crate::schema::{Violation, Violations};
use crate::web::asking;
use crate::web::event_stream::EventStream;
use crate::web::{ApiError, Reply, Request, State, real_ip};

/// Bytes of a client id.
const CLIENT_ID_BYTES_MAX: usize = 255;
/// Topics of one client.
const TOPICS_MAX: usize = 1000;
/// Bytes of a topic, options included.
const TOPIC_BYTES_MAX: usize = 2500;

/// `GET /api/realtime`
pub(crate) async fn connect(state: Arc<State>, request: Request) -> Result<Reply, ApiError> {
    let resume = match request.query.get("resume") {
        None | Some("") => None,
        Some(text) => Some(text.parse().map_err(|_| {
            ApiError::bad_request("The resume parameter must be the sequence of an event.")
        })?),
    };
    let with_sequence = resume.is_some() || request.query.get("seq") == Some("1");
    let connect = Connect { last_id: request.header("last-event-id"), resume };
    let now = state.backend.snapshot().last_change();
    let ip = real_ip(&request, &state.backend.settings());
    let asked = asking::ask(
        &state,
        |hooks| &hooks.realtime.connect,
        || Some(RealtimeConnect { address: ip, caller: request.caller() }),
    );
    asked.await?;
    let opened = state.realtime.hub().connect(ip, connect);
    let (client, after) =
        opened.ok_or_else(|| ApiError::generic(StatusCode::SERVICE_UNAVAILABLE))?;
    let first = Message {
        topic: "PB_CONNECT".into(),
        data: format!("{{\"clientId\":\"{}\"}}", client.id()).into_bytes().into(),
        sequence: Some(after.unwrap_or(now)),
    };
    let stream = EventStream::new(state, client, first, with_sequence);
    let content_type = HeaderValue::from_static("text/event-stream");
    Ok(Reply::endless(StatusCode::OK, content_type, stream)
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-store"))
        .with_header(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")))
}

/// `POST /api/realtime`
pub(crate) async fn subscribe(state: Arc<State>, mut request: Request) -> Result<Reply, ApiError> {
    let body = request.body_object().await?;
    let (client_id, topics) = form(&body)?;
    let asked = asking::ask(
        &state,
        |hooks| &hooks.realtime.subscribe,
        || {
            let topics = topics.iter().map(ToString::to_string).collect();
            Some(RealtimeSubscribe {
                client_id: client_id.clone(),
                topics,
                caller: request.caller(),
            })
        },
    );
    let topics = match asked.await? {
        Some(asked) => asked.topics.into_iter().map(Into::into).collect(),
        None => topics,
    };
    check(&client_id, &topics).map_err(|violations| Error::Rejected(Failure::Form, violations))?;
    let auth = request.extensions.get::<AuthRow>();
    let now = state.backend.snapshot().last_change();
    let hub = state.realtime.hub();
    let ip = real_ip(&request, &state.backend.settings());
    let client =
        hub.subscribe(&client_id, ip, auth, &topics, now).map_err(|error| match error {
            SubscribeError::NoClient => ApiError::not_found("Missing or invalid client id."),
            SubscribeError::OtherAddress => ApiError::bad_request("Invalid realtime client."),
            SubscribeError::OtherAuth => ApiError::forbidden(
                "The current and the previous request authorization don't match.",
            ),
        })?;
    if auth.is_some() {
        // The account may have changed since the request was authenticated.
        hub.check_auth(&client, &*state.backend.snapshot());
        state.realtime.check_credential(&client);
    }
    Ok(Reply::no_content())
}

fn form(body: &Map<String, Json>) -> Result<(String, Vec<Box<str>>), ApiError> {
    let malformed =
        |what: &str| ApiError::bad_request("").with_cause(format!("{what} is malformed"));
    let client_id = match body.get("clientId") {
        None | Some(Json::Null) => String::new(),
        Some(Json::String(text)) => text.clone(),
        Some(_) => return Err(malformed("clientId")),
    };
    let topics = match body.get("subscriptions") {
        None | Some(Json::Null) => Vec::new(),
        // Forms cannot tell one value from a list of one.
        Some(Json::String(topic)) => vec![topic.as_str().into()],
        Some(Json::Array(items)) => items
            .iter()
            .map(|item| item.as_str().map(Into::into).ok_or_else(|| malformed("a subscription")))
            .collect::<Result<_, _>>()?,
        Some(_) => return Err(malformed("subscriptions")),
    };
    Ok((client_id, topics))
}

fn check(client_id: &str, topics: &[Box<str>]) -> Result<(), Violations> {
    let mut violations = Violations::new();
    if client_id.is_empty() {
        violations.add("clientId", Violation::required());
    } else if client_id.len() > CLIENT_ID_BYTES_MAX {
        let message = format!("The length must be between 1 and {CLIENT_ID_BYTES_MAX}.");
        let violation = Violation::new("validation_length_out_of_range", message)
            .with("max", CLIENT_ID_BYTES_MAX)
            .with("min", 1);
        violations.add("clientId", violation);
    }
    if topics.len() > TOPICS_MAX {
        violations.add("subscriptions", too_long(TOPICS_MAX));
    } else {
        for (at, _) in topics.iter().enumerate().filter(|(_, t)| t.len() > TOPIC_BYTES_MAX) {
            let path = ["subscriptions", &at.to_string()];
            violations.add_at(&path, too_long(TOPIC_BYTES_MAX));
        }
    }
    violations.into_result()
}

fn too_long(max: usize) -> Violation {
    let message = format!("The length must be no more than {max}.");
    Violation::new("validation_length_too_long", message).with("max", max).with("min", 0)
}

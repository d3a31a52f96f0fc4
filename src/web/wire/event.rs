//! Events of records as JSON, and messages as they stand in a stream.

use std::sync::Arc;

use crate::access::Gate;
use crate::ops::Backend;
use crate::ops::hooked::enrich;
use crate::ops::records::{Enricher, Expand};
use crate::realtime::{Event, Message, Render, SharedTexts, Subscription};
use crate::web::FieldsPicker;

use super::RecordWriter;

/// Writes events: `{"record":{…},"action":"create"}`.
#[derive(Debug)]
pub(crate) struct EventWriter {
    records: RecordWriter,
    backend: Arc<Backend>,
}

impl EventWriter {
    /// A writer that asks the hooks of `backend` how records are shown.
    pub(crate) fn new(backend: Arc<Backend>) -> Self {
        Self { records: RecordWriter::default(), backend }
    }
}

impl Render for EventWriter {
    fn render(
        &self,
        gate: Gate<'_>,
        event: &Event,
        subscription: &Subscription,
        shared: &mut SharedTexts,
    ) -> Option<Arc<[u8]>> {
        let expand = Expand::parse(subscription.option("expand"));
        let caller = || Arc::new(gate.caller().clone());
        let enriched = |mut view| {
            if enrich::is_wanted(self.backend.hooks()) {
                enrich::enrich(&*self.backend, &caller(), &mut view)?;
            }
            Ok(view)
        };
        let view = Enricher::new(gate)
            .view(&event.collection, event.row.clone(), expand.as_ref())
            .and_then(enriched)
            .inspect_err(|error| tracing::error!(%error, "cannot prepare an event"))
            .ok()?;
        let fields = subscription.option("fields");
        // What related records show depends on who asks; the record by itself does not.
        let is_plain = view.expand.is_none() && view.enrichment.is_none();
        let key =
            is_plain.then(|| (view.visibility.hidden, view.visibility.email, Box::from(fields)));
        if let Some(text) = key.as_ref().and_then(|key| shared.get(key)) {
            return Some(text.clone());
        }
        let mut record = Vec::with_capacity(1024);
        self.records.push(&mut record, &view);
        if !fields.is_empty() {
            record = picked(&record, fields)?;
        }
        let action = event.action.as_str();
        let mut text = Vec::with_capacity(record.len() + 32);
        text.extend_from_slice(b"{\"record\":");
        text.append(&mut record);
        text.extend_from_slice(format!(",\"action\":\"{action}\"}}").as_bytes());
        let text: Arc<[u8]> = text.into();
        if let Some(key) = key {
            shared.insert(key, text.clone());
        }
        Some(text)
    }
}

fn picked(record: &[u8], fields: &str) -> Option<Vec<u8>> {
    let picker = FieldsPicker::parse(fields).ok()?;
    let mut value = serde_json::from_slice(record).ok()?;
    picker.pick(&mut value);
    serde_json::to_vec(&value).ok()
}

/// Appends a message to a stream. The id of every message is that of the client, as the SDKs expect;
/// with `sequence`, the change stands in the data, behind all other members.
pub(crate) fn push_message(
    out: &mut Vec<u8>,
    client_id: &str,
    message: &Message,
    with_sequence: bool,
) {
    out.extend_from_slice(b"id:");
    out.extend_from_slice(client_id.as_bytes());
    out.extend_from_slice(b"\nevent:");
    // A line break would begin another line of the stream.
    out.extend(
        message.topic.bytes().map(|byte| if matches!(byte, b'\r' | b'\n') { b' ' } else { byte }),
    );
    out.extend_from_slice(b"\ndata:");
    match (message.sequence, message.data.split_last()) {
        (Some(sequence), Some((b'}', members))) if with_sequence => {
            out.extend_from_slice(members);
            out.extend_from_slice(format!(",\"seq\":{sequence}}}").as_bytes());
        }
        _ => out.extend_from_slice(&message.data),
    }
    out.extend_from_slice(b"\n\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_of(topic: &str, data: &str, with_sequence: bool) -> String {
        let data = Arc::from(data.as_bytes());
        let message = Message { topic: topic.into(), data, sequence: Some(7) };
        let mut out = Vec::new();
        push_message(&mut out, "abc", &message, with_sequence);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn messages_have_the_exact_form_of_the_contract() {
        let plain = "id:abc\nevent:demo/*?a=%20\ndata:{\"a\":1}\n\n";
        assert_eq!(text_of("demo/*?a=%20", "{\"a\":1}", false), plain);
    }

    #[test]
    fn the_sequence_is_a_member_of_the_data_when_asked_for() {
        assert_eq!(
            text_of("t", "{\"a\":1}", true),
            "id:abc\nevent:t\ndata:{\"a\":1,\"seq\":7}\n\n"
        );
        assert_eq!(text_of("t", "[1]", true), "id:abc\nevent:t\ndata:[1]\n\n");
    }

    #[test]
    fn a_topic_cannot_add_lines() {
        assert_eq!(text_of("a\ndata:x\r", "{}", false), "id:abc\nevent:a data:x \ndata:{}\n\n");
    }
}

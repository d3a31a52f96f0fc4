//! Open streams as scripts see them.

use std::sync::Arc;

use serde_json::{Value as Json, json};

use crate::ops::realtime::Feed;
use crate::schema::Record;

use super::data::stored;

/// All open streams: their ids, their topics, whose they are.
pub(super) fn clients(streams: &Feed) -> Json {
    let hub = streams.hub();
    let shown = hub.clients().into_iter().map(|client| {
        let auth = client
            .auth()
            .map(|auth| stored(&Record::from_row(Arc::clone(&auth.collection), auth.row.as_row())));
        json!({ "id": client.id(), "topics": client.topics(), "auth": auth })
    });
    shown.collect()
}

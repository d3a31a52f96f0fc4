//! From a write to the deliveries that it causes, in the same transaction.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::access::{Caller, Gate, RuleCache};
use crate::hooks::Action;
use crate::model::{RowBuf, Timestamp};
use crate::ops::views::Writing;
use crate::query::FilterError;
use crate::schema::{Collection, FieldKind, Record, values};
use crate::store::Tx;

use super::Error;
use super::delivery::{Delivery, WAITING_MAX};
use super::hook::{Webhook, hooks_of};

/// Bytes of a body; a record that needs more is told of by its id.
const BODY_BYTES_MAX: usize = 256 << 10;

/// Posts a delivery for each hook that wants to hear of this: `row` as it was written, or as it is
/// about to be removed.
pub(in crate::ops) fn emit(
    tx: &mut Tx<'_>,
    action: Action,
    collection: &Arc<Collection>,
    row: &RowBuf,
) -> Result<(), Error> {
    if collection.system {
        return Ok(());
    }
    let hooks = hooks_of(tx, collection)?;
    if hooks.is_empty() {
        return Ok(());
    }
    let (event, name) = match action {
        Action::Create => ("record.created", "create"),
        Action::Update => ("record.updated", "update"),
        Action::Delete => ("record.deleted", "delete"),
    };
    let wanting = |hook: &Webhook| hook.enabled && hook.events.iter().any(|e| e == name);
    let mut body = None;
    for hook in hooks.into_iter().filter(wanting) {
        match passes(tx, &hook, collection, row) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(FilterError::Read(error)) => return Err(error.into()),
            Err(error) => {
                hook.disable(tx, format!("The filter cannot be used: {error}."))?;
                continue;
            }
        }
        let now = Timestamp::now();
        let text = body.get_or_insert_with(|| body_of(event, collection, row, now));
        let mut delivery = Delivery::new(event, row.as_row().id(), now);
        delivery.body.clone_from(text);
        if !delivery.post(tx, &hook.id, now)? {
            hook.disable(tx, format!("More than {WAITING_MAX} deliveries are waiting."))?;
        }
    }
    Ok(())
}

fn passes(
    tx: &Tx<'_>,
    hook: &Webhook,
    collection: &Arc<Collection>,
    row: &RowBuf,
) -> Result<bool, FilterError> {
    if hook.filter.is_empty() {
        return Ok(true);
    }
    let (rows, rules, system) = (Writing::over(tx), RuleCache::default(), Caller::system());
    Gate::new(&rows, &rules, &system).passes(collection, &hook.filter, row.as_row())
}

/// What is sent. `timestamp` is when it happened.
fn body_of(event: &str, collection: &Arc<Collection>, row: &RowBuf, now: Timestamp) -> String {
    let record = shown(collection, row);
    let whole = json!({ "collection": collection.name, "record": record });
    let whole = envelope(event, now, &whole);
    if whole.len() <= BODY_BYTES_MAX {
        return whole;
    }
    let record = head(collection, row);
    let short = json!({ "collection": collection.name, "record": record, "truncated": true });
    envelope(event, now, &short)
}

/// The body of a delivery.
pub(super) fn envelope(event: &str, now: Timestamp, data: &Json) -> String {
    let timestamp = now.to_string().replace(' ', "T");
    json!({ "type": event, "timestamp": timestamp, "data": data }).to_string()
}

fn head(collection: &Collection, row: &RowBuf) -> Map<String, Json> {
    let mut record = Map::new();
    record.insert("collectionId".to_owned(), collection.id.as_str().into());
    record.insert("collectionName".to_owned(), collection.name.clone().into());
    record.insert("id".to_owned(), row.as_row().id().into());
    record
}

/// The record as superusers know it, without what is hidden: that is nobody's business elsewhere.
fn shown(collection: &Arc<Collection>, row: &RowBuf) -> Map<String, Json> {
    let mut members = head(collection, row);
    let record = Record::from_row(Arc::clone(collection), row.as_row());
    for (field, value) in record.fields() {
        let is_secret = matches!(field.kind, FieldKind::Password(_))
            || collection.is_auth() && field.name == "tokenKey";
        if !field.hidden && !is_secret {
            members.insert(field.name.clone(), values::to_json(value));
        }
    }
    members
}

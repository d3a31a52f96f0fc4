//! Records as JSON, written from their rows without anything in between.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use crate::hooks::Enrichment;
use crate::model::{Cell, CollectionId, RowBuf, Slot};
use crate::ops::records::{Expanded, RecordPage, RecordView};
use crate::schema::{Collection, FieldKind};

use super::json_text::{push_document, push_number, push_plain_string, push_string};

/// Shapes that are kept; reaching it empties the cache.
const SHAPES_MAX: usize = 1024;

/// The members of a collection's records in the order of the wire: by name.
#[derive(Debug)]
struct Shape {
    collection: Arc<Collection>,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    /// `,"name":`, ready to be written; without the comma when it is the first.
    key: Box<[u8]>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// The same JSON in every record.
    Constant(Vec<u8>),
    /// The related records.
    Expand,
    /// The email of an account, which not everybody may see.
    Email(Slot),
    /// A field's value, or this JSON when it is zero.
    Field { slot: Slot, zero: &'static str, hidden: bool },
    /// A password outside auth collections: always blank.
    Blank { hidden: bool },
}

/// Writes records as JSON. Knows the shape of every collection it has met.
#[derive(Debug, Default)]
pub(crate) struct RecordWriter {
    shapes: RwLock<HashMap<CollectionId, Arc<Shape>>>,
}

impl RecordWriter {
    /// Appends one record.
    pub(crate) fn push(&self, out: &mut Vec<u8>, view: &RecordView) {
        let shape = self.shape(&view.collection);
        self.push_shaped(out, &shape, view);
    }

    /// A page of records with its totals, or `-1` for totals nobody asked for.
    pub(crate) fn page(&self, page: &RecordPage) -> Vec<u8> {
        let shape = self.shape(&page.collection);
        // With room for the page's own members and the line feed that the answer ends with.
        let rows: usize = page.records.iter().map(|view| view.row.as_bytes().len()).sum();
        let keys: usize = shape.members.iter().map(|member| member.key.len() + 8).sum();
        let mut out = Vec::with_capacity(256 + rows + page.records.len() * keys);
        out.extend_from_slice(b"{\"items\":[");
        for (at, view) in page.records.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            self.push_shaped(&mut out, &shape, view);
        }
        let (total, pages) = match page.total {
            None => (-1, -1),
            Some(total) => (total as i64, total.div_ceil(page.per_page) as i64),
        };
        let tail = format!(
            "],\"page\":{},\"perPage\":{},\"totalItems\":{total},\"totalPages\":{pages}}}",
            page.page, page.per_page
        );
        out.extend_from_slice(tail.as_bytes());
        out
    }

    fn push_shaped(&self, out: &mut Vec<u8>, shape: &Shape, view: &RecordView) {
        if let Some(enrichment) = &view.enrichment {
            return self.push_enriched(out, shape, view, enrichment);
        }
        out.push(b'{');
        let mut skipped = 1;
        for member in &shape.members {
            if !member.is_shown(view) {
                continue;
            }
            out.extend_from_slice(&member.key[skipped..]);
            skipped = 0;
            self.push_value(out, member, view);
        }
        out.push(b'}');
    }

    /// As hooks want it: the slow way, members collected and sorted.
    fn push_enriched(
        &self,
        out: &mut Vec<u8>,
        shape: &Shape,
        view: &RecordView,
        enrichment: &Enrichment,
    ) {
        let added = enrichment.added();
        let mut members: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        for member in &shape.members {
            let name = member.name();
            let is_there = !matches!(member.source, Source::Expand) || view.expand.is_some();
            let is_shown = member.is_shown(view) || enrichment.shows(name) && is_there;
            if is_shown && !enrichment.hides(name) && !added.contains_key(name) {
                let mut value = Vec::new();
                self.push_value(&mut value, member, view);
                members.push((member.key[1..].to_vec(), value));
            }
        }
        for (name, value) in added {
            let mut key = Vec::new();
            push_string(&mut key, name);
            key.push(b':');
            let mut text = Vec::new();
            push_document(&mut text, &value.to_string());
            members.push((key, text));
        }
        members.sort();
        out.push(b'{');
        for (at, (key, value)) in members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(key);
            out.extend_from_slice(value);
        }
        out.push(b'}');
    }

    fn push_value(&self, out: &mut Vec<u8>, member: &Member, view: &RecordView) {
        match &member.source {
            Source::Constant(json) => out.extend_from_slice(json),
            Source::Expand => self.push_expand(out, view),
            Source::Email(slot) => push_cell(out, &view.row, *slot, "\"\""),
            Source::Field { slot, zero, .. } => push_cell(out, &view.row, *slot, zero),
            Source::Blank { .. } => out.extend_from_slice(b"\"\""),
        }
    }

    fn push_expand(&self, out: &mut Vec<u8>, view: &RecordView) {
        out.push(b'{');
        for (at, (segment, expanded)) in view.expand.iter().flatten().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            push_string(out, segment);
            out.push(b':');
            match expanded {
                Expanded::One(view) => self.push(out, view),
                Expanded::Many(views) => {
                    out.push(b'[');
                    for (at, view) in views.iter().enumerate() {
                        if at > 0 {
                            out.push(b',');
                        }
                        self.push(out, view);
                    }
                    out.push(b']');
                }
            }
        }
        out.push(b'}');
    }

    fn shape(&self, collection: &Arc<Collection>) -> Arc<Shape> {
        let known = {
            let shapes = self.shapes.read().unwrap_or_else(PoisonError::into_inner);
            shapes.get(&collection.id).cloned()
        };
        if let Some(shape) = known
            && Arc::ptr_eq(&shape.collection, collection)
        {
            return shape;
        }
        let shape = Arc::new(Shape::of(collection));
        let mut shapes = self.shapes.write().unwrap_or_else(PoisonError::into_inner);
        if shapes.len() >= SHAPES_MAX {
            shapes.clear();
        }
        shapes.insert(collection.id.clone(), shape.clone());
        shape
    }
}

impl Member {
    /// Its name, as it stands in the key. Names of fields need no escaping.
    fn name(&self) -> &str {
        let key = std::str::from_utf8(&self.key).unwrap_or_default();
        key.strip_prefix(",\"").and_then(|key| key.strip_suffix("\":")).unwrap_or_default()
    }

    fn is_shown(&self, view: &RecordView) -> bool {
        match &self.source {
            Source::Constant(_) => true,
            Source::Expand => view.expand.is_some(),
            Source::Email(_) => view.visibility.email,
            Source::Field { hidden, .. } | Source::Blank { hidden } => {
                !hidden || view.visibility.hidden
            }
        }
    }
}

impl Shape {
    fn of(collection: &Arc<Collection>) -> Self {
        let is_auth = collection.is_auth();
        let constant = |text: &str| {
            let mut json = Vec::new();
            push_string(&mut json, text);
            Source::Constant(json)
        };
        let mut members: Vec<(&str, Source)> = vec![
            ("collectionId", constant(collection.id.as_str())),
            ("collectionName", constant(&collection.name)),
            ("expand", Source::Expand),
        ];
        for field in &collection.fields {
            let source = match (&field.kind, field.name.as_str()) {
                (_, "password" | "tokenKey") if is_auth => continue,
                (_, "email") if is_auth => Source::Email(field.slot),
                (FieldKind::Password(_), _) => Source::Blank { hidden: field.hidden },
                (kind, _) => {
                    Source::Field { slot: field.slot, zero: zero_json(kind), hidden: field.hidden }
                }
            };
            members.push((&field.name, source));
        }
        members.sort_by_key(|(name, _)| *name);
        let members = members
            .into_iter()
            .map(|(name, source)| Member {
                key: format!(",\"{name}\":").into_bytes().into(),
                source,
            })
            .collect();
        Self { collection: collection.clone(), members }
    }
}

fn zero_json(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Number(_) => "0",
        FieldKind::Bool => "false",
        FieldKind::Json(_) => "null",
        FieldKind::GeoPoint => "{\"lon\":0,\"lat\":0}",
        _ if kind.is_multiple() => "[]",
        _ => "\"\"",
    }
}

fn push_cell(out: &mut Vec<u8>, row: &RowBuf, slot: Slot, zero: &str) {
    match row.as_row().cell(slot) {
        Cell::Zero => out.extend_from_slice(zero.as_bytes()),
        Cell::Text(text, true) => push_plain_string(out, text),
        Cell::Text(text, false) => push_string(out, text),
        Cell::Number(number) => push_number(out, number),
        Cell::True => out.extend_from_slice(b"true"),
        Cell::Date(date) => {
            out.push(b'"');
            out.extend_from_slice(&date.to_text());
            out.push(b'"');
        }
        Cell::List(list) => {
            out.push(b'[');
            for (at, item) in list.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push_string(out, item);
            }
            out.push(b']');
        }
        Cell::Geo(point) => {
            out.extend_from_slice(b"{\"lon\":");
            push_number(out, point.lon);
            out.extend_from_slice(b",\"lat\":");
            push_number(out, point.lat);
            out.push(b'}');
        }
        Cell::Json(json) => push_document(out, json),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    use super::*;
    use crate::access::Caller;
    use crate::model::Timestamp;
    use crate::ops::records::Visibility;
    use crate::schema::{Catalog, Record, create_from_body};
    use crate::web::reply::for_the_web;

    fn notes() -> Arc<Collection> {
        let body = json!({
            "name": "notes",
            "type": "base",
            "fields": [
                { "name": "text", "type": "text" },
                { "name": "tags", "type": "select", "maxSelect": 2, "values": ["a", "b"] },
                { "name": "data", "type": "json" },
                { "name": "number", "type": "number" },
            ],
        });
        let catalog = Catalog::new(0, Vec::new());
        let now = Timestamp::from_millis(0);
        let made = create_from_body(&catalog, body.as_object().unwrap(), now, &|_, _| Ok(()));
        Arc::new(made.unwrap())
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_clients_get(
            text in "[a-z<>&\"\\\\\u{2028}\u{2029}\né]{0,40}", number in -1e9_f64..1e9, enriched: bool,
        ) {
            let collection = notes();
            let mut record = Record::new(Arc::clone(&collection));
            record.set_json("id", &json!("abc"));
            record.set_json("text", &json!(text));
            record.set_json("tags", &json!([text, "x"]));
            record.set_json("data", &json!({ text.clone(): [text] }));
            record.set_json("number", &json!(number));
            let mut enrichment = Enrichment::new(record.clone(), Arc::new(Caller::system()));
            enrichment.add(&format!("_{text}"), text.clone());
            let view = RecordView {
                collection,
                row: record.to_row(),
                visibility: Visibility { hidden: true, email: true },
                expand: None,
                enrichment: enriched.then(|| Arc::new(enrichment)),
            };
            let mut out = Vec::new();
            RecordWriter::default().push(&mut out, &view);
            let read: Json = serde_json::from_slice(&out).unwrap();
            for (name, value) in record.to_json().iter().filter(|(name, _)| *name != "number") {
                prop_assert_eq!(&read[name], value);
            }
            prop_assert_eq!(read["number"].as_f64(), Some(number));
            // The slow way has nothing left to do but to end the line.
            let escaped = for_the_web(&out);
            out.push(b'\n');
            prop_assert_eq!(String::from_utf8(escaped), String::from_utf8(out));
        }
    }
}

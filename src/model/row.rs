//! The row: one record as bytes, of which a single field can be read without decoding the rest.
//!
//! Layout, little endian:
//! ```text
//! u8   version, 1
//! u8   reserved, 0
//! u16  number of slots n
//! u32  n offsets from the start of the row to the slot's cell; 0 = the field's zero value
//! ...  cells, the short ones first, so that reading them touches few cache lines
//! ```
//! A cell is a tag byte and a payload. Lengths are LEB128 numbers.
//!
//! | tag | payload | variant |
//! |---|---|---|
//! | 1, 2 | length, UTF-8 bytes; 1 when the text can stand in JSON as it is | text |
//! | 3 | f64 | number |
//! | 4 | nothing: true | bool |
//! | 5 | i64 milliseconds | date |
//! | 6 | count, then length and bytes of each | list |
//! | 7 | f64 longitude, f64 latitude | geo point |
//! | 8 | length, UTF-8 bytes of compact JSON | json |
//!
//! A field keeps its slot number for life and numbers are never used again, so renaming a field or
//! removing one touches no row, and a row written before a field existed reads as its zero value.

use std::sync::Arc;

use super::{GeoPoint, JsonText, Timestamp, Value};

const VERSION: u8 = 1;
const HEADER: usize = 4;
/// Cells above this many bytes go behind the short ones.
const SHORT_CELL_MAX: usize = 64;

const TEXT_PLAIN: u8 = 1;
const TEXT_ESCAPED: u8 = 2;
const NUMBER: u8 = 3;
const TRUE: u8 = 4;
const DATE: u8 = 5;
const LIST: u8 = 6;
const GEO: u8 = 7;
const JSON: u8 = 8;

/// The stable number of a field within its collection. Slot 0 holds the record id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(pub u16);

impl Slot {
    /// The slot of the record id, in every collection.
    pub const ID: Self = Self(0);
}

/// A row that owns its bytes; clones share them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowBuf(Arc<[u8]>);

impl RowBuf {
    /// Takes over encoded bytes; damage shows as zero values, and in [`Row::check`].
    pub fn from_bytes(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The row, borrowed.
    pub fn as_row(&self) -> Row<'_> {
        Row(&self.0)
    }

    /// The encoded bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A row, borrowed. Reading never fails: what cannot be read is [`Cell::Zero`].
#[derive(Debug, Clone, Copy)]
pub struct Row<'a>(&'a [u8]);

/// The content of one slot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Cell<'a> {
    /// The zero value of the field's kind.
    Zero,
    /// Text, and whether it can stand between quotes in JSON as it is.
    Text(&'a str, JsonSafe),
    /// A number.
    Number(f64),
    /// A true bool.
    True,
    /// A date.
    Date(Timestamp),
    /// Several texts.
    List(ListCell<'a>),
    /// A geo point.
    Geo(GeoPoint),
    /// A JSON document.
    Json(&'a str),
}

/// Whether a text needs no escaping in JSON, `<`, `>` and `&` counted as needing it.
pub type JsonSafe = bool;

/// The items of a list cell.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ListCell<'a> {
    count: usize,
    bytes: &'a [u8],
}

impl<'a> ListCell<'a> {
    /// How many items there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The items in order.
    pub fn iter(self) -> impl Iterator<Item = &'a str> {
        let mut rest = self.bytes;
        (0..self.count).map_while(move |_| take_text(&mut rest))
    }
}

impl<'a> Row<'a> {
    /// A row over encoded bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The encoded bytes.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }

    /// A copy that owns its bytes.
    pub fn to_buf(self) -> RowBuf {
        RowBuf(Arc::from(self.0))
    }

    /// The record id.
    pub fn id(self) -> &'a str {
        match self.cell(Slot::ID) {
            Cell::Text(id, _) => id,
            _ => "",
        }
    }

    /// The content of `slot`.
    pub fn cell(self, slot: Slot) -> Cell<'a> {
        self.try_cell(slot).unwrap_or(Cell::Zero)
    }

    /// The bytes of the cell in `slot`, for [`write_one_cell`]; none for the zero value, and for
    /// what cannot be read.
    pub fn cell_bytes(self, slot: Slot) -> &'a [u8] {
        let Some(cell) = self.try_cell(slot) else {
            return &[];
        };
        let from = self.offset(usize::from(slot.0)).unwrap_or(0);
        let bytes = self.0.get(from..).unwrap_or_default();
        let payload = match cell {
            Cell::Zero => return &[],
            Cell::True => 0,
            Cell::Number(_) | Cell::Date(_) => 8,
            Cell::Geo(_) => 16,
            Cell::Text(..) | Cell::Json(_) | Cell::List(_) => {
                let mut rest = bytes.get(1..).unwrap_or_default();
                let whole = rest.len();
                let texts = match cell {
                    Cell::List(_) => take_length(&mut rest).unwrap_or(0),
                    _ => 1,
                };
                let can_be_read = (0..texts).all(|_| take_text(&mut rest).is_some());
                if !can_be_read {
                    return &[];
                }
                whole - rest.len()
            }
        };
        bytes.get(..1 + payload).unwrap_or_default()
    }

    /// The value in `slot`, or `zero` when the slot is empty.
    pub fn value(self, slot: Slot, zero: Value) -> Value {
        match self.cell(slot) {
            Cell::Zero => zero,
            Cell::Text(text, _) => Value::Text(text.to_owned()),
            Cell::Number(number) => Value::Number(number),
            Cell::True => Value::Bool(true),
            Cell::Date(date) => Value::Date(Some(date)),
            Cell::List(list) => Value::List(list.iter().map(str::to_owned).collect()),
            Cell::Geo(point) => Value::Geo(point),
            Cell::Json(json) => Value::Json(JsonText::trusted(json)),
        }
    }

    /// Whether every cell can be read and the version is known.
    pub fn check(self) -> bool {
        self.0.first() == Some(&VERSION)
            && (0..self.slots()).all(|slot| {
                self.offset(slot) == Some(0) || self.try_cell(Slot(slot as u16)).is_some()
            })
    }

    /// How many slots there are, the empty ones included.
    pub fn slot_count(self) -> u16 {
        self.slots() as u16
    }

    /// The slots that are not empty in the order of their cells. A writer to which they are given so
    /// makes the same bytes again.
    pub fn slots_in_order(self) -> Vec<Slot> {
        let offset = |slot: u16| (self.offset(usize::from(slot)).unwrap_or(0), Slot(slot));
        let mut set: Vec<_> =
            (0..self.slot_count()).map(offset).filter(|(at, _)| *at > 0).collect();
        set.sort_unstable();
        set.into_iter().map(|(_, slot)| slot).collect()
    }

    fn slots(self) -> usize {
        self.0.get(2..HEADER).map_or(0, |n| usize::from(u16::from_le_bytes([n[0], n[1]])))
    }

    fn offset(self, slot: usize) -> Option<usize> {
        let at = HEADER + 4 * slot;
        Some(u32::from_le_bytes(*self.0.get(at..)?.first_chunk()?) as usize)
    }

    fn try_cell(self, slot: Slot) -> Option<Cell<'a>> {
        let slot = usize::from(slot.0);
        if slot >= self.slots() {
            return None;
        }
        let (tag, mut rest) = match self.offset(slot)? {
            0 => return None,
            offset => self.0.get(offset..)?.split_first()?,
        };
        Some(match *tag {
            TEXT_PLAIN => Cell::Text(take_text(&mut rest)?, true),
            TEXT_ESCAPED => Cell::Text(take_text(&mut rest)?, false),
            NUMBER => Cell::Number(take_f64(&mut rest)?),
            TRUE => Cell::True,
            DATE => Cell::Date(Timestamp::from_millis(i64::from_le_bytes(*rest.first_chunk()?))),
            LIST => {
                let count = take_length(&mut rest)?;
                Cell::List(ListCell { count, bytes: rest })
            }
            GEO => Cell::Geo(GeoPoint { lon: take_f64(&mut rest)?, lat: take_f64(&mut rest)? }),
            JSON => Cell::Json(take_text(&mut rest)?),
            _ => return None,
        })
    }
}

fn take_length(rest: &mut &[u8]) -> Option<usize> {
    let mut length = 0usize;
    for shift in (0..35).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(length);
        }
    }
    None
}

fn take_text<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let length = take_length(rest)?;
    let (text, tail) = rest.split_at_checked(length)?;
    *rest = tail;
    std::str::from_utf8(text).ok()
}

fn take_f64(rest: &mut &[u8]) -> Option<f64> {
    let (bytes, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(f64::from_le_bytes(*bytes))
}

/// Writes a row into `buffer` that has nothing but this cell, as [`Row::cell_bytes`] gives it, in
/// `slot`.
pub fn write_one_cell(buffer: &mut Vec<u8>, slot: Slot, cell: &[u8]) {
    let slots = slot.0.saturating_add(1);
    let table_end = HEADER + 4 * usize::from(slots);
    buffer.clear();
    buffer.extend_from_slice(&[VERSION, 0]);
    buffer.extend_from_slice(&slots.to_le_bytes());
    buffer.resize(table_end, 0);
    if !cell.is_empty() {
        buffer[table_end - 4..].copy_from_slice(&(table_end as u32).to_le_bytes());
        buffer.extend_from_slice(cell);
    }
}

/// The text in a cell that [`Row::cell_bytes`] gave; `None` when it holds no text.
pub fn cell_text(cell: &[u8]) -> Option<&str> {
    let (tag, mut rest) = cell.split_first()?;
    matches!(*tag, TEXT_PLAIN | TEXT_ESCAPED).then(|| take_text(&mut rest)).flatten()
}

/// Builds a row, one slot at a time, in any order.
#[derive(Debug)]
pub struct RowWriter {
    /// Per slot: offset into `short` or `long`, plus one; 0 = zero value. `true` = in `long`.
    cells: Vec<(usize, bool)>,
    short: Vec<u8>,
    long: Vec<u8>,
}

impl RowWriter {
    /// A writer for `slots` slots, all zero.
    pub fn new(slots: u16) -> Self {
        Self {
            cells: vec![(0, false); usize::from(slots)],
            short: Vec::with_capacity(256),
            long: Vec::new(),
        }
    }

    /// Puts `value` into `slot`, which must be below the number of slots and not yet set.
    pub fn set(&mut self, slot: Slot, value: &Value) {
        if value_is_stored_as_zero(value) {
            return;
        }
        let is_long = payload_len(value) > SHORT_CELL_MAX;
        let buffer = if is_long { &mut self.long } else { &mut self.short };
        self.cells[usize::from(slot.0)] = (buffer.len() + 1, is_long);
        match value {
            Value::Text(text) => {
                buffer.push(if is_json_safe(text) { TEXT_PLAIN } else { TEXT_ESCAPED });
                put_text(buffer, text);
            }
            Value::Number(number) => {
                buffer.push(NUMBER);
                buffer.extend_from_slice(&number.to_le_bytes());
            }
            Value::Bool(_) => buffer.push(TRUE),
            Value::Date(date) => {
                buffer.push(DATE);
                buffer.extend_from_slice(&date.map_or(0, Timestamp::millis).to_le_bytes());
            }
            Value::List(items) => {
                buffer.push(LIST);
                put_length(buffer, items.len());
                for item in items {
                    put_text(buffer, item);
                }
            }
            Value::Geo(point) => {
                buffer.push(GEO);
                buffer.extend_from_slice(&point.lon.to_le_bytes());
                buffer.extend_from_slice(&point.lat.to_le_bytes());
            }
            Value::Json(json) => {
                buffer.push(JSON);
                put_text(buffer, json.as_str());
            }
            Value::Null => {}
        }
    }

    /// The finished row.
    pub fn finish(self) -> RowBuf {
        let table_end = HEADER + 4 * self.cells.len();
        let mut row = Vec::with_capacity(table_end + self.short.len() + self.long.len());
        row.extend_from_slice(&[VERSION, 0]);
        row.extend_from_slice(&(self.cells.len() as u16).to_le_bytes());
        for (place, is_long) in &self.cells {
            let offset = match (place, is_long) {
                (0, _) => 0,
                (place, false) => table_end + place - 1,
                (place, true) => table_end + self.short.len() + place - 1,
            };
            row.extend_from_slice(&(offset as u32).to_le_bytes());
        }
        row.extend_from_slice(&self.short);
        row.extend_from_slice(&self.long);
        RowBuf::from_bytes(row)
    }
}

/// Unlike [`Value::is_zero`] this keeps the JSON documents `""`, `[]` and `{}` apart from null.
fn value_is_stored_as_zero(value: &Value) -> bool {
    match value {
        Value::Json(json) => matches!(json.as_str(), "null" | ""),
        other => other.is_zero(),
    }
}

fn payload_len(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(items) => items.iter().map(|item| item.len() + 1).sum(),
        Value::Json(json) => json.as_str().len(),
        _ => 0,
    }
}

fn put_length(buffer: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        buffer.push(length as u8 | 0x80);
        length >>= 7;
    }
    buffer.push(length as u8);
}

fn put_text(buffer: &mut Vec<u8>, text: &str) {
    put_length(buffer, text.len());
    buffer.extend_from_slice(text.as_bytes());
}

/// Whether `text` needs no escape in the JSON that this server writes.
pub fn is_json_safe(text: &str) -> bool {
    const CHUNK: usize = 32;
    let plain = |byte: u8| byte >= 0x20 && !matches!(byte, b'"' | b'\\' | b'<' | b'>' | b'&');
    // U+2028 and U+2029 are E2 80 A8 and E2 80 A9.
    let mut has_separator = false;
    text.as_bytes().chunks(CHUNK).all(|chunk| {
        // Without early exit, so that many bytes are looked at in one step.
        let leads_separator = |byte: &u8| *byte == 0xE2;
        has_separator |= chunk.iter().fold(false, |found, byte| found | leads_separator(byte));
        chunk.iter().fold(true, |all, byte| all & plain(*byte))
    }) && !(has_separator && (text.contains('\u{2028}') || text.contains('\u{2029}')))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<String>().prop_map(Value::Text),
            any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(Value::Number),
            any::<bool>().prop_map(Value::Bool),
            proptest::option::of(0i64..4_000_000_000_000)
                .prop_map(|ms| Value::Date(ms.map(Timestamp::from_millis))),
            proptest::collection::vec(".{0,90}", 0..5).prop_map(Value::List),
            (-180.0..180.0, -90.0..90.0).prop_map(|(lon, lat)| Value::Geo(GeoPoint { lon, lat })),
            any::<f64>()
                .prop_filter("finite", |n| n.is_finite())
                .prop_map(|n| Value::Json(JsonText::trusted(format!("{{\"n\":{n}}}")))),
        ]
    }

    /// The zero value of the variant that `value` has.
    fn zero_of(value: &Value) -> Value {
        match value {
            Value::Null | Value::Json(_) => Value::Null,
            Value::Text(_) => Value::Text(String::new()),
            Value::Number(_) => Value::Number(0.0),
            Value::Bool(_) => Value::Bool(false),
            Value::Date(_) => Value::Date(None),
            Value::List(_) => Value::List(Vec::new()),
            Value::Geo(_) => Value::Geo(GeoPoint::default()),
        }
    }

    proptest! {
        #[test]
        fn decoding_gives_back_what_was_encoded(values in proptest::collection::vec(any_value(), 0..40)) {
            let mut writer = RowWriter::new(values.len() as u16);
            for (slot, value) in values.iter().enumerate().rev() {
                writer.set(Slot(slot as u16), value);
            }
            let row = writer.finish();
            prop_assert!(row.as_row().check());
            for (slot, value) in values.iter().enumerate() {
                prop_assert_eq!(&row.as_row().value(Slot(slot as u16), zero_of(value)), value);
            }
            prop_assert_eq!(row.as_row().cell(Slot(values.len() as u16)), Cell::Zero);
        }

        #[test]
        fn a_cell_says_the_same_in_a_row_of_its_own(values in proptest::collection::vec(any_value(), 1..10)) {
            let mut writer = RowWriter::new(values.len() as u16);
            for (slot, value) in values.iter().enumerate() {
                writer.set(Slot(slot as u16), value);
            }
            let row = writer.finish();
            let mut alone = Vec::new();
            for (slot, value) in values.iter().enumerate() {
                let slot = Slot(slot as u16);
                let cell = row.as_row().cell_bytes(slot);
                write_one_cell(&mut alone, slot, cell);
                prop_assert!(Row::new(&alone).check());
                prop_assert_eq!(&Row::new(&alone).value(slot, zero_of(value)), value);
                if let Value::Text(text) = value {
                    prop_assert_eq!(cell_text(cell).unwrap_or_default(), text);
                }
            }
        }

        #[test]
        fn garbage_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let row = Row::new(&bytes);
            row.check();
            for slot in 0..40 {
                if let Cell::List(list) = row.cell(Slot(slot)) {
                    list.iter().count();
                }
            }
        }

        #[test]
        fn json_safe_texts_have_nothing_to_escape(text in "[a-z\u{2027}-\u{202a}<>&\"\\\\\u{0}-\u{1f}é]{0,3}[a-z]{0,70}[a-zé\u{2028}\"&]{0,2}") {
            let special = |c: char| c < ' ' || "\"\\<>&\u{2028}\u{2029}".contains(c);
            prop_assert_eq!(is_json_safe(&text), !text.contains(special));
        }

        #[test]
        fn json_safe_texts_are_what_serde_would_write(text in any::<String>()) {
            if is_json_safe(&text) {
                prop_assert_eq!(serde_json::to_string(&text).unwrap(), format!("\"{text}\""));
            }
        }
    }
}

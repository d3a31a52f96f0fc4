//! Values of a result as values of fields.

use std::borrow::Cow;

use rusqlite::types::ValueRef;
use serde_json::Value as Json;

use crate::model::{JsonText, RowBuf, RowWriter, Value};
use crate::schema::values::normalise;
use crate::schema::{Collection, Field, FieldKind};

/// The greatest whole number that doubles keep exact.
const SAFE_INT_MAX: u64 = 1 << 53;

/// One row of a result as a row of `view`; `fields` come with the columns that they are in.
pub(super) fn record<'a>(
    view: &Collection,
    fields: &[(&Field, usize)],
    column: impl Fn(usize) -> rusqlite::Result<ValueRef<'a>>,
) -> rusqlite::Result<RowBuf> {
    let mut writer = RowWriter::new(view.next_slot);
    for (field, at) in fields {
        writer.set(field.slot, &value(field, column(*at)?));
    }
    Ok(writer.finish())
}

/// The text of a value; `None` for null. Bytes that are no text are replaced.
pub(super) fn text(value: ValueRef<'_>) -> Option<Cow<'_, str>> {
    match value {
        ValueRef::Null => None,
        ValueRef::Integer(int) => Some(int.to_string().into()),
        ValueRef::Real(real) => Some(real_text(real).into()),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes)),
    }
}

/// A double as SQL casts it to text: whole ones keep a decimal.
fn real_text(real: f64) -> String {
    if real.is_finite() && real.fract() == 0.0 && real.abs() < 1e15 {
        format!("{real:.1}")
    } else {
        real.to_string()
    }
}

/// What `column` means for `field`: null is the zero value, text is what clients could have sent.
fn value(field: &Field, column: ValueRef<'_>) -> Value {
    match (&field.kind, column) {
        (_, ValueRef::Null) => field.kind.zero(),
        (FieldKind::Number(_), ValueRef::Integer(int)) => Value::Number(int as f64),
        (FieldKind::Number(_), ValueRef::Real(real)) => Value::Number(finite(real)),
        // Numbers other than 1 are as little true as the texts that spell them.
        (FieldKind::Bool, ValueRef::Integer(int)) => Value::Bool(int == 1),
        (FieldKind::Bool, ValueRef::Real(real)) => Value::Bool(real == 1.0),
        (FieldKind::Json(_), ValueRef::Integer(int)) if int.unsigned_abs() < SAFE_INT_MAX => {
            Value::Json(JsonText::trusted(int.to_string()))
        }
        (FieldKind::Json(_), ValueRef::Integer(int)) => normalise(field, &Json::from(int)),
        (FieldKind::Json(_), ValueRef::Real(real)) => normalise(field, &Json::from(finite(real))),
        (
            FieldKind::Text(_) | FieldKind::Email(_) | FieldKind::Url(_) | FieldKind::Editor(_),
            column,
        ) => Value::Text(text(column).unwrap_or_default().into_owned()),
        (kind, column) => {
            let text = text(column).unwrap_or_default().into_owned();
            match normalise(field, &Json::String(text)) {
                Value::Number(number) => Value::Number(finite(number)),
                // A password is never plain text that somebody sent.
                _ if matches!(kind, FieldKind::Password(_)) => kind.zero(),
                value => value,
            }
        }
    }
}

/// JSON knows no infinities.
fn finite(number: f64) -> f64 {
    if number.is_finite() { number } else { 0.0 }
}

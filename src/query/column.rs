//! A stored field as the filter language and the indexes see it.

use std::borrow::Cow;

use crate::model::{Cell, Row, Scalar};
use crate::schema::{Field, FieldKind};

/// The scalar that `field` has in `row`.
///
/// Dates are their text; bools 0 and 1; lists and geo points their JSON text; json fields their raw
/// JSON text, or null when never set.
pub(super) fn scalar<'a>(field: &Field, row: Row<'a>) -> Scalar<'a> {
    match row.cell(field.slot) {
        Cell::Text(text, _) => Scalar::text(text),
        Cell::Number(number) => Scalar::Real(number),
        Cell::True => Scalar::Int(1),
        Cell::Date(date) => Scalar::Text(Cow::Owned(date.to_string())),
        Cell::List(list) => {
            let items: Vec<&str> = list.iter().collect();
            Scalar::Text(Cow::Owned(serde_json::Value::from(items).to_string()))
        }
        Cell::Geo(point) => {
            // Whole degrees print without a decimal, as they do in the API.
            let (lon, lat) = (point.lon, point.lat);
            Scalar::Text(Cow::Owned(format!("{{\"lon\":{lon},\"lat\":{lat}}}")))
        }
        Cell::Json(json) => Scalar::text(json),
        Cell::Zero => zero(&field.kind),
    }
}

fn zero(kind: &FieldKind) -> Scalar<'static> {
    match kind {
        FieldKind::Number(_) => Scalar::Real(0.0),
        FieldKind::Bool => Scalar::Int(0),
        FieldKind::Json(_) => Scalar::Null,
        FieldKind::GeoPoint => Scalar::text(r#"{"lon":0,"lat":0}"#),
        _ if kind.is_multiple() => Scalar::text("[]"),
        _ => Scalar::text(""),
    }
}

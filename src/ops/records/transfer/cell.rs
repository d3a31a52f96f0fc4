//! One value in a cell of CSV, and what a cell or a member of an object means for a field.

use serde_json::Value as Json;

use crate::schema::{Field, FieldKind, Violation, values};

/// Characters that make a spreadsheet take a cell for a formula.
const FORMULA_STARTS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The text of a cell for `value`, a value of `field` as clients see it. With `safe` no spreadsheet
/// takes a text for a formula: an apostrophe goes before it, and [`read`] takes it away again.
pub(super) fn text(field: &Field, value: &Json, safe: bool) -> String {
    let text = match (&field.kind, value) {
        (_, Json::Null) => return String::new(),
        (FieldKind::Json(_), value) => value.to_string(),
        (_, Json::String(text)) => text.clone(),
        // Numbers, and brackets at the start of lists and places, are no formulas.
        (_, value) => return value.to_string(),
    };
    if safe && is_formula(text.trim_start_matches('\'')) { format!("'{text}") } else { text }
}

fn is_formula(text: &str) -> bool {
    text.starts_with(FORMULA_STARTS)
}

/// What a cell means for `field`; the violation says why it means nothing.
pub(super) fn read(field: &Field, cell: &str, safe: bool) -> Result<Json, Violation> {
    let cell = match cell.strip_prefix('\'') {
        Some(rest) if safe && is_formula(rest.trim_start_matches('\'')) => rest,
        _ => cell,
    };
    match &field.kind {
        FieldKind::Json(_) | FieldKind::GeoPoint if cell.is_empty() => Ok(Json::Null),
        FieldKind::Json(_) => document(cell),
        FieldKind::GeoPoint => place(document(cell)?),
        kind if kind.is_multiple() && cell.starts_with('[') => {
            member(field, &serde_json::from_str(cell).map_err(|_| wrong("a list of texts"))?)
        }
        _ => member(field, &Json::String(cell.to_owned())),
    }
}

/// What the member of an object means for `field`. Stricter than the web API, which takes what it
/// cannot understand for nothing: who imports a file wants to know.
pub(super) fn member(field: &Field, value: &Json) -> Result<Json, Violation> {
    let fits = match (&field.kind, value) {
        (_, Json::Null)
        | (FieldKind::Json(_), _)
        | (FieldKind::Number(_), Json::Number(_))
        | (FieldKind::Bool, Json::Bool(_)) => true,
        (FieldKind::Number(_), Json::String(text)) => {
            let text = text.trim();
            if !text.is_empty() && text.parse::<f64>().is_err() {
                return Err(wrong("a number"));
            }
            return Ok(Json::String(text.to_owned()));
        }
        (FieldKind::Number(_), _) => return Err(wrong("a number")),
        (FieldKind::Bool, value) => return truth(value),
        (FieldKind::Date(_) | FieldKind::Autodate(_), Json::String(text)) => {
            if !text.is_empty() && values::parse_date(text).is_none() {
                return Err(wrong("a date"));
            }
            true
        }
        (FieldKind::Date(_) | FieldKind::Autodate(_), _) => return Err(wrong("a date")),
        (
            FieldKind::Select(_) | FieldKind::Relation(_) | FieldKind::File(_),
            Json::Array(items),
        ) => items.iter().all(Json::is_string),
        (FieldKind::GeoPoint, value) => return place(value.clone()),
        (_, value) => !value.is_array() && !value.is_object(),
    };
    if fits { Ok(value.clone()) } else { Err(wrong("a text")) }
}

fn truth(value: &Json) -> Result<Json, Violation> {
    match value {
        Json::Number(number) if number.as_f64() == Some(1.0) => return Ok(true.into()),
        Json::Number(number) if number.as_f64() == Some(0.0) => return Ok(false.into()),
        _ => {}
    }
    match value.as_str().map(|text| text.trim().to_ascii_lowercase()).as_deref() {
        Some("true" | "t" | "1" | "yes") => Ok(true.into()),
        Some("" | "false" | "f" | "0" | "no") => Ok(false.into()),
        _ => Err(wrong("true or false")),
    }
}

fn place(value: Json) -> Result<Json, Violation> {
    let has = |name: &str| value.get(name).is_some_and(Json::is_number);
    if value.is_null() || has("lon") && has("lat") {
        Ok(value)
    } else {
        Err(wrong("an object with the numbers lon and lat"))
    }
}

fn document(text: &str) -> Result<Json, Violation> {
    serde_json::from_str(text).map_err(|_| wrong("a JSON document"))
}

fn wrong(expected: &str) -> Violation {
    Violation::new("validation_invalid_value", format!("Must be {expected}."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::Slot;
    use crate::schema::{DateOptions, JsonOptions, NumberOptions, TextOptions};

    fn field(kind: FieldKind) -> Field {
        Field {
            id: String::new(),
            name: "f".to_owned(),
            slot: Slot::ID,
            system: false,
            hidden: false,
            presentable: false,
            required: false,
            help: String::new(),
            kind,
        }
    }

    #[test]
    fn guarded_texts_read_back_as_they_were_and_are_no_formulas() {
        let field = field(FieldKind::Text(TextOptions::default()));
        for given in ["=1+1", "+1", "-1", "@x", "'=x", "''-", "'plain", "plain", "\tx", ""] {
            let guarded = text(&field, &json!(given), true);
            assert!(!is_formula(&guarded), "{given}");
            assert_eq!(read(&field, &guarded, true), Ok(json!(given)), "{given}");
            assert_eq!(text(&field, &json!(given), false), given);
        }
        let number = self::field(FieldKind::Number(NumberOptions::default()));
        assert_eq!(text(&number, &json!(-5), true), "-5");
    }

    #[test]
    fn what_means_nothing_is_refused() {
        let number = field(FieldKind::Number(NumberOptions::default()));
        for bad in ["abc", "1,5", "--1"] {
            assert!(read(&number, bad, false).is_err(), "{bad}");
        }
        assert_eq!(read(&number, " 1.5 ", false), Ok(json!("1.5")));
        let on = field(FieldKind::Bool);
        assert_eq!(read(&on, "Yes", false), Ok(json!(true)));
        assert!(read(&on, "maybe", false).is_err());
        let date = field(FieldKind::Date(DateOptions::default()));
        assert!(read(&date, "yesterday", false).is_err());
        let place = field(FieldKind::GeoPoint);
        assert!(read(&place, "{\"lon\":1}", false).is_err());
        let document = field(FieldKind::Json(JsonOptions::default()));
        assert_eq!(read(&document, "\"a\"", false), Ok(json!("a")));
        assert!(read(&document, "a", false).is_err());
    }
}

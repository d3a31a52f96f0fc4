//! JSON documents: what submitted values and texts mean, and in which form they are kept.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::super::{JsonOptions, Violation};
use super::number;
use crate::model::{JsonText, Value};

/// Bytes when the field says nothing.
const DEFAULT_MAX_SIZE: i64 = 1 << 20;

/// The document that `json` means. Text that looks like JSON is the document it spells.
pub(super) fn normalise(json: &Json) -> Value {
    let text = match json {
        Json::String(text) => match spelled_document(text) {
            Some(document) => document,
            None => json.to_string(),
        },
        other => canonical(other).to_string(),
    };
    if text == "null" { Value::Null } else { Value::Json(JsonText::trusted(text)) }
}

pub(super) fn check(options: &JsonOptions, document: &JsonText) -> Result<(), Violation> {
    let max_size = if options.max_size > 0 { options.max_size } else { DEFAULT_MAX_SIZE };
    if document.as_str().len() as i64 <= max_size {
        return Ok(());
    }
    Err(Violation::new(
        "validation_json_size_limit",
        format!("The maximum allowed JSON size is {max_size} bytes."),
    )
    .with("maxSize", max_size))
}

/// The compact document that `text` spells, or `None` when it is text like any other.
///
/// Documents that clients could not be given back, such as `1e999`, count as text.
fn spelled_document(text: &str) -> Option<String> {
    let looks_like_json = matches!(text, "null" | "true" | "false")
        || text.starts_with(['-', '"', '[', '{'])
        || text.starts_with(|first: char| first.is_ascii_digit());
    if !looks_like_json {
        return None;
    }
    match serde_json::from_str::<Json>(text).ok()? {
        // A lone number is kept as a number, everything else as it was spelled.
        Json::Number(number) => Some(number::to_json(number.as_f64()?).to_string()),
        _ => Some(without_white_space(text)),
    }
}

/// Valid JSON text without the white space outside its strings.
fn without_white_space(text: &str) -> String {
    let mut in_string = false;
    let mut after_backslash = false;
    let keep = |character: &char| {
        if in_string {
            in_string = after_backslash || *character != '"';
            after_backslash = !after_backslash && *character == '\\';
            return true;
        }
        in_string = *character == '"';
        !character.is_ascii_whitespace()
    };
    text.chars().filter(keep).collect()
}

/// The same document with sorted keys and with numbers as doubles write them.
fn canonical(json: &Json) -> Json {
    match json {
        Json::Number(number) => number.as_f64().map_or(Json::Null, number::to_json),
        Json::Array(items) => items.iter().map(canonical).collect(),
        Json::Object(object) => {
            let sorted: BTreeMap<_, _> = object.iter().collect();
            let entries = sorted.into_iter().map(|(key, value)| (key.clone(), canonical(value)));
            Json::Object(entries.collect())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn stored(json: &Json) -> String {
        match normalise(json) {
            Value::Json(text) => text.as_str().to_owned(),
            _ => "never set".to_owned(),
        }
    }

    #[test]
    fn documents_are_compact_with_sorted_keys() {
        for (json, expected) in [
            (json!({"b": 1.50, "a": {"z": 1, "y": [1e3]}}), r#"{"a":{"y":[1000],"z":1},"b":1.5}"#),
            (json!(1.50), "1.5"),
            (json!(1e3), "1000"),
            (json!(-0.0), "0"),
            (json!(true), "true"),
            (json!([]), "[]"),
            (json!(null), "never set"),
        ] {
            assert_eq!(stored(&json), expected, "{json}");
        }
    }

    #[test]
    fn text_that_looks_like_json_is_json() {
        for (text, expected) in [
            ("", "\"\""),
            ("null", "never set"),
            ("true", "true"),
            ("1.50", "1.5"),
            ("1e3", "1000"),
            ("-1", "-1"),
            ("[1, 2]", "[1,2]"),
            ("{\"b\": 1.50, \"a\\\"\\\\\": \" x \"}", r#"{"b":1.50,"a\"\\":" x "}"#),
            ("\"x\"", "\"x\""),
            ("abc", "\"abc\""),
            ("-", "\"-\""),
            ("01", "\"01\""),
            ("nul", "\"nul\""),
            (" {}", "\" {}\""),
            ("1e999", "\"1e999\""),
            ("[1", "\"[1\""),
            ("\u{7f}\0", "\"\u{7f}\\u0000\""),
        ] {
            assert_eq!(stored(&json!(text)), expected, "{text}");
        }
    }

    #[test]
    fn the_limit_counts_the_bytes_of_the_document() {
        let options = JsonOptions { max_size: 5 };
        assert_eq!(check(&options, &JsonText::trusted("\"abc\"")), Ok(()));
        let violation = check(&options, &JsonText::trusted("\"abcd\"")).unwrap_err();
        assert_eq!(violation.code, "validation_json_size_limit");
        assert_eq!(violation.params["maxSize"], 5);
    }
}

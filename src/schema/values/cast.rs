//! Loose readings of submitted JSON: anything as text, as a number, as a bool, as texts.

use std::collections::HashSet;

use serde_json::Value as Json;

/// Text as it is, numbers without exponent, `true` or `false`; empty for everything else.
pub(super) fn to_text(json: &Json) -> String {
    scalar_text(json).unwrap_or_default()
}

/// The number; 0 for everything that is none. Texts may name infinities and NaN.
pub(super) fn to_number(json: &Json) -> f64 {
    match json {
        Json::Number(number) => number.as_f64().unwrap_or(0.0),
        Json::Bool(on) => f64::from(u8::from(*on)),
        Json::String(text) => parse_number(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

/// True for true, for numbers other than 0 and for a few words.
pub(super) fn to_bool(json: &Json) -> bool {
    match json {
        Json::Bool(on) => *on,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => matches!(text.as_str(), "1" | "t" | "T" | "TRUE" | "true" | "True"),
        _ => false,
    }
}

/// The distinct texts other than `""`, in order. An item that has no text voids an array.
pub(super) fn to_texts(json: &Json) -> Vec<String> {
    match json {
        Json::String(text) => text_or_list(text),
        Json::Array(items) => {
            distinct(items.iter().map(scalar_text).collect::<Option<Vec<_>>>().unwrap_or_default())
        }
        other => distinct(scalar_text(other).into_iter().collect()),
    }
}

/// Like [`to_texts`], except that items without a text are left out and nothing else is lost.
pub(super) fn to_file_names(json: &Json) -> Vec<String> {
    match json {
        Json::Array(items) => distinct(items.iter().filter_map(scalar_text).collect()),
        other => to_texts(other),
    }
}

/// The items without `""` and repetitions.
pub(super) fn distinct(mut items: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::with_capacity(items.len());
    items.retain(|item| !item.is_empty() && seen.insert(item.clone()));
    items
}

/// The items of a text that is a JSON array of texts, else the text itself.
fn text_or_list(text: &str) -> Vec<String> {
    let list = if text.contains('[') {
        serde_json::from_str::<Vec<Option<String>>>(text).ok()
    } else {
        None
    };
    distinct(match list {
        Some(items) => items.into_iter().flatten().collect(),
        None => vec![text.to_owned()],
    })
}

/// `None` for arrays and objects.
fn scalar_text(json: &Json) -> Option<String> {
    match json {
        Json::Null => Some(String::new()),
        Json::Bool(on) => Some(on.to_string()),
        // Through a double, as all submitted numbers are.
        Json::Number(number) => Some(number.as_f64().unwrap_or(0.0).to_string()),
        Json::String(text) => Some(text.clone()),
        Json::Array(_) | Json::Object(_) => None,
    }
}

/// Decimal or hexadecimal, `_` between digits, signed infinities and NaN by name.
fn parse_number(text: &str) -> Option<f64> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = without_separators(rest)?;
    let magnitude = match digits.get(..2) {
        Some("0x" | "0X") => parse_hex(&digits[2..])?,
        _ if digits.starts_with(['-', '+']) => return None,
        _ => digits.parse::<f64>().ok().filter(|number| {
            // Rust reads what is too large as infinite; only the word may mean that.
            number.is_finite() || digits.starts_with(['i', 'I', 'n', 'N'])
        })?,
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// Drops each `_` that stands between two digits; `None` when one stands elsewhere.
fn without_separators(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let is_digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_hexdigit);
    let after_prefix = |at: usize| at == 2 && matches!(bytes[..2], [b'0', b'x' | b'X']);
    let fine = bytes
        .iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'_')
        .all(|(at, _)| at > 0 && (is_digit(at - 1) || after_prefix(at)) && is_digit(at + 1));
    fine.then(|| text.replace('_', ""))
}

/// A hexadecimal mantissa with an obligatory binary exponent, such as `1.8p3`.
fn parse_hex(text: &str) -> Option<f64> {
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.len() + fraction.len() == 0 || exponent.len() > 6 {
        return None;
    }
    let mut number = 0.0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        number = number * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let exponent = exponent.parse::<i32>().ok()? - 4 * i32::try_from(fraction.len()).ok()?;
    // In two steps, for the power alone may leave the range when the product does not.
    let half = exponent / 2;
    let number = number * 2f64.powi(half) * 2f64.powi(exponent - half);
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_are_read_from_almost_anything() {
        for (json, expected) in [
            (json!("1e3"), 1000.0),
            (json!("0x1p4"), 16.0),
            (json!("0x1_0p2"), 64.0),
            (json!("0x1.8p1"), 3.0),
            (json!("1_000"), 1000.0),
            (json!("+5"), 5.0),
            (json!(".5"), 0.5),
            (json!("5."), 5.0),
            (json!("-Infinity"), f64::NEG_INFINITY),
            (json!("inf"), f64::INFINITY),
            (json!(true), 1.0),
            (json!(-2.5), -2.5),
            (json!(18_446_744_073_709_551_615u64), 18_446_744_073_709_551_615.0),
        ] {
            assert_eq!(to_number(&json), expected, "{json}");
        }
        assert!(to_number(&json!("nan")).is_nan());
    }

    #[test]
    fn what_is_no_number_is_zero() {
        for json in [
            json!(" 5"),
            json!("5 "),
            json!(""),
            json!("abc"),
            json!("0x10"),
            json!("1e400"),
            json!("--5"),
            json!("+-5"),
            json!("_1"),
            json!("1_"),
            json!("1__0"),
            json!("0xp1"),
            json!("é"),
            json!(null),
            json!([1]),
            json!({"a": 1}),
        ] {
            assert_eq!(to_number(&json), 0.0, "{json}");
        }
    }

    #[test]
    fn bools_are_true_for_few_words() {
        for json in [json!(true), json!(1), json!(-0.5), json!("1"), json!("t"), json!("True")] {
            assert!(to_bool(&json), "{json}");
        }
        for json in [json!("yes"), json!(" true"), json!(0), json!(null), json!([1]), json!("")] {
            assert!(!to_bool(&json), "{json}");
        }
    }

    #[test]
    fn numbers_become_text_without_exponent() {
        for (json, expected) in [
            (json!(1e21), "1000000000000000000000"),
            (json!(1.50), "1.5"),
            (json!(-0.0), "-0"),
            (json!(1e-7), "0.0000001"),
            (json!(7), "7"),
            (json!(false), "false"),
            (json!(null), ""),
            (json!({}), ""),
            (json!(["a"]), ""),
        ] {
            assert_eq!(to_text(&json), expected, "{json}");
        }
    }

    #[test]
    fn texts_come_from_arrays_and_from_arrays_in_text() {
        let none: [&str; 0] = [];
        assert_eq!(to_texts(&json!(["a", "b", "a", "", null])), ["a", "b"]);
        assert_eq!(to_texts(&json!("[\"a\",null,\"b\"]")), ["a", "b"]);
        assert_eq!(to_texts(&json!("[a")), ["[a"]);
        assert_eq!(to_texts(&json!([1, true, 1.5])), ["1", "true", "1.5"]);
        assert_eq!(to_texts(&json!(1)), ["1"]);
        assert_eq!(to_texts(&json!(["a", {}])), none);
        assert_eq!(to_texts(&json!(["a", ["b"]])), none);
        assert_eq!(to_texts(&json!({})), none);
        assert_eq!(to_texts(&json!(null)), none);
        assert_eq!(to_file_names(&json!(["a", {}, "b"])), ["a", "b"]);
    }
}

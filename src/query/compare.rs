//! Comparing two scalars as the wire contract wants it: affinities, empty values, NULL.

use std::cmp::Ordering;

use crate::model::Scalar;

use super::ast::Operator;

/// What an operand turns the other side into before comparing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Affinity {
    Text,
    Numeric,
    None,
}

/// What is known of an operand apart from its value; decides how `=` and `!=` treat NULL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// NULL, or the empty text of a literal or request value.
    Empty,
    /// Any other literal or request value.
    Known,
    /// A column or an expression over columns.
    Open,
}

/// One operand with its value.
#[derive(Debug, Clone)]
pub(super) struct Side<'a> {
    pub(super) value: Scalar<'a>,
    pub(super) affinity: Affinity,
    pub(super) class: Class,
    /// Whether NULL is a value of its own instead of standing for the empty text.
    pub(super) strict: bool,
}

/// Three-valued result of an operator other than LIKE.
pub(super) fn compare(operator: Operator, left: Side<'_>, right: Side<'_>) -> Option<bool> {
    match operator {
        Operator::Equal => equal(left, right),
        Operator::NotEqual => Some(differ(left, right)),
        _ => {
            let (left, right) = converted(left, right);
            if left.is_null() || right.is_null() {
                return None;
            }
            Some(ordered(operator, left.cmp(&right)))
        }
    }
}

/// Whether an ordering satisfies an ordering operator.
fn ordered(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Less => ordering.is_lt(),
        Operator::LessEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterEqual => ordering.is_ge(),
        _ => ordering.is_eq(),
    }
}

/// How `=` and `!=` treat NULL and the empty text, given both operands.
enum Equality<'a> {
    /// NULL equals NULL, nothing stands for anything else.
    Strict(Side<'a>, Side<'a>),
    BothEmpty,
    /// One side is known not to be empty.
    Direct(Side<'a>, Side<'a>),
    /// One side is empty; this is the other.
    WithEmpty(Side<'a>),
    /// NULL stands for the empty text on both sides.
    Folded(Side<'a>, Side<'a>),
}

fn equality<'a>(left: Side<'a>, right: Side<'a>) -> Equality<'a> {
    if left.strict || right.strict {
        return Equality::Strict(left, right);
    }
    match (left.class, right.class) {
        (Class::Empty, Class::Empty) => Equality::BothEmpty,
        (Class::Known, _) | (_, Class::Known) => Equality::Direct(filled(left), filled(right)),
        (Class::Empty, _) => Equality::WithEmpty(right),
        (_, Class::Empty) => Equality::WithEmpty(left),
        (Class::Open, Class::Open) => Equality::Folded(folded(left), folded(right)),
    }
}

/// An operand known to be empty is compared as the empty text.
fn filled(side: Side<'_>) -> Side<'_> {
    match side.class {
        Class::Empty => Side { value: Scalar::text(""), affinity: Affinity::None, ..side },
        _ => side,
    }
}

fn folded(side: Side<'_>) -> Side<'_> {
    let value = if side.value.is_null() { Scalar::text("") } else { side.value };
    Side { value, affinity: Affinity::None, ..side }
}

fn equal(left: Side<'_>, right: Side<'_>) -> Option<bool> {
    match equality(left, right) {
        Equality::Strict(left, right) | Equality::Folded(left, right) => Some(same(left, right)),
        Equality::BothEmpty => Some(true),
        Equality::Direct(left, right) => {
            let (left, right) = converted(left, right);
            (!left.is_null() && !right.is_null()).then(|| left == right)
        }
        Equality::WithEmpty(side) => Some(side.value.is_null() || side.value == Scalar::text("")),
    }
}

fn differ(left: Side<'_>, right: Side<'_>) -> bool {
    match equality(left, right) {
        Equality::Strict(left, right)
        | Equality::Folded(left, right)
        | Equality::Direct(left, right) => !same(left, right),
        Equality::BothEmpty => false,
        Equality::WithEmpty(side) => !(side.value.is_null() || side.value == Scalar::text("")),
    }
}

/// Equality in which NULL is a value.
fn same(left: Side<'_>, right: Side<'_>) -> bool {
    let (left, right) = converted(left, right);
    left == right
}

/// Both values after the affinity of one side was applied to the other.
fn converted<'a>(left: Side<'a>, right: Side<'a>) -> (Scalar<'a>, Scalar<'a>) {
    use Affinity::{None, Numeric, Text};
    match (left.affinity, right.affinity) {
        (Numeric, Text | None) => (left.value, to_number(right.value)),
        (Text | None, Numeric) => (to_number(left.value), right.value),
        (Text, None) => (left.value, to_text(right.value)),
        (None, Text) => (to_text(left.value), right.value),
        _ => (left.value, right.value),
    }
}

/// Text that is a number in full becomes that number; anything else stays.
pub(super) fn to_number(value: Scalar<'_>) -> Scalar<'_> {
    let Scalar::Text(text) = &value else {
        return value;
    };
    let trimmed = text.trim_matches([' ', '\t', '\n', '\u{b}', '\u{c}', '\r']);
    // Rust also parses words such as `inf`, which are text here.
    let plain =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.' | b'e' | b'E');
    if trimmed.is_empty() || !trimmed.bytes().all(plain) {
        return value;
    }
    if let Ok(int) = trimmed.parse() {
        return Scalar::Int(int);
    }
    match trimmed.parse() {
        Ok(real) => Scalar::Real(real),
        Err(_) => value,
    }
}

/// A number becomes its text; a double always shows that it is one.
pub(super) fn to_text(value: Scalar<'_>) -> Scalar<'_> {
    match value {
        Scalar::Int(int) => Scalar::Text(int.to_string().into()),
        Scalar::Real(real) => Scalar::Text(real_text(real).into()),
        other => other,
    }
}

/// A double in the fewest digits that give it back, with at least one decimal: `5.0`, `1.0e+20`.
pub(super) fn real_text(real: f64) -> String {
    if !real.is_finite() {
        return if real > 0.0 { "Inf".to_owned() } else { "-Inf".to_owned() };
    }
    if real == 0.0 {
        return "0.0".to_owned();
    }
    let scientific = format!("{real:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..17).contains(&exponent) {
        return with_decimal(&real.to_string());
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", with_decimal(mantissa), exponent.abs())
}

/// With at least one decimal.
fn with_decimal(digits: &str) -> String {
    if digits.contains('.') { digits.to_owned() } else { format!("{digits}.0") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_become_text_with_a_decimal() {
        let cases = [
            (5.0, "5.0"),
            (-0.5, "-0.5"),
            (123.25, "123.25"),
            (1e20, "1.0e+20"),
            (1e16, "10000000000000000.0"),
            (1e17, "1.0e+17"),
            (0.1 + 0.2, "0.30000000000000004"),
            (0.0001, "0.0001"),
            (0.00001, "1.0e-05"),
            (1.5e300, "1.5e+300"),
        ];
        for (real, text) in cases {
            assert_eq!(real_text(real), text);
        }
    }

    #[test]
    fn only_text_that_is_a_number_in_full_becomes_one() {
        let cases = [
            ("12", true),
            (" 12.5 ", true),
            ("1e3", true),
            ("", false),
            ("inf", false),
            ("nan", false),
            ("12a", false),
            ("0x10", false),
        ];
        for (text, becomes) in cases {
            let number = !matches!(to_number(Scalar::text(text)), Scalar::Text(_));
            assert_eq!(number, becomes, "{text}");
        }
    }
}

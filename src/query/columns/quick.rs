//! Comparisons of a column with a constant that need no evaluation.

use std::cmp::Ordering;

use super::table::{Mask, NO_DATE};
use crate::model::{Scalar, Slot, Timestamp};
use crate::query::FilterError;
use crate::query::ast::Operator;
use crate::query::bound::{BASE, Node, TermKind};
use crate::query::eval::Run;
use crate::query::like::Pattern;
use crate::query::plan::sole_fact;
use crate::schema::{Field, FieldKind};

/// A comparison that needs no evaluation.
#[derive(Debug)]
pub(super) enum Quick<'b> {
    Number(Operator, Scalar<'static>),
    /// Whether dates from the first on and below the second pass, or the others.
    Dates {
        from: i64,
        below: i64,
        inside: bool,
    },
    Text(Operator, Box<str>),
    Like {
        pattern: &'b Pattern,
        matches: bool,
    },
}

/// The comparison that `node` amounts to on the column of `slot`, if it is so simple.
pub(super) fn quick<'b>(
    run: &Run<'b>,
    node: &'b Node,
    slot: Slot,
) -> Result<Option<Quick<'b>>, FilterError> {
    let Node::Compare(compare) = node else {
        return Ok(None);
    };
    let field_of = |kind: &TermKind| match kind {
        TermKind::Column { join: BASE, field } => run.bound.joins[BASE].field(*field),
        _ => None,
    };
    let is_text = |field: &Field| {
        matches!(
            field.kind,
            FieldKind::Text(_) | FieldKind::Editor(_) | FieldKind::Email(_) | FieldKind::Url(_)
        )
    };
    if let Operator::Like | Operator::NotLike = compare.operator {
        let is_plain = !compare.left.lower && compare.visible.is_empty();
        let on_text = field_of(&compare.left.kind).is_some_and(is_text);
        return Ok(match &compare.right.kind {
            TermKind::Literal { pattern, .. } if is_plain && on_text => {
                let matches = compare.operator == Operator::Like;
                Some(Quick::Like { pattern, matches })
            }
            _ => None,
        });
    }
    let Some((operator, value)) = sole_fact(run, node, slot)? else {
        return Ok(None);
    };
    let Some(field) = run.bound.joins[BASE].collection.as_ref().and_then(|c| c.field_at(slot))
    else {
        return Ok(None);
    };
    Ok(match (&field.kind, &value) {
        (FieldKind::Number(_), Scalar::Int(_) | Scalar::Real(_)) => {
            Some(Quick::Number(operator, value))
        }
        (FieldKind::Date(_) | FieldKind::Autodate(_), Scalar::Text(text)) => {
            Some(dates(operator, text))
        }
        (_, Scalar::Text(text)) if is_text(field) => {
            Some(Quick::Text(operator, text.clone().into_owned().into()))
        }
        _ => None,
    })
}

/// The dates whose text compares so with `text`.
fn dates(operator: Operator, text: &str) -> Quick<'static> {
    let (first_equal, first_above) =
        (first_date(|date| date >= text.as_bytes()), first_date(|date| date > text.as_bytes()));
    let (from, below, inside) = match operator {
        Operator::Less => (i64::MIN, first_equal, true),
        Operator::LessEqual => (i64::MIN, first_above, true),
        Operator::Greater => (i64::MIN, first_above, false),
        Operator::GreaterEqual => (i64::MIN, first_equal, false),
        Operator::NotEqual => (first_equal, first_above, false),
        _ => (first_equal, first_above, true),
    };
    Quick::Dates { from, below, inside }
}

/// The first value of a column of dates whose text passes, where all after it do, too.
fn first_date(passes: impl Fn(&[u8]) -> bool) -> i64 {
    if passes(b"") {
        return NO_DATE;
    }
    let (mut low, mut high) =
        (Timestamp::from_millis(i64::MIN).millis(), Timestamp::from_millis(i64::MAX).millis() + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        if passes(&Timestamp::from_millis(middle).to_text()) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// Takes out of `mask` what does not compare so.
pub(super) fn narrow_numbers(
    operator: Operator,
    value: &Scalar<'_>,
    words: &[u64],
    mask: &mut Mask,
) {
    // Every constant that a key range can stand for is a double without loss.
    let value = match value {
        Scalar::Int(int) => *int as f64,
        Scalar::Real(real) => *real,
        Scalar::Null | Scalar::Text(_) => return,
    };
    let number = f64::from_bits;
    match operator {
        Operator::Less => narrow_words(words, mask, |word| number(word) < value),
        Operator::LessEqual => narrow_words(words, mask, |word| number(word) <= value),
        Operator::Greater => narrow_words(words, mask, |word| number(word) > value),
        Operator::GreaterEqual => narrow_words(words, mask, |word| number(word) >= value),
        Operator::NotEqual => narrow_words(words, mask, |word| number(word) != value),
        _ => narrow_words(words, mask, |word| number(word) == value),
    }
}

/// Whether a number compares so.
pub(super) fn compares(operator: Operator, number: f64, value: &Scalar<'_>) -> bool {
    satisfies(operator, Scalar::Real(number).cmp(value))
}

/// Takes out of `mask` what does not pass.
pub(super) fn narrow_words(words: &[u64], mask: &mut Mask, passes: impl Fn(u64) -> bool) {
    for (word, values) in mask.iter_mut().zip(words.chunks_exact(64)) {
        if *word != 0 {
            let mut passed = 0u64;
            for (bit, value) in values.iter().enumerate() {
                passed |= u64::from(passes(*value)) << bit;
            }
            *word &= passed;
        }
    }
}

/// Whether an operator holds for an ordering.
pub(super) fn satisfies(operator: Operator, ordering: Ordering) -> bool {
    match operator {
        Operator::Less => ordering.is_lt(),
        Operator::LessEqual => ordering.is_le(),
        Operator::Greater => ordering.is_gt(),
        Operator::GreaterEqual => ordering.is_ge(),
        Operator::NotEqual => ordering.is_ne(),
        _ => ordering.is_eq(),
    }
}

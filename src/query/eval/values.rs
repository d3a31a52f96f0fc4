//! The value of a term in an environment.

use std::borrow::Cow;

use crate::model::{Cell, Row, Scalar};
use crate::query::FilterError;
use crate::query::bound::{BASE, JoinId, Term, TermKind};
use crate::query::column::scalar;
use crate::query::compare::{Affinity, to_text};
use crate::query::functions::{distance, strftime};
use crate::query::json::extract;
use crate::query::like::Pattern;
use crate::schema::{Field, FieldKind};

use super::{Binding, Env, Meaning, Run};

/// Doubles at or beyond this have no integer form.
const INT_LIMIT: f64 = 9_223_372_036_854_775_808.0;

impl Run<'_> {
    /// Looks up the single-valued rows that `term` reads, so that [`Run::value`] finds them.
    pub(in crate::query) fn prepare(
        &self,
        term: &Term,
        env: &mut Env<'_>,
    ) -> Result<(), FilterError> {
        match &term.kind {
            TermKind::Null | TermKind::Literal { .. } | TermKind::Parameter(_) => Ok(()),
            TermKind::Column { join, .. }
            | TermKind::Json { join, .. }
            | TermKind::Length { join, .. }
            | TermKind::Item { join } => self.ensure(*join, env),
            TermKind::Changed { compare, .. } => {
                self.prepare(&compare.left, env)?;
                self.prepare(&compare.right, env)
            }
            TermKind::Strftime(call) => {
                call.time.as_ref().map_or(Ok(()), |time| self.prepare(time, env))
            }
            TermKind::Distance(terms) => terms.iter().try_for_each(|term| self.prepare(term, env)),
        }
    }

    /// The value of a prepared term.
    pub(in crate::query) fn value<'e>(&'e self, term: &'e Term, env: &'e Env<'_>) -> Scalar<'e> {
        let value = match &term.kind {
            TermKind::Null => Scalar::Null,
            TermKind::Literal { value, .. } => value.by_ref(),
            TermKind::Parameter(index) => self.parameters[*index].scalar.by_ref(),
            TermKind::Column { join, field } => match self.field_of(*join, *field, env) {
                Some((field, row)) => self.column(field, row),
                None => Scalar::Null,
            },
            TermKind::Json { join, field, path } => match self.field_of(*join, *field, env) {
                Some((field, row)) => json_value(field, row, path),
                None => Scalar::Null,
            },
            TermKind::Length { join, field } => match self.field_of(*join, *field, env) {
                Some((field, row)) => Scalar::Int(length(field, row)),
                None => Scalar::Int(0),
            },
            TermKind::Item { join } => match &env.bindings[*join] {
                Binding::Item(item) => item.by_ref(),
                _ => Scalar::Null,
            },
            TermKind::Changed { is_set, compare } => {
                let is_set = self.parameters[*is_set].scalar == Scalar::Int(1);
                let (left, right) =
                    (self.value(&compare.left, env), self.value(&compare.right, env));
                let differs = self.compare(compare, left, right, Meaning::PLAIN) == Some(true);
                Scalar::Int((is_set && differs).into())
            }
            TermKind::Strftime(call) => {
                let time = call.time.as_ref().map(|time| self.value(time, env));
                strftime(&call.format, time.as_ref(), &call.modifiers, self.now)
            }
            TermKind::Distance(terms) => {
                distance([0, 1, 2, 3].map(|at| self.value(&terms[at], env)))
            }
        };
        if term.lower { lowered(value) } else { value }
    }

    /// Number columns show whole numbers as integers, which matters where they become text.
    fn column<'e>(&self, field: &'e Field, row: Row<'e>) -> Scalar<'e> {
        match scalar(field, row) {
            Scalar::Real(real)
                if !self.is_virtual && real.fract() == 0.0 && real.abs() < INT_LIMIT =>
            {
                Scalar::Int(real as i64)
            }
            other => other,
        }
    }

    fn field_of<'e>(
        &'e self,
        join: JoinId,
        field: usize,
        env: &'e Env<'_>,
    ) -> Option<(&'e Field, Row<'e>)> {
        let row = row_of(join, env)?;
        Some((self.bound.joins[join].field(field)?, row))
    }

    /// The affinity that a term brings into a comparison.
    pub(super) fn affinity(&self, term: &Term) -> Affinity {
        match term.kind {
            TermKind::Column { join: BASE, .. } if self.is_virtual => Affinity::None,
            _ => term.affinity,
        }
    }

    /// Whether the bool `field` of the row of `join` is on.
    pub(super) fn is_visible(&self, join: JoinId, field: usize, env: &Env<'_>) -> bool {
        self.field_of(join, field, env)
            .is_some_and(|(field, row)| row.cell(field.slot) == Cell::True)
    }

    /// Whether `left` is like `right`, the value of the term `pattern`.
    pub(super) fn like(
        &self,
        left: &Scalar<'_>,
        pattern: &Term,
        right: &Scalar<'_>,
    ) -> Option<bool> {
        if left.is_null() || right.is_null() {
            return None;
        }
        let left = to_text(left.by_ref());
        let Scalar::Text(left) = &left else {
            return None;
        };
        match &pattern.kind {
            TermKind::Literal { pattern, .. } => Some(pattern.matches(left)),
            TermKind::Parameter(index) => Some(self.parameters[*index].pattern().matches(left)),
            kind => {
                let right = to_text(right.by_ref());
                let Scalar::Text(right) = &right else {
                    return None;
                };
                let pattern = match kind {
                    TermKind::Strftime(_) => Pattern::parse(right),
                    _ => Pattern::of_column(right),
                };
                Some(pattern.matches(left))
            }
        }
    }
}

/// The row that a join is bound to.
pub(super) fn row_of<'e>(join: JoinId, env: &'e Env<'_>) -> Option<Row<'e>> {
    if join == BASE {
        return env.base;
    }
    match &env.bindings[join] {
        Binding::Row(row) => Some(row.as_row()),
        _ => None,
    }
}

fn json_value<'e>(field: &Field, row: Row<'e>, path: &[crate::query::bound::Step]) -> Scalar<'e> {
    match (&field.kind, scalar(field, row)) {
        (_, Scalar::Text(Cow::Borrowed(text))) => extract(text, path),
        (_, Scalar::Text(Cow::Owned(text))) => extract(&text, path).into_owned(),
        (_, other) => other,
    }
}

/// How many items a select, file or relation field has.
fn length(field: &Field, row: Row<'_>) -> i64 {
    match row.cell(field.slot) {
        Cell::Text(text, _) => (!text.is_empty()).into(),
        Cell::List(list) => list.len() as i64,
        _ => 0,
    }
}

fn lowered(value: Scalar<'_>) -> Scalar<'_> {
    match to_text(value) {
        Scalar::Text(text) if text.bytes().any(|byte| byte.is_ascii_uppercase()) => {
            Scalar::Text(text.to_ascii_lowercase().into())
        }
        other => other,
    }
}

/// Whether the items of a field kind are ids, texts or names, one per row.
pub(super) fn items(field: &Field, row: Row<'_>) -> Vec<Scalar<'static>> {
    let owned = |text: &str| Scalar::Text(Cow::Owned(text.to_owned()));
    match row.cell(field.slot) {
        Cell::Text(text, _) => vec![owned(text)],
        Cell::List(list) => list.iter().map(owned).collect(),
        // A single field counts as one item even when it is empty.
        Cell::Zero if !field.kind.is_multiple() => vec![owned("")],
        _ => Vec::new(),
    }
}

/// The id that a single relation holds; `None` when it holds none.
pub(super) fn related_id<'e>(field: &Field, row: Row<'e>) -> Option<&'e str> {
    debug_assert!(matches!(field.kind, FieldKind::Relation(_)), "only relations hold ids");
    match row.cell(field.slot) {
        Cell::Text(id, _) if !id.is_empty() => Some(id),
        _ => None,
    }
}

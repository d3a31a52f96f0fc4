//! Paths over fields: relations, back-relations, JSON documents and modifiers.

use crate::schema::{Field, FieldKind};

use super::super::FilterError;
use super::super::bound::{JoinId, JoinKind, Step, Term, TermKind};
use super::super::compare::Affinity;
use super::{Binder, Modifier, plain, split_modifier, unknown};

/// Relations that one path may follow.
const HOPS_MAX: usize = 6;

impl Binder<'_> {
    /// A path that starts at the row of `join`. `multi` says whether it is multi-valued before its
    /// first element; `lenient` paths give null for unknown names.
    pub(super) fn path(
        &mut self,
        mut join: JoinId,
        props: &[&str],
        mut multi: bool,
        lenient: bool,
    ) -> Result<Term, FilterError> {
        let Some((last, inner)) = props.split_last() else {
            return Err(unknown("an empty path"));
        };
        for (at, prop) in inner.iter().enumerate() {
            let Some(collection) = self.bound.joins[join].collection.clone() else {
                return Err(unknown(prop));
            };
            let position = collection.fields.iter().position(|field| field.name == *prop);
            let Some((position, field)) = position.map(|at| (at, &collection.fields[at])) else {
                Self::check_hops(at, prop)?;
                match self.back_relation(join, prop, &mut multi)? {
                    Some(next) => join = next,
                    None if lenient => return Ok(plain(TermKind::Null)),
                    None => return Err(unknown(prop)),
                }
                continue;
            };
            self.check_hidden(field)?;
            if matches!(field.kind, FieldKind::Json(_) | FieldKind::GeoPoint) {
                let path = props[at + 1..].iter().map(|prop| step(prop)).collect();
                let kind = TermKind::Json { join, field: position, path };
                return Ok(Term { strict: true, ..self.on_row(join, kind, Affinity::None, multi) });
            }
            Self::check_hops(at, prop)?;
            let Some(relation) = field.relation() else {
                return Err(FilterError::Unknown(format!("{prop} is not a relation")));
            };
            let target = self.catalog.by_id(relation.collection_id.as_str());
            let target = target.ok_or_else(|| unknown(prop))?.clone();
            let is_multiple = field.kind.is_multiple();
            if !is_multiple && at + 1 == inner.len() && *last == "id" {
                return self.last(join, prop, multi, lenient);
            }
            join = if is_multiple {
                multi = true;
                let items = self.join(Some(join), JoinKind::Items { field: position }, None)?;
                self.join(Some(items), JoinKind::ItemRecord, Some(&target))?
            } else {
                self.join(Some(join), JoinKind::Single { field: position }, Some(&target))?
            };
        }
        self.last(join, last, multi, lenient)
    }

    fn check_hops(at: usize, prop: &str) -> Result<(), FilterError> {
        if at < HOPS_MAX {
            return Ok(());
        }
        Err(FilterError::Limit(format!("more than {HOPS_MAX} relations in a row at {prop}")))
    }

    fn check_hidden(&self, field: &Field) -> Result<(), FilterError> {
        if field.hidden && self.scope.restricted { Err(unknown(&field.name)) } else { Ok(()) }
    }

    /// Follows `collection_via_field` from the row of `join`; `None` when `prop` is no such thing.
    fn back_relation(
        &mut self,
        join: JoinId,
        prop: &str,
        multi: &mut bool,
    ) -> Result<Option<JoinId>, FilterError> {
        // Names may hold `_via_` themselves; the last one counts.
        let Some((owner, name)) = prop.rsplit_once("_via_") else {
            return Ok(None);
        };
        let (Some(owner), Some(here)) =
            (self.catalog.find(owner).cloned(), self.bound.joins[join].collection.clone())
        else {
            return Ok(None);
        };
        let Some(position) = owner.fields.iter().position(|field| field.name == name) else {
            return Ok(None);
        };
        let field = &owner.fields[position];
        if field.relation().is_none_or(|relation| relation.collection_id != here.id) {
            return Ok(None);
        }
        self.check_hidden(field)?;
        *multi |= field.kind.is_multiple() || owner.single_unique_index(field).is_none();
        self.join(Some(join), JoinKind::Back { field: position }, Some(&owner)).map(Some)
    }

    /// The last element of a path: a field with an optional modifier.
    fn last(
        &mut self,
        join: JoinId,
        prop: &str,
        multi: bool,
        lenient: bool,
    ) -> Result<Term, FilterError> {
        let (name, modifier) = split_modifier(prop)?;
        let Some(collection) = self.bound.joins[join].collection.clone() else {
            return Err(unknown(prop));
        };
        let Some(position) = collection.fields.iter().position(|field| field.name == name) else {
            return if lenient { Ok(plain(TermKind::Null)) } else { Err(unknown(name)) };
        };
        let field = &collection.fields[position];
        self.check_hidden(field)?;
        if is_countable(&field.kind) {
            if modifier == Modifier::Length {
                let kind = TermKind::Length { join, field: position };
                return Ok(self.on_row(join, kind, Affinity::None, multi));
            }
            if modifier == Modifier::Each {
                let multi = multi || field.kind.is_multiple();
                let items = self.join(Some(join), JoinKind::Items { field: position }, None)?;
                let kind = TermKind::Item { join: items };
                return Ok(self.on_row(items, kind, Affinity::None, multi));
            }
        }
        if self.scope.restricted && name == "email" && collection.is_auth() {
            let shown = collection.fields.iter().position(|field| field.name == "emailVisibility");
            self.visible.push((join, shown.ok_or_else(|| unknown(name))?));
        }
        let lower = modifier == Modifier::Lower;
        let affinity = if lower { Affinity::None } else { affinity(&field.kind) };
        let (kind, strict) = match field.kind {
            FieldKind::Json(_) => {
                (TermKind::Json { join, field: position, path: Vec::new() }, true)
            }
            _ => (TermKind::Column { join, field: position }, false),
        };
        Ok(Term { lower, strict, ..self.on_row(join, kind, affinity, multi) })
    }

    /// A term that reads the row or item of `join`.
    pub(super) fn on_row(
        &self,
        join: JoinId,
        kind: TermKind,
        affinity: Affinity,
        multi: bool,
    ) -> Term {
        let Some(source) = self.bound.joins.get(join) else {
            return plain(kind);
        };
        let (needs, on_base) = (source.needs, source.on_base);
        Term { affinity, multi, needs, on_base, ..plain(kind) }
    }
}

/// Whether `:length` and `:each` mean something for the kind.
pub(super) fn is_countable(kind: &FieldKind) -> bool {
    matches!(kind, FieldKind::Select(_) | FieldKind::File(_) | FieldKind::Relation(_))
}

fn affinity(kind: &FieldKind) -> Affinity {
    match kind {
        FieldKind::Json(_) => Affinity::None,
        FieldKind::Number(_) | FieldKind::Bool | FieldKind::GeoPoint => Affinity::Numeric,
        _ if kind.is_multiple() => Affinity::Numeric,
        _ => Affinity::Text,
    }
}

fn step(prop: &str) -> Step {
    match prop.parse() {
        Ok(index) => Step::Index(index),
        Err(_) => Step::Key(prop.replace(':', "")),
    }
}

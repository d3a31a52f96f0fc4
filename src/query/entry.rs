//! What a row contributes to each index of its collection.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::model::key::KeyWriter;
use crate::model::{Row, Scalar};
use crate::schema::{
    Collate, Collection, Comparison, Condition, Constant, Field, FieldKind, Index,
};

use super::IndexTree;
use super::column::scalar;

/// The key of one row in one index, without the rowid that non-unique trees append.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IndexKey {
    /// The encoded columns.
    pub bytes: Vec<u8>,
    /// Whether a column is null; such a key never conflicts in a unique index.
    pub has_null: bool,
}

/// Every index tree that `collection` keeps.
pub fn trees(collection: &Collection) -> Vec<IndexTree> {
    let declared = collection.indexes.iter().map(|index| IndexTree::Declared(index.number));
    let implied = collection.fields.iter().filter_map(implied_tree);
    declared.chain(implied).collect()
}

/// The index tree kept for `field` without being declared.
pub fn implied_tree(field: &Field) -> Option<IndexTree> {
    match &field.kind {
        FieldKind::Relation(_) => Some(IndexTree::Relation(field.slot)),
        FieldKind::Autodate(options) if options.on_create && !options.on_update => {
            Some(IndexTree::Autodate(field.slot))
        }
        _ => None,
    }
}

/// The key of `row` in a declared index; `None` when the index's condition leaves the row out.
pub fn declared_key(collection: &Collection, index: &Index, row: Row<'_>) -> Option<IndexKey> {
    let takes_part = index.condition.as_ref().is_none_or(|c| holds(collection, c, row));
    if !takes_part {
        return None;
    }
    let mut writer = KeyWriter::new();
    let mut has_null = false;
    for column in &index.columns {
        let value = match collection.field_at(column.slot) {
            Some(field) => collated(column.collate, scalar(field, row)),
            None => Scalar::Null,
        };
        has_null |= value.is_null();
        writer.push(&value);
    }
    Some(IndexKey { bytes: writer.finish(), has_null })
}

/// The keys of `row` in the index kept for `field`: one per distinct related id, or one date.
pub fn implied_keys(field: &Field, row: Row<'_>) -> Vec<Vec<u8>> {
    let key = |value: &Scalar<'_>| {
        let mut writer = KeyWriter::new();
        writer.push(value);
        writer.finish()
    };
    match field.kind {
        FieldKind::Relation(_) => {
            let value = row.value(field.slot, field.kind.zero());
            let mut keys: Vec<_> = value.items().iter().map(|id| key(&Scalar::text(id))).collect();
            keys.sort();
            keys.dedup();
            keys
        }
        _ => vec![key(&scalar(field, row))],
    }
}

/// `value` as an index with this collation stores it.
pub fn collated(collate: Collate, value: Scalar<'_>) -> Scalar<'_> {
    match (collate, value) {
        (Collate::NoCase, Scalar::Text(text)) if text.bytes().any(|b| b.is_ascii_uppercase()) => {
            Scalar::Text(Cow::Owned(text.to_ascii_lowercase()))
        }
        (Collate::Rtrim, Scalar::Text(text)) if text.ends_with(' ') => {
            Scalar::Text(Cow::Owned(text.trim_end_matches(' ').to_owned()))
        }
        (_, value) => value,
    }
}

/// Whether a partial index's condition holds for `row`.
fn holds(collection: &Collection, condition: &Condition, row: Row<'_>) -> bool {
    let value = |slot| collection.field_at(slot).map_or(Scalar::Null, |field| scalar(field, row));
    match condition {
        Condition::All(all) => all.iter().all(|c| holds(collection, c, row)),
        Condition::Any(any) => any.iter().any(|c| holds(collection, c, row)),
        Condition::IsNull(slot) => value(*slot).is_null(),
        Condition::IsNotNull(slot) => !value(*slot).is_null(),
        Condition::Compare(slot, comparison, constant) => {
            let left = value(*slot);
            let right = constant_like(&left, constant);
            !left.is_null() && comparison_holds(*comparison, left.cmp(&right))
        }
    }
}

/// The constant in the class of the column it is compared with, where it converts without loss.
pub(super) fn constant_like<'a>(column: &Scalar<'_>, constant: &'a Constant) -> Scalar<'a> {
    match (column, constant) {
        (Scalar::Text(_), Constant::Number(number)) => Scalar::Text(number.to_string().into()),
        (Scalar::Int(_) | Scalar::Real(_), Constant::Text(text)) => {
            text.trim().parse().map_or(Scalar::text(text), Scalar::Real)
        }
        (_, Constant::Number(number)) => Scalar::Real(*number),
        (_, Constant::Text(text)) => Scalar::text(text),
    }
}

pub(super) fn comparison_holds(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterEqual => ordering.is_ge(),
    }
}

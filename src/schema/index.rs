//! Index definitions: SQL text as the API shows it, and what was understood of it.

use crate::model::Slot;

use super::{Collection, Field};

/// The stable number of an index within its collection; names its tree in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexNumber(pub u32);

/// One index of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Index {
    /// Its tree. Assigned by the server, never shown.
    pub number: IndexNumber,
    /// The definition as the API returns it.
    pub text: String,
    /// Its name, unique among all collections without regard to case.
    pub name: String,
    /// Whether two records may not share a key. A key with a null in it never conflicts.
    pub unique: bool,
    /// The indexed columns in order; never empty.
    pub columns: Vec<IndexColumn>,
    /// Only rows for which this holds take part.
    pub condition: Option<Condition>,
}

/// One column of an index.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexColumn {
    /// The indexed field.
    pub slot: Slot,
    /// How texts are compared.
    pub collate: Collate,
}

/// How an index compares texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collate {
    /// By bytes.
    Binary,
    /// A to Z as a to z.
    NoCase,
    /// Without trailing spaces.
    Rtrim,
}

/// The `WHERE` of a partial index, as far as it is understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// All hold.
    All(Vec<Condition>),
    /// Any holds.
    Any(Vec<Condition>),
    /// The column's scalar compares so with the constant; a null column never does.
    Compare(Slot, Comparison, Constant),
    /// `IS NULL`.
    IsNull(Slot),
    /// `IS NOT NULL`.
    IsNotNull(Slot),
}

/// A comparison in a [`Condition`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `!=` or `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

/// A constant in a [`Condition`].
#[derive(Debug, Clone, PartialEq)]
pub enum Constant {
    /// A number.
    Number(f64),
    /// Text.
    Text(String),
}

impl Index {
    /// Whether this is unique over `field` alone; a condition or a collation does not matter.
    pub fn is_single_unique(&self, field: &Field) -> bool {
        self.unique && self.columns.len() == 1 && self.columns[0].slot == field.slot
    }
}

impl Collection {
    /// The index called `name`, without regard to case.
    pub fn index(&self, name: &str) -> Option<&Index> {
        self.indexes.iter().find(|index| index.name.eq_ignore_ascii_case(name))
    }
}

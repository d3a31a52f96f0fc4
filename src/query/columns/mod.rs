//! Columns of large collections in memory, for filters and sorts that no index serves.
//!
//! Owns: [`Columns`], the tables and answers in it, and conditions tested on them. A *table* has some columns of
//! all rows of one collection as of one moment, in chunks of 4,096 rowids: doubles and dates as they
//! are, everything else as codes of a dictionary. What a condition says of one field is asked once
//! for each code, by the same evaluation that tests rows, on a row that has nothing but that field.
//! The first list that needs a column reads it in; later ones bring it up to date with the rows that
//! the log of changes names.
//! Answers of long lists are kept by what was asked and the last changes of all collections read, so
//! that many who ask the same at the same time cause one run.
//! Invariants: a table is never changed once shared, and is used only for the very state of its
//! collection that it shows: same definition, same last change, same number of rows. What is kept
//! stays within the budget; what does not fit is scanned. An answer never depends on what is kept.
//! Start reading at [`Columns`], then `cache.rs`; conditions are in `program.rs`.

mod answers;
mod cache;
mod dictionary;
mod history;
mod leaf;
mod program;
mod quick;
mod table;
mod top;

use std::sync::Mutex;

use super::{ReadError, Visit};
use crate::model::RowId;

pub(super) use answers::Question;
pub(super) use cache::Effort;
pub(super) use program::Program;
pub(super) use table::{CHUNK, Mask, Table};
pub(super) use top::Top;

/// Columns kept between queries over one store. All of its methods can be called at once.
#[derive(Debug, Default)]
pub struct Columns {
    /// Bytes at most; 0 = nothing is kept.
    budget: usize,
    state: Mutex<cache::State>,
    building: cache::Building,
    pub(super) answers: answers::Answers,
}

impl Columns {
    /// Nothing yet, and never more than `budget` bytes of columns. 0 switches it off.
    pub fn new(budget: usize) -> Self {
        Self { budget, ..Self::default() }
    }
}

/// The log of changes up to one moment.
pub trait Log {
    /// The sequence of the last change; 0 when there never was one.
    fn last_change(&self) -> u64;

    /// Shows sequence, collection id and rowid of the changes after `after` in order. Old ones may
    /// be missing at the beginning.
    fn changes_after(
        &self,
        after: u64,
        visit: &mut dyn FnMut(u64, &str, RowId) -> Visit,
    ) -> Result<(), ReadError>;
}

/// What is kept between queries, and which moment they are about.
#[derive(Clone, Copy)]
pub struct Kept<'a> {
    /// What is kept.
    pub columns: &'a Columns,
    /// The log up to the moment of the rows.
    pub log: &'a dyn Log,
}

impl std::fmt::Debug for Kept<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kept").field("columns", self.columns).finish_non_exhaustive()
    }
}

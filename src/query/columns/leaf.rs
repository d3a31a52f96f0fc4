//! Conditions on one column.

use std::collections::HashMap;

use super::dictionary::{Dictionary, Unhashed};
use super::quick::{Quick, compares, narrow_numbers, narrow_words, quick, satisfies};
use super::table::{ColumnKind, Lane, Mask, NO_DATE, Table};
use crate::model::row::{cell_text, write_one_cell};
use crate::model::{Cell, Row, Slot, Timestamp, Value};
use crate::query::FilterError;
use crate::query::bound::Node;
use crate::query::eval::Run;

/// Verdicts of codes.
const UNKNOWN: u8 = 0;
const FAILS: u8 = 1;
const HOLDS: u8 = 2;

/// Values of a column of numbers or dates whose verdicts are remembered.
const REMEMBERED_MAX: usize = 65_536;
/// Bytes of cells whose verdicts are remembered.
const CELL_BYTES_MAX: usize = 4 << 20;
/// Comparisons of texts in the time of one evaluation.
const QUICK_PART: u64 = 8;
/// Cells that are remembered before that is given up.
const TRIED_MIN: usize = 1024;

/// Conjuncts that depend on the column of one field only.
#[derive(Debug)]
pub(super) struct Leaf<'b> {
    pub(super) slot: Slot,
    nodes: Vec<&'b Node>,
    quick: Option<Quick<'b>>,
    /// By code.
    verdicts: Vec<u8>,
    /// By the bits of a number or date.
    remembered: HashMap<u64, bool, Unhashed>,
    /// By cell, where rows are tested one by one.
    memory: Option<Memory>,
    /// The row with one field that nodes are asked about.
    row: Vec<u8>,
}

/// Verdicts on the cells that came so far.
#[derive(Debug, Default)]
struct Memory {
    verdicts: HashMap<Box<[u8]>, bool>,
    /// How often a cell came again.
    hits: usize,
    bytes: usize,
}

impl Memory {
    fn get(&mut self, cell: &[u8]) -> Option<bool> {
        let known = self.verdicts.get(cell).copied();
        self.hits += usize::from(known.is_some());
        known
    }

    /// Keeps a verdict; false when that is of no use.
    fn keep(&mut self, cell: &[u8], holds: bool) -> bool {
        self.verdicts.insert(cell.into(), holds);
        self.bytes += cell.len();
        let len = self.verdicts.len();
        let is_full = len > REMEMBERED_MAX || self.bytes > CELL_BYTES_MAX;
        !is_full && (len < TRIED_MIN || self.hits > len / 2)
    }
}

impl<'b> Leaf<'b> {
    pub(super) fn new(
        run: &Run<'b>,
        slot: Slot,
        nodes: Vec<&'b Node>,
    ) -> Result<Self, FilterError> {
        let quick = match nodes.as_slice() {
            [node] => quick(run, node, slot)?,
            _ => None,
        };
        Ok(Self {
            slot,
            nodes,
            quick,
            verdicts: Vec::new(),
            remembered: HashMap::default(),
            memory: Some(Memory::default()),
            row: Vec::new(),
        })
    }

    /// Evaluations that are made at most; a comparison of texts counts as a part of one.
    pub(super) fn evaluations(&self, table: &Table) -> u64 {
        match (&self.quick, table.column(self.slot).map(|column| &column.kind)) {
            (Some(_), Some(ColumnKind::Cells(dictionary))) => dictionary.len() as u64 / QUICK_PART,
            (None, Some(ColumnKind::Cells(dictionary))) => dictionary.len() as u64,
            (None, _) => table.rows(),
            _ => 0,
        }
    }

    pub(super) fn narrow(
        &mut self,
        run: &Run<'b>,
        table: &Table,
        chunk: usize,
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        let Some(column) = table.column(self.slot) else {
            // Plans are made for tables that have all columns.
            return Err(FilterError::Limit("a column went missing".to_owned()));
        };
        match (column.lane(chunk), &column.kind, &self.quick) {
            (Lane::Codes(codes), ColumnKind::Cells(dictionary), _) => {
                self.narrow_codes(run, dictionary, codes, mask)
            }
            (Lane::Words(words), _, Some(Quick::Number(operator, value))) => {
                narrow_numbers(*operator, value, words, mask);
                Ok(())
            }
            (Lane::Words(words), _, Some(Quick::Dates { from, below, inside })) => {
                let (from, below) = (*from, *below);
                narrow_words(words, mask, |word| (from..below).contains(&(word as i64)) == *inside);
                Ok(())
            }
            (Lane::Words(words), kind, _) => self.narrow_others(run, kind, words, mask),
            (Lane::Codes(_), ..) => Ok(*mask = [0; _]),
        }
    }

    fn narrow_codes(
        &mut self,
        run: &Run<'b>,
        dictionary: &Dictionary,
        codes: &[u32],
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        self.verdicts.resize(dictionary.len(), UNKNOWN);
        for (word, codes) in mask.iter_mut().zip(codes.chunks_exact(64)) {
            if *word == 0 {
                continue;
            }
            let (mut passed, mut unknown) = (0u64, 0u64);
            for (bit, code) in codes.iter().enumerate() {
                let verdict = self.verdicts[*code as usize];
                passed |= u64::from(verdict == HOLDS) << bit;
                unknown |= u64::from(verdict == UNKNOWN) << bit;
            }
            unknown &= *word;
            while unknown != 0 {
                let bit = unknown.trailing_zeros();
                unknown &= unknown - 1;
                let code = codes[bit as usize];
                if self.verdicts[code as usize] == UNKNOWN {
                    let holds = self.ask(run, dictionary.cell(code))?;
                    self.verdicts[code as usize] = if holds { HOLDS } else { FAILS };
                }
                passed |= u64::from(self.verdicts[code as usize] == HOLDS) << bit;
            }
            *word &= passed;
        }
        Ok(())
    }

    /// Whether rows with this cell pass.
    fn ask(&mut self, run: &Run<'b>, cell: &[u8]) -> Result<bool, FilterError> {
        let text = || cell_text(cell).unwrap_or_default();
        match &self.quick {
            Some(Quick::Text(operator, value)) => {
                Ok(satisfies(*operator, text().as_bytes().cmp(value.as_bytes())))
            }
            Some(Quick::Like { pattern, matches }) => Ok(pattern.matches(text()) == *matches),
            _ => {
                run.look()?;
                self.evaluate(run, cell)
            }
        }
    }

    /// Whether a row passes, for those who have no table.
    pub(super) fn holds(&mut self, run: &Run<'b>, row: Row<'_>) -> Result<bool, FilterError> {
        match (&self.quick, row.cell(self.slot)) {
            (Some(Quick::Number(operator, value)), Cell::Number(number)) => {
                return Ok(compares(*operator, number, value));
            }
            (Some(Quick::Number(operator, value)), Cell::Zero) => {
                return Ok(compares(*operator, 0.0, value));
            }
            (Some(Quick::Dates { from, below, inside }), cell @ (Cell::Date(_) | Cell::Zero)) => {
                let date = if let Cell::Date(date) = cell { date.millis() } else { NO_DATE };
                return Ok((*from..*below).contains(&date) == *inside);
            }
            _ => {}
        }
        let cell = row.cell_bytes(self.slot);
        if let Some(Quick::Text(..) | Quick::Like { .. }) = &self.quick {
            return self.ask(run, cell);
        }
        let Some(memory) = &mut self.memory else {
            return self.evaluate(run, cell);
        };
        if let Some(known) = memory.get(cell) {
            return Ok(known);
        }
        let holds = self.evaluate(run, cell)?;
        if let Some(memory) = &mut self.memory
            && !memory.keep(cell, holds)
        {
            // Cells that hardly ever come again are not worth remembering.
            self.memory = None;
        }
        Ok(holds)
    }

    fn evaluate(&mut self, run: &Run<'b>, cell: &[u8]) -> Result<bool, FilterError> {
        write_one_cell(&mut self.row, self.slot, cell);
        let mut env = run.env(Some(Row::new(&self.row)));
        run.all_hold(self.nodes.iter().copied(), &mut env)
    }

    /// Evaluates numbers or dates, each value once while there are not too many.
    fn narrow_others(
        &mut self,
        run: &Run<'b>,
        kind: &ColumnKind,
        words: &[u64],
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        for (word, values) in mask.iter_mut().zip(words.chunks_exact(64)) {
            let mut open = *word;
            while open != 0 {
                let bit = open.trailing_zeros();
                open &= open - 1;
                let value = values[bit as usize];
                // The bits of whole numbers differ in the high half only, which hashing must reach.
                let key = value.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
                let holds = match self.remembered.get(&key) {
                    Some(holds) => *holds,
                    None => {
                        run.look()?;
                        let holds = self.evaluate_word(run, kind, value)?;
                        if self.remembered.len() < REMEMBERED_MAX {
                            self.remembered.insert(key, holds);
                        }
                        holds
                    }
                };
                if !holds {
                    *word &= !(1 << bit);
                }
            }
        }
        Ok(())
    }

    fn evaluate_word(
        &mut self,
        run: &Run<'b>,
        kind: &ColumnKind,
        word: u64,
    ) -> Result<bool, FilterError> {
        let value = match kind {
            ColumnKind::Dates if word as i64 == NO_DATE => Value::Date(None),
            ColumnKind::Dates => Value::Date(Some(Timestamp::from_millis(word as i64))),
            _ => Value::Number(f64::from_bits(word)),
        };
        let mut writer = crate::model::RowWriter::new(self.slot.0 + 1);
        writer.set(self.slot, &value);
        let row = writer.finish();
        let cell = row.as_row().cell_bytes(self.slot);
        self.evaluate(run, cell)
    }
}

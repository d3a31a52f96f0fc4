//! Finding rows by several ranges at once: alternatives, and conditions on related records.
//!
//! A lookup finds at least every row for which some part of the condition can hold. It starts at
//! the indexes that narrow most, in whichever collection they are, and follows relations from
//! there to the rows that are wanted.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowId, Scalar, Slot};
use crate::query::ast::Operator;
use crate::query::bound::{BASE, Bound, JoinId, JoinKind, Node};
use crate::query::eval::Run;
use crate::query::{Direction, FilterError, IndexTree, ReadError, Rows};
use crate::schema::{Collection, Field};

use super::facts::{Fact, alternatives, fact};
use super::range::candidates;

/// A way to find rows of one collection.
#[derive(Debug, Clone)]
pub(super) enum Lookup {
    /// The record with this id.
    Record { collection: Arc<Collection>, id: String },
    /// Those that an index has in a range.
    Range { collection: Arc<Collection>, index: String, tree: IndexTree, range: KeyRange, rank: u8 },
    /// Those that any of these finds.
    Any(Vec<Lookup>),
    /// Those whose relation holds a record that `of` finds.
    Holding { collection: Arc<Collection>, field: usize, of: Box<Lookup> },
    /// Those that the relation of rows found by `of`, of collection `owner`, holds.
    Held { collection: Arc<Collection>, owner: Arc<Collection>, field: usize, of: Box<Lookup> },
}

/// Entries and rows that a lookup may still visit.
#[derive(Debug)]
pub(super) struct Budget {
    left: u64,
}

impl Budget {
    pub(super) fn new(visits: u64) -> Self {
        Self { left: visits }
    }

    /// Takes one visit; false when there is none left.
    fn take(&mut self) -> bool {
        let some = self.left > 0;
        self.left = self.left.saturating_sub(1);
        some
    }
}

/// The ways that a conjunction of `nodes` gives to find base rows, each sufficient on its own.
/// What it says of the base row itself counts only if `with_base`.
pub(super) fn lookups(
    run: &Run<'_>,
    nodes: &[&Node],
    with_base: bool,
) -> Result<Vec<Lookup>, FilterError> {
    let mut found = Vec::new();
    let mut facts: Vec<Fact> = Vec::new();
    for node in nodes {
        match node {
            Node::Compare(_) => facts.extend(fact(run, node)?),
            Node::Or(group) => found.extend(any(run, &group.nodes)?),
            Node::And(group) => {
                let inner: Vec<&Node> = group.nodes.iter().collect();
                found.extend(lookups(run, &inner, with_base)?);
            }
        }
    }
    if !with_base {
        facts.retain(|fact| fact.join != BASE);
    }
    facts.sort_by_key(|fact| fact.join);
    for facts in facts.chunk_by(|a, b| a.join == b.join) {
        let lookup = on_row(run.bound, facts);
        found.extend(lookup.and_then(|lookup| climb(run.bound, facts[0].join, lookup)));
    }
    Ok(found)
}

/// A lookup for several alternatives, if each of them has one.
fn any(run: &Run<'_>, nodes: &[Node]) -> Result<Option<Lookup>, FilterError> {
    let Some(open) = alternatives(run, nodes)? else {
        return Ok(None);
    };
    let mut parts = Vec::with_capacity(open.len());
    for node in open {
        let ways = lookups(run, &[node], true)?;
        let Some(best) = ways.into_iter().min_by_key(Lookup::rank) else {
            return Ok(None);
        };
        parts.push(best);
    }
    Ok(Some(Lookup::Any(parts)))
}

/// The rows of a join that `facts`, all about it, leave over.
fn on_row(bound: &Bound, facts: &[Fact]) -> Option<Lookup> {
    let collection = bound.joins[facts.first()?.join].collection.as_ref()?;
    let id = facts.iter().find_map(|fact| match &fact.value {
        Scalar::Text(id) if fact.slot == Slot::ID && fact.operator == Operator::Equal => Some(id),
        _ => None,
    });
    if let Some(id) = id {
        return Some(Lookup::Record { collection: Arc::clone(collection), id: id.to_string() });
    }
    let ways = candidates(collection, None, facts).into_iter().map(|candidate| {
        let rank = match (candidate.is_single, candidate.fixed, candidate.has_range) {
            (true, ..) => 1,
            (_, 1.., true) => 2,
            (_, 1.., false) => 3,
            _ => 8,
        };
        (rank, candidate)
    });
    let (rank, best) = ways.min_by_key(|(rank, _)| *rank)?;
    Some(Lookup::Range {
        collection: Arc::clone(collection),
        index: best.name.to_owned(),
        tree: best.walk.tree,
        range: best.walk.range,
        rank,
    })
}

/// From the rows of a join to the base rows that they are joined to; `None` when the join does
/// not stand on the base row.
fn climb(bound: &Bound, mut join: JoinId, mut lookup: Lookup) -> Option<Lookup> {
    while join != BASE {
        let here = &bound.joins[join];
        let mut parent = here.parent?;
        let held_in = match here.kind {
            JoinKind::Single { field } => field,
            JoinKind::ItemRecord => {
                let JoinKind::Items { field } = bound.joins[parent].kind else {
                    return None;
                };
                parent = bound.joins[parent].parent?;
                field
            }
            JoinKind::Back { field } => {
                let (collection, owner) =
                    (bound.joins[parent].collection.clone()?, here.collection.clone()?);
                lookup = Lookup::Held { collection, owner, field, of: Box::new(lookup) };
                join = parent;
                continue;
            }
            _ => return None,
        };
        let collection = bound.joins[parent].collection.clone()?;
        collection.fields.get(held_in).and_then(Field::relation)?;
        lookup = Lookup::Holding { collection, field: held_in, of: Box::new(lookup) };
        join = parent;
    }
    Some(lookup)
}

impl Lookup {
    /// How little it narrows, at a guess: the less the better.
    fn rank(&self) -> u8 {
        match self {
            Self::Record { .. } => 0,
            Self::Range { rank, .. } => *rank,
            Self::Any(parts) => parts.iter().map(Self::rank).max().unwrap_or(0),
            Self::Holding { of, .. } => of.rank() + 2,
            Self::Held { of, .. } => of.rank() + 1,
        }
    }

    /// What it goes through, starting at what it finds.
    pub(super) fn describe(&self) -> String {
        match self {
            Self::Record { .. } => "id".to_owned(),
            Self::Range { index, .. } => index.clone(),
            Self::Any(parts) => {
                let mut names: Vec<String> = parts.iter().map(Self::describe).collect();
                names.sort();
                names.dedup();
                names.join(" | ")
            }
            Self::Holding { collection, field, of } => {
                format!("{} < ({})", name_of(collection, *field), of.describe())
            }
            Self::Held { owner, field, of, .. } => {
                format!("{}.{} > ({})", owner.name, name_of(owner, *field), of.describe())
            }
        }
    }

    /// The rowids that it finds, each once and in order; `None` when that takes more than
    /// `budget`.
    pub(super) fn collect(
        &self,
        rows: &dyn Rows,
        budget: &mut Budget,
    ) -> Result<Option<Vec<RowId>>, ReadError> {
        let mut rowids = Vec::new();
        if !self.find(rows, budget, &mut rowids)? {
            return Ok(None);
        }
        rowids.sort_unstable();
        rowids.dedup();
        Ok(Some(rowids))
    }

    /// Adds what it finds to `out`; false when the budget is used up.
    fn find(
        &self,
        rows: &dyn Rows,
        budget: &mut Budget,
        out: &mut Vec<RowId>,
    ) -> Result<bool, ReadError> {
        match self {
            Self::Record { collection, id } => {
                if !budget.take() {
                    return Ok(false);
                }
                out.extend(rows.find(collection, id)?);
                Ok(true)
            }
            Self::Range { collection, tree, range, .. } => {
                entries(rows, collection, *tree, range, budget, out)
            }
            Self::Any(parts) => {
                for part in parts {
                    if !part.find(rows, budget, out)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Holding { collection, field, of } => {
                let Some(found) = of.collect(rows, budget)? else {
                    return Ok(false);
                };
                let tree = IndexTree::Relation(collection.fields[*field].slot);
                for rowid in found {
                    let mut id = None;
                    if !budget.take() {
                        return Ok(false);
                    }
                    rows.with_row(of.collection_found(), rowid, &mut |row| {
                        let mut writer = KeyWriter::new();
                        writer.push(&Scalar::text(row.id()));
                        id = Some(writer.finish());
                    })?;
                    let Some(key) = id else { continue };
                    let range = KeyRange::prefix(key);
                    if !entries(rows, collection, tree, &range, budget, out)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Held { collection, owner, field, of } => {
                let Some(found) = of.collect(rows, budget)? else {
                    return Ok(false);
                };
                let field = &owner.fields[*field];
                for rowid in found {
                    let mut ids = Vec::new();
                    rows.with_row(owner, rowid, &mut |row| {
                        let value = row.value(field.slot, field.kind.zero());
                        ids.extend_from_slice(value.items());
                    })?;
                    for id in ids {
                        if !budget.take() {
                            return Ok(false);
                        }
                        out.extend(rows.find(collection, &id)?);
                    }
                }
                Ok(true)
            }
        }
    }

    /// The collection of the rows that it finds.
    fn collection_found(&self) -> &Collection {
        match self {
            Self::Record { collection, .. }
            | Self::Range { collection, .. }
            | Self::Holding { collection, .. }
            | Self::Held { collection, .. } => collection,
            Self::Any(parts) => {
                parts.first().expect("alternatives are never none").collection_found()
            }
        }
    }
}

fn name_of(collection: &Collection, field: usize) -> &str {
    collection.fields.get(field).map_or("", |field| &field.name)
}

/// Adds the rowids in a range to `out`; false when the budget is used up.
fn entries(
    rows: &dyn Rows,
    collection: &Collection,
    tree: IndexTree,
    range: &KeyRange,
    budget: &mut Budget,
    out: &mut Vec<RowId>,
) -> Result<bool, ReadError> {
    let mut enough = true;
    rows.scan_index(collection, tree, range, Direction::Forward, &mut |_, rowid| {
        enough = budget.take();
        if !enough {
            return Ok(ControlFlow::Break(()));
        }
        out.push(rowid);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(enough)
}

//! Rows of other collections found through their indexes instead of going through all of them.

use std::ops::ControlFlow;
use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{RowId, Scalar, Slot};
use crate::query::ast::Operator;
use crate::query::bound::{Compare, JoinId, JoinKind, Node, Term, TermKind};
use crate::query::entry::{collated, implied_tree};
use crate::query::{Direction, FilterError, IndexTree};
use crate::schema::{Collection, FieldKind};

use super::joins::OnRow;
use super::{Binding, Env, Run, demanded};

/// Rows sought at most; with more than that, going through all of them is no worse.
const SOUGHT_MAX: usize = 10_000;

/// One column that a comparison wants to be equal to something known.
struct Wanted {
    slot: Slot,
    value: Scalar<'static>,
}

impl Run<'_> {
    /// At least those rows of `join`, one that goes through a whole collection, for which all of
    /// `component` can hold; `None` when no index tells them.
    pub(super) fn sought(
        &self,
        join: JoinId,
        component: &[&Node],
        env: &mut Env<'_>,
    ) -> Result<Option<Vec<RowId>>, FilterError> {
        let source = &self.bound.joins[join];
        let (JoinKind::All { .. }, Some(collection)) = (&source.kind, &source.collection) else {
            return Ok(None);
        };
        let mut best: Option<Vec<RowId>> = None;
        for node in component {
            let Node::Compare(compare) = node else { continue };
            let Some(wanted) = self.wanted(join, compare, env)? else { continue };
            let Some(tree) = tree_of(collection, &wanted) else { continue };
            let max = best.as_ref().map_or(SOUGHT_MAX, Vec::len);
            best = self.entries(collection, tree, &wanted, max)?.or(best);
        }
        Ok(best)
    }

    /// Binds a join to these of its rows in turn, until `visit` answers false.
    pub(super) fn each_of(
        &self,
        join: JoinId,
        rowids: &[RowId],
        env: &mut Env<'_>,
        visit: &mut OnRow<'_>,
    ) -> Result<(), FilterError> {
        let source = &self.bound.joins[join];
        let Some(collection) = &source.collection else {
            return Ok(());
        };
        let before = env.bound;
        env.bound |= source.bit.map_or(0, |bit| 1 << bit);
        let mut result = Ok(true);
        for rowid in rowids {
            result = match self.rows.row(collection, *rowid) {
                Ok(None) => continue,
                Ok(Some(row)) => self.step().and_then(|()| {
                    self.bind(join, Binding::Row(row), env);
                    visit(env)
                }),
                Err(error) => Err(error.into()),
            };
            if !matches!(result, Ok(true)) {
                break;
            }
        }
        env.bound = before;
        self.bind(join, Binding::Unset, env);
        result.map(|_| ())
    }

    /// The column of `join` that must equal what is known in `env` for the comparison to hold.
    fn wanted(
        &self,
        join: JoinId,
        compare: &Compare,
        env: &mut Env<'_>,
    ) -> Result<Option<Wanted>, FilterError> {
        if compare.operator != Operator::Equal {
            return Ok(None);
        }
        let Compare { left, right, .. } = compare;
        for (column, other) in [(left, right), (right, left)] {
            let Some(slot) = self.column_of(join, column) else { continue };
            if other.needs & !env.bound != 0 {
                continue;
            }
            let value = demanded(self, column.affinity, Operator::Equal, other, env)?;
            // The empty text also stands for what is not there.
            if let Some(value) = value.filter(|value| *value != Scalar::text("")) {
                return Ok(Some(Wanted { slot, value }));
            }
        }
        Ok(None)
    }

    /// The stored column of `join` itself that a term shows.
    fn column_of(&self, join: JoinId, term: &Term) -> Option<Slot> {
        match term.kind {
            TermKind::Column { join: of, field } if of == join && !term.lower => {
                self.bound.joins[join].field(field).map(|field| field.slot)
            }
            _ => None,
        }
    }

    /// The rows behind the key that `wanted` makes; `None` when they are `max` or more.
    fn entries(
        &self,
        collection: &Arc<Collection>,
        tree: Tree,
        wanted: &Wanted,
        max: usize,
    ) -> Result<Option<Vec<RowId>>, FilterError> {
        let mut found = Vec::new();
        let (tree, collate) = match (tree, &wanted.value) {
            (Tree::Ids, Scalar::Text(id)) => {
                found.extend(self.rows.find(collection, id)?);
                return Ok(Some(found));
            }
            (Tree::Ids, _) => return Ok(None),
            (Tree::Index(tree, collate), _) => (tree, collate),
        };
        let mut writer = KeyWriter::new();
        writer.push(&collated(collate, wanted.value.by_ref()));
        let range = KeyRange::prefix(writer.finish());
        self.rows.scan_index(collection, tree, &range, Direction::Forward, &mut |_, rowid| {
            found.push(rowid);
            let full = found.len() >= max;
            Ok(if full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
        })?;
        Ok((found.len() < max).then_some(found))
    }
}

/// Where rows are found by the value of one column.
enum Tree {
    Ids,
    Index(IndexTree, crate::schema::Collate),
}

fn tree_of(collection: &Collection, wanted: &Wanted) -> Option<Tree> {
    use crate::schema::Collate;
    if wanted.slot == Slot::ID {
        return Some(Tree::Ids);
    }
    let field = collection.field_at(wanted.slot)?;
    match implied_tree(field) {
        // Several ids as one text are no entry.
        Some(tree @ IndexTree::Relation(_)) if !field.kind.is_multiple() => {
            return Some(Tree::Index(tree, Collate::Binary));
        }
        Some(tree @ IndexTree::Autodate(_)) => return Some(Tree::Index(tree, Collate::Binary)),
        _ => {}
    }
    if matches!(field.kind, FieldKind::Json(_)) {
        return None;
    }
    let declared = collection.indexes.iter().find(|index| {
        index.condition.is_none() && index.columns.first().is_some_and(|c| c.slot == wanted.slot)
    })?;
    let collate = declared.columns.first()?.collate;
    Some(Tree::Index(IndexTree::Declared(declared.number), collate))
}

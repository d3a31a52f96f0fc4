//! Where the rows and items of joins come from.

use std::cell::Cell;
use std::ops::{Bound as RangeBound, ControlFlow};
use std::sync::Arc;

use crate::model::key::{KeyRange, KeyWriter};
use crate::model::{Cell as Content, RowBuf, RowId, Scalar};
use crate::query::bound::{BASE, Join, JoinId, JoinKind};
use crate::query::json::scalar_of_value;
use crate::query::{Direction, FilterError, IndexTree};
use crate::schema::{Collection, Field};

use super::cache::Cache;
use super::values::{items, related_id, row_of};
use super::{Binding, Env, Run};

/// Rows of a large collection read at a time.
const CHUNK: usize = 512;

/// Rows that relate to a record read before the others.
const FIRST: usize = 32;

/// Sees the environment with one more join bound; false stops.
pub(super) type OnRow<'f> = dyn FnMut(&mut Env<'_>) -> Result<bool, FilterError> + 'f;

impl Run<'_> {
    /// Binds a single-valued join and its ancestors unless they are bound.
    pub(super) fn ensure(&self, id: JoinId, env: &mut Env<'_>) -> Result<(), FilterError> {
        if id == BASE || !matches!(env.bindings[id], Binding::Unset) {
            return Ok(());
        }
        let join = &self.bound.joins[id];
        if let Some(parent) = join.parent {
            self.ensure(parent, env)?;
        }
        let row = match &join.kind {
            JoinKind::Single { field } => {
                let place = join.parent.and_then(|parent| self.parent_field(parent, *field, env));
                match place.and_then(|(field, row)| related_id(field, row)) {
                    Some(related) => self.record(id, join, related)?,
                    None => None,
                }
            }
            JoinKind::ItemRecord => match join.parent.map(|parent| &env.bindings[parent]) {
                Some(Binding::Item(Scalar::Text(related))) => self.record(id, join, related)?,
                _ => None,
            },
            JoinKind::Auth => match &self.request.auth {
                Some(auth) => self.record(id, join, auth.row.as_row().id())?,
                None => None,
            },
            // Multi-valued joins are bound by those who go through their rows.
            _ => None,
        };
        env.bindings[id] = row.map_or(Binding::Nothing, Binding::Row);
        Ok(())
    }

    fn parent_field<'e>(
        &'e self,
        parent: JoinId,
        field: usize,
        env: &'e Env<'_>,
    ) -> Option<(&'e Field, crate::model::Row<'e>)> {
        Some((self.bound.joins[parent].field(field)?, row_of(parent, env)?))
    }

    /// The record of the join's collection with this id.
    fn record(&self, id: JoinId, join: &Join, record: &str) -> Result<Option<RowBuf>, FilterError> {
        let Some(collection) = &join.collection else {
            return Ok(None);
        };
        if let Some(known) = self.cache.borrow().record(id, record) {
            return Ok(known);
        }
        let row = match self.rows.find(collection, record)? {
            Some(rowid) => self.rows.row(collection, rowid)?,
            None => None,
        };
        self.cache.borrow_mut().keep_record(id, record, row.clone());
        Ok(row)
    }

    /// Binds a multi-valued join to each of its rows or items in turn; to nothing, once, when it
    /// has none.
    pub(super) fn each_row(
        &self,
        id: JoinId,
        env: &mut Env<'_>,
        visit: &mut OnRow<'_>,
    ) -> Result<(), FilterError> {
        let join = &self.bound.joins[id];
        if let Some(parent) = join.parent {
            self.ensure(parent, env)?;
        }
        let before = env.bound;
        env.bound |= join.bit.map_or(0, |bit| 1 << bit);
        let result = self.each_binding(id, join, env, visit);
        env.bound = before;
        self.bind(id, Binding::Unset, env);
        result
    }

    fn each_binding(
        &self,
        id: JoinId,
        join: &Join,
        env: &mut Env<'_>,
        visit: &mut OnRow<'_>,
    ) -> Result<(), FilterError> {
        let any = Cell::new(false);
        let mut show = |binding: Binding, env: &mut Env<'_>| {
            any.set(true);
            self.step()?;
            self.bind(id, binding, env);
            visit(env)
        };
        let place = join.parent.and_then(|parent| row_of(parent, env));
        match (&join.kind, &join.collection) {
            (JoinKind::Items { field }, _) => {
                let field = join.parent.and_then(|parent| self.bound.joins[parent].field(*field));
                let found = match (field, place) {
                    (Some(field), Some(row)) => items(field, row),
                    _ => Vec::new(),
                };
                for item in found {
                    if !show(Binding::Item(item), env)? {
                        return Ok(());
                    }
                }
            }
            (JoinKind::BodyItems { name }, _) => {
                for item in self.body_items(name) {
                    if !show(Binding::Item(item), env)? {
                        return Ok(());
                    }
                }
            }
            (JoinKind::BodyRecords { name }, _) => {
                for item in self.body_items(name) {
                    let Scalar::Text(related) = item else {
                        continue;
                    };
                    if let Some(row) = self.record(id, join, &related)?
                        && !show(Binding::Row(row), env)?
                    {
                        return Ok(());
                    }
                }
            }
            (JoinKind::Back { field }, Some(collection)) => {
                let Some(held) = place.map(|row| row.id().to_owned()) else {
                    return show(Binding::Nothing, env).map(|_| ());
                };
                // Where one of the first decides, the others need not be read.
                let (first, are_all) = self.referrers(id, collection, *field, &held, FIRST)?;
                for row in first.iter() {
                    if !show(Binding::Row(row.clone()), env)? {
                        return Ok(());
                    }
                }
                if !are_all {
                    let (all, _) = self.referrers(id, collection, *field, &held, usize::MAX)?;
                    for row in all.iter().skip(first.len()) {
                        if !show(Binding::Row(row.clone()), env)? {
                            return Ok(());
                        }
                    }
                }
            }
            (JoinKind::All { .. }, Some(collection)) => {
                let mut next = self.first_chunk(id, collection)?;
                loop {
                    let (rows, last) = next;
                    for row in rows.iter() {
                        if !show(Binding::Row(row.clone()), env)? {
                            return Ok(());
                        }
                    }
                    let Some(last) = last else { break };
                    next = self.chunk(collection, RangeBound::Excluded(last), CHUNK)?;
                }
            }
            _ => {}
        }
        if !any.get() {
            show(Binding::Nothing, env)?;
        }
        Ok(())
    }

    /// Binds a join and forgets what was derived from its former binding.
    pub(super) fn bind(&self, id: JoinId, binding: Binding, env: &mut Env<'_>) {
        env.bindings[id] = binding;
        for child in &self.bound.joins[id].children {
            if !matches!(env.bindings[*child], Binding::Unset) {
                self.bind(*child, Binding::Unset, env);
            }
        }
    }

    /// The items that the body has in a field, without repetition.
    fn body_items(&self, name: &str) -> Vec<Scalar<'static>> {
        use serde_json::Value as Json;
        match self.request.body.get(name) {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Array(items)) => items.iter().map(scalar_of_value).collect(),
            Some(other) => vec![scalar_of_value(other)],
        }
    }

    /// The rows of `collection` whose relation field holds `id`, in order of rowid: the first
    /// `max` or more of them, and whether they are all.
    fn referrers(
        &self,
        join: JoinId,
        collection: &Collection,
        field: usize,
        id: &str,
        max: usize,
    ) -> Result<(Arc<[RowBuf]>, bool), FilterError> {
        if self.is_virtual && self.bound.joins[join].parent == Some(BASE) {
            let message = "nothing can relate to a record that does not exist yet";
            return Err(FilterError::Unknown(message.to_owned()));
        }
        let Some(field) = collection.fields.get(field) else {
            return Ok((Arc::default(), true));
        };
        if let Some(known) = self.cache.borrow().referrers(join, field.slot, id) {
            return Ok((known, true));
        }
        let mut writer = KeyWriter::new();
        writer.push(&Scalar::text(id));
        let range = KeyRange::prefix(writer.finish());
        let mut rowids = Vec::new();
        let mut are_all = true;
        let tree = IndexTree::Relation(field.slot);
        self.rows.scan_index(collection, tree, &range, Direction::Forward, &mut |_, rowid| {
            are_all = rowids.len() < max;
            if !are_all {
                return Ok(ControlFlow::Break(()));
            }
            rowids.push(rowid);
            Ok(ControlFlow::Continue(()))
        })?;
        let mut rows = Vec::with_capacity(rowids.len());
        for rowid in rowids {
            // Long ids share keys, so the row itself decides.
            let row = self.rows.row(collection, rowid)?;
            rows.extend(row.filter(|row| holds_id(field, row, id)));
        }
        let rows: Arc<[RowBuf]> = rows.into();
        if are_all {
            self.cache.borrow_mut().keep_referrers(join, field.slot, id, &rows);
        }
        Ok((rows, are_all))
    }

    /// All rows of a collection, or the first of them and the place to go on from.
    fn first_chunk(
        &self,
        id: JoinId,
        collection: &Collection,
    ) -> Result<(Arc<[RowBuf]>, Option<RowId>), FilterError> {
        if let Some(rows) = self.cache.borrow().all(id) {
            return Ok((rows, None));
        }
        let (rows, last) = self.chunk(collection, RangeBound::Unbounded, Cache::rows_max())?;
        if last.is_none() {
            self.cache.borrow_mut().keep_all(id, Arc::clone(&rows));
        }
        Ok((rows, last))
    }

    /// At most `count` rows, and the last rowid when there may be more. Reading them in chunks
    /// keeps memory bounded without one scan staying open within another.
    fn chunk(
        &self,
        collection: &Collection,
        start: RangeBound<RowId>,
        count: usize,
    ) -> Result<(Arc<[RowBuf]>, Option<RowId>), FilterError> {
        let mut rows = Vec::new();
        let mut last = None;
        let range = (start, RangeBound::Unbounded);
        self.rows.scan(collection, range, Direction::Forward, &mut |rowid, row| {
            rows.push(row.to_buf());
            if rows.len() < count {
                return Ok(ControlFlow::Continue(()));
            }
            last = Some(rowid);
            Ok(ControlFlow::Break(()))
        })?;
        Ok((rows.into(), last))
    }
}

fn holds_id(field: &Field, row: &RowBuf, id: &str) -> bool {
    match row.as_row().cell(field.slot) {
        Content::Text(text, _) => text == id,
        Content::List(list) => list.iter().any(|item| item == id),
        _ => false,
    }
}

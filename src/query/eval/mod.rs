//! Evaluation of a bound condition on one row: three-valued comparisons over joined rows.
//!
//! A row passes when some assignment of joined rows makes the condition true. Joins are bound one
//! after another, outermost first, and only as far as the part of the condition at hand needs
//! them: alternatives of an OR, and conjuncts that share no unbound join, are independent.

mod cache;
mod demand;
mod joins;
mod parameters;
mod seek;
mod values;

use std::cell::{Cell, RefCell};

use crate::model::{Row, RowBuf, Scalar, Timestamp};

use super::ast::Operator;
use super::bound::{BASE, Bound, Compare, JoinId, JoinSet, Node, Term, TermKind};
use super::compare::{Class, Side, compare};
use super::{FilterError, Request, Rows};
use cache::Cache;
use parameters::Value;

pub(super) use demand::demanded;

/// Joined rows that one run may visit; beyond that the request is refused.
const STEPS_MAX: u64 = 50_000_000;

/// Everything that stays the same while one condition is evaluated on many rows.
pub(super) struct Run<'r> {
    pub(super) bound: &'r Bound,
    pub(super) rows: &'r dyn Rows,
    request: &'r Request,
    now: Timestamp,
    parameters: Vec<Value>,
    /// Whether the base row is the virtual record of a create rule: no affinities, and nothing
    /// can relate to it yet.
    is_virtual: bool,
    cache: RefCell<Cache>,
    steps: Cell<u64>,
    /// Rows looked at, base rows included, and how many may be.
    looked: Cell<u64>,
    rows_max: u64,
}

/// The base row and what is currently joined to it.
pub(super) struct Env<'b> {
    base: Option<Row<'b>>,
    bindings: Vec<Binding>,
    /// The multi-valued joins that are bound.
    bound: JoinSet,
}

/// Whether each side of a comparison keeps its own meaning of NULL.
#[derive(Debug, Clone, Copy)]
struct Meaning {
    left: bool,
    right: bool,
}

impl Meaning {
    /// In the comparison itself both do.
    const PLAIN: Self = Self { left: true, right: true };

    /// In the check of all values only the multi-valued sides do.
    fn for_all(node: &Compare) -> Self {
        Self { left: node.left.multi, right: node.right.multi }
    }
}

/// What a join currently stands for.
#[derive(Debug, Clone)]
pub(super) enum Binding {
    Unset,
    /// No row: every field is null.
    Nothing,
    Row(RowBuf),
    Item(Scalar<'static>),
}

impl<'b> Env<'b> {
    fn new(base: Option<Row<'b>>, joins: usize) -> Self {
        Self { base, bindings: vec![Binding::Unset; joins], bound: 0 }
    }

    /// The environment's memory.
    pub(super) fn into_bindings(self) -> Vec<Binding> {
        self.bindings
    }
}

impl<'r> Run<'r> {
    pub(super) fn new(
        bound: &'r Bound,
        rows: &'r dyn Rows,
        request: &'r Request,
        now: Timestamp,
    ) -> Self {
        let parameters = parameters::resolve(&bound.parameters, request, now);
        Self {
            bound,
            rows,
            request,
            now,
            parameters,
            is_virtual: false,
            cache: RefCell::default(),
            steps: Cell::new(0),
            looked: Cell::new(0),
            rows_max: u64::MAX,
        }
    }

    /// The same that refuses to look at more rows than this.
    pub(super) fn within(self, rows_max: Option<u64>) -> Self {
        Self { rows_max: rows_max.unwrap_or(u64::MAX), ..self }
    }

    /// The same for the virtual record of a create rule.
    pub(super) fn on_virtual_record(self) -> Self {
        Self { is_virtual: true, ..self }
    }

    /// An environment with only `base` bound; `None` for conditions that do not depend on it.
    pub(super) fn env<'b>(&self, base: Option<Row<'b>>) -> Env<'b> {
        Env::new(base, self.bound.joins.len())
    }

    /// The same with the memory of an earlier environment, given back by [`Env::into_bindings`].
    pub(super) fn env_within<'b>(&self, base: Row<'b>, mut bindings: Vec<Binding>) -> Env<'b> {
        bindings.clear();
        bindings.resize(self.bound.joins.len(), Binding::Unset);
        Env { base: Some(base), bindings, bound: 0 }
    }

    /// Whether all `nodes` hold under some assignment of the joins not yet bound in `env`.
    pub(super) fn all_hold<'n>(
        &self,
        nodes: impl Iterator<Item = &'n Node> + Clone,
        env: &mut Env<'_>,
    ) -> Result<bool, FilterError> {
        let is_free = |node: &&Node, bound: JoinSet| node.needs() & !bound != 0;
        for node in nodes.clone() {
            if !is_free(&node, env.bound) && !self.is_true(node, env)? {
                return Ok(false);
            }
        }
        let mut open: Vec<&Node> = nodes.filter(|node| is_free(node, env.bound)).collect();
        while let Some(first) = open.pop() {
            let component = Self::component(first, &mut open, env.bound);
            if !self.component_holds(&component, env)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Finds the first assignment of the joins in `lead` for which all `nodes` hold under some
    /// assignment of the others, and shows it to `visit`. Answers whether there is one.
    pub(super) fn first_match(
        &self,
        nodes: &[&Node],
        lead: JoinSet,
        env: &mut Env<'_>,
        visit: &mut dyn FnMut(&mut Env<'_>) -> Result<(), FilterError>,
    ) -> Result<bool, FilterError> {
        if lead == 0 {
            let holds = self.all_hold(nodes.iter().copied(), env)?;
            if holds {
                visit(env)?;
            }
            return Ok(holds);
        }
        let mut found = false;
        self.each_row(self.outermost(lead), env, &mut |env| {
            found = self.first_match(nodes, lead & (lead - 1), env, visit)?;
            Ok(!found)
        })?;
        Ok(found)
    }

    /// `first` and all of `open`, which loses them, that share unbound joins with it.
    fn component<'n>(first: &'n Node, open: &mut Vec<&'n Node>, bound: JoinSet) -> Vec<&'n Node> {
        let mut needs = first.needs() & !bound;
        let mut component = vec![first];
        while let Some(at) = open.iter().position(|node| node.needs() & needs != 0) {
            let node = open.swap_remove(at);
            needs |= node.needs() & !bound;
            component.push(node);
        }
        component
    }

    fn component_holds(&self, component: &[&Node], env: &mut Env<'_>) -> Result<bool, FilterError> {
        match component {
            [Node::And(group)] => return self.all_hold(group.nodes.iter(), env),
            [Node::Or(group)] => {
                for node in &group.nodes {
                    if self.all_hold(std::iter::once(node), env)? {
                        return Ok(true);
                    }
                }
                return Ok(false);
            }
            _ => {}
        }
        let free = component.iter().fold(0, |needs, node| needs | node.needs()) & !env.bound;
        let join = self.outermost(free);
        let mut found = false;
        let mut visit = |env: &mut Env<'_>| {
            found = self.all_hold(component.iter().copied(), env)?;
            Ok(!found)
        };
        match self.sought(join, component, env)? {
            Some(rowids) => self.each_of(join, &rowids, env, &mut visit)?,
            None => self.each_row(join, env, &mut visit)?,
        }
        Ok(found)
    }

    /// The first of a non-empty set of joins; its ancestors are not in the set.
    fn outermost(&self, free: JoinSet) -> JoinId {
        self.bound.many.get(free.trailing_zeros() as usize).copied().unwrap_or(BASE)
    }

    /// Whether a node, all of whose joins are bound, is true.
    fn is_true(&self, node: &Node, env: &mut Env<'_>) -> Result<bool, FilterError> {
        match node {
            Node::Compare(compare) => self.compare_is_true(compare, env),
            Node::And(group) => {
                for node in &group.nodes {
                    if !self.is_true(node, env)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Node::Or(group) => {
                for node in &group.nodes {
                    if self.is_true(node, env)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }

    fn compare_is_true(&self, node: &Compare, env: &mut Env<'_>) -> Result<bool, FilterError> {
        let Some(id) = node.follows.and_then(|field| self.followed(field, env.base)) else {
            return self.compare_now(node, env);
        };
        if let Some(known) = self.cache.borrow().verdict(node.number, id) {
            return Ok(known);
        }
        let holds = self.compare_now(node, env)?;
        self.cache.borrow_mut().keep_verdict(node.number, id, holds);
        Ok(holds)
    }

    /// The id in the single relation `field` of the base row; the empty text when there is none.
    fn followed<'b>(&self, field: usize, base: Option<Row<'b>>) -> Option<&'b str> {
        Some(values::related_id(self.bound.joins[BASE].field(field)?, base?).unwrap_or_default())
    }

    fn compare_now(&self, node: &Compare, env: &mut Env<'_>) -> Result<bool, FilterError> {
        self.prepare(&node.left, env)?;
        self.prepare(&node.right, env)?;
        let (left, right) = (self.value(&node.left, env), self.value(&node.right, env));
        if self.compare(node, left, right, Meaning::PLAIN) != Some(true) {
            return Ok(false);
        }
        for (join, field) in &node.visible {
            if !self.is_visible(*join, *field, env) {
                return Ok(false);
            }
        }
        if node.any || !(node.left.multi || node.right.multi) {
            return Ok(true);
        }
        self.holds_for_all(node, env)
    }

    /// Whether the comparison is false for no value of its multi-valued sides.
    fn holds_for_all(&self, node: &Compare, env: &mut Env<'_>) -> Result<bool, FilterError> {
        let mut holds = true;
        let mut check = |left: &Scalar<'_>, right: &Scalar<'_>| {
            let result = self.compare(node, left.by_ref(), right.by_ref(), Meaning::for_all(node));
            holds = result != Some(false);
            Ok(holds)
        };
        match (node.left.multi, node.right.multi) {
            (true, true) => {
                let mut left_env = self.env(env.base);
                let mut right_env = self.env(env.base);
                self.each_value(&node.left, node.left.needs, &mut left_env, &mut |left| {
                    let mut go_on = true;
                    let needs = node.right.needs & !right_env.bound;
                    self.each_value(&node.right, needs, &mut right_env, &mut |right| {
                        go_on = check(left, right)?;
                        Ok(go_on)
                    })?;
                    Ok(go_on)
                })?;
            }
            (true, false) => {
                let right = self.value(&node.right, env).into_owned();
                let mut inner = self.env(env.base);
                self.each_value(&node.left, node.left.needs, &mut inner, &mut |left| {
                    check(left, &right)
                })?;
            }
            _ => {
                let left = self.value(&node.left, env).into_owned();
                let mut inner = self.env(env.base);
                self.each_value(&node.right, node.right.needs, &mut inner, &mut |right| {
                    check(&left, right)
                })?;
            }
        }
        Ok(holds)
    }

    /// Shows every value of `term` to `visit` until it answers false; `free` are the joins still
    /// to be bound. Answers whether it went through.
    fn each_value(
        &self,
        term: &Term,
        free: JoinSet,
        env: &mut Env<'_>,
        visit: &mut dyn FnMut(&Scalar<'_>) -> Result<bool, FilterError>,
    ) -> Result<bool, FilterError> {
        if free == 0 {
            self.prepare(term, env)?;
            return visit(&self.value(term, env));
        }
        let join = self.outermost(free);
        let rest = free & (free - 1);
        let mut go_on = true;
        self.each_row(join, env, &mut |env| {
            go_on = self.each_value(term, rest, env, visit)?;
            Ok(go_on)
        })?;
        Ok(go_on)
    }

    /// Three-valued result of the comparison for two values.
    fn compare(
        &self,
        node: &Compare,
        left: Scalar<'_>,
        right: Scalar<'_>,
        meaning: Meaning,
    ) -> Option<bool> {
        match node.operator {
            Operator::Like => self.like(&left, &node.right, &right),
            Operator::NotLike => self.like(&left, &node.right, &right).map(|matched| !matched),
            operator => {
                let left = self.side(&node.left, left, meaning.left);
                let right = self.side(&node.right, right, meaning.right);
                compare(operator, left, right)
            }
        }
    }

    fn side<'v>(&self, term: &Term, value: Scalar<'v>, keeps: bool) -> Side<'v> {
        let class = match term.kind {
            TermKind::Strftime(_) if !keeps => Class::Known,
            _ => self.class(term),
        };
        let strict = term.strict && keeps;
        Side { value, affinity: self.affinity(term), class, strict }
    }

    /// Whether NULL or the empty text is all that the term can be, or the opposite.
    pub(super) fn class(&self, term: &Term) -> Class {
        match &term.kind {
            TermKind::Null => Class::Empty,
            TermKind::Literal { value: Scalar::Text(text), .. } if text.is_empty() => Class::Empty,
            TermKind::Literal { .. } => Class::Known,
            TermKind::Parameter(index) => self.parameters[*index].class,
            _ => Class::Open,
        }
    }

    /// Counts one joined row.
    fn step(&self) -> Result<(), FilterError> {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        if steps > STEPS_MAX {
            return Err(FilterError::Limit(
                "the filter visits too many related records".to_owned(),
            ));
        }
        self.look()
    }

    /// All that the condition takes from the request, as text that differs when that does; `None`
    /// when the answer depends on the time or on chance.
    pub(super) fn inputs(&self) -> Option<String> {
        if self.bound.is_fleeting() {
            return None;
        }
        let auth = self.request.auth.as_ref();
        let auth = auth.map(|auth| (auth.collection.id.as_str(), auth.row.as_row().id()));
        Some(format!("{auth:?} {:?}", self.parameters))
    }

    /// How many rows were looked at.
    pub(super) fn looked(&self) -> u64 {
        self.looked.get()
    }

    /// Counts one row that is looked at.
    pub(super) fn look(&self) -> Result<(), FilterError> {
        let looked = self.looked.get() + 1;
        self.looked.set(looked);
        if looked > self.rows_max {
            return Err(FilterError::TooManyRows { max: self.rows_max });
        }
        Ok(())
    }
}

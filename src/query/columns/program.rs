//! Conditions tested on columns.

use std::collections::BTreeSet;

use super::leaf::Leaf;
use super::table::{Mask, Table, WORDS, can_be_kept};
use crate::model::{Row, Slot};
use crate::query::FilterError;
use crate::query::bound::{BASE, Bound, Compare, JoinId, JoinKind, JoinSet, Node, Term, TermKind};
use crate::query::eval::Run;

/// The conjuncts of a condition, those that single columns decide made ready to be tested on them.
#[derive(Debug)]
pub(in crate::query) struct Program<'b> {
    tests: Vec<Test<'b>>,
    /// Conjuncts that need the row, sharing no joins with the others.
    pub(in crate::query) rest: Vec<&'b Node>,
}

/// What holds or does not for each row.
#[derive(Debug)]
enum Test<'b> {
    /// The same for all rows, once it is known.
    Constant {
        nodes: Vec<&'b Node>,
        verdict: Option<bool>,
    },
    All(Vec<Self>),
    Any(Vec<Self>),
    Leaf(Leaf<'b>),
}

impl<'b> Program<'b> {
    /// Takes the conjuncts apart. Which nodes belong together is decided as evaluation does it: by
    /// the multi-valued joins that they share.
    pub(in crate::query) fn new(run: &Run<'b>, nodes: &[&'b Node]) -> Result<Self, FilterError> {
        let (mut tests, mut rest) = (Vec::new(), Vec::new());
        for component in components(nodes) {
            match compile(run, &component)? {
                Some(test) => tests.push(test),
                None => rest.extend(component),
            }
        }
        Ok(Self { tests, rest })
    }

    /// Whether columns decide anything.
    pub(in crate::query) fn tests_columns(&self) -> bool {
        !self.tests.is_empty()
    }

    /// Adds the columns that are needed.
    pub(in crate::query) fn add_slots(&self, slots: &mut BTreeSet<Slot>) {
        self.tests.iter().for_each(|test| test.add_slots(slots));
    }

    /// Evaluations that are made at most, however many rows there are.
    pub(in crate::query) fn evaluations(&self, table: &Table) -> u64 {
        self.tests.iter().map(|test| test.evaluations(table)).sum()
    }

    /// Whether a row passes all but `rest`, for those who have no table.
    pub(in crate::query) fn holds(
        &mut self,
        run: &Run<'b>,
        row: Row<'_>,
    ) -> Result<bool, FilterError> {
        all_hold(&mut self.tests, run, row)
    }

    /// Takes the rows of a chunk out of `mask` that do not pass. `rest` is not looked at.
    pub(in crate::query) fn narrow(
        &mut self,
        run: &Run<'b>,
        table: &Table,
        chunk: usize,
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        narrow_all(&mut self.tests, run, table, chunk, mask)
    }
}

impl<'b> Test<'b> {
    fn holds(&mut self, run: &Run<'b>, row: Row<'_>) -> Result<bool, FilterError> {
        match self {
            Self::Constant { nodes, verdict } => constant(run, nodes, verdict),
            Self::All(tests) => all_hold(tests, run, row),
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(run, row)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Leaf(leaf) => leaf.holds(run, row),
        }
    }

    fn narrow(
        &mut self,
        run: &Run<'b>,
        table: &Table,
        chunk: usize,
        mask: &mut Mask,
    ) -> Result<(), FilterError> {
        match self {
            Self::Constant { nodes, verdict } => {
                if !constant(run, nodes, verdict)? {
                    *mask = [0; WORDS];
                }
            }
            Self::All(tests) => narrow_all(tests, run, table, chunk, mask)?,
            Self::Any(tests) => {
                let (mut open, mut passed) = (*mask, [0; WORDS]);
                for test in tests {
                    let mut of_test = open;
                    test.narrow(run, table, chunk, &mut of_test)?;
                    for ((open, passed), word) in open.iter_mut().zip(&mut passed).zip(of_test) {
                        *passed |= word;
                        *open &= !word;
                    }
                }
                *mask = passed;
            }
            Self::Leaf(leaf) => leaf.narrow(run, table, chunk, mask)?,
        }
        Ok(())
    }

    fn add_slots(&self, slots: &mut BTreeSet<Slot>) {
        match self {
            Self::Constant { .. } => {}
            Self::All(tests) | Self::Any(tests) => {
                tests.iter().for_each(|test| test.add_slots(slots));
            }
            Self::Leaf(leaf) => {
                slots.insert(leaf.slot);
            }
        }
    }

    fn evaluations(&self, table: &Table) -> u64 {
        match self {
            Self::Constant { .. } => 1,
            Self::All(tests) | Self::Any(tests) => {
                tests.iter().map(|test| test.evaluations(table)).sum()
            }
            Self::Leaf(leaf) => leaf.evaluations(table),
        }
    }
}

/// Whether what does not depend on the row holds.
fn constant(
    run: &Run<'_>,
    nodes: &[&Node],
    verdict: &mut Option<bool>,
) -> Result<bool, FilterError> {
    if let Some(known) = verdict {
        return Ok(*known);
    }
    let holds = run.all_hold(nodes.iter().copied(), &mut run.env(None))?;
    Ok(*verdict.insert(holds))
}

fn all_hold<'b>(tests: &mut [Test<'b>], run: &Run<'b>, row: Row<'_>) -> Result<bool, FilterError> {
    for test in tests {
        if !test.holds(run, row)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn narrow_all<'b>(
    tests: &mut [Test<'b>],
    run: &Run<'b>,
    table: &Table,
    chunk: usize,
    mask: &mut Mask,
) -> Result<(), FilterError> {
    for test in tests {
        if mask.iter().all(|word| *word == 0) {
            return Ok(());
        }
        test.narrow(run, table, chunk, mask)?;
    }
    Ok(())
}

/// Groups nodes that share multi-valued joins, which must be bound to the same rows for all.
fn components<'b>(nodes: &[&'b Node]) -> Vec<Vec<&'b Node>> {
    let mut components: Vec<(JoinSet, Vec<&'b Node>)> = Vec::new();
    for node in nodes {
        let (mut needs, mut component) = (node.needs(), vec![*node]);
        let mut at = 0;
        while at < components.len() {
            if components[at].0 & needs == 0 {
                at += 1;
                continue;
            }
            let (others, mut older) = components.swap_remove(at);
            needs |= others;
            older.append(&mut component);
            component = older;
            at = 0;
        }
        components.push((needs, component));
    }
    components.into_iter().map(|(_, component)| component).collect()
}

/// A test for a component; `None` when it takes more than single columns.
fn compile<'b>(run: &Run<'b>, component: &[&'b Node]) -> Result<Option<Test<'b>>, FilterError> {
    let several = |run: &Run<'b>, nodes: &'b [Node], by_component: bool| {
        let nodes: Vec<&'b Node> = nodes.iter().collect();
        let parts = if by_component {
            components(&nodes)
        } else {
            nodes.into_iter().map(|node| vec![node]).collect()
        };
        let mut tests = Vec::with_capacity(parts.len());
        for part in parts {
            let Some(test) = compile(run, &part)? else {
                return Ok(None);
            };
            tests.push(test);
        }
        Ok::<_, FilterError>(Some(tests))
    };
    match component {
        [Node::And(group)] => return Ok(several(run, &group.nodes, true)?.map(Test::All)),
        [Node::Or(group)] => return Ok(several(run, &group.nodes, false)?.map(Test::Any)),
        _ => {}
    }
    if !component.iter().any(|node| node.on_base()) {
        return Ok(Some(Test::Constant { nodes: component.to_vec(), verdict: None }));
    }
    let mut fields = Fields { bound: run.bound, slot: None };
    if !component.iter().all(|node| fields.take_node(node)) {
        return Ok(None);
    }
    let Some(slot) = fields.slot else {
        return Ok(None);
    };
    Ok(Some(Test::Leaf(Leaf::new(run, slot, component.to_vec())?)))
}

/// The one field of the base row that conditions depend on.
struct Fields<'b> {
    bound: &'b Bound,
    slot: Option<Slot>,
}

impl Fields<'_> {
    /// Whether the node depends on no other field than those before.
    fn take_node(&mut self, node: &Node) -> bool {
        match node {
            Node::Compare(compare) => self.take_compare(compare),
            Node::And(group) | Node::Or(group) => {
                group.nodes.iter().all(|node| self.take_node(node))
            }
        }
    }

    fn take_compare(&mut self, compare: &Compare) -> bool {
        self.take_term(&compare.left)
            && self.take_term(&compare.right)
            && compare.visible.iter().all(|(join, field)| self.take(*join, Some(*field)))
    }

    fn take_term(&mut self, term: &Term) -> bool {
        match &term.kind {
            TermKind::Null | TermKind::Literal { .. } | TermKind::Parameter(_) => true,
            TermKind::Column { join, field }
            | TermKind::Json { join, field, .. }
            | TermKind::Length { join, field } => self.take(*join, Some(*field)),
            TermKind::Item { join } => self.take(*join, None),
            TermKind::Changed { compare, .. } => self.take_compare(compare),
            TermKind::Strftime(call) => call.time.as_ref().is_none_or(|time| self.take_term(time)),
            TermKind::Distance(terms) => terms.iter().all(|term| self.take_term(term)),
        }
    }

    /// Notes the field of the base row through which `field` of the row of `join` is reached.
    fn take(&mut self, mut join: JoinId, mut field: Option<usize>) -> bool {
        while join != BASE {
            let Some(parent) = self.bound.joins[join].parent else {
                // It stands on nothing that the base row has.
                return true;
            };
            field = match self.bound.joins[join].kind {
                JoinKind::Single { field } | JoinKind::Items { field } => Some(field),
                // The records that relate to a row follow from its id.
                JoinKind::Back { .. } if parent == BASE => return false,
                _ => None,
            };
            join = parent;
        }
        let field = field.and_then(|field| self.bound.joins[BASE].field(field));
        let Some(field) = field.filter(|field| can_be_kept(field)) else {
            return false;
        };
        *self.slot.get_or_insert(field.slot) == field.slot
    }
}

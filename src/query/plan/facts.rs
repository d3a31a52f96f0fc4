//! What a condition says about single columns, once request values are known.

use crate::model::key::TEXT_MAX;
use crate::model::{Scalar, Slot};
use crate::query::FilterError;
use crate::query::ast::Operator;
use crate::query::bound::{BASE, Bound, Compare, JoinId, JoinKind, JoinSet, Node, Term, TermKind};
use crate::query::compare::Affinity;
use crate::query::eval::{Run, demanded};

/// Integers beyond this do not keep their identity in a key.
const EXACT_INT_MAX: u64 = 1 << 53;

/// A column of a row compared with a constant; necessary for the condition to hold. What is said
/// of a joined row also says that there is one.
#[derive(Debug, Clone)]
pub(super) struct Fact {
    /// The [`Compare::number`] it comes from.
    pub(super) comparison: usize,
    /// Whose row it is about.
    pub(super) join: JoinId,
    pub(super) slot: Slot,
    pub(super) operator: Operator,
    /// In the class of the column.
    pub(super) value: Scalar<'static>,
    /// Whether it says of some item of the column what it otherwise says of the whole.
    pub(super) of_item: bool,
    /// Whether a key range can stand for the comparison.
    pub(super) exact: bool,
}

/// The conjuncts of a condition, constant parts evaluated. `None` when nothing can match.
pub(super) fn conjuncts<'b>(
    run: &Run<'b>,
    lead: JoinSet,
) -> Result<Option<Vec<&'b Node>>, FilterError> {
    let mut nodes = Vec::new();
    let bound: &'b Bound = run.bound;
    let possible = collect(run, &bound.root, lead, &mut nodes)?;
    Ok(possible.then_some(nodes))
}

/// Adds what remains of `nodes` to `out`; false when one can never hold.
fn collect<'b>(
    run: &Run<'b>,
    nodes: &'b [Node],
    shared: JoinSet,
    out: &mut Vec<&'b Node>,
) -> Result<bool, FilterError> {
    for (at, node) in nodes.iter().enumerate() {
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        let others = others.fold(shared, |needs, (_, node)| needs | node.needs());
        match constant(run, node, others)? {
            Some(true) => continue,
            Some(false) => return Ok(false),
            None => {}
        }
        match node {
            Node::And(group) => {
                if !collect(run, &group.nodes, others, out)? {
                    return Ok(false);
                }
            }
            Node::Or(group) => match alternatives(run, &group.nodes)? {
                None => {}
                Some(open) => match open.as_slice() {
                    [] => return Ok(false),
                    [one] => {
                        if !collect(run, std::slice::from_ref(*one), others, out)? {
                            return Ok(false);
                        }
                    }
                    _ => out.push(node),
                },
            },
            Node::Compare(_) => out.push(node),
        }
    }
    Ok(true)
}

/// Whether a node holds, if that depends neither on the base row nor on joins in `others`.
fn constant(run: &Run<'_>, node: &Node, others: JoinSet) -> Result<Option<bool>, FilterError> {
    if node.on_base() || node.needs() & others != 0 {
        return Ok(None);
    }
    run.all_hold(std::iter::once(node), &mut run.env(None)).map(Some)
}

/// The alternatives that may hold for some row; `None` when one always holds.
pub(super) fn alternatives<'b>(
    run: &Run<'b>,
    nodes: &'b [Node],
) -> Result<Option<Vec<&'b Node>>, FilterError> {
    let mut open = Vec::new();
    for node in nodes {
        // Alternatives with joins stay, since the joins may be shared with other conjuncts.
        let constant = if node.needs() == 0 { constant(run, node, 0)? } else { None };
        match constant {
            Some(true) => return Ok(None),
            Some(false) => {}
            None => open.push(node),
        }
    }
    Ok(Some(open))
}

/// What a conjunct says about a column.
pub(super) fn fact(run: &Run<'_>, node: &Node) -> Result<Option<Fact>, FilterError> {
    let Node::Compare(compare) = node else {
        return Ok(None);
    };
    let Compare { left, right, operator, .. } = &**compare;
    let flipped = operator.flipped();
    let sides =
        [(left, right, Some(*operator).filter(|_| flipped.is_some())), (right, left, flipped)];
    for (column, constant, operator) in sides {
        if let (Some((join, slot, of_item)), Some(operator)) =
            (column_of(run.bound, column), operator)
            && !constant.on_base
            && constant.needs == 0
            && (!of_item || operator == Operator::Equal)
        {
            let affinity = if of_item { Affinity::Text } else { column.affinity };
            let Some(value) = demanded(run, affinity, operator, constant, &mut run.env(None))?
            else {
                return Ok(None);
            };
            // The empty text also stands for a joined row that is not there.
            if join != BASE && value == Scalar::text("") {
                return Ok(None);
            }
            let exact = join == BASE && compare.visible.is_empty() && !of_item && is_exact(&value);
            let comparison = compare.number;
            return Ok(Some(Fact { comparison, join, slot, operator, value, of_item, exact }));
        }
    }
    Ok(None)
}

/// The row and stored column that a term shows: the whole of it, or one of its items.
fn column_of(bound: &Bound, term: &Term) -> Option<(JoinId, Slot, bool)> {
    let slot_of = |join: JoinId, field: usize| bound.joins[join].field(field).map(|f| f.slot);
    match &term.kind {
        _ if term.lower => None,
        TermKind::Column { join, field } => {
            let record = &bound.joins[*join];
            let is_id = slot_of(*join, *field) == Some(Slot::ID);
            if is_id
                && record.kind == JoinKind::ItemRecord
                && let Some((owner, items)) =
                    record.parent.and_then(|items| item_field(bound, items))
            {
                return slot_of(owner, items).map(|slot| (owner, slot, true));
            }
            let affine = matches!(term.affinity, Affinity::Text | Affinity::Numeric);
            slot_of(*join, *field).filter(|_| affine).map(|slot| (*join, slot, false))
        }
        TermKind::Item { join } => {
            let (owner, field) = item_field(bound, *join)?;
            slot_of(owner, field).map(|slot| (owner, slot, true))
        }
        _ => None,
    }
}

/// The row and its field whose items a join yields.
fn item_field(bound: &Bound, join: JoinId) -> Option<(JoinId, usize)> {
    match (&bound.joins[join].kind, bound.joins[join].parent) {
        (JoinKind::Items { field }, Some(owner)) => Some((owner, *field)),
        _ => None,
    }
}

/// Whether keys tell the value apart from all others.
pub(super) fn is_exact(value: &Scalar<'_>) -> bool {
    match value {
        Scalar::Text(text) => text.len() <= TEXT_MAX,
        Scalar::Int(int) => int.unsigned_abs() <= EXACT_INT_MAX,
        Scalar::Real(_) => true,
        Scalar::Null => false,
    }
}

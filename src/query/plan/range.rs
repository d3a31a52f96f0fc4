//! From facts to a range of an index.

use std::ops::Bound as RangeBound;

use crate::model::key::{KeyRange, KeyWriter, TEXT_MAX, prefix_end};
use crate::model::{Scalar, Slot};
use crate::query::Direction;
use crate::query::IndexTree;
use crate::query::ast::Operator;
use crate::query::bound::{BASE, Bound, SortBy, SortKey, TermKind};
use crate::query::entry::{collated, implied_tree};
use crate::schema::{Collate, Collection, Comparison, Condition, FieldKind};

use super::facts::{Fact, is_exact};
use super::walk::Walk;

/// One way to use an index.
#[derive(Debug, Clone)]
pub(super) struct Candidate<'a> {
    pub(super) name: &'a str,
    pub(super) walk: Walk,
    /// Comparisons that the range proves.
    pub(super) proven: Vec<usize>,
    /// Columns fixed to one value.
    pub(super) fixed: usize,
    pub(super) has_range: bool,
    /// Whether walking gives the order of the answer.
    pub(super) in_order: bool,
    /// Whether there is at most one entry.
    pub(super) is_single: bool,
}

/// A tree as the planner sees it.
struct Tree<'a> {
    index: IndexTree,
    name: &'a str,
    columns: Vec<(Slot, Collate)>,
    unique: bool,
    condition: Option<&'a Condition>,
    /// Whether it has an entry per related id instead of one per row.
    of_items: bool,
}

/// Every sensible use of the collection's indexes, given facts about its rows. `sort` is a bound
/// tree whose sort is wanted; without one only narrow ranges count.
pub(super) fn candidates<'c>(
    collection: &'c Collection,
    sort: Option<&Bound>,
    facts: &[Fact],
) -> Vec<Candidate<'c>> {
    let usable = trees(collection).filter(|tree| {
        tree.condition.is_none_or(|condition| implied(collection, condition, facts))
    });
    usable.filter_map(|tree| candidate(&tree, sort, facts)).collect()
}

fn trees(collection: &Collection) -> impl Iterator<Item = Tree<'_>> {
    let declared = collection.indexes.iter().map(|index| Tree {
        index: IndexTree::Declared(index.number),
        name: &index.name,
        columns: index.columns.iter().map(|column| (column.slot, column.collate)).collect(),
        unique: index.unique,
        condition: index.condition.as_ref(),
        of_items: false,
    });
    let implied = collection.fields.iter().filter_map(|field| {
        implied_tree(field).map(|tree| Tree {
            index: tree,
            name: &field.name,
            columns: vec![(field.slot, Collate::Binary)],
            unique: false,
            condition: None,
            of_items: matches!(tree, IndexTree::Relation(_)),
        })
    });
    declared.chain(implied)
}

fn candidate<'c>(tree: &Tree<'c>, sort: Option<&Bound>, facts: &[Fact]) -> Option<Candidate<'c>> {
    let mut writer = KeyWriter::new();
    let mut proven = Vec::new();
    let mut fixed = 0;
    let mut constant = Vec::new();
    for (slot, collate) in &tree.columns {
        let equal = |fact: &&Fact| {
            fact.slot == *slot
                && fact.operator == Operator::Equal
                && (!fact.of_item || tree.of_items)
                // A relation without an id has no entry.
                && (!tree.of_items || fact.value != Scalar::text(""))
        };
        let Some(fact) = facts.iter().find(equal) else {
            break;
        };
        writer.push(&collated(*collate, fact.value.by_ref()));
        fixed += 1;
        if fact.exact && *collate == Collate::Binary {
            prove(&mut proven, fact);
            constant.push(*slot);
        }
    }
    if tree.of_items && fixed == 0 {
        return None;
    }
    let prefix = writer.finish();
    let ranged = tree.columns.get(fixed).filter(|(_, collate)| *collate == Collate::Binary);
    let (range, has_range) = match ranged {
        Some((slot, _)) => column_range(&prefix, *slot, facts, &mut proven),
        None => (KeyRange::prefix(prefix), false),
    };
    let (direction, reverse_ties, in_order) = match sort {
        Some(bound) => order(tree, fixed, &constant, bound),
        None => (Direction::Forward, false, false),
    };
    if fixed == 0 && !has_range && !in_order {
        return None;
    }
    let walk = Walk { tree: tree.index, range, direction, reverse_ties, parts: tree.columns.len() };
    let is_single = tree.unique && fixed == tree.columns.len();
    let name = tree.name;
    Some(Candidate { name, walk, proven, fixed, has_range, in_order, is_single })
}

/// The keys behind `prefix` that the facts about the next column leave over.
fn column_range(
    prefix: &[u8],
    slot: Slot,
    facts: &[Fact],
    proven: &mut Vec<usize>,
) -> (KeyRange, bool) {
    let mut range = KeyRange::prefix(prefix.to_vec());
    let mut has_range = false;
    for fact in facts.iter().filter(|fact| fact.slot == slot && !fact.of_item) {
        let (key, is_whole) = bound_key(prefix, &fact.value);
        let behind = || prefix_end(&key).map_or(RangeBound::Unbounded, RangeBound::Excluded);
        let beyond = || prefix_end(&key).map_or(RangeBound::Unbounded, RangeBound::Included);
        match fact.operator {
            // Where several values share the key, the range includes them.
            Operator::Greater if is_whole => raise(&mut range, beyond()),
            Operator::Greater | Operator::GreaterEqual => {
                raise(&mut range, RangeBound::Included(key));
            }
            Operator::Less if is_whole => lower(&mut range, RangeBound::Excluded(key)),
            Operator::Less | Operator::LessEqual => lower(&mut range, behind()),
            _ => continue,
        }
        has_range = true;
        if fact.exact {
            prove(proven, fact);
        }
    }
    (range, has_range)
}

/// An index may have a column twice.
fn prove(proven: &mut Vec<usize>, fact: &Fact) {
    if !proven.contains(&fact.comparison) {
        proven.push(fact.comparison);
    }
}

/// The key of a bound, and whether it tells the value apart from all others.
fn bound_key(prefix: &[u8], value: &Scalar<'_>) -> (Vec<u8>, bool) {
    let mut writer = KeyWriter::new();
    let mut key = prefix.to_vec();
    match value {
        Scalar::Text(text) if text.len() > TEXT_MAX => {
            // Cut at a character so that the part is text; what shares it stays in the range.
            let end = (0..=TEXT_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
            writer.push(&Scalar::text(&text[..end]));
            key.extend(writer.finish());
            // Without the terminator the key is a prefix of all texts that begin so.
            key.truncate(key.len() - 2);
            (key, false)
        }
        _ => {
            writer.push(value);
            key.extend(writer.finish());
            (key, is_exact(value))
        }
    }
}

fn raise(range: &mut KeyRange, start: RangeBound<Vec<u8>>) {
    let key = |bound: &RangeBound<Vec<u8>>| match bound {
        RangeBound::Included(key) | RangeBound::Excluded(key) => Some(key.clone()),
        RangeBound::Unbounded => None,
    };
    if key(&start) > key(&range.start) {
        range.start = start;
    }
}

fn lower(range: &mut KeyRange, end: RangeBound<Vec<u8>>) {
    let is_lower = match (&end, &range.end) {
        (RangeBound::Excluded(end), RangeBound::Excluded(old)) => end < old,
        (RangeBound::Excluded(_), RangeBound::Unbounded) => true,
        _ => false,
    };
    if is_lower {
        range.end = end;
    }
}

/// In which direction to walk, whether rows with equal keys must be turned around, and whether
/// that gives the order of the answer. `constant` columns have one value in the whole range.
fn order(
    tree: &Tree<'_>,
    fixed: usize,
    constant: &[Slot],
    bound: &Bound,
) -> (Direction, bool, bool) {
    let no = (Direction::Forward, false, false);
    let mut columns = tree.columns[fixed..].iter();
    let mut direction = None;
    let mut ties = Direction::Forward;
    for key in &bound.sort {
        let wanted = if key.descending { Direction::Backward } else { Direction::Forward };
        match sort_slot(bound, key) {
            Some(slot) if constant.contains(&slot) => {}
            Some(slot) if columns.next() == Some(&(slot, Collate::Binary)) => {
                if direction.is_some_and(|direction| direction != wanted) {
                    return no;
                }
                direction = Some(wanted);
            }
            None if matches!(key.by, SortBy::RowId) => {
                ties = wanted;
                break;
            }
            _ => return no,
        }
    }
    // Entries with several ids, and columns that nobody asked to sort by, come in their own order.
    if columns.next().is_some() {
        return no;
    }
    let direction = direction.unwrap_or(ties);
    (direction, direction != ties, true)
}

/// The stored column that a sort key shows as indexes keep it.
fn sort_slot(bound: &Bound, key: &SortKey) -> Option<Slot> {
    let SortBy::Term(term) = &key.by else {
        return None;
    };
    match term.kind {
        TermKind::Column { join: BASE, field } if !term.lower => {
            bound.joins[BASE].field(field).map(|field| field.slot)
        }
        _ => None,
    }
}

/// Whether rows for which the facts hold are all in an index with this condition.
fn implied(collection: &Collection, condition: &Condition, facts: &[Fact]) -> bool {
    match condition {
        Condition::All(all) => all.iter().all(|part| implied(collection, part, facts)),
        Condition::Any(any) => any.iter().any(|part| implied(collection, part, facts)),
        // Only json columns are ever null.
        Condition::IsNotNull(slot) => collection
            .field_at(*slot)
            .is_some_and(|field| !matches!(field.kind, FieldKind::Json(_))),
        Condition::IsNull(_) => false,
        Condition::Compare(slot, comparison, constant) => {
            facts.iter().filter(|fact| fact.slot == *slot && !fact.of_item).any(|fact| {
                let constant = crate::query::entry::constant_like(&fact.value, constant);
                let ordering = fact.value.cmp(&constant);
                match fact.operator {
                    Operator::Equal => crate::query::entry::comparison_holds(*comparison, ordering),
                    operator => ordering.is_eq() && same_comparison(operator, *comparison),
                }
            })
        }
    }
}

fn same_comparison(operator: Operator, comparison: Comparison) -> bool {
    matches!(
        (operator, comparison),
        (Operator::NotEqual, Comparison::NotEqual)
            | (Operator::Less, Comparison::Less)
            | (Operator::LessEqual, Comparison::LessEqual)
            | (Operator::Greater, Comparison::Greater)
            | (Operator::GreaterEqual, Comparison::GreaterEqual)
    )
}

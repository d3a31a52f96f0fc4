//! Which index a list would have been quicker with.

use crate::model::Slot;
use crate::query::ast::Operator;
use crate::query::bound::{BASE, JoinId, Node, SortBy, TermKind};
use crate::query::eval::Run;
use crate::query::{FilterError, Rows};
use crate::schema::Collection;

use super::facts::{Fact, alternatives, conjuncts, fact};
use super::{Access, Plan, SHORT_ROWS, lead};

/// An index that would serve a list better than what is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// The name of the collection to declare it on.
    pub collection: String,
    /// The names of its columns in order.
    pub columns: Vec<String>,
}

impl Plan<'_> {
    /// An index that would spare most of the work, if one can be named: columns that must equal
    /// something, then those to sort by or one that is bounded.
    pub fn advice(&self, rows: &dyn Rows) -> Result<Option<Advice>, FilterError> {
        let needs_none = matches!(self.access, Access::Nothing | Access::Record(_))
            || self.estimate <= SHORT_ROWS
            || (self.is_exact && self.in_order);
        if needs_none {
            return Ok(None);
        }
        let run = Run::new(&self.bound, rows, self.request, self.now).within(self.rows_max);
        let Some(nodes) = conjuncts(&run, lead(&self.bound))? else {
            return Ok(None);
        };
        let mut facts = Vec::new();
        for node in &nodes {
            facts.extend(fact(&run, node)?);
        }
        let (on_base, mut others): (Vec<Fact>, Vec<Fact>) =
            facts.into_iter().partition(|fact| fact.join == BASE);
        let on_base: Vec<&Fact> = on_base.iter().collect();
        if let Some(advice) = self.on(BASE, &on_base, &self.sort_slots()) {
            return Ok(Some(advice));
        }
        for node in nodes {
            let Node::Or(group) = node else { continue };
            for node in alternatives(&run, &group.nodes)?.unwrap_or_default() {
                others.extend(fact(&run, node)?);
            }
        }
        // Each of the others stands on its own: an alternative, or what a related record is asked.
        Ok(others.iter().find_map(|fact| self.on(fact.join, &[fact], &[])))
    }

    /// The index that facts about one row ask for, unless there is one that begins like it.
    fn on(&self, join: JoinId, facts: &[&Fact], sort: &[Slot]) -> Option<Advice> {
        let collection = self.bound.joins[join].collection.as_deref()?;
        let whole = || facts.iter().filter(|fact| !fact.of_item && fact.slot != Slot::ID);
        let mut slots: Vec<Slot> = Vec::new();
        for fact in whole().filter(|fact| fact.operator == Operator::Equal) {
            if !slots.contains(&fact.slot) {
                slots.push(fact.slot);
            }
        }
        let is_bound = |fact: &&&Fact| {
            !matches!(fact.operator, Operator::Equal | Operator::NotEqual)
                && !slots.contains(&fact.slot)
        };
        let bounded = whole().find(is_bound).map(|fact| fact.slot);
        match bounded {
            Some(slot) => slots.push(slot),
            None => slots.extend(sort.iter().copied().filter(|slot| *slot != Slot::ID)),
        }
        let columns: Option<Vec<String>> = slots
            .iter()
            .map(|slot| collection.field_at(*slot).map(|field| field.name.clone()))
            .collect();
        let columns = columns.filter(|columns| !columns.is_empty())?;
        let is_new = !is_served(collection, &slots);
        is_new.then(|| Advice { collection: collection.name.clone(), columns })
    }

    /// The columns of the base row to sort by, if an index could give their order.
    fn sort_slots(&self) -> Vec<Slot> {
        let first = self.bound.sort.first().map(|key| key.descending);
        let slots: Option<Vec<Slot>> = self
            .bound
            .sort
            .iter()
            .filter(|key| !matches!(key.by, SortBy::RowId))
            .map(|key| match &key.by {
                SortBy::Term(term) if Some(key.descending) == first && !term.lower => {
                    match term.kind {
                        TermKind::Column { join: BASE, field } => {
                            self.bound.joins[BASE].field(field).map(|field| field.slot)
                        }
                        _ => None,
                    }
                }
                _ => None,
            })
            .collect();
        slots.unwrap_or_default()
    }
}

/// Whether an index begins with these columns.
fn is_served(collection: &Collection, slots: &[Slot]) -> bool {
    let implied = slots.len() == 1
        && collection
            .field_at(slots[0])
            .is_some_and(|field| crate::query::entry::implied_tree(field).is_some());
    implied
        || collection.indexes.iter().any(|index| {
            let columns = index.columns.iter().map(|column| column.slot);
            index.condition.is_none() && columns.take(slots.len()).eq(slots.iter().copied())
        })
}

//! What a plan says about itself.

use serde_json::{Value as Json, json};

use crate::query::Direction;
use crate::query::bound::SortBy;

use super::{Access, Plan};

/// What was chosen.
#[derive(Debug, Clone, PartialEq)]
pub struct Explain {
    /// Where candidates come from: `nothing`, `record`, `index`, `lookup`, `columns` or `scan`. A
    /// `lookup` unites several ranges or starts at related records; when it turns out to be long, a
    /// scan takes over. `columns` are in memory, or are read in by the first list that needs them.
    pub access: &'static str,
    /// The index, where one is used; implied ones go by the name of their field. Alternatives are
    /// separated by `|`; `field < (index)` reads the relation from the found records, and
    /// `collection.field > (index)` that of the found records.
    pub index: Option<String>,
    /// Whether rows and entries are visited from the last to the first.
    pub backward: bool,
    /// Whether candidates are tested against what is left of the condition.
    pub filtered: bool,
    /// What puts the answer in order: `access`, or `heap` when the best of all candidates are
    /// picked.
    pub order: &'static str,
    /// Where the total comes from: `count` of the collection, `entries` of the index range,
    /// `candidates` that match, or `none`.
    pub total: &'static str,
    /// Rows that the plan expects to touch, in units of scanned rows.
    pub estimated_rows: u64,
    /// Whether it counts as short.
    pub short: bool,
}

impl Explain {
    /// The same as a JSON object.
    pub fn to_json(&self) -> Json {
        json!({
            "access": self.access,
            "index": self.index,
            "backward": self.backward,
            "filtered": self.filtered,
            "order": self.order,
            "total": self.total,
            "estimatedRows": self.estimated_rows,
            "short": self.short,
        })
    }
}

pub(super) fn explain(plan: &Plan<'_>) -> Explain {
    let (access, index, direction) = match &plan.access {
        Access::Nothing => ("nothing", None, Direction::Forward),
        Access::Record(_) => ("record", None, Direction::Forward),
        Access::Index { name, walk } => ("index", Some(name.clone()), walk.direction),
        Access::Found { lookup, direction, .. } | Access::Lookup { lookup, direction, .. } => {
            ("lookup", Some(lookup.describe()), *direction)
        }
        Access::Columns { direction, .. } => ("columns", None, *direction),
        Access::Scan(direction) => ("scan", None, *direction),
    };
    let total = match &plan.access {
        _ if !plan.page.total => "none",
        _ if plan.counts_collection() => "count",
        Access::Index { .. } if plan.is_exact => "entries",
        _ => "candidates",
    };
    Explain {
        access,
        index,
        backward: direction == Direction::Backward,
        filtered: !plan.is_exact,
        order: if plan.in_order { "access" } else { "heap" },
        total,
        estimated_rows: plan.estimate,
        short: plan.is_short,
    }
}

impl Plan<'_> {
    /// Whether every record of the collection matches for certain.
    pub(super) fn counts_collection(&self) -> bool {
        self.is_exact
            && self.proven.is_empty()
            && matches!(
                self.access,
                Access::Index { .. } | Access::Columns { .. } | Access::Scan(_)
            )
            && !self.bound.sort.iter().any(|key| matches!(&key.by, SortBy::Term(t) if t.needs != 0))
    }
}

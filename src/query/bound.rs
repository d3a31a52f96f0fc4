//! The typed tree: names resolved to slots, joins and parameters.

use std::sync::Arc;

use crate::model::Scalar;
use crate::schema::{Collection, Field};

use super::ast::Operator;
use super::compare::Affinity;
use super::functions::Strftime;
use super::like::Pattern;
use super::macros::Macro;

/// Index into [`Bound::joins`]. Parents come before their children.
pub(super) type JoinId = usize;
/// A set of multi-valued joins, one bit each.
pub(super) type JoinSet = u128;

/// The base row of the query.
pub(super) const BASE: JoinId = 0;

/// A condition bound to a schema.
#[derive(Debug)]
pub(super) struct Bound {
    /// The base row and everything joined to it; at most one join per prefix of a path.
    pub(super) joins: Vec<Join>,
    /// The multi-valued join of each bit in a [`JoinSet`].
    pub(super) many: Vec<JoinId>,
    /// What is fixed for a whole run.
    pub(super) parameters: Vec<Parameter>,
    /// All must hold.
    pub(super) root: Vec<Node>,
    /// In order of importance.
    pub(super) sort: Vec<SortKey>,
    /// Whether this tree is good only for requests authenticated with the collection it was
    /// bound for.
    pub(super) depends_on_auth: bool,
}

/// One place where rows or items come from.
#[derive(Debug)]
pub(super) struct Join {
    pub(super) kind: JoinKind,
    /// Conditions of one scope share joins; every related list rule is a scope of its own.
    pub(super) scope: usize,
    pub(super) parent: Option<JoinId>,
    /// The collection of its rows; `None` when it yields items instead.
    pub(super) collection: Option<Arc<Collection>>,
    /// The multi-valued joins among this one and its ancestors.
    pub(super) needs: JoinSet,
    /// The bit of this join if it is multi-valued.
    pub(super) bit: Option<u32>,
    pub(super) children: Vec<JoinId>,
    /// Whether the base row is an ancestor.
    pub(super) on_base: bool,
}

/// How a join finds its rows or items. Fields are positions in the parent's collection, except
/// that of `Back`, which is one in the join's own.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum JoinKind {
    Base,
    /// The record whose id the parent's field holds.
    Single {
        field: usize,
    },
    /// The items of the parent's field.
    Items {
        field: usize,
    },
    /// The record whose id the parent's current item is.
    ItemRecord,
    /// The records whose field holds the parent's id.
    Back {
        field: usize,
    },
    /// Every record; the alias tells apart independent uses.
    All {
        alias: Option<String>,
    },
    /// The record that the request is authenticated as.
    Auth,
    /// The records whose ids the request's body has in this field.
    BodyRecords {
        name: String,
    },
    /// The items that the request's body has in this field.
    BodyItems {
        name: String,
    },
}

/// A condition.
#[derive(Debug)]
pub(super) enum Node {
    Compare(Box<Compare>),
    And(Group),
    Or(Group),
}

/// Several conditions and what they stand on together.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) nodes: Vec<Node>,
    needs: JoinSet,
    on_base: bool,
}

/// One comparison.
#[derive(Debug)]
pub(super) struct Compare {
    /// Tells comparisons of one condition apart.
    pub(super) number: usize,
    pub(super) operator: Operator,
    pub(super) any: bool,
    pub(super) left: Term,
    pub(super) right: Term,
    /// Auth rows of which `emailVisibility` must be on: join and field.
    pub(super) visible: Vec<(JoinId, usize)>,
    /// The single relation of the base row whose id alone decides the comparison.
    pub(super) follows: Option<usize>,
}

/// An operand.
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "four independent properties of an operand")]
pub(super) struct Term {
    pub(super) kind: TermKind,
    pub(super) affinity: Affinity,
    /// In lower case.
    pub(super) lower: bool,
    /// Whether NULL is a value of its own in `=` and `!=`.
    pub(super) strict: bool,
    /// Whether plain operators must hold for all its values.
    pub(super) multi: bool,
    /// The multi-valued joins it stands on.
    pub(super) needs: JoinSet,
    /// Whether it depends on the base row.
    pub(super) on_base: bool,
}

/// What an operand is.
#[derive(Debug)]
pub(super) enum TermKind {
    Null,
    Literal {
        value: Scalar<'static>,
        pattern: Pattern,
    },
    /// Index into [`Bound::parameters`].
    Parameter(usize),
    Column {
        join: JoinId,
        field: usize,
    },
    Json {
        join: JoinId,
        field: usize,
        path: Vec<Step>,
    },
    Length {
        join: JoinId,
        field: usize,
    },
    Item {
        join: JoinId,
    },
    Changed {
        is_set: usize,
        compare: Box<Compare>,
    },
    Strftime(Box<Strftime>),
    Distance(Box<[Term; 4]>),
}

/// One step of a path into a JSON document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// A value that is the same for a whole run.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Parameter {
    Macro(Macro),
    /// A value under `@request.`.
    Request {
        path: Vec<String>,
        lower: bool,
        number: bool,
        raw_json: bool,
    },
    /// Whether that value is there.
    IsSet {
        path: Vec<String>,
    },
    /// How many items the body has in this field.
    BodyLength {
        name: String,
    },
    /// The text of the body's field in lower case.
    BodyLower {
        name: String,
    },
}

/// One key to sort by.
#[derive(Debug)]
pub(super) struct SortKey {
    pub(super) by: SortBy,
    pub(super) descending: bool,
}

/// What a sort key takes from a row.
#[derive(Debug)]
pub(super) enum SortBy {
    Term(Term),
    Random,
    RowId,
}

impl Bound {
    /// The single relation of the base row through which both operands read all that they take
    /// from it, if there is such a one and nothing multi-valued is involved.
    pub(super) fn followed_by(&self, left: &Term, right: &Term) -> Option<usize> {
        let fields = [left, right].map(|term| match &term.kind {
            _ if term.needs != 0 || term.multi => None,
            TermKind::Column { join, .. }
            | TermKind::Json { join, .. }
            | TermKind::Length { join, .. }
                if term.on_base =>
            {
                self.first_hop(*join).map(Some)
            }
            _ if term.on_base => None,
            _ => Some(None),
        });
        match fields {
            [Some(Some(left)), Some(Some(right))] => (left == right).then_some(left),
            [Some(Some(field)), Some(None)] | [Some(None), Some(Some(field))] => Some(field),
            _ => None,
        }
    }

    /// Whether the answer may be another at another time, although nothing changed.
    pub(super) fn is_fleeting(&self) -> bool {
        let is_macro = |parameter: &Parameter| matches!(parameter, Parameter::Macro(_));
        let by_term = |by: &SortBy| match by {
            SortBy::Term(term) => term.is_fleeting(),
            SortBy::Random => true,
            SortBy::RowId => false,
        };
        self.parameters.iter().any(is_macro)
            || self.sort.iter().any(|key| by_term(&key.by))
            || self.root.iter().any(Node::is_fleeting)
    }

    /// The single relation of the base row that leads to a join.
    fn first_hop(&self, mut join: JoinId) -> Option<usize> {
        loop {
            let parent = self.joins.get(join)?.parent?;
            match self.joins[join].kind {
                JoinKind::Single { field } if parent == BASE => return Some(field),
                JoinKind::Single { .. } => join = parent,
                _ => return None,
            }
        }
    }
}

impl Join {
    /// A field of the join's collection.
    pub(super) fn field(&self, position: usize) -> Option<&Field> {
        self.collection.as_ref()?.fields.get(position)
    }
}

impl Term {
    /// Calls of `strftime` may ask for the time.
    fn is_fleeting(&self) -> bool {
        match &self.kind {
            TermKind::Strftime(_) => true,
            TermKind::Changed { compare, .. } => compare.is_fleeting(),
            TermKind::Distance(terms) => terms.iter().any(Self::is_fleeting),
            _ => false,
        }
    }
}

impl Node {
    fn is_fleeting(&self) -> bool {
        match self {
            Self::Compare(compare) => compare.is_fleeting(),
            Self::And(group) | Self::Or(group) => group.nodes.iter().any(Self::is_fleeting),
        }
    }

    /// The multi-valued joins that the node's truth depends on.
    pub(super) fn needs(&self) -> JoinSet {
        match self {
            Self::Compare(compare) => compare.needs(),
            Self::And(group) | Self::Or(group) => group.needs,
        }
    }

    /// Whether the node's truth depends on the base row.
    pub(super) fn on_base(&self) -> bool {
        match self {
            Self::Compare(compare) => compare.left.on_base || compare.right.on_base,
            Self::And(group) | Self::Or(group) => group.on_base,
        }
    }
}

impl Group {
    pub(super) fn new(nodes: Vec<Node>) -> Self {
        let needs = nodes.iter().fold(0, |needs, node| needs | node.needs());
        let on_base = nodes.iter().any(Node::on_base);
        Self { nodes, needs, on_base }
    }
}

impl Compare {
    fn is_fleeting(&self) -> bool {
        self.left.is_fleeting() || self.right.is_fleeting()
    }

    pub(super) fn needs(&self) -> JoinSet {
        self.left.needs | self.right.needs
    }
}

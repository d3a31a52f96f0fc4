//! Binding: every name in a filter becomes a slot, a join or a parameter, or is refused.

mod function;
mod path;
mod request;

use std::sync::Arc;

use crate::model::Scalar;
use crate::schema::{Catalog, Collection};

pub(super) use request::IS_ANONYMOUS;

use super::FilterError;
use super::ast::{Comparison, Expr, Operand};
use super::bound::{
    BASE, Bound, Compare, Group, Join, JoinId, JoinKind, Node, Parameter, SortBy, SortKey, Term,
    TermKind,
};
use super::compare::Affinity;
use super::like::Pattern;
use super::macros::Macro;
use super::parser::parse;
use super::sort::SortItem;

/// Joins in one condition. Far above what the other limits leave room for in practice.
const JOINS_MAX: usize = 1000;

/// Binds texts against a schema into one [`Bound`].
pub(super) struct Binder<'a> {
    catalog: &'a Arc<Catalog>,
    /// The collection of whoever asks.
    auth: Option<&'a Arc<Collection>>,
    bound: Bound,
    scope: Scope,
    /// Joined rows that a client's text reached, to which their list rules apply.
    reached: Vec<JoinId>,
    /// Emails used in the comparison being bound that only count when visible.
    visible: Vec<(JoinId, usize)>,
    scopes: usize,
    comparisons: usize,
}

/// Where plain names are looked up, and with which rights.
#[derive(Clone)]
struct Scope {
    number: usize,
    base: JoinId,
    collection: Arc<Collection>,
    /// Hidden fields are refused, and related list rules apply.
    restricted: bool,
}

impl<'a> Binder<'a> {
    pub(super) fn new(
        catalog: &'a Arc<Catalog>,
        collection: &Arc<Collection>,
        auth: Option<&'a Arc<Collection>>,
    ) -> Self {
        let base = Join {
            kind: JoinKind::Base,
            scope: 0,
            parent: None,
            collection: Some(Arc::clone(collection)),
            needs: 0,
            bit: None,
            children: Vec::new(),
            on_base: true,
        };
        let bound = Bound {
            joins: vec![base],
            many: Vec::new(),
            parameters: Vec::new(),
            root: Vec::new(),
            sort: Vec::new(),
            depends_on_auth: false,
        };
        let collection = Arc::clone(collection);
        let scope = Scope { number: 0, base: BASE, collection, restricted: false };
        Self {
            catalog,
            auth,
            bound,
            scope,
            reached: Vec::new(),
            visible: Vec::new(),
            scopes: 1,
            comparisons: 0,
        }
    }

    /// Adds a condition that must hold. `restricted` is what clients other than superusers get.
    pub(super) fn condition(&mut self, expr: &Expr, restricted: bool) -> Result<(), FilterError> {
        self.scope.restricted = restricted;
        match self.node(expr)? {
            Node::And(group) => self.bound.root.extend(group.nodes),
            node => self.bound.root.push(node),
        }
        Ok(())
    }

    /// Adds the keys to sort by.
    pub(super) fn sort(
        &mut self,
        items: &[SortItem<'_>],
        restricted: bool,
    ) -> Result<(), FilterError> {
        self.scope.restricted = restricted;
        for item in items {
            let by = match item.name {
                "@random" => SortBy::Random,
                "@rowid" => SortBy::RowId,
                name => SortBy::Term(self.sortable(name)?),
            };
            self.bound.sort.push(SortKey { by, descending: item.descending });
        }
        self.visible.clear();
        Ok(())
    }

    fn sortable(&mut self, name: &str) -> Result<Term, FilterError> {
        let term = self.identifier(name)?;
        match term.kind {
            TermKind::Column { .. }
            | TermKind::Json { .. }
            | TermKind::Length { .. }
            | TermKind::Item { .. } => Ok(term),
            _ => Err(FilterError::Unknown(format!("cannot sort by {name}"))),
        }
    }

    /// Applies the list rules of related collections and returns the finished tree.
    pub(super) fn finish(mut self) -> Result<Bound, FilterError> {
        for join in std::mem::take(&mut self.reached) {
            let Some(collection) = self.bound.joins[join].collection.clone() else {
                continue;
            };
            let Some(rule) = collection.rules.list.clone().filter(|rule| !rule.is_empty()) else {
                continue;
            };
            let expr = parse(&rule)?;
            let number = self.scopes;
            self.scopes += 1;
            self.scope = Scope { number, base: join, collection, restricted: false };
            let missing = Expr::Compare(Comparison {
                left: Operand::Identifier("id".to_owned()),
                operator: super::ast::Operator::Equal,
                any: false,
                right: Operand::Text(String::new()),
            });
            let node = self.node(&Expr::Or(vec![missing, expr]))?;
            self.bound.root.push(node);
        }
        Ok(self.bound)
    }

    fn node(&mut self, expr: &Expr) -> Result<Node, FilterError> {
        match expr {
            Expr::Compare(comparison) => self.compare(comparison).map(Box::new).map(Node::Compare),
            Expr::And(parts) => {
                let mut nodes = Vec::with_capacity(parts.len());
                for part in parts {
                    match self.node(part)? {
                        Node::And(group) => nodes.extend(group.nodes),
                        node => nodes.push(node),
                    }
                }
                Ok(Node::And(Group::new(nodes)))
            }
            Expr::Or(parts) => {
                let nodes = parts.iter().map(|part| self.node(part)).collect::<Result<_, _>>()?;
                Ok(Node::Or(Group::new(nodes)))
            }
        }
    }

    fn compare(&mut self, comparison: &Comparison) -> Result<Compare, FilterError> {
        let left = self.operand(&comparison.left)?;
        let right = self.operand(&comparison.right)?;
        let visible = std::mem::take(&mut self.visible);
        let Comparison { operator, any, .. } = *comparison;
        self.comparisons += 1;
        let follows = self.bound.followed_by(&left, &right);
        Ok(Compare { number: self.comparisons, operator, any, left, right, visible, follows })
    }

    fn operand(&mut self, operand: &Operand) -> Result<Term, FilterError> {
        match operand {
            Operand::Number(number) => Ok(literal(Scalar::Real(*number), &number.to_string())),
            Operand::Text(text) => Ok(literal(Scalar::Text(text.clone().into()), text)),
            Operand::Function { name, arguments } => self.function(name, arguments),
            Operand::Identifier(name) => self.identifier_or_word(name),
        }
    }

    /// A field wins over the words `null`, `true` and `false`.
    fn identifier_or_word(&mut self, name: &str) -> Result<Term, FilterError> {
        self.identifier(name).or_else(|error| match name.to_ascii_lowercase().as_str() {
            "null" => Ok(plain(TermKind::Null)),
            "true" => Ok(literal(Scalar::Int(1), "1")),
            "false" => Ok(literal(Scalar::Int(0), "0")),
            _ => Err(error),
        })
    }

    fn identifier(&mut self, name: &str) -> Result<Term, FilterError> {
        if let Some(named) = Macro::named(name) {
            return Ok(self.parameter(Parameter::Macro(named)));
        }
        let props: Vec<&str> = name.split('.').collect();
        match props[0] {
            "@request" => self.request(name, &props[1..]),
            "@collection" => self.collection_path(name, &props[1..]),
            first if first.starts_with(['@', '#']) => Err(unknown(name)),
            _ => self.path(self.scope.base, &props, false, false),
        }
    }

    fn parameter(&mut self, parameter: Parameter) -> Term {
        let known = self.bound.parameters.iter().position(|known| *known == parameter);
        let index = known.unwrap_or_else(|| {
            self.bound.parameters.push(parameter);
            self.bound.parameters.len() - 1
        });
        plain(TermKind::Parameter(index))
    }

    /// The join of this kind under `parent`, made if it is not there yet.
    fn join(
        &mut self,
        parent: Option<JoinId>,
        kind: JoinKind,
        collection: Option<&Arc<Collection>>,
    ) -> Result<JoinId, FilterError> {
        let scope = self.scope.number;
        let same = |join: &Join| {
            join.scope == scope
                && join.parent == parent
                && join.kind == kind
                && (join.collection.as_ref().map(|c| &c.id) == collection.map(|c| &c.id)
                    || matches!(kind, JoinKind::All { alias: Some(_) }))
        };
        let found = self.bound.joins.iter().position(same);
        let id = match found {
            Some(id) => id,
            None => self.add_join(parent, kind, collection)?,
        };
        if let Some(collection) = collection {
            if self.bound.joins[id].collection.as_ref().is_none_or(|c| c.id != collection.id) {
                let message = "one alias cannot stand for two collections".to_owned();
                return Err(FilterError::Unknown(message));
            }
            if self.scope.restricted {
                if collection.rules.list.is_none() {
                    return Err(unknown(&collection.name));
                }
                if !self.reached.contains(&id) {
                    self.reached.push(id);
                }
            }
        }
        Ok(id)
    }

    fn add_join(
        &mut self,
        parent: Option<JoinId>,
        kind: JoinKind,
        collection: Option<&Arc<Collection>>,
    ) -> Result<JoinId, FilterError> {
        let id = self.bound.joins.len();
        let is_many = matches!(
            kind,
            JoinKind::Items { .. }
                | JoinKind::Back { .. }
                | JoinKind::All { .. }
                | JoinKind::BodyRecords { .. }
                | JoinKind::BodyItems { .. }
        );
        if id >= JOINS_MAX || (is_many && self.bound.many.len() >= 128) {
            return Err(FilterError::Limit("too many joined collections".to_owned()));
        }
        let mut needs = parent.map_or(0, |parent| self.bound.joins[parent].needs);
        let bit = is_many.then_some(self.bound.many.len() as u32);
        if let Some(bit) = bit {
            needs |= 1 << bit;
            self.bound.many.push(id);
        }
        let on_base = parent.is_some_and(|parent| self.bound.joins[parent].on_base);
        if let Some(parent) = parent {
            self.bound.joins[parent].children.push(id);
        }
        self.bound.joins.push(Join {
            kind,
            scope: self.scope.number,
            parent,
            collection: collection.cloned(),
            needs,
            bit,
            children: Vec::new(),
            on_base,
        });
        Ok(id)
    }
}

fn unknown(name: &str) -> FilterError {
    FilterError::Unknown(format!("unknown or unusable name {name}"))
}

/// A term on its own, standing on no row.
fn plain(kind: TermKind) -> Term {
    Term {
        kind,
        affinity: Affinity::None,
        lower: false,
        strict: false,
        multi: false,
        needs: 0,
        on_base: false,
    }
}

fn literal(value: Scalar<'static>, text: &str) -> Term {
    plain(TermKind::Literal { value, pattern: Pattern::of_literal(text) })
}

/// A path element's name and modifier. More than one `:` means no modifier, and no such name.
fn split_modifier(prop: &str) -> Result<(&str, Modifier), FilterError> {
    let Some((name, modifier)) = prop.split_once(':').filter(|(_, rest)| !rest.contains(':'))
    else {
        return Ok((prop, Modifier::None));
    };
    let modifier = match modifier {
        "isset" => Modifier::IsSet,
        "each" => Modifier::Each,
        "length" => Modifier::Length,
        "lower" => Modifier::Lower,
        "changed" => Modifier::Changed,
        _ => return Err(FilterError::Unknown(format!("unknown modifier in {prop}"))),
    };
    Ok((name, modifier))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Modifier {
    None,
    IsSet,
    Each,
    Length,
    Lower,
    Changed,
}

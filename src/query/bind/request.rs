//! Names under `@request.` and `@collection.`.

use crate::schema::{Field, FieldKind};

use super::super::FilterError;
use super::super::ast::Operator;
use super::super::bound::{Compare, JoinKind, Parameter, Term, TermKind};
use super::super::compare::Affinity;
use super::path::is_countable;
use super::{Binder, Modifier, plain, split_modifier, unknown};

/// Fields of the auth record that come from the request instead of being looked up.
const AUTH_STATIC: [&str; 6] =
    ["id", "collectionId", "collectionName", "email", "emailVisibility", "verified"];

/// Whether the account is one of a visitor who has not said who they are.
pub(in crate::query) const IS_ANONYMOUS: &str = "isAnonymous";

impl Binder<'_> {
    /// `@collection.name.path` and `@collection.name:alias.path`; `props` begins at the name.
    pub(super) fn collection_path(
        &mut self,
        name: &str,
        props: &[&str],
    ) -> Result<Term, FilterError> {
        let [source, path @ ..] = props else {
            return Err(unknown(name));
        };
        let (owner, alias) = match source.split_once(':') {
            Some((owner, alias)) => (owner, Some(alias.to_owned())),
            None => (*source, None),
        };
        if path.is_empty() || alias.as_deref().is_some_and(|alias| alias.contains(':')) {
            return Err(unknown(name));
        }
        let owner = self.catalog.find(owner).cloned().ok_or_else(|| unknown(source))?;
        let alias = alias.filter(|alias| !alias.is_empty());
        let join = self.join(None, JoinKind::All { alias }, Some(&owner))?;
        self.path(join, path, true, false)
    }

    /// A name under `@request.`; `props` is what follows.
    pub(super) fn request(&mut self, name: &str, props: &[&str]) -> Result<Term, FilterError> {
        match props {
            ["context" | "method"] | ["query" | "headers", _, ..] => self.static_value(props),
            ["auth", rest @ ..] if !rest.is_empty() => self.auth_path(props, rest),
            ["body", rest @ ..] if !rest.is_empty() => self.body_path(props, rest),
            _ => Err(unknown(name)),
        }
    }

    fn auth_path(&mut self, props: &[&str], path: &[&str]) -> Result<Term, FilterError> {
        if let [name] = path
            && (AUTH_STATIC.contains(name) || self.is_computed(name))
        {
            return self.static_value(props);
        }
        self.bound.depends_on_auth = true;
        let Some(collection) = self.auth.cloned() else {
            return Ok(plain(TermKind::Null));
        };
        let join = self.join(None, JoinKind::Auth, Some(&collection))?;
        self.path(join, path, false, true)
    }

    /// Whether this is what the server knows about accounts, unless a field is called so.
    fn is_computed(&self, name: &str) -> bool {
        name == IS_ANONYMOUS && self.auth.is_none_or(|auth| auth.field(name).is_none())
    }

    fn body_path(&mut self, props: &[&str], path: &[&str]) -> Result<Term, FilterError> {
        let (name, modifier) = split_modifier(path[0])?;
        let collection = self.scope.collection.clone();
        let Some(field) = collection.field(name) else {
            return self.static_value(props);
        };
        if let (Some(relation), [_, rest @ ..]) = (field.relation(), path)
            && !rest.is_empty()
        {
            let target = self.catalog.by_id(relation.collection_id.as_str());
            let target = target.cloned().ok_or_else(|| unknown(name))?;
            let kind = JoinKind::BodyRecords { name: name.to_owned() };
            let join = self.join(None, kind, Some(&target))?;
            return self.path(join, rest, field.kind.is_multiple(), true);
        }
        if path.len() > 1 {
            return self.static_value(props);
        }
        match modifier {
            Modifier::Each => self.body_items(field),
            Modifier::Length if is_countable(&field.kind) => {
                Ok(self.parameter(Parameter::BodyLength { name: name.to_owned() }))
            }
            Modifier::Length => Err(not_countable(name)),
            Modifier::Lower => Ok(self.parameter(Parameter::BodyLower { name: name.to_owned() })),
            Modifier::Changed => self.changed(field),
            Modifier::None | Modifier::IsSet => self.static_value(props),
        }
    }

    fn body_items(&mut self, field: &Field) -> Result<Term, FilterError> {
        if !is_countable(&field.kind) {
            return Err(not_countable(&field.name));
        }
        let join = self.join(None, JoinKind::BodyItems { name: field.name.clone() }, None)?;
        let multi = field.kind.is_multiple();
        Ok(self.on_row(join, TermKind::Item { join }, Affinity::None, multi))
    }

    /// Whether the body sets the field to something else than what is stored.
    fn changed(&mut self, field: &Field) -> Result<Term, FilterError> {
        let path = vec!["body".to_owned(), field.name.clone()];
        let is_set = self.parameter(Parameter::IsSet { path });
        let TermKind::Parameter(is_set) = is_set.kind else {
            return Err(unknown(&field.name));
        };
        let compare = Compare {
            number: 0,
            operator: Operator::NotEqual,
            any: false,
            left: self.static_value(&["body", &field.name])?,
            right: self.path(self.scope.base, &[&field.name], false, false)?,
            visible: Vec::new(),
            follows: None,
        };
        let (needs, on_base) = (compare.needs(), compare.right.on_base);
        let kind = TermKind::Changed { is_set, compare: Box::new(compare) };
        Ok(Term { strict: true, needs, on_base, ..plain(kind) })
    }

    /// A value that the request alone determines. `props` begins below `@request.`.
    fn static_value(&mut self, props: &[&str]) -> Result<Term, FilterError> {
        let Some((last, inner)) = props.split_last() else {
            return Err(unknown("@request"));
        };
        let (last, modifier) = split_modifier(last)?;
        let path: Vec<String> = inner.iter().copied().chain([last]).map(str::to_owned).collect();
        let collection = self.scope.collection.clone();
        let field = collection.field(last);
        let number = field.is_some_and(|field| matches!(field.kind, FieldKind::Number(_)));
        let raw_json = path.len() == 2
            && path[0] == "body"
            && field.is_some_and(|field| matches!(field.kind, FieldKind::Json(_)));
        match modifier {
            Modifier::IsSet => Ok(self.parameter(Parameter::IsSet { path })),
            Modifier::None | Modifier::Lower => {
                let lower = modifier == Modifier::Lower;
                Ok(self.parameter(Parameter::Request { path, lower, number, raw_json }))
            }
            _ => Err(FilterError::Unknown(format!("modifier not possible at {last}"))),
        }
    }
}

fn not_countable(name: &str) -> FilterError {
    FilterError::Unknown(format!("{name} cannot hold several values"))
}

//! A rule or filter tested against single records.

use std::sync::Arc;

use crate::model::{Row, Timestamp};
use crate::schema::{Catalog, Collection};

use super::bind::Binder;
use super::bindings::Bindings;
use super::eval::Run;
use super::parser::{CLIENT_TEXT_MAX, parse};
use super::{FilterError, Request, Rows};

/// Who wrote a text, which decides what it may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// A rule of a collection: anything goes, hidden fields included.
    Rule,
    /// A client: bounded in length. Unless `superuser`, hidden fields, `@collection` and
    /// `@request` are refused and the list rules of related collections apply.
    Client {
        /// Whether the client is a superuser.
        superuser: bool,
    },
}

/// A compiled rule or filter over one collection.
///
/// Immutable and shareable. It stays good for as long as the catalog it was compiled against is
/// current, for every request.
#[derive(Debug)]
pub struct Filter {
    bindings: Bindings,
}

/// The record that a filter is tested on.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// A stored record.
    Stored(Row<'a>),
    /// The record that a create request would make, for create rules: its columns have no
    /// affinity, and nothing can relate to it yet.
    Virtual(Row<'a>),
}

impl Filter {
    /// Compiles `text`, which must not be empty.
    pub fn compile(
        catalog: &Arc<Catalog>,
        collection: &Arc<Collection>,
        text: &str,
        scope: Scope,
    ) -> Result<Self, FilterError> {
        if matches!(scope, Scope::Client { .. }) {
            check_client_text(text, CLIENT_TEXT_MAX)?;
        }
        let restricted = scope == Scope::Client { superuser: false };
        if restricted {
            refuse_forbidden(text)?;
        }
        let expr = parse(text)?;
        let (catalog, collection) = (Arc::clone(catalog), Arc::clone(collection));
        let bindings = Bindings::new(Box::new(move |auth| {
            let mut binder = Binder::new(&catalog, &collection, auth);
            binder.condition(&expr, restricted)?;
            binder.finish()
        }))?;
        Ok(Self { bindings })
    }

    /// Whether the record passes.
    pub fn matches(
        &self,
        rows: &dyn Rows,
        request: &Request,
        subject: Subject<'_>,
    ) -> Result<bool, FilterError> {
        let bound = self.bindings.for_request(request)?;
        let run = Run::new(&bound, rows, request, Timestamp::now());
        match subject {
            Subject::Stored(row) => run.all_hold(bound.root.iter(), &mut run.env(Some(row))),
            Subject::Virtual(row) => {
                let run = run.on_virtual_record();
                run.all_hold(bound.root.iter(), &mut run.env(Some(row)))
            }
        }
    }
}

/// The first thing in a client's filter or sort text that only superusers may write:
/// `"@collection."` or `"@request."`, wherever it stands, quoted texts included.
pub fn forbidden_token(text: &str) -> Option<&'static str> {
    ["@collection.", "@request."].into_iter().find(|token| text.contains(token))
}

pub(super) fn refuse_forbidden(text: &str) -> Result<(), FilterError> {
    forbidden_token(text).map_or(Ok(()), |token| {
        Err(FilterError::Unknown(format!("only superusers can filter and sort by {token}")))
    })
}

pub(super) fn check_client_text(text: &str, bytes_max: usize) -> Result<(), FilterError> {
    if text.len() <= bytes_max {
        return Ok(());
    }
    Err(FilterError::Limit(format!("the filter is longer than {bytes_max} bytes")))
}

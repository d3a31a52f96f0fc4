//! The one place that says yes or no.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::model::{Row, RowBuf};
use crate::query::{Context, FilterError, Request, Rows, Scope, Subject, Verb};
use crate::schema::{Collection, Rules};

use super::{Caller, RuleCache};

/// Proof that an action of kind `A` was allowed. Only this room can make one.
#[derive(Debug)]
pub struct Granted<A> {
    rule: Option<String>,
    action: PhantomData<A>,
}

impl<A> Granted<A> {
    fn new() -> Self {
        Self { rule: None, action: PhantomData }
    }
}

impl Granted<List> {
    /// The rule that every listed record must satisfy; `None` = all may be seen.
    pub fn rule(&self) -> Option<&str> {
        self.rule.as_deref()
    }
}

/// Listing records.
#[derive(Debug)]
pub struct List;
/// Viewing a record.
#[derive(Debug)]
pub struct View;
/// Creating a record.
#[derive(Debug)]
pub struct Create;
/// Updating a record.
#[derive(Debug)]
pub struct Update;
/// Deleting a record.
#[derive(Debug)]
pub struct Delete;

/// Why the answer is no.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// There is no rule, so only superusers may.
    #[error("only superusers can perform this action")]
    SuperusersOnly,
    /// The rule exists and does not hold.
    #[error("the rule does not hold")]
    RuleFailed,
    /// The caller came with an API key that is not for this.
    #[error("the API key is not for this")]
    OutOfScope,
    /// The rule cannot be evaluated, because it names something that is gone, for example.
    #[error("the rule cannot be evaluated")]
    Unusable(#[from] FilterError),
}

/// Decides, for one caller, over one state of the data.
#[derive(Clone, Copy)]
pub struct Gate<'a> {
    rows: &'a dyn Rows,
    rules: &'a RuleCache,
    caller: &'a Caller,
}

impl std::fmt::Debug for Gate<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("caller", &self.caller).finish_non_exhaustive()
    }
}

impl<'a> Gate<'a> {
    /// A gate for `caller` over `rows`.
    pub fn new(rows: &'a dyn Rows, rules: &'a RuleCache, caller: &'a Caller) -> Self {
        Self { rows, rules, caller }
    }

    /// Who asks.
    pub fn caller(&self) -> &'a Caller {
        self.caller
    }

    /// What is being asked about.
    pub fn rows(&self) -> &'a dyn Rows {
        self.rows
    }

    /// Whether the caller may list `collection`, and which records.
    pub fn list(&self, collection: &Collection) -> Result<Granted<List>, Denied> {
        self.within_scope(collection, Verb::List)?;
        if self.caller.is_superuser() {
            return Ok(Granted::new());
        }
        let rule = collection.rules.list.as_ref().ok_or(Denied::SuperusersOnly)?;
        let rule = (!rule.is_empty()).then(|| rule.clone());
        Ok(Granted { rule, action: PhantomData })
    }

    /// Whether the caller may see the stored `row` in a list.
    pub fn lists(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
    ) -> Result<Granted<List>, Denied> {
        let request = self.caller.request();
        self.check(collection, Verb::List, request, Subject::Stored(row))
    }

    /// Whether the stored `row` passes a filter that the caller wrote; an empty one is none.
    pub fn passes(
        &self,
        collection: &Arc<Collection>,
        filter: &str,
        row: Row<'_>,
    ) -> Result<bool, FilterError> {
        if filter.is_empty() {
            return Ok(true);
        }
        let scope = Scope::Client { superuser: self.caller.is_unrestricted() };
        let filter = self.rules.filter(self.rows.catalog(), collection, filter, scope)?;
        filter.matches(self.rows, self.caller.request(), Subject::Stored(row))
    }

    /// Whether the caller may view the stored `row`.
    pub fn view(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
    ) -> Result<Granted<View>, Denied> {
        let request = self.caller.request();
        self.check(collection, Verb::View, request, Subject::Stored(row))
    }

    /// Whether a related record may be shown to the caller inside another one.
    pub fn expand(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
        request: &Request,
    ) -> Result<Granted<View>, Denied> {
        debug_assert_eq!(request.context, Context::Expand);
        self.check(collection, Verb::View, request, Subject::Stored(row))
    }

    /// Whether anybody but superusers could create records, asked before the body is looked at.
    pub fn has_rule(&self, rule: Option<&str>) -> Result<(), Denied> {
        if self.caller.is_superuser() || rule.is_some() {
            Ok(())
        } else {
            Err(Denied::SuperusersOnly)
        }
    }

    /// Whether the caller may create a record. `ask` makes the row that holds the submitted values,
    /// and the request with its body; it is called when there is a rule to be asked about them.
    pub fn create(
        &self,
        collection: &Arc<Collection>,
        ask: impl FnOnce() -> (RowBuf, Request),
    ) -> Result<Granted<Create>, Denied> {
        self.check_by(collection, Verb::Create, |rule| {
            let (row, request) = ask();
            self.holds(collection, rule, &request, Subject::Virtual(row.as_row()))
        })
    }

    /// Whether the caller may update the stored `row`. `ask` makes the request with its body; it is
    /// called when there is a rule to be asked about it.
    pub fn update(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
        ask: impl FnOnce() -> Request,
    ) -> Result<Granted<Update>, Denied> {
        self.check_by(collection, Verb::Update, |rule| {
            self.holds(collection, rule, &ask(), Subject::Stored(row))
        })
    }

    /// Whether the caller may delete the stored `row`.
    pub fn delete(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
    ) -> Result<Granted<Delete>, Denied> {
        let request = self.caller.request();
        self.check(collection, Verb::Delete, request, Subject::Stored(row))
    }

    /// Whether the caller may set what an account is let in by: password, address, token key. Nobody
    /// who comes with an API key may, as that would reach further than the key.
    pub fn may_change_credentials(&self) -> Result<(), Denied> {
        if self.caller.key().is_none() { Ok(()) } else { Err(Denied::OutOfScope) }
    }

    /// Whether the caller manages the account `subject`: superusers do, and authenticated records
    /// that satisfy the manage rule; guests never do.
    pub fn manages(
        &self,
        collection: &Arc<Collection>,
        request: &Request,
        subject: Subject<'_>,
    ) -> Result<bool, FilterError> {
        if self.caller.is_superuser() {
            return Ok(true);
        }
        let rule = collection.auth().and_then(|auth| auth.manage_rule.as_deref());
        match rule {
            Some(rule) if !rule.is_empty() && self.caller.auth().is_some() => {
                self.holds(collection, rule, request, subject)
            }
            _ => Ok(false),
        }
    }

    /// Whether `row` may log in.
    pub fn may_authenticate(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
        request: &Request,
    ) -> Result<bool, FilterError> {
        if self.caller.key().is_some() {
            return Ok(false);
        }
        if self.caller.is_superuser() {
            return Ok(true);
        }
        match collection.auth().and_then(|auth| auth.auth_rule.as_deref()) {
            None => Ok(false),
            Some("") => Ok(true),
            Some(rule) => self.holds(collection, rule, request, Subject::Stored(row)),
        }
    }

    /// Whether `row` has to show a second factor to log in, if its collection asks for any. No one
    /// is excepted, not even superusers.
    pub fn needs_second_factor(
        &self,
        collection: &Arc<Collection>,
        row: Row<'_>,
        request: &Request,
    ) -> Result<bool, FilterError> {
        match collection.auth().map(|auth| &auth.mfa) {
            Some(mfa) if !mfa.enabled => Ok(false),
            Some(mfa) if mfa.rule.is_empty() => Ok(true),
            Some(mfa) => self.holds(collection, &mfa.rule, request, Subject::Stored(row)),
            None => Ok(false),
        }
    }

    /// Whether the stored `row` passes `rule` for the caller, as it would be one of its collection:
    /// `None` is passed by superusers alone, an empty one by everybody.
    pub fn satisfies(
        &self,
        collection: &Arc<Collection>,
        rule: Option<&str>,
        row: Row<'_>,
    ) -> Result<bool, FilterError> {
        if self.caller.is_unrestricted() {
            return Ok(true);
        }
        match rule {
            None => Ok(false),
            Some("") => Ok(true),
            Some(rule) => self.holds(collection, rule, self.caller.request(), Subject::Stored(row)),
        }
    }

    fn within_scope(&self, collection: &Collection, verb: Verb) -> Result<(), Denied> {
        if self.caller.reaches(collection, verb) { Ok(()) } else { Err(Denied::OutOfScope) }
    }

    fn check<A>(
        &self,
        collection: &Arc<Collection>,
        verb: Verb,
        request: &Request,
        subject: Subject<'_>,
    ) -> Result<Granted<A>, Denied> {
        self.check_by(collection, verb, |rule| self.holds(collection, rule, request, subject))
    }

    fn check_by<A>(
        &self,
        collection: &Collection,
        verb: Verb,
        holds: impl FnOnce(&str) -> Result<bool, FilterError>,
    ) -> Result<Granted<A>, Denied> {
        self.within_scope(collection, verb)?;
        if self.caller.is_superuser() {
            return Ok(Granted::new());
        }
        match rule_of(&collection.rules, verb) {
            None => Err(Denied::SuperusersOnly),
            Some("") => Ok(Granted::new()),
            Some(rule) if holds(rule)? => Ok(Granted::new()),
            Some(_) => Err(Denied::RuleFailed),
        }
    }

    fn holds(
        &self,
        collection: &Arc<Collection>,
        rule: &str,
        request: &Request,
        subject: Subject<'_>,
    ) -> Result<bool, FilterError> {
        self.rules.rule(self.rows.catalog(), collection, rule)?.matches(self.rows, request, subject)
    }
}

fn rule_of(rules: &Rules, verb: Verb) -> Option<&str> {
    match verb {
        Verb::List => rules.list.as_deref(),
        Verb::View => rules.view.as_deref(),
        Verb::Create => rules.create.as_deref(),
        Verb::Update => rules.update.as_deref(),
        Verb::Delete => rules.delete.as_deref(),
    }
}

//! What one event becomes for those who subscribed to its record.

use std::collections::HashMap;
use std::sync::Arc;

use crate::access::{Gate, RuleCache};
use crate::model::RowBuf;
use crate::query::Rows;
use crate::schema::Collection;

use super::Subscription;

/// What happened to a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It was made.
    Create,
    /// It was changed.
    Update,
    /// It was removed.
    Delete,
}

impl Action {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// A committed change of one record.
#[derive(Debug, Clone)]
pub struct Event {
    /// The sequence of the change.
    pub sequence: u64,
    /// What happened.
    pub action: Action,
    /// The record's collection.
    pub collection: Arc<Collection>,
    /// The record: as it is now, or as it was before it was deleted.
    pub row: RowBuf,
}

/// Texts of one event that are the same for everybody who sees the same of the record: by whether
/// hidden fields and the email are shown, and by the fields asked for.
pub type SharedTexts = HashMap<(bool, bool, Box<str>), Arc<[u8]>>;

/// Writes events as JSON.
pub trait Render: Send + Sync {
    /// The event as the caller of `gate` may see it, with the subscription's `expand` and `fields`;
    /// one line. `None` when it cannot be written, and then it is not sent.
    fn render(
        &self,
        gate: Gate<'_>,
        event: &Event,
        subscription: &Subscription,
        shared: &mut SharedTexts,
    ) -> Option<Arc<[u8]>>;
}

/// Decides about one event. Equal questions are answered once.
pub(super) struct Judge<'a> {
    pub(super) event: &'a Event,
    pub(super) rows: &'a dyn Rows,
    pub(super) rules: &'a RuleCache,
    pub(super) render: &'a dyn Render,
    outcomes: HashMap<Question<'a>, Option<Arc<[u8]>>>,
    shared: SharedTexts,
}

/// Everything on which the outcome for a subscriber depends.
#[derive(PartialEq, Eq, Hash)]
struct Question<'a> {
    /// Collection and id of the subscriber's record, and the API key it came with.
    who: Option<(&'a str, &'a str, Option<&'a str>)>,
    all: bool,
    options: &'a str,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        event: &'a Event,
        rows: &'a dyn Rows,
        rules: &'a RuleCache,
        render: &'a dyn Render,
    ) -> Self {
        let (outcomes, shared) = (HashMap::new(), SharedTexts::new());
        Self { event, rows, rules, render, outcomes, shared }
    }

    /// What the subscriber gets, if anything.
    pub(super) fn outcome(&mut self, subscription: &'a Subscription) -> Option<Arc<[u8]>> {
        let who = subscription.caller.auth().map(|auth| {
            let key = auth.credential.key().map(|key| key.id.as_str());
            (auth.collection.id.as_str(), auth.row.as_row().id(), key)
        });
        let all = subscription.is_about_all();
        let question = Question { who, all, options: subscription.options() };
        if let Some(outcome) = self.outcomes.get(&question) {
            return outcome.clone();
        }
        let gate = Gate::new(self.rows, self.rules, &subscription.caller);
        let outcome = if self.is_visible(gate, subscription, all) {
            self.render.render(gate, self.event, subscription, &mut self.shared)
        } else {
            None
        };
        self.outcomes.insert(question, outcome.clone());
        outcome
    }

    fn is_visible(&self, gate: Gate<'_>, subscription: &Subscription, all: bool) -> bool {
        let Event { collection, row, .. } = self.event;
        let row = row.as_row();
        let allowed = if all {
            gate.lists(collection, row).is_ok()
        } else {
            gate.view(collection, row).is_ok()
        };
        let sorts_fairly = gate.caller().is_unrestricted()
            || crate::query::forbidden_token(subscription.option("sort")).is_none();
        let filter = subscription.option("filter");
        allowed
            && (filter.is_empty() || sorts_fairly)
            && gate.passes(collection, filter, row).unwrap_or(false)
    }
}

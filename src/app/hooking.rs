//! Hooks of an app in the making.

use crate::hooks::{
    Action, AuthAction, AuthCall, BatchCall, CollectionAction, CollectionCall, CollectionChange,
    CollectionFailure, CollectionWrite, Enrichment, Event, Hooks, MailKind, MailSend, RecordChange,
    RecordFailure, RecordWrite, Rejection, RequestAction, RequestCall, SettingsReload,
    SettingsWrite, When,
};
use crate::web::BoxError;

use super::after::Committed;
use super::{AppBuilder, HookSetup};

/// What a hook that runs before something answers: go on, or why not.
type Answer = Result<(), Rejection>;

/// Hooks. The *before* hooks run inside the transaction of what they are about, on the thread that
/// does all writes: they see its changes through [`Event::data`], may change the record or refuse,
/// and must be quick and never wait. A transaction may run more than once, of which one run is kept,
/// so a before hook must be repeatable: what reaches beyond the transaction belongs into an *after*
/// hook, which is async code that runs once, after the commit, and holds up nobody.
///
/// A hook is for one collection, for several (`["posts", "pages"]`), or for all (`"*"`); with
/// [`When::priority`] it says where it stands among others. All other places where hooks can hang,
/// and hooks around something rather than before it, are reached with [`hooks`](Self::hooks).
impl AppBuilder {
    /// Before a record is made, checks included.
    pub fn before_create(
        self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, RecordWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.records.create.before(when, hook);
        })
    }

    /// Before a record is changed, checks included.
    pub fn before_update(
        self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, RecordWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.records.update.before(when, hook);
        })
    }

    /// Before a record is removed; each record that goes with another has its own event.
    pub fn before_delete(
        self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, RecordWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.records.delete.before(when, hook);
        })
    }

    /// When a new or changed record is checked, after the hooks above.
    pub fn on_validate(
        self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, RecordWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.records.validate.before(when, hook);
        })
    }

    /// After the commit of a record that was made.
    pub fn after_create<F, A>(self, when: impl Into<When>, hook: F) -> Self
    where
        F: Fn(Committed<RecordChange>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.after_record(Action::Create, when.into(), hook)
    }

    /// After the commit of a record that was changed.
    pub fn after_update<F, A>(self, when: impl Into<When>, hook: F) -> Self
    where
        F: Fn(Committed<RecordChange>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.after_record(Action::Update, when.into(), hook)
    }

    /// After the commit of a record that was removed.
    pub fn after_delete<F, A>(self, when: impl Into<When>, hook: F) -> Self
    where
        F: Fn(Committed<RecordChange>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        self.after_record(Action::Delete, when.into(), hook)
    }

    fn after_record<F, A>(mut self, action: Action, when: When, hook: F) -> Self
    where
        F: Fn(Committed<RecordChange>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let runtime = self.after.clone();
        self.push_hook(Box::new(move |hooks| {
            let hook = move |change: &_| runtime.begin(change, &hook);
            hooks.record_signal(action).add(when, hook);
        }));
        self
    }

    /// After a write of a record was begun and nothing of it is kept: because a check, a hook or the
    /// store said no, or because the transaction that it was a part of was taken back.
    pub fn after_error<F, A>(mut self, action: Action, when: impl Into<When>, hook: F) -> Self
    where
        F: Fn(Committed<RecordFailure>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let (runtime, when) = (self.after.clone(), when.into());
        self.push_hook(Box::new(move |hooks| {
            let hook = move |failure: &_| runtime.begin(failure, &hook);
            hooks.record_failures(action).add(when, hook);
        }));
        self
    }

    /// After a write of a collection was begun and nothing of it is kept.
    pub fn after_collection_error<F, A>(mut self, action: Action, hook: F) -> Self
    where
        F: Fn(Committed<CollectionFailure>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let runtime = self.after.clone();
        self.push_hook(Box::new(move |hooks| {
            let hook = move |failure: &_| runtime.begin(failure, &hook);
            hooks.collection_failures(action).add(When::any(), hook);
        }));
        self
    }

    /// Before a request of the API of collections is answered.
    pub fn on_collection_request(
        self,
        action: CollectionAction,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, CollectionCall>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.collection_request(action).before(when, hook);
        })
    }

    /// Before a batch begins; the requests in it are asked about as others are, too.
    pub fn on_batch(
        self,
        hook: impl for<'a> Fn(&mut Event<'a, BatchCall>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.hooks(move |hooks| {
            hooks.batch.before(When::any(), hook);
        })
    }

    /// Before settings are changed over the API.
    pub fn on_settings(
        self,
        hook: impl for<'a> Fn(&mut Event<'a, SettingsWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.hooks(move |hooks| {
            hooks.settings.before(When::any(), hook);
        })
    }

    /// After settings were changed, by whatever way.
    pub fn after_settings<F, A>(mut self, hook: F) -> Self
    where
        F: Fn(Committed<SettingsReload>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let runtime = self.after.clone();
        self.push_hook(Box::new(move |hooks| {
            let hook = move |reload: &_| runtime.begin(reload, &hook);
            hooks.settings_reloaded.add(When::any(), hook);
        }));
        self
    }

    /// Before one of the mails of auth collections is sent: the hook may change it.
    pub fn on_account_mail(
        self,
        kind: MailKind,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, MailSend>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.account_mail(kind).before(when, hook);
        })
    }

    /// Before a collection is made, changed or removed.
    pub fn before_collection(
        self,
        action: Action,
        hook: impl for<'a> Fn(&mut Event<'a, CollectionWrite>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.hooks(move |hooks| {
            let chain = match action {
                Action::Create => &hooks.collections.create,
                Action::Update => &hooks.collections.update,
                Action::Delete => &hooks.collections.delete,
            };
            chain.before(When::any(), hook);
        })
    }

    /// After the commit of a collection that was made, changed or removed.
    pub fn after_collection<F, A>(mut self, action: Action, hook: F) -> Self
    where
        F: Fn(Committed<CollectionChange>) -> A + Send + Sync + 'static,
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let runtime = self.after.clone();
        self.push_hook(Box::new(move |hooks| {
            let hook = move |change: &_| runtime.begin(change, &hook);
            hooks.collection_signal(action).add(When::any(), hook);
        }));
        self
    }

    /// Before a request of the records API is answered, outside of any transaction: the hook may
    /// look at who asks, change the body, or refuse. It runs on a thread that may block.
    pub fn on_request(
        self,
        action: RequestAction,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, RequestCall>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.request(action).before(when, hook);
        })
    }

    /// Before a request about an account is answered: logins of each kind, refreshes, codes and
    /// links by mail.
    pub fn on_auth(
        self,
        action: AuthAction,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, AuthCall>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.auth(action).before(when, hook);
        })
    }

    /// Before a record is shown to anybody, by the API or by realtime, alone or inside another: the
    /// hook may hide and add members.
    pub fn on_enrich(
        self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, Enrichment>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let when = when.into();
        self.hooks(move |hooks| {
            hooks.records.enrich.before(when, hook);
        })
    }

    /// Before a mail is sent: the hook may change it.
    pub fn on_mail(
        self,
        hook: impl for<'a> Fn(&mut Event<'a, MailSend>) -> Answer + Send + Sync + 'static,
    ) -> Self {
        self.hooks(move |hooks| {
            hooks.mail.before(When::any(), hook);
        })
    }

    /// Hangs up hooks anywhere.
    pub fn hooks(mut self, setup: impl FnOnce(&Hooks) + 'static) -> Self {
        self.push_hook(Box::new(setup));
        self
    }

    fn push_hook(&mut self, setup: HookSetup) {
        self.hook_setups.push(setup);
    }
}

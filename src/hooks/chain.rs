//! Hooks that run around something, one inside the other.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use crate::schema::Collection;

use super::{Event, Payload, Rejection, When};

/// Names a hook among those of its chain, so that it can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct HookId(u64);

impl HookId {
    pub(super) fn new(number: u64) -> Self {
        Self(number)
    }
}

/// The rest of a chain: the hooks further in, and at last what all of them are around.
pub struct Next<'n, 'a, P>(&'n mut (dyn FnMut(&mut Event<'a, P>) -> Result<(), Rejection> + 'n));

impl<'a, P> Next<'_, 'a, P> {
    /// Runs the rest. A hook that never does keeps it from happening.
    pub fn run(self, event: &mut Event<'a, P>) -> Result<(), Rejection> {
        (self.0)(event)
    }
}

impl<P> fmt::Debug for Next<'_, '_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Next(…)")
    }
}

type Call<P> = Arc<
    dyn for<'n, 'a> Fn(&mut Event<'a, P>, Next<'n, 'a, P>) -> Result<(), Rejection> + Send + Sync,
>;

struct Handler<P> {
    id: HookId,
    when: When,
    call: Call<P>,
    /// Whether it has its say after the thing, too.
    looks_back: bool,
}

impl<P> Clone for Handler<P> {
    fn clone(&self) -> Self {
        let (id, looks_back) = (self.id, self.looks_back);
        Self { id, when: self.when.clone(), call: Arc::clone(&self.call), looks_back }
    }
}

/// Hooks around one kind of thing that happens, sorted by priority and then by age.
///
/// Each runs the rest of the chain itself, so it may do something before and after, change what the
/// rest sees, or refuse by returning an error, which also takes back what the rest did.
pub struct Chain<P> {
    handlers: ArcSwap<Vec<Handler<P>>>,
    last_id: AtomicU64,
    /// How many hooks all chains and signals of the registry have.
    total: Arc<AtomicUsize>,
    /// How many it has itself, beside the list, so that asking an empty one is one load.
    own: AtomicUsize,
}

impl<P: Payload> Chain<P> {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            handlers: ArcSwap::default(),
            last_id: AtomicU64::new(0),
            total: Arc::clone(total),
            own: AtomicUsize::new(0),
        }
    }

    /// Adds a hook that runs before the thing happens: it may change the event or refuse.
    pub fn before(
        &self,
        when: impl Into<When>,
        hook: impl for<'a> Fn(&mut Event<'a, P>) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> HookId {
        let call: Call<P> = Arc::new(move |event: &mut Event<'_, P>, next: Next<'_, '_, P>| {
            hook(event)?;
            next.run(event)
        });
        self.add(when.into(), call, false)
    }

    /// Adds a hook that runs around the thing: it has to call [`Next::run`] for it to happen.
    pub fn around(
        &self,
        when: impl Into<When>,
        hook: impl for<'n, 'a> Fn(&mut Event<'a, P>, Next<'n, 'a, P>) -> Result<(), Rejection>
        + Send
        + Sync
        + 'static,
    ) -> HookId {
        self.add(when.into(), Arc::new(hook), true)
    }

    fn add(&self, when: When, call: Call<P>, looks_back: bool) -> HookId {
        let id = HookId(self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let handler = Handler { id, when, call, looks_back };
        self.handlers.rcu(|handlers| {
            let mut handlers = Vec::clone(handlers);
            let place = handlers.partition_point(|h| h.when.rank() <= handler.when.rank());
            handlers.insert(place, handler.clone());
            handlers
        });
        self.own.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
        id
    }

    /// Removes a hook; false when it is not here. One that is running goes on to its end.
    pub fn remove(&self, id: HookId) -> bool {
        let before = self.handlers.rcu(|handlers| {
            handlers.iter().filter(|handler| handler.id != id).cloned().collect::<Vec<_>>()
        });
        let found = before.iter().any(|handler| handler.id == id);
        if found {
            self.own.fetch_sub(1, Ordering::Relaxed);
            self.total.fetch_sub(1, Ordering::Relaxed);
        }
        found
    }

    /// Whether any hook is to be asked about `collection`, or about what has to do with none.
    pub fn wants(&self, collection: Option<&Collection>) -> bool {
        self.own.load(Ordering::Relaxed) > 0
            && self.handlers.load().iter().any(|handler| handler.when.includes(collection))
    }

    /// Whether a hook sees what became of the event after the thing has happened.
    pub fn looks_back(&self, collection: &Collection) -> bool {
        let sees =
            |handler: &Handler<P>| handler.looks_back && handler.when.includes(Some(collection));
        self.own.load(Ordering::Relaxed) > 0 && self.handlers.load().iter().any(sees)
    }

    /// Whether there is any hook here.
    pub fn is_used(&self) -> bool {
        self.own.load(Ordering::Relaxed) > 0
    }

    /// Runs the hooks around `core`. An error of `core` stays one, whatever a hook makes of it:
    /// half a change must not be kept because somebody looked away.
    pub fn run<'a>(
        &self,
        event: &mut Event<'a, P>,
        core: &mut dyn FnMut(&mut Event<'a, P>) -> Result<(), Rejection>,
    ) -> Result<(), Rejection> {
        let handlers = self.handlers.load_full();
        let mut failed = None;
        let mut core = |event: &mut Event<'a, P>| {
            core(event).map_err(|error| {
                let seen = error.summary();
                failed = Some(error);
                seen
            })
        };
        let outcome = step(&handlers, event, &mut core);
        match (failed, outcome) {
            // The hooks saw a copy of the failure; what they made of it is what clients see.
            (Some(error), Ok(())) => Err(error),
            (Some(error), Err(seen)) => Err(if seen.is_summary() { error } else { seen }),
            (None, outcome) => outcome,
        }
    }

    /// Runs the hooks around nothing: for what has happened or happens elsewhere. False when one of
    /// them did not let it through.
    pub fn ask(&self, event: &mut Event<'_, P>) -> Result<bool, Rejection> {
        let mut reached = false;
        self.run(event, &mut |_| {
            reached = true;
            Ok(())
        })?;
        Ok(reached)
    }
}

fn step<'a, P: Payload>(
    handlers: &[Handler<P>],
    event: &mut Event<'a, P>,
    core: &mut dyn FnMut(&mut Event<'a, P>) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    let mut rest = handlers;
    while let [handler, further @ ..] = rest {
        rest = further;
        if handler.when.includes(event.payload.collection()) {
            let mut next = |event: &mut Event<'a, P>| step(further, event, core);
            return guarded(|| (handler.call)(event, Next(&mut next)));
        }
    }
    core(event)
}

/// Runs a hook; a panic in it is an error.
pub(super) fn guarded<T>(hook: impl FnOnce() -> Result<T, Rejection>) -> Result<T, Rejection> {
    // Whoever fires hooks takes everything back when one fails, so nothing half-done is seen.
    catch_unwind(AssertUnwindSafe(hook)).unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        Err(Rejection::internal(format!("a hook panicked: {text}")))
    })
}

impl<P> fmt::Debug for Chain<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chain").field("hooks", &self.handlers.load().len()).finish_non_exhaustive()
    }
}

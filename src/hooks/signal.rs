//! Hooks that hear of what has happened.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use arc_swap::ArcSwap;

use crate::schema::Collection;

use super::chain::guarded;
use super::{HookId, Payload, When};

type Call<P> = Arc<dyn Fn(&Arc<P>) + Send + Sync>;

struct Handler<P> {
    id: HookId,
    when: When,
    call: Call<P>,
}

impl<P> Clone for Handler<P> {
    fn clone(&self) -> Self {
        Self { id: self.id, when: self.when.clone(), call: Arc::clone(&self.call) }
    }
}

/// Hooks that hear of one kind of thing once it is committed, sorted by priority and then by age.
/// They run on a thread of their own, one event after the other, and hold up no write.
pub struct Signal<P> {
    handlers: ArcSwap<Vec<Handler<P>>>,
    last_id: AtomicU64,
    total: Arc<AtomicUsize>,
    /// How many it has itself, beside the list, so that asking an empty one is one load.
    own: AtomicUsize,
}

impl<P: Payload> Signal<P> {
    pub(super) fn new(total: &Arc<AtomicUsize>) -> Self {
        Self {
            handlers: ArcSwap::default(),
            last_id: AtomicU64::new(0),
            total: Arc::clone(total),
            own: AtomicUsize::new(0),
        }
    }

    /// Adds a hook. What takes long belongs on another thread, as later events wait for it.
    pub fn add(
        &self,
        when: impl Into<When>,
        hook: impl Fn(&Arc<P>) + Send + Sync + 'static,
    ) -> HookId {
        let id = HookId::new(self.last_id.fetch_add(1, Ordering::Relaxed) + 1);
        let handler = Handler { id, when: when.into(), call: Arc::new(hook) };
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

    /// Removes a hook; false when it is not here.
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

    /// Whether any hook wants to hear of what happens to `collection`.
    pub fn wants(&self, collection: Option<&Collection>) -> bool {
        self.own.load(Ordering::Relaxed) > 0
            && self.handlers.load().iter().any(|handler| handler.when.includes(collection))
    }

    /// Tells all hooks that it is for. One that panics hinders no other.
    pub fn tell(&self, payload: &Arc<P>) {
        for handler in self.handlers.load_full().iter() {
            if handler.when.includes(payload.collection()) {
                let told = guarded(|| {
                    (handler.call)(payload);
                    Ok(())
                });
                if let Err(error) = told {
                    tracing::error!(%error, "an after hook failed");
                }
            }
        }
    }
}

impl<P> fmt::Debug for Signal<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signal").field("hooks", &self.handlers.load().len()).finish_non_exhaustive()
    }
}

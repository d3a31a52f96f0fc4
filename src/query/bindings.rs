//! One text bound once per collection that requests are authenticated with.

use std::sync::{Arc, RwLock};

use crate::model::CollectionId;
use crate::schema::Collection;

use super::bound::Bound;
use super::{FilterError, Request};

/// Binds for one collection of whoever asks; `None` = guests.
type Bind = dyn Fn(Option<&Arc<Collection>>) -> Result<Bound, FilterError> + Send + Sync;

/// What paths under `@request.auth` mean depends on who asks, so a tree that uses them is bound
/// again for each auth collection, on first need.
pub(super) struct Bindings {
    bind: Box<Bind>,
    guest: Arc<Bound>,
    by_auth: RwLock<Vec<(CollectionId, Arc<Bound>)>>,
}

/// Auth collections remembered per text; more than any sane catalog has.
const REMEMBERED_MAX: usize = 64;

impl Bindings {
    pub(super) fn new(bind: Box<Bind>) -> Result<Self, FilterError> {
        let guest = Arc::new(bind(None)?);
        Ok(Self { bind, guest, by_auth: RwLock::default() })
    }

    /// The tree for this request.
    pub(super) fn for_request(&self, request: &Request) -> Result<Arc<Bound>, FilterError> {
        let Some(auth) = request.auth.as_ref().filter(|_| self.guest.depends_on_auth) else {
            return Ok(Arc::clone(&self.guest));
        };
        let id = &auth.collection.id;
        // Nothing panics while holding the lock, so a poisoned one still holds good entries.
        let known = self.by_auth.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some((_, bound)) = known.iter().find(|(known, _)| known == id) {
            return Ok(Arc::clone(bound));
        }
        drop(known);
        let bound = Arc::new((self.bind)(Some(&auth.collection))?);
        let mut known = self.by_auth.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if known.len() < REMEMBERED_MAX {
            known.push((id.clone(), Arc::clone(&bound)));
        }
        Ok(bound)
    }
}

impl std::fmt::Debug for Bindings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bindings").field("guest", &self.guest).finish_non_exhaustive()
    }
}

//! Which delivery leaves next.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::ops::mail::Bell;

use super::Error;
use super::delivery::{Delivery, first_due};
use super::hook::{self, Webhook};
use super::outcome;

/// Deliveries under way to one hook.
const PER_HOOK_MAX: usize = 4;
/// Deliveries under way.
const TOTAL_MAX: usize = 16;

/// Wakes whoever sends deliveries.
#[derive(Debug, Default)]
pub struct Doorbell {
    bell: Bell,
    /// Whether there are hooks, without which commits wake nobody.
    has_hooks: AtomicBool,
}

impl Doorbell {
    /// Rings: hooks or deliveries have changed.
    pub fn ring(&self) {
        self.bell.ring();
    }

    /// Rings after a commit, which may have left deliveries if there are hooks.
    pub fn committed(&self) {
        if self.has_hooks.load(Ordering::SeqCst) {
            self.bell.ring();
        }
    }

    /// Waits until it rings, but no longer than `time`.
    pub fn wait(&self, time: Duration) {
        self.bell.wait(time);
    }
}

/// A delivery that is to leave now.
#[derive(Debug)]
pub struct Departure {
    hook: Webhook,
    key: String,
    delivery: Delivery,
}

impl Departure {
    /// Where it waits.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Sends it and notes what came of that. Blocks for as long as the other server takes.
    ///
    /// What cannot be noted will be sent again.
    pub fn send(&self, backend: &Backend) -> Result<(), Error> {
        let attempt = outcome::send(backend, &self.hook, &self.delivery);
        outcome::note(backend, &self.hook.id, &self.key, &self.delivery, &attempt)
    }
}

/// Says which deliveries leave next, and keeps count of those under way.
#[derive(Debug, Default)]
pub struct Dispatch {
    /// Keys of those under way, each with the id of its hook.
    under_way: HashSet<(String, String)>,
    /// How many rounds there were: each begins with another hook.
    rounds: usize,
}

impl Dispatch {
    /// The deliveries that are to leave now, which count as under way, and when to ask again at the
    /// latest; `None` when nothing waits but for those under way.
    pub fn next(
        &mut self,
        backend: &Backend,
    ) -> Result<(Vec<Departure>, Option<Timestamp>), Error> {
        let mut hooks = hook::all(&backend.snapshot())?;
        // From here on commits ring, so what is not in the next snapshot will be looked for.
        backend.webhooks().has_hooks.store(!hooks.is_empty(), Ordering::SeqCst);
        hooks.retain(|hook| hook.enabled);
        if hooks.is_empty() {
            return Ok((Vec::new(), None));
        }
        self.rounds = self.rounds.wrapping_add(1);
        let first = self.rounds % hooks.len();
        hooks.rotate_left(first);
        let (snapshot, now) = (backend.snapshot(), Timestamp::now());
        let (mut leaving, mut next): (Vec<Departure>, Option<Timestamp>) = (Vec::new(), None);
        for hook in hooks {
            let mut busy = self.under_way.iter().filter(|(id, _)| *id == hook.id).count();
            if busy >= PER_HOOK_MAX {
                continue;
            }
            for (key, due, bytes) in first_due(&snapshot, &hook.id, PER_HOOK_MAX)? {
                if self.under_way.len() >= TOTAL_MAX || busy >= PER_HOOK_MAX {
                    break;
                }
                let place = (hook.id.clone(), key.clone());
                if self.under_way.contains(&place) {
                    continue;
                }
                if due > now {
                    next = Some(next.map_or(due, |next| next.min(due)));
                    break;
                }
                let Ok(delivery) = Delivery::decode(&bytes) else {
                    outcome::discard(backend, &hook.id, &key)?;
                    continue;
                };
                self.under_way.insert(place);
                busy += 1;
                leaving.push(Departure { hook: hook.clone(), key, delivery });
            }
        }
        Ok((leaving, next))
    }

    /// Notes that what waited under `key` is not under way any more.
    pub fn returned(&mut self, key: &str) {
        self.under_way.retain(|(_, known)| known != key);
    }
}

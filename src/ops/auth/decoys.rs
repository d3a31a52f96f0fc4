//! Ids of one-time passwords that were never made, for addresses that nobody has.
//!
//! They behave as real ones do: there are only so many of one address at a time, and trials at all
//! of them are counted together. Otherwise trying would tell which addresses have accounts.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::schema::values;

/// Addresses that are remembered. Beyond that all are forgotten.
const SUBJECTS_MAX: usize = 20_000;

/// Ids of one-time passwords that were never made.
#[derive(Debug, Default)]
pub(super) struct Decoys(Mutex<Maps>);

#[derive(Debug, Default)]
struct Maps {
    /// Subject to ids, the oldest first, each with the end of its life.
    ids: HashMap<String, Vec<(String, Instant)>>,
    subjects: HashMap<String, String>,
}

impl Decoys {
    /// An id for `subject` that lives for `life`; the newest one when there are `max` already.
    pub(super) fn id_for(&self, subject: &str, life: Duration, max: usize, now: Instant) -> String {
        let mut maps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if maps.ids.len() >= SUBJECTS_MAX {
            maps.forget(now);
        }
        let Maps { ids, subjects } = &mut *maps;
        let ids = ids.entry(subject.to_lowercase()).or_default();
        ids.retain(|(id, end)| {
            let lives = *end > now;
            if !lives {
                subjects.remove(id);
            }
            lives
        });
        if ids.len() >= max
            && let Some((newest, _)) = ids.last()
        {
            return newest.clone();
        }
        let id = values::new_record_id();
        ids.push((id.clone(), now + life));
        subjects.insert(id.clone(), subject.to_lowercase());
        id
    }

    /// Whom the id was made up for, if it was.
    pub(super) fn subject_of(&self, id: &str) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).subjects.get(id).cloned()
    }
}

impl Maps {
    /// Forgets what is over, or everything when that is not enough.
    fn forget(&mut self, now: Instant) {
        self.ids.retain(|_, ids| ids.iter().any(|(_, end)| *end > now));
        if self.ids.len() >= SUBJECTS_MAX / 2 {
            self.ids.clear();
        }
        let ids = &self.ids;
        self.subjects.retain(|id, subject| {
            ids.get(subject).is_some_and(|ids| ids.iter().any(|(other, _)| other == id))
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_only_so_many_for_one_address_at_a_time() {
        let (decoys, now) = (Decoys::default(), Instant::now());
        let life = Duration::from_mins(3);
        let id = |subject, now| decoys.id_for(subject, life, 2, now);
        let (first, second) = (id("Ann", now), id("ann", now));
        assert_ne!(first, second);
        assert_eq!(id("ann", now), second);
        assert_ne!(id("bob", now), second);
        assert_eq!(decoys.subject_of(&first).as_deref(), Some("ann"));
        assert_eq!(decoys.subject_of("real"), None);
        let third = id("ann", now + life);
        assert!(third != first && third != second);
        assert_eq!(decoys.subject_of(&first), None);
    }

    #[test]
    fn many_addresses_do_not_fill_the_memory() {
        let (decoys, now) = (Decoys::default(), Instant::now());
        for number in 0..=SUBJECTS_MAX {
            decoys.id_for(&number.to_string(), Duration::from_mins(3), 10, now);
        }
        let maps = decoys.0.lock().unwrap();
        assert_eq!((maps.ids.len(), maps.subjects.len()), (1, 1));
    }
}

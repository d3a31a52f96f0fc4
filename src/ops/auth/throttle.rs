//! Who has to wait, kept in memory: mails to one account, and attempts at its one-time passwords.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long after a mail the next of its kind to the same account may go out.
const RESEND_AFTER: Duration = Duration::from_mins(2);
/// How many one-time passwords of one account may be tried from one address…
const ATTEMPTS_MAX: u32 = 5;
/// …in this time, right ones included.
const ATTEMPTS_WINDOW: Duration = Duration::from_mins(3);
/// How many guesses at the codes of one account are looked at in that time from all addresses.
const GUESSES_MAX: u32 = 10;
/// Beyond this many entries, those that do not matter any more are removed at every call.
const ENTRIES_KEPT: usize = 4096;

/// A mail that one account gets only every so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MailKind {
    /// A link that proves an address.
    Verification,
    /// A link that sets a password.
    PasswordReset,
}

/// Who has to wait. A restart forgets it.
#[derive(Debug, Default)]
pub(crate) struct Throttles {
    mails: Mutex<HashMap<(MailKind, String), Instant>>,
    attempts: Mutex<HashMap<(String, IpAddr), Attempts>>,
}

#[derive(Debug)]
struct Attempts {
    since: Instant,
    count: u32,
}

impl Throttles {
    /// Whether a mail of this kind may go to the account now, ids being unique among all accounts;
    /// if so, the next has to wait.
    pub(crate) fn take_mail(&self, kind: MailKind, id: &str, now: Instant) -> bool {
        let mut mails = lock(&self.mails);
        let is_over = |sent: &Instant| now.saturating_duration_since(*sent) >= RESEND_AFTER;
        prune(&mut mails, is_over);
        let key = (kind, id.to_owned());
        let may = mails.get(&key).is_none_or(is_over);
        if may {
            mails.insert(key, now);
        }
        may
    }

    /// The next mail of this kind to the account need not wait.
    pub(crate) fn release_mail(&self, kind: MailKind, id: &str) {
        lock(&self.mails).remove(&(kind, id.to_owned()));
    }

    /// Counts an attempt at a one-time password of an account; false when there were too many.
    pub(crate) fn take_attempt(&self, id: &str, address: IpAddr, now: Instant) -> bool {
        self.count(id, address, now) <= ATTEMPTS_MAX
    }

    /// Counts a guess at a code or password that an account confirms something with; false when
    /// there were too many from this address, or from all together.
    pub(crate) fn take_guess(&self, id: &str, address: IpAddr, now: Instant) -> bool {
        let id = format!("guess/{id}");
        let anywhere = IpAddr::from([0; 4]);
        self.count(&id, address, now) <= ATTEMPTS_MAX
            && self.count(&id, anywhere, now) <= GUESSES_MAX
    }

    fn count(&self, id: &str, address: IpAddr, now: Instant) -> u32 {
        let mut attempts = lock(&self.attempts);
        let is_over =
            |attempts: &Attempts| now.saturating_duration_since(attempts.since) >= ATTEMPTS_WINDOW;
        prune(&mut attempts, is_over);
        let entry =
            attempts.entry((id.to_owned(), address)).or_insert(Attempts { since: now, count: 0 });
        if is_over(entry) {
            *entry = Attempts { since: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
        entry.count
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prune<K: Eq + Hash, V>(entries: &mut HashMap<K, V>, is_over: impl Fn(&V) -> bool) {
    if entries.len() > ENTRIES_KEPT {
        entries.retain(|_, value| !is_over(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_of_one_kind_goes_out_every_two_minutes() {
        let (throttles, start) = (Throttles::default(), Instant::now());
        let take =
            |kind, id, seconds| throttles.take_mail(kind, id, start + Duration::from_secs(seconds));
        assert!(take(MailKind::Verification, "ann", 0));
        assert!(!take(MailKind::Verification, "ann", 119));
        assert!(take(MailKind::PasswordReset, "ann", 0));
        assert!(take(MailKind::Verification, "bob", 0));
        assert!(take(MailKind::Verification, "ann", 120));
        throttles.release_mail(MailKind::Verification, "ann");
        assert!(take(MailKind::Verification, "ann", 121));
    }

    #[test]
    fn five_codes_may_be_tried_in_three_minutes_from_one_address() {
        let (throttles, start) = (Throttles::default(), Instant::now());
        let [here, there] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let take = |id, address, seconds| {
            throttles.take_attempt(id, address, start + Duration::from_secs(seconds))
        };
        assert!((0..5).all(|seconds| take("ann", here, seconds)));
        assert!(!take("ann", here, 5));
        // The window is fixed: attempts in vain do not make it longer.
        assert!(!take("ann", here, 179));
        assert!(take("ann", there, 5) && take("bob", here, 5));
        assert!((180..185).all(|seconds| take("ann", here, seconds)));
        assert!(!take("ann", here, 186));
    }

    #[test]
    fn guesses_are_counted_by_address_and_all_together() {
        let (throttles, now) = (Throttles::default(), Instant::now());
        let take = |last| throttles.take_guess("ann", IpAddr::from([192, 0, 2, last]), now);
        assert!((0..5).all(|_| take(1)));
        // Those that one address has no right to do not count against the others.
        assert!((0..50).all(|_| !take(1)));
        assert!((0..5).all(|_| take(2)));
        assert!(!take(3));
        assert!(throttles.take_attempt("ann", IpAddr::from([192, 0, 2, 1]), now));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (throttles, start) = (Throttles::default(), Instant::now());
        let address = IpAddr::from([192, 0, 2, 1]);
        for number in 0..=ENTRIES_KEPT {
            throttles.take_attempt(&number.to_string(), address, start);
        }
        throttles.take_attempt("last", address, start + ATTEMPTS_WINDOW);
        assert_eq!(lock(&throttles.attempts).len(), 1);
    }
}

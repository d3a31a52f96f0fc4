//! Who has to wait, kept in memory: mails to one account, and trials of all kinds. These hold
//! whether or not the limits of the settings are on.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::settings::network_of;

use super::Error;
use super::decoys::Decoys;

/// How long after a mail the next of its kind to the same account may go out.
const RESEND_AFTER: Duration = Duration::from_mins(2);
/// Beyond this many entries, those that do not matter any more are removed at every call.
const ENTRIES_KEPT: usize = 4096;
/// Entries at most. Beyond that all are forgotten: under such an attack the limits fail open
/// rather than the memory.
const ENTRIES_MAX: usize = 100_000;

/// A mail that one account gets only every so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum MailKind {
    /// A link that proves an address.
    Verification,
    /// A link that sets a password.
    PasswordReset,
}

/// What may be tried only so often from one address; of IPv6, from one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Trial {
    /// One-time passwords of one account, right ones included.
    Code,
    /// Wrong passwords for one identity.
    Password,
    /// Wrong passwords, whosever.
    AnyPassword,
    /// Asking for mail to one address.
    Mail,
    /// Asking for mail, to whomever.
    AnyMail,
    /// Codes and passwords with which one account confirms something.
    Guess,
    /// The same, from wherever.
    AnyGuess,
    /// Accounts of visitors.
    Anonymous,
}

impl Trial {
    /// How many there may be, and in which time.
    const fn limit(self) -> (u32, Duration) {
        match self {
            Self::Code | Self::Guess => (5, Duration::from_mins(3)),
            Self::Password => (10, Duration::from_mins(5)),
            Self::AnyPassword => (100, Duration::from_mins(5)),
            Self::Mail => (20, Duration::from_mins(10)),
            Self::AnyMail => (200, Duration::from_mins(10)),
            Self::AnyGuess => (10, Duration::from_mins(3)),
            Self::Anonymous => (30, Duration::from_mins(10)),
        }
    }
}

/// What trials are counted by.
type Key = (Trial, Box<str>, IpAddr);

/// Who has to wait. A restart forgets it.
#[derive(Debug, Default)]
pub(crate) struct Throttles {
    mails: Mutex<HashMap<(MailKind, String), Instant>>,
    trials: Mutex<HashMap<Key, Count>>,
    decoys: Decoys,
}

#[derive(Debug)]
struct Count {
    since: Instant,
    count: u32,
}

impl Throttles {
    /// Whether a mail of this kind may go to the account now, ids being unique among all accounts;
    /// if so, the next has to wait.
    pub(crate) fn take_mail(&self, kind: MailKind, id: &str, now: Instant) -> bool {
        let mut mails = lock(&self.mails);
        let is_over = |sent: &Instant| now.saturating_duration_since(*sent) >= RESEND_AFTER;
        prune(&mut mails, |_, sent| is_over(sent));
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

    /// Counts somebody asking for a mail to `email`, an address of `collection`; fails when they
    /// ask too often. Whether anybody has that address makes no difference.
    pub(crate) fn ask_for_mail(
        &self,
        collection: &str,
        email: &str,
        address: IpAddr,
    ) -> Result<(), Error> {
        let now = Instant::now();
        let one = self.take(Trial::Mail, &format!("{collection}/{email}"), address, now);
        let all = self.take(Trial::AnyMail, "", address, now);
        if one && all { Ok(()) } else { Err(Error::TooManyRequests) }
    }

    /// Ids of one-time passwords that were never made.
    pub(super) fn decoys(&self) -> &Decoys {
        &self.decoys
    }

    /// Counts a guess at a code or password that an account confirms something with; false when
    /// there were too many from this address, or from all together.
    pub(crate) fn take_guess(&self, id: &str, address: IpAddr, now: Instant) -> bool {
        self.take(Trial::Guess, id, address, now)
            && self.take(Trial::AnyGuess, id, IpAddr::from([0; 4]), now)
    }

    /// Counts a trial on `subject`; false when there were too many.
    pub(crate) fn take(&self, trial: Trial, subject: &str, address: IpAddr, now: Instant) -> bool {
        let (max, window) = trial.limit();
        let mut trials = lock(&self.trials);
        prune(&mut trials, |(trial, ..), count| count.is_over(trial.limit().1, now));
        let entry =
            trials.entry(key(trial, subject, address)).or_insert(Count { since: now, count: 0 });
        if entry.is_over(window, now) {
            *entry = Count { since: now, count: 0 };
        }
        entry.count = entry.count.saturating_add(1);
        entry.count <= max
    }

    /// Whether there were as many trials on `subject` as there may be.
    pub(crate) fn is_spent(
        &self,
        trial: Trial,
        subject: &str,
        address: IpAddr,
        now: Instant,
    ) -> bool {
        let (max, window) = trial.limit();
        lock(&self.trials)
            .get(&key(trial, subject, address))
            .is_some_and(|entry| entry.count >= max && !entry.is_over(window, now))
    }
}

impl Count {
    fn is_over(&self, window: Duration, now: Instant) -> bool {
        now.saturating_duration_since(self.since) >= window
    }
}

fn key(trial: Trial, subject: &str, address: IpAddr) -> Key {
    (trial, subject.to_lowercase().into_boxed_str(), network_of(address))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn prune<K: Eq + Hash, V>(entries: &mut HashMap<K, V>, is_over: impl Fn(&K, &V) -> bool) {
    if entries.len() > ENTRIES_KEPT {
        entries.retain(|key, value| !is_over(key, value));
    }
    if entries.len() >= ENTRIES_MAX {
        entries.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: Duration = Trial::Code.limit().1;

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
            throttles.take(Trial::Code, id, address, start + Duration::from_secs(seconds))
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
    fn kinds_of_trials_are_counted_apart_and_networks_together() {
        let (throttles, now) = (Throttles::default(), Instant::now());
        let [one, two]: [IpAddr; 2] = ["2001:db8::1", "2001:db8::2"].map(|ip| ip.parse().unwrap());
        assert!((0..10).all(|_| throttles.take(Trial::Password, "Ann", one, now)));
        assert!(throttles.is_spent(Trial::Password, "ann", two, now));
        assert!(!throttles.is_spent(Trial::Code, "ann", one, now));
        let later = now + Trial::Password.limit().1;
        assert!(!throttles.is_spent(Trial::Password, "ann", one, later));
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
        assert!(throttles.take(Trial::Code, "ann", IpAddr::from([192, 0, 2, 1]), now));
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let (throttles, start) = (Throttles::default(), Instant::now());
        let address = IpAddr::from([192, 0, 2, 1]);
        for number in 0..=ENTRIES_KEPT {
            throttles.take(Trial::Code, &number.to_string(), address, start);
        }
        throttles.take(Trial::Code, "last", address, start + WINDOW);
        assert_eq!(lock(&throttles.trials).len(), 1);
    }
}

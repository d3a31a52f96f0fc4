//! What waits for a browser to come back with a passkey. Kept in memory: a restart forgets it, and
//! whoever waits begins again.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::auth::{Challenge, Registration, UserHandle};
use crate::model::CollectionId;
use crate::schema::values::autogenerate;

use super::Error;

/// How long a challenge waits, as long as browsers let people look for their key.
const WAIT: Duration = Duration::from_mins(5);
/// Challenges that wait at a time…
const WAITING_MAX: usize = 10_000;
/// …and those of one address, so that nobody drives out the others.
const WAITING_PER_ADDRESS_MAX: usize = 100;

/// What a challenge is for.
#[derive(Debug)]
pub(super) enum Ceremony {
    /// A new passkey of an account.
    Registration {
        collection: CollectionId,
        account: String,
        user: UserHandle,
        registration: Registration,
    },
    /// A login of anybody in a collection.
    Login { collection: CollectionId, challenge: Challenge },
}

/// The challenges that wait.
#[derive(Debug, Default)]
pub(in crate::ops::auth) struct Challenges(Mutex<HashMap<String, Waiting>>);

#[derive(Debug)]
struct Waiting {
    since: Instant,
    network: IpAddr,
    ceremony: Ceremony,
}

impl Challenges {
    /// Keeps `ceremony` for somebody at `address`; the oldest make room. Returns its id.
    pub(super) fn put(
        &self,
        ceremony: Ceremony,
        address: IpAddr,
        now: Instant,
    ) -> Result<String, Error> {
        let id = autogenerate::generate("[a-zA-Z0-9]{30}").map_err(Error::internal)?;
        let network = network_of(address);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, waiting| now.saturating_duration_since(waiting.since) < WAIT);
        let is_near = |waiting: &&Waiting| waiting.network == network;
        if waiting.values().filter(is_near).count() >= WAITING_PER_ADDRESS_MAX {
            remove_oldest(&mut waiting, |waiting| waiting.network == network);
        } else if waiting.len() >= WAITING_MAX {
            remove_oldest(&mut waiting, |_| true);
        }
        waiting.insert(id.clone(), Waiting { since: now, network, ceremony });
        Ok(id)
    }

    /// Gives out what waits under `id`, once.
    pub(super) fn take(&self, id: &str, now: Instant) -> Option<Ceremony> {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id)?;
        (now.saturating_duration_since(waiting.since) < WAIT).then_some(waiting.ceremony)
    }
}

/// Who has one address of version 6 has the lower half of it to choose from.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

fn remove_oldest(waiting: &mut HashMap<String, Waiting>, among: impl Fn(&Waiting) -> bool) {
    let oldest = waiting.iter().filter(|(_, waiting)| among(waiting));
    let oldest = oldest.min_by_key(|(_, waiting)| waiting.since).map(|(id, _)| id.clone());
    if let Some(id) = oldest {
        waiting.remove(&id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::RelyingParty;

    fn login() -> Ceremony {
        let origin = url::Url::parse("http://localhost").unwrap();
        let site = RelyingParty::new("localhost", &[origin], "").unwrap();
        let challenge = site.start_login().unwrap().1;
        Ceremony::Login { collection: CollectionId::from("users"), challenge }
    }

    #[test]
    fn a_challenge_is_taken_once_and_in_time() {
        let (challenges, start) = (Challenges::default(), Instant::now());
        let here = IpAddr::from([192, 0, 2, 1]);
        let id = challenges.put(login(), here, start).unwrap();
        assert!(challenges.take(&id, start).is_some() && challenges.take(&id, start).is_none());
        let id = challenges.put(login(), here, start).unwrap();
        assert!(challenges.take(&id, start + WAIT).is_none());
    }

    #[test]
    fn one_address_only_drives_out_its_own() {
        let (challenges, start) = (Challenges::default(), Instant::now());
        let [here, there] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        let other = challenges.put(login(), there, start).unwrap();
        let later = |millis: usize| start + Duration::from_millis(millis as u64);
        let ids: Vec<String> = (0..=WAITING_PER_ADDRESS_MAX)
            .map(|at| challenges.put(login(), here, later(at + 1)).unwrap())
            .collect();
        let now = later(1000);
        assert!(challenges.take(&ids[0], now).is_none());
        assert!(challenges.take(&ids[1], now).is_some() && challenges.take(&other, now).is_some());
    }

    #[test]
    fn an_address_of_version_6_stands_for_its_network() {
        let network = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff:2"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
    }
}

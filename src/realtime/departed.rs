//! Clients that went away a moment ago and may come back.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// How many are remembered.
const COUNT_MAX: usize = 10_000;
/// How long they are remembered.
const AGE_MAX: Duration = Duration::from_mins(2);

/// Where a client that went away can go on.
#[derive(Debug)]
pub(super) struct Departed {
    pub(super) ip: IpAddr,
    /// Everything up to this change was sent.
    pub(super) position: u64,
    /// The topics of a guest. Those of an authenticated client are not kept: it has to ask for them
    /// again, with a token.
    pub(super) topics: Vec<Box<str>>,
}

/// Those who went away, the oldest first.
#[derive(Debug, Default)]
pub(super) struct DepartedClients {
    by_id: HashMap<Box<str>, Departed>,
    order: VecDeque<(Instant, Box<str>)>,
}

impl DepartedClients {
    pub(super) fn add(&mut self, id: &str, departed: Departed, now: Instant) {
        self.forget(now);
        self.by_id.insert(id.into(), departed);
        self.order.push_back((now, id.into()));
    }

    pub(super) fn take(&mut self, id: &str, ip: IpAddr, now: Instant) -> Option<Departed> {
        self.forget(now);
        self.by_id.get(id).filter(|departed| departed.ip == ip)?;
        self.by_id.remove(id)
    }

    fn forget(&mut self, now: Instant) {
        while let Some((since, id)) = self.order.front()
            && (self.order.len() >= COUNT_MAX || now.duration_since(*since) > AGE_MAX)
        {
            self.by_id.remove(id);
            self.order.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn departed(position: u64) -> Departed {
        Departed { ip: HERE, position, topics: Vec::new() }
    }

    #[test]
    fn a_client_comes_back_once_from_its_address_and_in_time() {
        let mut clients = DepartedClients::default();
        let now = Instant::now();
        clients.add("a", departed(7), now);
        clients.add("b", departed(8), now);
        assert!(clients.take("a", "10.0.0.1".parse().unwrap(), now).is_none());
        assert_eq!(clients.take("a", HERE, now + AGE_MAX).unwrap().position, 7);
        assert!(clients.take("a", HERE, now).is_none());
        assert!(clients.take("b", HERE, now + AGE_MAX + Duration::from_secs(1)).is_none());
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut clients = DepartedClients::default();
        let now = Instant::now();
        for number in 0..COUNT_MAX as u64 + 5 {
            clients.add(&number.to_string(), departed(number), now);
        }
        assert!(clients.by_id.len() <= COUNT_MAX && clients.order.len() <= COUNT_MAX);
        assert!(clients.take("0", HERE, now).is_none());
        assert!(clients.take("10000", HERE, now).is_some());
    }
}

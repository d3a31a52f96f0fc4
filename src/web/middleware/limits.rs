//! Who may come here at all, and how often.

use std::net::IpAddr;
use std::time::Instant;

use super::super::caller::auth_of;
use super::super::router::{Route, decode};
use super::super::{ApiError, RateLimiter, Request, State, real_ip};
use crate::query::Rows;
use crate::schema::Collection;
use crate::settings::{RateLimits, Settings, is_in_list};

/// What a limit depends on besides the path.
#[derive(Debug, Clone, Copy)]
pub(in crate::web) struct Client {
    ip: IpAddr,
    is_guest: bool,
    is_superuser: bool,
}

impl Client {
    /// Who sends `request`.
    pub(in crate::web) fn of(request: &Request, settings: &Settings) -> Self {
        let auth = auth_of(request);
        Self {
            ip: real_ip(request, settings),
            is_guest: auth.is_none(),
            is_superuser: auth.is_some_and(|auth| auth.collection.is_superusers()),
        }
    }
}

/// Fails with 403 when a superuser comes from where none may, and with 429 when a limit is reached.
/// `route` is `None` when there is none for the path.
pub(super) fn check(
    state: &State,
    settings: &Settings,
    request: &Request,
    route: Option<&Route>,
) -> Result<(), ApiError> {
    if settings.superuser_ips.is_empty() && !settings.rate_limits.enabled {
        return Ok(());
    }
    let client = Client::of(request, settings);
    if client.is_superuser && !superusers_may_come_from(settings, client.ip) {
        return Err(ApiError::forbidden("").with_cause("no address for superusers"));
    }
    let path = decode(&request.path);
    let path = path.as_deref().unwrap_or(&request.path);
    let limits = Limits { rules: &settings.rate_limits, limiter: &state.rate_limiter, client };
    let admitted = match route {
        Some(route) if !route.actions.is_empty() => {
            let snapshot = state.backend.snapshot();
            match snapshot.catalog().find(request.params.get("collection")) {
                Some(collection) => {
                    let place = (request.method.as_str(), path);
                    limits.admit_action(collection, route.actions, &route.pattern, place)
                }
                // The handler will say that there is no such collection.
                None => true,
            }
        }
        _ => limits.admit_path(request.method.as_str(), path),
    };
    if admitted { Ok(()) } else { Err(ApiError::too_many_requests()) }
}

/// Whether `settings` let superusers come from `ip`.
pub(in crate::web) fn superusers_may_come_from(settings: &Settings, ip: IpAddr) -> bool {
    settings.superuser_ips.is_empty() || is_in_list(&settings.superuser_ips, ip)
}

/// The limits of one client.
#[derive(Debug)]
pub(in crate::web) struct Limits<'a> {
    pub(in crate::web) rules: &'a RateLimits,
    pub(in crate::web) limiter: &'a RateLimiter,
    pub(in crate::web) client: Client,
}

impl Limits<'_> {
    /// Counts a request that has nothing to do with a collection. All that one rule is for is
    /// counted together.
    fn admit_path(&self, method: &str, path: &str) -> bool {
        self.admit([&format!("{method} {path}"), path], str::to_owned)
    }

    /// Counts a request that does something to a collection, under the names of `actions`. What is
    /// done to each collection through each route is counted apart, whichever rule it falls under.
    /// `place` is method and path.
    pub(in crate::web) fn admit_action(
        &self,
        collection: &Collection,
        actions: &[&str],
        pattern: &str,
        (method, path): (&str, &str),
    ) -> bool {
        let own = actions.iter().map(|action| format!("{}:{action}", collection.name));
        let any = actions.iter().map(|action| format!("*:{action}"));
        let paths = [format!("{method} {path}"), path.to_owned()];
        self.admit(own.chain(any).chain(paths), |_| {
            // A route is its pattern with its method; a step of a batch has neither.
            let method = if pattern.is_empty() { "" } else { method };
            format!("{} {method} {pattern} {}", collection.id.as_str(), actions.concat())
        })
    }

    fn admit<L: AsRef<str>>(
        &self,
        labels: impl IntoIterator<Item = L>,
        counter: impl FnOnce(&str) -> String,
    ) -> bool {
        let Self { rules, limiter, client } = self;
        if !rules.enabled || client.is_superuser || is_in_list(&rules.excluded_ips, client.ip) {
            return true;
        }
        rules.rule_for(labels, client.is_guest).is_none_or(|rule| {
            let counter = counter(&rule.label) + &rule.audience;
            limiter.admits(counter, client.ip, rule, Instant::now())
        })
    }
}

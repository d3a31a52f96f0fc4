//! Where a request comes from, proxies seen through.

use std::net::IpAddr;

use super::Request;
use crate::settings::Settings;

/// The address of the client: what the trusted headers say, else the other end of the connection.
pub(super) fn real_ip(request: &Request, settings: &Settings) -> IpAddr {
    settings.trusted_proxy.real_ip(request.remote, |name| {
        // Of a header that comes more than once, the proxy next to us wrote the last.
        request.headers.get_all(name).iter().next_back()?.to_str().ok()
    })
}

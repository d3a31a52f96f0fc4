//! Addresses of clients: where they are told, and lists of those that matter.

use std::net::{IpAddr, Ipv6Addr};

use super::TrustedProxy;

/// `ip`, as IPv4 when it is an IPv4 address written as IPv6.
pub fn normalised_ip(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// The address that stands for a client: of IPv6 only the network, which is what one gets.
pub fn network_of(client: IpAddr) -> IpAddr {
    match normalised_ip(client) {
        IpAddr::V6(ip) => Ipv6Addr::from_bits(ip.to_bits() >> 64 << 64).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Whether `ip` is one of the addresses in `list`, or in one of its subnets.
pub fn is_in_list(list: &[String], ip: IpAddr) -> bool {
    let ip = normalised_ip(ip);
    list.iter().filter_map(|text| Range::parse(text)).any(|range| range.contains(ip))
}

/// Whether `text` is an address, or a subnet such as `10.0.0.0/8`.
pub fn is_address_or_subnet(text: &str) -> bool {
    Range::parse(text).is_some()
}

impl TrustedProxy {
    /// The address of a client that is connected from `socket`: the first valid one in the headers,
    /// else `socket`. `header` gives the last value of the header of a name.
    pub fn real_ip<'h>(&self, socket: IpAddr, header: impl Fn(&str) -> Option<&'h str>) -> IpAddr {
        let parse = |text: &str| text.trim().parse::<IpAddr>().ok();
        let told = self.headers.iter().find_map(|name| {
            let mut parts = header(name)?.split(',');
            if self.use_leftmost_ip { parts.find_map(parse) } else { parts.rev().find_map(parse) }
        });
        normalised_ip(told.unwrap_or(socket))
    }
}

/// An address, or a subnet such as `10.0.0.0/8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    address: IpAddr,
    /// Leading bits that count.
    bits: u32,
}

impl Range {
    /// Reads an address or a subnet.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, bits) = match text.split_once('/') {
            None => (text, None),
            Some((address, bits)) => (address, Some(bits)),
        };
        let address: IpAddr = address.parse().ok()?;
        let width = if address.is_ipv4() { 32 } else { 128 };
        let Some(bits) = bits else {
            let address = normalised_ip(address);
            let bits = if address.is_ipv4() { 32 } else { 128 };
            return Some(Self { address, bits });
        };
        let plain =
            bits.bytes().all(|b| b.is_ascii_digit()) && (bits == "0" || !bits.starts_with('0'));
        let bits = bits.parse().ok().filter(|bits| plain && *bits <= width)?;
        Some(Self { address, bits })
    }

    fn contains(self, ip: IpAddr) -> bool {
        match (self.address, ip) {
            (IpAddr::V4(network), IpAddr::V4(ip)) => {
                let differing = network.to_bits() ^ ip.to_bits();
                differing.leading_zeros() >= self.bits
            }
            (IpAddr::V6(network), IpAddr::V6(ip)) => {
                let differing = network.to_bits() ^ ip.to_bits();
                differing.leading_zeros() >= self.bits
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_addresses_and_subnets() {
        for (item, ip, expected) in [
            ("1.2.3.4", "1.2.3.4", true),
            ("1.2.3.4", "1.2.3.5", false),
            ("1.2.3.4", "::ffff:1.2.3.4", true),
            ("::ffff:1.2.3.4", "1.2.3.4", true),
            ("10.1.2.3/8", "10.9.9.9", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("0.0.0.0/0", "9.9.9.9", true),
            ("0.0.0.0/0", "::1", false),
            ("2001:db8::/32", "2001:db8:1::1", true),
            ("2001:db8::/32", "2001:db9::1", false),
            ("::1", "0:0:0:0:0:0:0:1", true),
            ("nonsense", "1.2.3.4", false),
        ] {
            let list = [item.to_owned()];
            assert_eq!(is_in_list(&list, ip.parse().unwrap()), expected, "{item} {ip}");
        }
    }

    #[test]
    fn what_is_no_address_and_no_subnet_is_refused() {
        for text in ["", "x", "1.2.3", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/+8", "1.2.3.4/08", "/8"] {
            assert_eq!(Range::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_address_comes_from_the_first_header_that_has_one() {
        let proxy = |headers: &[&str], use_leftmost_ip| TrustedProxy {
            headers: headers.iter().map(|name| (*name).to_owned()).collect(),
            use_leftmost_ip,
        };
        let header = |name: &str| match name {
            "forwarded" => Some("1.1.1.1, 2.2.2.2 ,junk"),
            "mapped" => Some("::ffff:3.3.3.3"),
            "junk" => Some("junk"),
            _ => None,
        };
        let socket: IpAddr = "9.9.9.9".parse().unwrap();
        for (headers, leftmost, expected) in [
            (&[][..], false, "9.9.9.9"),
            (&["forwarded"], false, "2.2.2.2"),
            (&["forwarded"], true, "1.1.1.1"),
            (&["missing", "junk", "mapped", "forwarded"], false, "3.3.3.3"),
            (&["junk"], true, "9.9.9.9"),
        ] {
            let ip = proxy(headers, leftmost).real_ip(socket, header);
            assert_eq!(ip.to_string(), expected, "{headers:?}");
        }
    }
}

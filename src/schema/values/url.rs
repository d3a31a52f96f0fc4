//! URLs, loosely: the scheme may be missing, the host may be one name.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::LazyLock;

use regex::Regex;

use super::super::{DomainOptions, Violation};
use super::domains;

/// Fewest and most characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 4..=2082;

/// Scheme, user, host, port and the rest; the host is looked at more closely afterwards.
static SHAPE: LazyLock<Regex> = LazyLock::new(|| {
    const HOST: &str = r"\[[0-9A-Fa-f:.]+\]|[a-zA-Z0-9\x{A1}-\x{FFFF}._\-]+";
    let shape = format!(
        r"^(?:(?:https?|ftp|wss?|tcp|udp)://)?(?:\S+@)?({HOST})(?::[0-9]{{1,5}})?([/?\#]\S*)?$"
    );
    Regex::new(&shape).expect("the pattern is fixed and the tests compile it")
});

pub(super) fn check(options: &DomainOptions, url: &str) -> Result<(), Violation> {
    if url.is_empty() {
        return Ok(());
    }
    if !is_url(url) {
        return Err(Violation::new("validation_invalid_url", "Must be a valid url."));
    }
    if domains::allow(options, host_and_port(url)) {
        Ok(())
    } else {
        Err(Violation::new("validation_url_domain_not_allowed", "Url domain is not allowed."))
    }
}

/// Whether `url` can name something on the web. The scheme may be missing if the host has a dot and
/// something behind it.
pub fn is_url(url: &str) -> bool {
    if !LENGTHS.contains(&url.chars().count()) || url.chars().any(|c| c.is_ascii_control()) {
        return false;
    }
    let Some(parts) = SHAPE.captures(url) else {
        return false;
    };
    // Without a scheme and a port, a single word would be a URL.
    let is_more_than_a_word = url.contains(':') || url.contains('.');
    let rest = parts.get(2).map_or("", |rest| rest.as_str());
    is_more_than_a_word && is_host(&parts[1]) && has_whole_escapes(rest)
}

/// An address in brackets, four numbers, or dotted names of which the last is no number.
fn is_host(host: &str) -> bool {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return address.parse::<Ipv6Addr>().is_ok();
    }
    let host = host.strip_suffix('.').unwrap_or(host);
    let is_name = |name: &str| {
        let punctuation = ['-', '_'];
        !name.is_empty() && !name.starts_with(punctuation) && !name.ends_with(punctuation)
    };
    let last = host.rsplit('.').next().unwrap_or(host);
    let is_dotted_number = host.contains('.') && last.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').all(is_name) && (!is_dotted_number || host.parse::<Ipv4Addr>().is_ok())
}

/// Whether each `%` of the path and the fragment begins an escape; the query is left alone.
fn has_whole_escapes(rest: &str) -> bool {
    let (before, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let path = before.split('?').next().unwrap_or("");
    [path, fragment].into_iter().all(|part| {
        part.split('%').skip(1).all(|after| {
            let digits = after.as_bytes().get(..2);
            digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        })
    })
}

/// What domain lists compare with: the host as written, port included, of a URL with a scheme.
fn host_and_port(url: &str) -> &str {
    let Some((_, rest)) = url.split_once("://") else {
        return "";
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_read_loosely() {
        for url in [
            "http://a.b",
            "example.com",
            "http://localhost",
            "http://localhost:8090/x",
            "ftp://x.y",
            "mailto:a@b.co",
            "http://1.2.3.4:80",
            "http://[::1]/",
            "http://a_b.co",
            "http://x.co?%zz",
            "http://мой.рф",
            "http://user:pw@x.co",
            "http://x",
            "http://a--b.co",
            "http://a---b.co",
            "http://x.co.",
            "example.com:80/p",
            "www.x.y",
            "x.y/é",
            "http://é.co/%C3",
        ] {
            assert!(is_url(url), "{url}");
        }
    }

    #[test]
    fn what_is_no_url_is_refused() {
        for url in [
            "localhost",
            "a.b",
            "abcd",
            "gopher://x.y",
            "http://a b.co",
            "javascript:alert(1)",
            "//example.com",
            "/a.b/c",
            "http://x.co/%zz",
            "http://x.co/%2",
            "http://x.co:123456",
            "http://-a.co",
            "http://a-.co",
            "http://a..b",
            "http://.a.b",
            "https://x.co#a b",
            "http://256.1.1.1",
            "HTTP://x.co",
            "http://",
            "http://?a",
            "foo.bar@",
            "x:y",
            "a.b:c",
            "http://x.co:",
            "http://a.co:80a",
            "http://_a.co",
            "http://a_.co",
            "http://[::1",
            "http://[:::]/",
        ] {
            assert!(!is_url(url), "{url}");
        }
        assert!(!is_url(&format!("http://x.co/{}", "a".repeat(2083))));
    }

    #[test]
    fn domain_lists_see_the_host_with_its_port() {
        let only = DomainOptions {
            only_domains: Some(vec!["example.com".to_owned()]),
            except_domains: None,
        };
        for url in ["http://example.com", "http://example.com/x@y", "http://u@example.com"] {
            assert_eq!(check(&only, url), Ok(()), "{url}");
        }
        for url in
            ["http://Example.com", "http://example.com:80", "example.com", "http://example.com."]
        {
            let code = check(&only, url).unwrap_err().code;
            assert_eq!(code, "validation_url_domain_not_allowed", "{url}");
        }
    }
}

//! The checks of what codes of apps and passkeys need.

use url::{Host, Url};

use crate::schema::{PasskeyOptions, Violation};

use super::check::{self, Checked};

/// Longest name of an issuer, in bytes: more does not fit into the pictures that apps read.
const ISSUER_MAX: usize = 100;
/// Longest domain, in bytes.
const DOMAIN_MAX: usize = 253;
/// Places that pages may come from.
const ORIGINS_MAX: usize = 20;

/// What apps call the place; they take a colon for the end of it.
pub(super) fn issuer(issuer: &str) -> Checked {
    check::length(issuer, 1, ISSUER_MAX)?;
    check::format(!issuer.contains(':') && !issuer.contains(char::is_control))
}

/// A domain without port; empty passes.
pub(super) fn rp_id(rp_id: &str) -> Checked {
    check::length(rp_id, 1, DOMAIN_MAX)?;
    let is_domain = || matches!(Host::parse(rp_id), Ok(Host::Domain(domain)) if domain == rp_id);
    check::format(rp_id.is_empty() || is_domain())
}

/// Origins in the form in which browsers tell them, of the domain or of domains below it.
pub(super) fn origins(options: &PasskeyOptions) -> Checked {
    if options.origins.len() > ORIGINS_MAX {
        let message = format!("The list must have no more than {ORIGINS_MAX} items.");
        return Err(Violation::new("validation_length_too_long", message).with("max", ORIGINS_MAX));
    }
    for text in &options.origins {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let is_origin = url.as_ref().is_some_and(|url| url.origin().ascii_serialization() == *text);
        if !is_origin {
            let message = format!("{text} is not an origin, such as https://example.com.");
            return Err(Violation::new("validation_invalid_origin", message));
        }
        let domain = url.as_ref().and_then(Url::domain).unwrap_or("");
        let below = domain.strip_suffix(options.rp_id.as_str());
        let belongs = below.is_some_and(|below| below.is_empty() || below.ends_with('.'));
        if !options.rp_id.is_empty() && !belongs {
            let message = format!("{text} does not belong to the domain {}.", options.rp_id);
            return Err(Violation::new("validation_foreign_origin", message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_has_neither_scheme_nor_port() {
        for good in ["", "localhost", "example.com", "a.b.example.com"] {
            assert!(rp_id(good).is_ok(), "{good}");
        }
        for bad in ["https://example.com", "example.com:80", "Example.com", "127.0.0.1", "a b"] {
            assert!(rp_id(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn origins_belong_to_the_domain() {
        let check = |rp_id: &str, origin: &str| {
            let (rp_id, origins) = (rp_id.to_owned(), vec![origin.to_owned()]);
            super::origins(&PasskeyOptions { rp_id, origins, ..PasskeyOptions::default() }).is_ok()
        };
        assert!(check("example.com", "https://example.com"));
        assert!(check("example.com", "https://app.example.com"));
        assert!(check("localhost", "http://localhost:8090"));
        assert!(check("", "https://example.org"));
        assert!(!check("example.com", "https://badexample.com"));
        assert!(!check("example.com", "https://example.com.evil.org"));
        assert!(!check("example.com", "https://example.com/path"));
        assert!(!check("example.com", "example.com"));
        assert!(!check("", "ftp://example.com"));
    }

    #[test]
    fn a_colon_ends_the_name_of_an_issuer() {
        assert!(issuer("").is_ok() && issuer("Corner Café").is_ok());
        assert!(issuer("a:b").is_err() && issuer(&"a".repeat(101)).is_err());
    }
}

//! Email addresses.

use std::sync::LazyLock;

use regex::Regex;

use super::super::{DomainOptions, Violation};
use super::domains;

/// A local part of dotted atoms, and a domain with at least one dot whose last label begins and
/// ends with a letter. Letters beyond ASCII count as letters.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    const BEYOND_ASCII: &str = r"\x{A0}-\x{D7FF}\x{F900}-\x{FDCF}\x{FDF0}-\x{FFEF}";
    let letter = format!("a-zA-Z{BEYOND_ASCII}");
    let atom = format!(r"[{letter}0-9!#$%&'*+\-/=?^_`{{|}}\~]+");
    let label = format!(r"[{letter}0-9](?:[{letter}0-9._\~\-]*[{letter}0-9])?");
    let last = format!(r"[{letter}](?:[{letter}0-9_\~\-]*[{letter}])?");
    let address = format!(r"^{atom}(?:\.{atom})*@{label}\.{last}\.?$");
    Regex::new(&address).expect("the pattern is fixed and the tests compile it")
});

/// Whether `text` is shaped like an email address.
pub fn is_email(text: &str) -> bool {
    ADDRESS.is_match(text)
}

pub(super) fn check(options: &DomainOptions, email: &str) -> Result<(), Violation> {
    if email.is_empty() {
        return Ok(());
    }
    if !is_email(email) {
        return Err(Violation::new("validation_is_email", "Must be a valid email address."));
    }
    let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
    if domains::allow(options, domain) {
        Ok(())
    } else {
        Err(Violation::new("validation_email_domain_not_allowed", "Email domain is not allowed."))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_a_dotted_domain() {
        let any = DomainOptions::default();
        for email in [
            "",
            "a@b.co",
            "a@b.c",
            "A.b+c@sub.ex-ample.com",
            "a@b.co.",
            "ü@ü.com",
            "a@x.c0m",
            "a@b_c.co",
            "a@b.c-d",
            "a@b.c1d",
            "a'b@x.co",
        ] {
            assert_eq!(check(&any, email), Ok(()), "{email}");
        }
        for email in [
            "a",
            "@b.co",
            "a@",
            "a@b",
            "a..b@x.co",
            ".a@b.co",
            "a.@b.co",
            "a@-b.co",
            "a@b-.co",
            "a@1.2.3.4",
            "a b@x.co",
            " a@b.co",
            "a@b.co\n",
            "a@@b.co",
            "a@b.co,c@d.co",
        ] {
            let code = check(&any, email).unwrap_err().code;
            assert_eq!(code, "validation_is_email", "{email}");
        }
    }

    #[test]
    fn the_domain_is_what_follows_the_at_sign() {
        let only =
            DomainOptions { only_domains: Some(vec!["b.co".to_owned()]), except_domains: None };
        assert_eq!(check(&only, "a@b.co"), Ok(()));
        let violation = check(&only, "a@c.b.co").unwrap_err();
        assert_eq!(violation.code, "validation_email_domain_not_allowed");
    }
}

//! Lists of accepted and refused domains, for email and url fields.

use super::super::DomainOptions;

/// Whether the two lists let `domain` pass. Case matters; empty lists let everything pass.
pub(super) fn allow(options: &DomainOptions, domain: &str) -> bool {
    let lists = |list: &Option<Vec<String>>| {
        list.as_ref()
            .filter(|domains| !domains.is_empty())
            .map(|domains| domains.iter().any(|listed| listed == domain))
    };
    lists(&options.only_domains) != Some(false) && lists(&options.except_domains) != Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_compare_exactly() {
        let list = || Some(vec!["a.co".to_owned(), "b.co".to_owned()]);
        let only = DomainOptions { only_domains: list(), except_domains: None };
        let except = DomainOptions { only_domains: Some(Vec::new()), except_domains: list() };
        assert!(allow(&only, "a.co") && !allow(&only, "A.co") && !allow(&only, ""));
        assert!(!allow(&except, "b.co") && allow(&except, "c.co"));
        assert!(allow(&DomainOptions::default(), "c.co"));
    }
}

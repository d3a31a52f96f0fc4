//! Which rate limit applies to a request.

use super::{RateLimitRule, RateLimits};

/// The audience of requests without an account.
pub(super) const GUEST: &str = "@guest";
/// The audience of requests with one.
pub(super) const AUTH: &str = "@auth";

impl RateLimits {
    /// The rule for a request that answers to `labels`, the most telling first.
    ///
    /// For each label a rule of that very name comes before one whose path it starts with, and those
    /// are asked in their order. Rules for another audience do not count.
    pub fn rule_for<L: AsRef<str>>(
        &self,
        labels: impl IntoIterator<Item = L>,
        is_guest: bool,
    ) -> Option<&RateLimitRule> {
        let audience = if is_guest { GUEST } else { AUTH };
        let is_for = |rule: &&RateLimitRule| rule.audience.is_empty() || rule.audience == audience;
        labels.into_iter().find_map(|label| {
            let label = label.as_ref();
            let named = |rule: &&RateLimitRule| rule.label == label;
            let starts = |rule: &&RateLimitRule| {
                rule.label.strip_suffix('/').is_some_and(|path| is_within(label, path))
            };
            let rules = || self.rules.iter().filter(is_for);
            rules().find(named).or_else(|| rules().find(starts))
        })
    }

    /// Makes the rules for actions of collections follow their new names, given as pairs of old and
    /// new; true when there were any.
    pub fn rename_collections(&mut self, renamed: &[(&str, &str)]) -> bool {
        let mut changed = false;
        for rule in &mut self.rules {
            let Some((name, action)) = rule.label.split_once(':') else { continue };
            if let Some((_, new)) = renamed.iter().find(|(old, _)| *old == name) {
                rule.label = format!("{new}:{action}");
                changed = true;
            }
        }
        changed
    }
}

/// Whether `label` is the path `path` or below it.
fn is_within(label: &str, path: &str) -> bool {
    label.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether `label` is a tag, `collection:action`, `*:action`, or a path with or without a method.
pub(super) fn is_label(label: &str) -> bool {
    let is_word = |text: &str| {
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    };
    let is_path = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_/-".contains(&byte);
        text.starts_with('/') && text.bytes().all(allowed)
    };
    if let Some((method, path)) = label.split_once(' ') {
        return is_word(method) && is_path(path);
    }
    match label.split_once(':') {
        Some((collection, action)) => (collection == "*" || is_word(collection)) && is_word(action),
        None => is_path(label) || is_word(label),
    }
}

/// The first rule that says again, or differently, what an earlier one says.
pub(super) fn conflict(rules: &[RateLimitRule]) -> Option<usize> {
    let key = |rule: &RateLimitRule| format!("{}@@{}", rule.label, rule.audience);
    let keys: Vec<String> = rules.iter().map(key).collect();
    (0..keys.len()).find(|&at| {
        let clashes =
            |earlier: &String| earlier.starts_with(&keys[at]) || keys[at].starts_with(earlier);
        keys[..at].iter().any(clashes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(rules: &[(&str, &str)]) -> RateLimits {
        let rule = |(label, audience): &(&str, &str)| RateLimitRule {
            label: (*label).to_owned(),
            audience: (*audience).to_owned(),
            duration: 1,
            max_requests: 1,
        };
        RateLimits { rules: rules.iter().map(rule).collect(), ..RateLimits::default() }
    }

    #[test]
    fn the_first_label_decides_and_names_come_before_starts() {
        let limits = limits(&[
            ("/api/", ""),
            ("/api/a/", ""),
            ("POST /api/a/b", ""),
            ("*:create", "@auth"),
            ("posts:create", "@guest"),
            ("/api/a/b", ""),
            ("GET /", ""),
        ]);
        for (labels, is_guest, expected) in [
            (&["/api/a/b"][..], true, Some("/api/a/b")),
            (&["/api/a/c"], true, Some("/api/")),
            (&["/api"], true, Some("/api/")),
            (&["/apix"], true, None),
            (&["POST /api/a/b", "/api/a/b"], true, Some("POST /api/a/b")),
            (&["PUT /api/a/b", "/api/a/b"], true, Some("/api/a/b")),
            (&["GET /api/a/b", "/api/a/b"], true, Some("GET /")),
            (&["posts:create", "*:create", "/api/x"], true, Some("posts:create")),
            (&["posts:create", "*:create", "/api/x"], false, Some("*:create")),
            (&["other:create", "*:create", "/api/x"], true, Some("/api/")),
            (&["other:list", "*:list"], true, None),
        ] {
            let found = limits.rule_for(labels, is_guest).map(|rule| rule.label.as_str());
            assert_eq!(found, expected, "{labels:?}");
        }
    }

    #[test]
    fn labels_have_a_grammar() {
        for label in ["abc", "users:create", "*:auth", "/", "/api/a-b_c/", "POST /api/", "a_1"] {
            assert!(is_label(label), "{label}");
        }
        for label in ["", "a b", "a:", ":a", "*", "*:*", "/a b", "POST  /a", "/é", "a:b:c", "a/b"]
        {
            assert!(!is_label(label), "{label}");
        }
    }

    #[test]
    fn an_audience_conflicts_with_everybody_and_not_with_the_other() {
        assert_eq!(conflict(&limits(&[("a", "@guest"), ("a", "@auth"), ("b", "")]).rules), None);
        assert_eq!(conflict(&limits(&[("a", "@guest"), ("a", "")]).rules), Some(1));
        assert_eq!(conflict(&limits(&[("b", ""), ("a", ""), ("a", "@auth")]).rules), Some(2));
        assert_eq!(conflict(&limits(&[("a", "@auth"), ("a", "@auth")]).rules), Some(1));
    }

    #[test]
    fn rules_follow_the_name_of_their_collection() {
        let mut limits = limits(&[("a:list", ""), ("b:list", ""), ("c:list", ""), ("*:list", "")]);
        assert!(limits.rename_collections(&[("a", "b"), ("b", "a")]));
        assert!(!limits.rename_collections(&[("d", "e")]));
        let labels: Vec<&str> = limits.rules.iter().map(|rule| rule.label.as_str()).collect();
        assert_eq!(labels, ["b:list", "a:list", "c:list", "*:list"]);
    }
}

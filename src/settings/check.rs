//! What settings have to satisfy before they are kept.

use std::net::IpAddr;

use super::address::Range;
use super::rate_limits::{AUTH, GUEST, conflict, is_label};
use super::{
    Backups, Batch, Bucket, Logs, Meta, RateLimitRule, RateLimits, Schedule, Settings, Smtp,
};
use crate::schema::values::{is_email, is_url};
use crate::schema::{Violation, Violations};

/// Increments make a restore longer, and one that is damaged spoils those behind it.
const FULL_EVERY_MAX: i64 = 1000;

type Checked = Result<(), Violation>;

impl Settings {
    /// What is wrong, by the path of the value.
    pub fn check(&self) -> Result<(), Violations> {
        let mut all = Violations::new();
        all.nest(&["superuserIPs"], addresses(&self.superuser_ips));
        all.nest(&["smtp"], smtp(&self.smtp));
        all.nest(&["backups"], backups(&self.backups));
        all.nest(&["s3"], bucket(&self.s3));
        all.nest(&["meta"], meta(&self.meta));
        all.nest(&["rateLimits"], rate_limits(&self.rate_limits));
        all.nest(&["batch"], batch(&self.batch));
        all.nest(&["logs"], logs(&self.logs));
        all.into_result()
    }
}

fn smtp(smtp: &Smtp) -> Violations {
    let known = ["", "PLAIN", "LOGIN"].contains(&smtp.auth_method.as_str());
    named([
        ("host", required(smtp.enabled, &smtp.host).and_then(|()| host(&smtp.host))),
        ("port", required_number(smtp.enabled, smtp.port).and_then(|()| at_least(0, smtp.port))),
        ("authMethod", if known { Ok(()) } else { Err(not_one_of()) }),
        ("localName", host(&smtp.local_name)),
    ])
}

fn backups(backups: &Backups) -> Violations {
    let has_cron = !backups.cron.is_empty();
    let cron = if has_cron { Schedule::parse(&backups.cron).map(drop) } else { Ok(()) };
    let keep = backups.cron_max_keep;
    let mut found = named([
        ("cron", cron.map_err(|message| Violation::new("validation_invalid_cron", message))),
        ("cronMaxKeep", required_number(has_cron, keep).and_then(|()| at_least(1, keep))),
        (
            "fullEvery",
            at_least(1, backups.full_every)
                .and_then(|()| at_most(FULL_EVERY_MAX, backups.full_every)),
        ),
    ]);
    found.nest(&["s3"], bucket(&backups.s3));
    found
}

fn bucket(bucket: &Bucket) -> Violations {
    let on = bucket.enabled;
    named([
        ("endpoint", required(on, &bucket.endpoint).and_then(|()| url(&bucket.endpoint))),
        ("bucket", required(on, &bucket.bucket)),
        ("region", required(on, &bucket.region)),
        ("accessKey", required(on, &bucket.access_key)),
        ("secret", required(on, &bucket.secret)),
    ])
}

fn meta(meta: &Meta) -> Violations {
    let name = |text: &str| required(true, text).and_then(|()| length(1, 255, text));
    named([
        ("accentColor", colour(&meta.accent_color)),
        ("appName", name(&meta.app_name)),
        ("appURL", required(true, &meta.app_url).and_then(|()| url(&meta.app_url))),
        ("senderName", name(&meta.sender_name)),
        (
            "senderAddress",
            required(true, &meta.sender_address).and_then(|()| email(&meta.sender_address)),
        ),
    ])
}

fn rate_limits(limits: &RateLimits) -> Violations {
    let mut found = Violations::new();
    if limits.enabled && limits.rules.is_empty() {
        found.add("rules", Violation::required());
    } else if let Some(at) = conflict(&limits.rules) {
        let label = &limits.rules[at].label;
        let message = format!(
            "Rate limit rule configuration with label {label} already exists or conflicts with \
             another rule."
        );
        let violation = Violation::new("validation_conflicting_rate_limit_rule", message);
        let violation = violation.with("label", label.as_str());
        found.add_at(&["rules", &at.to_string(), "label"], violation);
    } else {
        for (at, rule) in limits.rules.iter().enumerate() {
            found.nest(&["rules", &at.to_string()], rate_limit_rule(rule));
        }
    }
    found.nest(&["excludedIPs"], addresses(&limits.excluded_ips));
    found
}

fn rate_limit_rule(rule: &RateLimitRule) -> Violations {
    let count = |number| required_number(true, number).and_then(|()| at_least(1, number));
    let label = required(true, &rule.label).and_then(|()| {
        let not_a_label =
            || Violation::new("validation_match_invalid", "Must be in a valid format.");
        if is_label(&rule.label) { Ok(()) } else { Err(not_a_label()) }
    });
    let is_known = ["", GUEST, AUTH].contains(&rule.audience.as_str());
    named([
        ("label", label),
        ("maxRequests", count(rule.max_requests)),
        ("duration", count(rule.duration)),
        ("audience", if is_known { Ok(()) } else { Err(not_one_of()) }),
    ])
}

fn batch(batch: &Batch) -> Violations {
    let number = |number| required_number(batch.enabled, number).and_then(|()| at_least(0, number));
    named([
        ("maxRequests", number(batch.max_requests)),
        ("timeout", number(batch.timeout)),
        ("maxBodySize", at_least(0, batch.max_body_size)),
    ])
}

fn logs(logs: &Logs) -> Violations {
    named([("maxDays", at_least(0, logs.max_days))])
}

fn addresses(list: &[String]) -> Violations {
    let mut found = Violations::new();
    for (at, text) in list.iter().enumerate() {
        if text.is_empty() {
            found.add(&at.to_string(), Violation::required());
        } else if Range::parse(text).is_none() {
            // The code is spelled like this on the wire.
            let code = "validation_invlaid_ip_or_subnet";
            found.add(&at.to_string(), Violation::new(code, "Invalid IP or CIDR subnet."));
        }
    }
    found
}

fn named<const N: usize>(checks: [(&str, Checked); N]) -> Violations {
    let mut found = Violations::new();
    for (name, checked) in checks {
        if let Err(violation) = checked {
            found.add(name, violation);
        }
    }
    found
}

fn required(when: bool, text: &str) -> Checked {
    if when && text.is_empty() { Err(Violation::required()) } else { Ok(()) }
}

fn required_number(when: bool, number: i64) -> Checked {
    if when && number == 0 { Err(Violation::required()) } else { Ok(()) }
}

/// Zero passes: whether there has to be a number is another question.
fn at_least(min: i64, number: i64) -> Checked {
    if number == 0 || number >= min {
        return Ok(());
    }
    let message = format!("Must be no less than {min}.");
    let violation = Violation::new("validation_min_greater_equal_than_required", message);
    Err(violation.with("threshold", min))
}

fn at_most(max: i64, number: i64) -> Checked {
    if number <= max {
        return Ok(());
    }
    let message = format!("Must be no greater than {max}.");
    let violation = Violation::new("validation_max_less_equal_than_required", message);
    Err(violation.with("threshold", max))
}

fn length(min: usize, max: usize, text: &str) -> Checked {
    if (min..=max).contains(&text.len()) {
        return Ok(());
    }
    let (code, message) = if min == max {
        ("validation_length_invalid", format!("The length must be exactly {min}."))
    } else {
        ("validation_length_out_of_range", format!("The length must be between {min} and {max}."))
    };
    Err(Violation::new(code, message).with("min", min).with("max", max))
}

fn colour(text: &str) -> Checked {
    if text.is_empty() {
        return Ok(());
    }
    length(7, 7, text)?;
    let digits = text.strip_prefix('#').unwrap_or("-");
    if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Ok(());
    }
    let message = "Must be a valid hexadecimal color code.";
    Err(Violation::new("validation_is_hex_color", message))
}

fn url(text: &str) -> Checked {
    if text.is_empty() || is_url(text) {
        return Ok(());
    }
    Err(Violation::new("validation_is_url", "Must be a valid URL."))
}

fn email(text: &str) -> Checked {
    if is_email(text) {
        return Ok(());
    }
    Err(Violation::new("validation_is_email", "Must be a valid email address."))
}

/// An address or a DNS name; empty passes.
fn host(text: &str) -> Checked {
    if text.is_empty() || text.parse::<IpAddr>().is_ok() || is_dns_name(text) {
        return Ok(());
    }
    Err(Violation::new("validation_is_host", "Must be a valid IP address or DNS name."))
}

fn is_dns_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    name.len() <= 255
        && name.split('.').all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && label.bytes().all(is_inner)
        })
}

fn not_one_of() -> Violation {
    Violation::new("validation_in_invalid", "Must be a valid value.")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::*;

    fn refusals(body: &Json) -> Json {
        let settings = Settings::default().merged(body.as_object().expect("an object"));
        match settings.expect("well formed").check() {
            Ok(()) => json!({}),
            Err(violations) => violations.to_json(),
        }
    }

    #[test]
    fn the_defaults_pass() {
        assert_eq!(Settings::default().check(), Ok(()));
    }

    #[test]
    fn every_group_names_what_is_wrong_by_its_path() {
        let found = refusals(&json!({
            "superuserIPs": ["x", "", "1.2.3.4/8"],
            "meta": {"appName": "", "appURL": "test", "senderName": "x".repeat(300),
                "senderAddress": "a", "accentColor": "#12"},
            "logs": {"maxDays": -1},
            "smtp": {"enabled": true, "host": "", "port": -1, "authMethod": "X", "localName": "? "},
            "s3": {"enabled": true, "endpoint": "??"},
            "backups": {"cron": "* * *", "cronMaxKeep": -1, "fullEvery": 1001, "s3": {"enabled": true}},
            "batch": {"enabled": true, "maxRequests": -1, "timeout": 0, "maxBodySize": -4},
            "rateLimits": {"enabled": true, "rules": [], "excludedIPs": ["a"]},
        }));
        for (path, code) in [
            ("/superuserIPs/0", "validation_invlaid_ip_or_subnet"),
            ("/superuserIPs/1", "validation_required"),
            ("/meta/appName", "validation_required"),
            ("/meta/appURL", "validation_is_url"),
            ("/meta/senderName", "validation_length_out_of_range"),
            ("/meta/senderAddress", "validation_is_email"),
            ("/meta/accentColor", "validation_length_invalid"),
            ("/logs/maxDays", "validation_min_greater_equal_than_required"),
            ("/smtp/host", "validation_required"),
            ("/smtp/port", "validation_min_greater_equal_than_required"),
            ("/smtp/authMethod", "validation_in_invalid"),
            ("/smtp/localName", "validation_is_host"),
            ("/s3/endpoint", "validation_is_url"),
            ("/s3/secret", "validation_required"),
            ("/backups/cron", "validation_invalid_cron"),
            ("/backups/cronMaxKeep", "validation_min_greater_equal_than_required"),
            ("/backups/fullEvery", "validation_max_less_equal_than_required"),
            ("/backups/s3/endpoint", "validation_required"),
            ("/batch/maxRequests", "validation_min_greater_equal_than_required"),
            ("/batch/timeout", "validation_required"),
            ("/batch/maxBodySize", "validation_min_greater_equal_than_required"),
            ("/rateLimits/rules", "validation_required"),
            ("/rateLimits/excludedIPs/0", "validation_invlaid_ip_or_subnet"),
        ] {
            assert_eq!(found.pointer(&format!("{path}/code")), Some(&json!(code)), "{path}");
        }
        assert!(found["superuserIPs"].get("2").is_none());
    }

    #[test]
    fn rules_are_checked_one_by_one_unless_two_conflict() {
        let rules = |rules: Json| {
            refusals(&json!({"rateLimits": {"rules": rules}}))["rateLimits"]["rules"].clone()
        };
        let bad = json!({"label": "a b", "duration": -1, "audience": "x"});
        let found = rules(json!([bad, {"label": "/ok", "duration": 1, "maxRequests": 1}]));
        assert_eq!(found["0"]["label"]["code"], "validation_match_invalid");
        assert_eq!(found["0"]["maxRequests"]["code"], "validation_required");
        assert_eq!(found["0"]["duration"]["params"], json!({"threshold": 1}));
        assert_eq!(found["0"]["audience"]["code"], "validation_in_invalid");
        assert!(found.get("1").is_none());
        let found = rules(json!([bad, {"label": "a b", "audience": "x"}]));
        let code = "validation_conflicting_rate_limit_rule";
        assert_eq!(found["1"]["label"]["code"], code);
        assert!(found.get("0").is_none());
    }

    #[test]
    fn schemes_and_names_are_read_as_loosely_as_on_the_wire() {
        let fine = json!({
            "smtp": {"localName": "1.2.3.4", "host": "a_b.c"}, "meta": {"appURL": "example.com/x"},
            "backups": {"cron": "@daily"}, "s3": {"endpoint": ""},
        });
        assert_eq!(refusals(&fine), json!({}));
        for host in ["a b", "-a", "a..b", &"x".repeat(64)] {
            let found = refusals(&json!({"smtp": {"host": host}}));
            assert_eq!(found["smtp"]["host"]["code"], "validation_is_host", "{host}");
        }
        let found = refusals(&json!({"meta": {"accentColor": "#ggbbcc"}}));
        assert_eq!(found["meta"]["accentColor"]["code"], "validation_is_hex_color");
        let found = refusals(&json!({"backups": {"cron": "@daily", "cronMaxKeep": 0}}));
        assert_eq!(found["backups"]["cronMaxKeep"]["code"], "validation_required");
    }
}

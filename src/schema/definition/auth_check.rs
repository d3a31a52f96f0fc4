//! The checks of what auth collections add.

use std::collections::HashSet;

use url::Url;

use crate::schema::{
    AuthOptions, Collection, EmailTemplate, OAuth2Options, OAuth2Provider, TokenOptions, Violation,
    Violations,
};

use super::check::{self, Checked};
use super::factor_check;

/// The longest that a token may live, in seconds: about three years.
const MAX_TOKEN_DURATION: i64 = 94_670_856;
/// The longest that one-time passwords and second factors may live: a day.
const MAX_DURATION: i64 = 86_400;

/// The most sessions that one account may have.
const MAX_SESSIONS: i64 = 1000;
/// The longest that unused anonymous accounts can be kept before they go: about ten years.
const MAX_KEEP_DAYS: i64 = 3650;
/// The greatest strength of a password that can be asked for.
const MAX_STRENGTH: i64 = 4;

/// The keys of the `OAuth2` providers that can be configured, in the order of the API.
pub const OAUTH2_PROVIDERS: [&str; 32] = [
    "apple",
    "google",
    "microsoft",
    "yandex",
    "facebook",
    "instagram2",
    "github",
    "gitlab",
    "bitbucket",
    "gitee",
    "gitea",
    "discord",
    "twitter",
    "kakao",
    "vk",
    "linear",
    "notion",
    "monday",
    "lark",
    "box",
    "spotify",
    "trakt",
    "twitch",
    "patreon",
    "strava",
    "wakatime",
    "livechat",
    "mailcow",
    "planningcenter",
    "oidc",
    "oidc2",
    "oidc3",
];

/// Everything wrong with the options themselves; the rules are checked elsewhere.
pub(super) fn check(options: &AuthOptions) -> Violations {
    let mut found = Violations::new();
    for (name, object, template) in [
        ("authAlert", Some("emailTemplate"), &options.auth_alert_template),
        ("otp", Some("emailTemplate"), &options.otp.email_template),
        ("verificationTemplate", None, &options.verification_template),
        ("resetPasswordTemplate", None, &options.reset_password_template),
        ("confirmEmailChangeTemplate", None, &options.confirm_email_change_template),
    ] {
        check_template(name, object, template, &mut found);
    }
    for (name, token) in [
        ("authToken", &options.auth_token),
        ("passwordResetToken", &options.password_reset_token),
        ("emailChangeToken", &options.email_change_token),
        ("verificationToken", &options.verification_token),
        ("fileToken", &options.file_token),
    ] {
        check_token(name, token, &mut found);
    }
    let mut note = |path: &[&str], checked: Checked| {
        if let Err(violation) = checked {
            found.add_at(path, violation);
        }
    };
    if options.otp.enabled {
        note(&["otp", "duration"], needed(options.otp.duration, 10, MAX_DURATION));
        note(&["otp", "length"], needed(options.otp.length, 4, i64::MAX));
    }
    note(
        &["sessions", "maxPerUser"],
        check::within(options.sessions.max_per_user, 0, MAX_SESSIONS),
    );
    if options.mfa.enabled {
        note(&["mfa", "duration"], needed(options.mfa.duration, 10, MAX_DURATION));
    }
    note(&["totp", "issuer"], factor_check::issuer(&options.totp.issuer));
    note(&["passkeys", "rpId"], factor_check::rp_id(&options.passkeys.rp_id));
    note(&["passkeys", "origins"], factor_check::origins(&options.passkeys));
    if options.password_auth.enabled {
        let none = options.password_auth.identity_fields.is_empty();
        note(&["passwordAuth", "identityFields"], check::required(none));
    }
    note(&["anonymous", "keepDays"], check::within(options.anonymous.keep_days, 0, MAX_KEEP_DAYS));
    note(
        &["passwordPolicy", "minStrength"],
        check::within(options.password_policy.min_strength, 0, MAX_STRENGTH),
    );
    if options.oauth2.enabled {
        check_providers(&options.oauth2, &mut found);
    }
    found
}

/// What needs the whole collection: checked when the options are fine by themselves.
pub(super) fn check_together(options: &AuthOptions, collection: &Collection) -> Violations {
    let mut found = Violations::new();
    if options.mfa.enabled {
        let ways = [options.password_auth.enabled, options.oauth2.enabled, options.otp.enabled];
        if ways.iter().filter(|on| **on).count() < 2 {
            let message = "MFA requires at least 2 auth methods to be enabled.";
            let violation = Violation::new("validation_mfa_not_enough_auths", message);
            found.add_at(&["mfa", "enabled"], violation);
            return found;
        }
    }
    if options.password_auth.enabled {
        let checked = options
            .password_auth
            .identity_fields
            .iter()
            .try_for_each(|name| check_identity(name, collection));
        if let Err(violation) = checked {
            found.add_at(&["passwordAuth", "identityFields"], violation);
        }
    }
    found
}

fn check_identity(name: &str, collection: &Collection) -> Checked {
    let Some(field) = collection.field(name) else {
        let message = format!("Invalid or missing field {name}.");
        let violation = Violation::new("validation_missing_field", message);
        return Err(violation.with("fieldName", name));
    };
    if collection.single_unique_index(field).is_none() {
        let message = format!("The field {name} doesn't have a UNIQUE constraint.");
        let violation = Violation::new("validation_missing_unique_constraint", message);
        return Err(violation.with("fieldName", name));
    }
    Ok(())
}

/// Given, and within both bounds.
fn needed(value: i64, min: i64, max: i64) -> Checked {
    check::required(value == 0)?;
    check::within(value, min, max)
}

fn check_template(
    name: &str,
    object: Option<&str>,
    template: &EmailTemplate,
    found: &mut Violations,
) {
    for (member, text) in [("subject", &template.subject), ("body", &template.body)] {
        if text.is_empty() {
            let path: Vec<&str> = [name].into_iter().chain(object).chain([member]).collect();
            found.add_at(&path, Violation::required());
        }
    }
}

fn check_token(name: &str, token: &TokenOptions, found: &mut Violations) {
    let secret = check::required(token.secret.is_empty())
        .and_then(|()| check::length(&token.secret, 30, 255));
    if let Err(violation) = secret {
        found.add_at(&[name, "secret"], violation);
    }
    if let Err(violation) = needed(token.duration, 10, MAX_TOKEN_DURATION) {
        found.add_at(&[name, "duration"], violation);
    }
}

fn check_providers(oauth2: &OAuth2Options, found: &mut Violations) {
    let mut names = HashSet::new();
    for (at, provider) in oauth2.providers.iter().enumerate() {
        if !provider.name.is_empty() && !names.insert(&provider.name) {
            let message = format!("The provider {} is already registered.", provider.name);
            let violation = Violation::new("validation_duplicated_provider", message)
                .with("name", provider.name.as_str());
            found.add_at(&["oauth2", "providers", &at.to_string(), "name"], violation);
            return;
        }
    }
    for (at, provider) in oauth2.providers.iter().enumerate() {
        for (member, checked) in check_provider(provider) {
            if let Err(violation) = checked {
                found.add_at(&["oauth2", "providers", &at.to_string(), member], violation);
            }
        }
    }
}

fn check_provider(provider: &OAuth2Provider) -> [(&'static str, Checked); 7] {
    let extra = |name: &str| provider.extra.as_ref()?.get(name)?.as_str();
    [
        ("name", check_provider_name(&provider.name)),
        ("clientId", check::required(provider.client_id.is_empty())),
        ("clientSecret", check::required(provider.client_secret.is_empty())),
        ("authURL", check_url(&provider.auth_url)),
        ("tokenURL", check_url(&provider.token_url)),
        ("userInfoURL", check_url(&provider.user_info_url)),
        ("extra", check_url(extra("issuer").unwrap_or(""))),
    ]
}

fn check_provider_name(name: &str) -> Checked {
    check::required(name.is_empty())?;
    if !OAUTH2_PROVIDERS.contains(&name) {
        let message = format!("Invalid or missing provider with name {name}.");
        let violation = Violation::new("validation_missing_provider", message);
        return Err(violation.with("name", name));
    }
    Ok(())
}

/// An absolute URL over HTTP; empty passes.
fn check_url(text: &str) -> Checked {
    let valid = || {
        Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
    };
    if text.is_empty() || valid() {
        return Ok(());
    }
    Err(Violation::new("validation_is_url", "Must be a valid URL."))
}

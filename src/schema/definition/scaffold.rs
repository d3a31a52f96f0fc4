//! Empty collections of each type, as a starting point.

use serde_json::{Map, Value as Json};

use crate::model::{CollectionId, Timestamp};
use crate::schema::{
    AnonymousOptions, ApiKeyOptions, AuthOptions, Collection, CollectionKind, EmailTemplate,
    MfaOptions, OtpOptions, PasskeyOptions, PasswordAuth, PasswordPolicy, Rules, Secrets,
    SessionOptions, TokenOptions, TotpOptions,
};

use super::{field_list, ids, indexes};

/// The types of collections in the order of the API.
const TYPES: [&str; 3] = ["auth", "base", "view"];

/// A collection of `kind` without name, id and dates, which has the mandatory fields; an auth
/// collection also has default options with fresh secrets, whatever options `kind` had.
pub fn scaffold(kind: CollectionKind) -> Collection {
    let kind = match kind {
        CollectionKind::Auth(_) => CollectionKind::Auth(Box::new(auth_options())),
        other => other,
    };
    let mut collection = Collection {
        id: CollectionId::from(""),
        name: String::new(),
        system: false,
        kind,
        rules: Rules::default(),
        fields: Vec::new(),
        indexes: Vec::new(),
        created: Timestamp::from_millis(0),
        updated: Timestamp::from_millis(0),
        next_slot: 1,
        next_index: 0,
    };
    if !collection.is_view() {
        field_list::enforce_mandatory(&mut collection);
        // A handful of fields cannot use up the slots.
        let _ = field_list::assign_slots(&mut collection, &[]);
    }
    collection
}

/// The answer of `/api/collections/meta/scaffolds`.
pub fn scaffolds_json() -> Json {
    let scaffolds = TYPES.iter().filter_map(|type_name| {
        let collection = scaffold(CollectionKind::from_type_name(type_name)?);
        let mut json = collection.to_json(Secrets::Hide);
        json["created"] = "".into();
        json["updated"] = "".into();
        if collection.is_auth() {
            let suffix = ids::random_text(10).to_lowercase();
            json["indexes"] = indexes::mandatory_texts(&suffix, "").into();
        }
        Some(((*type_name).to_owned(), json))
    });
    Json::Object(scaffolds.collect::<Map<_, _>>())
}

fn auth_options() -> AuthOptions {
    let token = |duration| TokenOptions { secret: ids::secret(), duration };
    AuthOptions {
        auth_rule: Some(String::new()),
        manage_rule: None,
        auth_alert_enabled: true,
        auth_alert_template: mail(
            "New login to your {APP_NAME} account",
            "<p>Your {APP_NAME} account was used from a place we have not seen before:</p>\n\
             <p><em>{ALERT_INFO}</em></p>\n\
             <p>If this was you, there is nothing to do. If not, change your password now: that \
             ends every other session.</p>",
        ),
        oauth2: crate::schema::OAuth2Options::default(),
        password_auth: PasswordAuth { enabled: true, identity_fields: vec!["email".to_owned()] },
        mfa: MfaOptions { enabled: false, duration: 600, rule: String::new() },
        otp: OtpOptions {
            enabled: false,
            duration: 180,
            length: 8,
            email_template: mail(
                "Your {APP_NAME} login code",
                "<p>Your one-time code is <strong>{OTP}</strong></p>\n\
                 <p>If you did not ask for it, nothing happens as long as you keep it to \
                 yourself.</p>",
            ),
        },
        sessions: SessionOptions::default(),
        api_keys: ApiKeyOptions::default(),
        totp: TotpOptions::default(),
        passkeys: PasskeyOptions::default(),
        auth_token: token(432_000),
        password_reset_token: token(1800),
        email_change_token: token(1800),
        verification_token: token(86_400),
        file_token: token(180),
        verification_template: link_mail(
            "Confirm your email for {APP_NAME}",
            "Please confirm that this address belongs to your {APP_NAME} account.",
            "confirm-verification",
            "Confirm email",
        ),
        reset_password_template: link_mail(
            "Choose a new {APP_NAME} password",
            "Somebody, probably you, asked for a new password for your {APP_NAME} account.",
            "confirm-password-reset",
            "Choose a password",
        ),
        confirm_email_change_template: link_mail(
            "Confirm your new email for {APP_NAME}",
            "Please confirm that your {APP_NAME} account shall use this address from now on.",
            "confirm-email-change",
            "Confirm new email",
        ),
        anonymous: AnonymousOptions::default(),
        password_policy: PasswordPolicy::default(),
    }
}

fn mail(subject: &str, body: &str) -> EmailTemplate {
    EmailTemplate { subject: subject.to_owned(), body: body.to_owned() }
}

fn link_mail(subject: &str, why: &str, page: &str, label: &str) -> EmailTemplate {
    let body = format!(
        "<p>{why}</p>\n\
         <p><a class=\"btn\" href=\"{{APP_URL}}/_/#/auth/{page}/{{TOKEN}}\" target=\"_blank\" \
         rel=\"noopener\">{label}</a></p>\n\
         <p>If you did not expect this mail, you can ignore it.</p>"
    );
    mail(subject, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scaffolds_have_the_keys_of_the_api_in_order() {
        let all = scaffolds_json();
        let keys = |json: &Json| json.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&all), ["auth", "base", "view"]);
        let common = "id listRule viewRule createRule updateRule deleteRule name type fields \
                      indexes created updated system";
        let auth = "authRule manageRule authAlert oauth2 passwordAuth mfa otp authToken \
                    passwordResetToken emailChangeToken verificationToken fileToken \
                    verificationTemplate resetPasswordTemplate confirmEmailChangeTemplate \
                    totp passkeys anonymous passwordPolicy";
        assert_eq!(keys(&all["base"]).join(" "), common);
        assert_eq!(keys(&all["view"]).join(" "), format!("{common} viewQuery"));
        assert_eq!(keys(&all["auth"]).join(" "), format!("{common} {auth}"));
        assert_eq!(all["view"]["fields"], serde_json::json!([]));
        assert_eq!(all["auth"]["fields"].as_array().map(Vec::len), Some(6));
        assert_eq!(all["auth"]["indexes"].as_array().map(Vec::len), Some(2));
        assert_eq!(all["auth"]["created"], "");
        assert!(!all.to_string().contains("secret"));
    }
}

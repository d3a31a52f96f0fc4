//! The JSON of what auth collections add.

use crate::schema::{
    ApiKeyOptions, AuthOptions, EmailTemplate, OAuth2Provider, SessionOptions, TokenOptions,
};

use super::members::{Members, Named};

impl AuthOptions {
    /// Walks the options in the order of the API.
    pub(super) fn members<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        members.rule("authRule", &mut self.auth_rule)?;
        members.rule("manageRule", &mut self.manage_rule)?;
        members.object("authAlert", |alert| {
            alert.bool("enabled", &mut self.auth_alert_enabled)?;
            template("emailTemplate", &mut self.auth_alert_template, alert)
        })?;
        members.object("oauth2", |oauth2| {
            oauth2.named("providers", &mut self.oauth2.providers)?;
            oauth2.object("mappedFields", |mapped| {
                mapped.text("id", &mut self.oauth2.mapped_id)?;
                mapped.text("name", &mut self.oauth2.mapped_name)?;
                mapped.text("username", &mut self.oauth2.mapped_username)?;
                mapped.text("avatarURL", &mut self.oauth2.mapped_avatar_url)
            })?;
            oauth2.bool("enabled", &mut self.oauth2.enabled)
        })?;
        members.object("passwordAuth", |password| {
            password.bool("enabled", &mut self.password_auth.enabled)?;
            password.texts("identityFields", &mut self.password_auth.identity_fields)
        })?;
        members.object("mfa", |mfa| {
            mfa.bool("enabled", &mut self.mfa.enabled)?;
            mfa.int("duration", &mut self.mfa.duration)?;
            mfa.text("rule", &mut self.mfa.rule)
        })?;
        members.object("otp", |otp| {
            otp.bool("enabled", &mut self.otp.enabled)?;
            otp.int("duration", &mut self.otp.duration)?;
            otp.int("length", &mut self.otp.length)?;
            template("emailTemplate", &mut self.otp.email_template, otp)
        })?;
        let has_sessions = self.sessions != SessionOptions::default();
        members.addition("sessions", has_sessions, |sessions| {
            sessions.bool("enabled", &mut self.sessions.enabled)?;
            sessions.int("maxPerUser", &mut self.sessions.max_per_user)
        })?;
        let has_keys = self.api_keys != ApiKeyOptions::default();
        members.addition("apiKeys", has_keys, |keys| {
            keys.bool("enabled", &mut self.api_keys.enabled)
        })?;
        token("authToken", &mut self.auth_token, members)?;
        token("passwordResetToken", &mut self.password_reset_token, members)?;
        token("emailChangeToken", &mut self.email_change_token, members)?;
        token("verificationToken", &mut self.verification_token, members)?;
        token("fileToken", &mut self.file_token, members)?;
        template("verificationTemplate", &mut self.verification_template, members)?;
        template("resetPasswordTemplate", &mut self.reset_password_template, members)?;
        template("confirmEmailChangeTemplate", &mut self.confirm_email_change_template, members)?;
        members.object("totp", |totp| {
            totp.bool("enabled", &mut self.totp.enabled)?;
            totp.text("issuer", &mut self.totp.issuer)
        })?;
        members.object("passkeys", |passkeys| {
            passkeys.bool("enabled", &mut self.passkeys.enabled)?;
            passkeys.text("rpId", &mut self.passkeys.rp_id)?;
            passkeys.texts("origins", &mut self.passkeys.origins)?;
            passkeys.bool("requireSecondFactor", &mut self.passkeys.require_second_factor)
        })?;
        members.object("anonymous", |anonymous| {
            anonymous.bool("enabled", &mut self.anonymous.enabled)?;
            anonymous.int("keepDays", &mut self.anonymous.keep_days)
        })?;
        members.object("passwordPolicy", |policy| {
            policy.int("minStrength", &mut self.password_policy.min_strength)?;
            policy.bool("refuseCommon", &mut self.password_policy.refuse_common)
        })
    }
}

fn token<M: Members>(
    key: &str,
    options: &mut TokenOptions,
    members: &mut M,
) -> Result<(), M::Error> {
    members.object(key, |token| {
        token.int("duration", &mut options.duration)?;
        token.secret("secret", &mut options.secret)
    })
}

fn template<M: Members>(
    key: &str,
    template: &mut EmailTemplate,
    members: &mut M,
) -> Result<(), M::Error> {
    members.object(key, |object| {
        object.text("subject", &mut template.subject)?;
        object.text("body", &mut template.body)
    })
}

impl Named for OAuth2Provider {
    fn name(&self) -> &str {
        &self.name
    }

    fn visit<M: Members>(&mut self, members: &mut M) -> Result<(), M::Error> {
        members.switch("pkce", &mut self.pkce)?;
        members.text("name", &mut self.name)?;
        members.text("clientId", &mut self.client_id)?;
        members.secret("clientSecret", &mut self.client_secret)?;
        members.text("authURL", &mut self.auth_url)?;
        members.text("tokenURL", &mut self.token_url)?;
        members.text("userInfoURL", &mut self.user_info_url)?;
        members.text("displayName", &mut self.display_name)?;
        members.extra("extra", &mut self.extra)
    }
}

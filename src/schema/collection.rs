//! A collection: fields, rules, indexes and what its kind adds.

use serde_json::{Map, Value as Json};

use crate::model::{CollectionId, Row, Slot, Timestamp};

use super::{Field, Index};

/// A collection as stored. Its definition is immutable once published in a [`super::Catalog`].
#[derive(Debug, Clone, PartialEq)]
pub struct Collection {
    /// `pbc_…` or chosen by whoever made it. Never changes.
    pub id: CollectionId,
    /// Unique without regard to case.
    pub name: String,
    /// System collections can be neither renamed nor deleted.
    pub system: bool,
    /// What kind it is, with the options of that kind.
    pub kind: CollectionKind,
    /// Who may do what.
    pub rules: Rules,
    /// The fields in the order of the API; the first is always `id`.
    pub fields: Vec<Field>,
    /// The indexes in the order of the API.
    pub indexes: Vec<Index>,
    /// When it was made.
    pub created: Timestamp,
    /// When it last changed.
    pub updated: Timestamp,
    /// The next unused slot number. Slot 0 is the id.
    pub next_slot: u16,
    /// The next unused index number.
    pub next_index: u32,
}

/// The five rules. `None` = superusers only, `""` = everybody, else a filter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rules {
    /// Who may list, as a filter on what they see.
    pub list: Option<String>,
    /// Who may view a record.
    pub view: Option<String>,
    /// Who may create a record.
    pub create: Option<String>,
    /// Who may update a record.
    pub update: Option<String>,
    /// Who may delete a record.
    pub delete: Option<String>,
}

/// The kind of a collection.
#[derive(Debug, Clone, PartialEq)]
pub enum CollectionKind {
    /// Plain records.
    Base,
    /// Records that can log in.
    Auth(Box<AuthOptions>),
    /// The result of a query over other collections; stored, not yet answered.
    View {
        /// One SQL SELECT.
        query: String,
    },
}

impl Collection {
    /// The field called exactly `name`.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The field in `slot`.
    pub fn field_at(&self, slot: Slot) -> Option<&Field> {
        self.fields.iter().find(|field| field.slot == slot)
    }

    /// `base`, `auth` or `view`.
    pub fn type_name(&self) -> &'static str {
        match self.kind {
            CollectionKind::Base => "base",
            CollectionKind::Auth(_) => "auth",
            CollectionKind::View { .. } => "view",
        }
    }

    /// The auth options of an auth collection.
    pub fn auth(&self) -> Option<&AuthOptions> {
        match &self.kind {
            CollectionKind::Auth(options) => Some(options),
            _ => None,
        }
    }

    /// Whether its records can log in.
    pub fn is_auth(&self) -> bool {
        self.auth().is_some()
    }

    /// Whether this is a view.
    pub fn is_view(&self) -> bool {
        matches!(self.kind, CollectionKind::View { .. })
    }

    /// Whether this is the collection of superusers.
    pub fn is_superusers(&self) -> bool {
        self.name == Self::SUPERUSERS
    }

    /// The name of the collection of superusers.
    pub const SUPERUSERS: &'static str = "_superusers";

    /// Every rule that is neither missing nor empty, those of auth options too.
    pub fn rules_mut(&mut self) -> impl Iterator<Item = &mut String> {
        let Rules { list, view, create, update, delete } = &mut self.rules;
        let auth = match &mut self.kind {
            CollectionKind::Auth(options) => {
                let AuthOptions { auth_rule, manage_rule, mfa, .. } = &mut **options;
                [auth_rule.as_mut(), manage_rule.as_mut(), Some(&mut mfa.rule)]
            }
            _ => [None, None, None],
        };
        [list, view, create, update, delete]
            .into_iter()
            .map(Option::as_mut)
            .chain(auth)
            .flatten()
            .filter(|rule| !rule.is_empty())
    }

    /// Whether the record in `row` is the account of a visitor who has not said who they are: it has
    /// neither an email nor a password.
    pub fn is_anonymous(&self, row: Row<'_>) -> bool {
        let is_empty = |name| {
            let field = self.field(name);
            field.is_none_or(|field| {
                row.value(field.slot, field.kind.zero()).as_text().unwrap_or("").is_empty()
            })
        };
        self.is_auth() && !self.is_superusers() && is_empty("password") && is_empty("email")
    }

    /// The unique index over `field` alone, partial ones included.
    pub fn single_unique_index(&self, field: &Field) -> Option<&Index> {
        self.indexes.iter().find(|index| index.is_single_unique(field))
    }
}

/// Options of auth collections. Secrets are here and leave only through the store's codec.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AuthOptions {
    /// Who may log in; `None` = nobody.
    pub auth_rule: Option<String>,
    /// Who may manage other accounts; `None` = superusers only, never empty.
    pub manage_rule: Option<String>,
    /// Whether to mail about logins from new places, and the mail.
    pub auth_alert_enabled: bool,
    /// The mail about logins from new places.
    pub auth_alert_template: EmailTemplate,
    /// `OAuth2` logins.
    pub oauth2: OAuth2Options,
    /// Password logins.
    pub password_auth: PasswordAuth,
    /// Second factors.
    pub mfa: MfaOptions,
    /// One-time passwords.
    pub otp: OtpOptions,
    /// Logins that are kept track of.
    pub sessions: SessionOptions,
    /// Keys for programs.
    pub api_keys: ApiKeyOptions,
    /// Codes of authenticator apps.
    pub totp: TotpOptions,
    /// Passkeys.
    pub passkeys: PasskeyOptions,
    /// Tokens of logged in records.
    pub auth_token: TokenOptions,
    /// Tokens of password resets.
    pub password_reset_token: TokenOptions,
    /// Tokens of email changes.
    pub email_change_token: TokenOptions,
    /// Tokens of email verifications.
    pub verification_token: TokenOptions,
    /// Tokens of protected files.
    pub file_token: TokenOptions,
    /// The mail with a verification link.
    pub verification_template: EmailTemplate,
    /// The mail with a password reset link.
    pub reset_password_template: EmailTemplate,
    /// The mail with an email change link.
    pub confirm_email_change_template: EmailTemplate,
    /// Accounts of visitors who have not said who they are.
    pub anonymous: AnonymousOptions,
    /// Which passwords are too weak.
    pub password_policy: PasswordPolicy,
}

/// Accounts of visitors who have not said who they are.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct AnonymousOptions {
    /// Whether anybody may get one.
    pub enabled: bool,
    /// Days without use after which one is deleted; 0 = never.
    pub keep_days: i64,
}

/// Which passwords are too weak.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PasswordPolicy {
    /// The least strength, from 0 (any) to 4, as zxcvbn estimates it.
    pub min_strength: i64,
    /// Whether passwords that many people use are refused.
    pub refuse_common: bool,
}

/// Subject and HTML body of a mail, with placeholders such as `{TOKEN}`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmailTemplate {
    /// The subject.
    pub subject: String,
    /// The body.
    pub body: String,
}

/// How one type of token is signed and how long it lives.
#[derive(Clone, PartialEq, Default)]
pub struct TokenOptions {
    /// 30 to 255 bytes, never shown.
    pub secret: String,
    /// Seconds.
    pub duration: i64,
}

impl std::fmt::Debug for TokenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenOptions").field("duration", &self.duration).finish_non_exhaustive()
    }
}

/// Password logins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PasswordAuth {
    /// Whether they are allowed.
    pub enabled: bool,
    /// Names of the fields that can identify a record.
    pub identity_fields: Vec<String>,
}

/// Logins that are kept track of, so that each can be ended by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SessionOptions {
    /// Whether each login is one; tokens of no session are then refused.
    pub enabled: bool,
    /// How many one account may have; the next login ends the one used least recently. 0 = 100.
    pub max_per_user: i64,
}

/// Keys for programs, which act for an account within a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ApiKeyOptions {
    /// Whether they are accepted and can be made.
    pub enabled: bool,
}

/// Second factors.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MfaOptions {
    /// Whether a second factor is asked for.
    pub enabled: bool,
    /// Seconds within which the second factor must follow.
    pub duration: i64,
    /// Whom to ask for one; empty = everybody.
    pub rule: String,
}

/// One-time passwords.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OtpOptions {
    /// Whether they are allowed.
    pub enabled: bool,
    /// Seconds that one is valid.
    pub duration: i64,
    /// Digits.
    pub length: i64,
    /// The mail that carries one.
    pub email_template: EmailTemplate,
}

/// Codes of authenticator apps as a second factor. PocketBase has none of this.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TotpOptions {
    /// Whether accounts may enrol, and those that did are asked for a code.
    pub enabled: bool,
    /// What apps call this place; empty = the name of the application.
    pub issuer: String,
}

/// Passkeys. PocketBase has none of this.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PasskeyOptions {
    /// Whether accounts may add passkeys and log in with them.
    pub enabled: bool,
    /// The domain that passkeys belong to; empty = the host of the application's URL.
    pub rp_id: String,
    /// Where the pages that use them come from; empty = the origin of the application's URL.
    pub origins: Vec<String>,
    /// Whether a login with a passkey is asked for a second factor like any other. Passkeys verify
    /// who uses them, so each is two factors by itself.
    pub require_second_factor: bool,
}

/// `OAuth2` logins.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct OAuth2Options {
    /// Whether they are allowed.
    pub enabled: bool,
    /// The providers in order.
    pub providers: Vec<OAuth2Provider>,
    /// Field that takes the provider's user id, `""` = none.
    pub mapped_id: String,
    /// Field that takes the full name.
    pub mapped_name: String,
    /// Field that takes the user name.
    pub mapped_username: String,
    /// Field that takes the picture.
    pub mapped_avatar_url: String,
}

/// One `OAuth2` provider as configured.
#[derive(Clone, PartialEq, Default)]
pub struct OAuth2Provider {
    /// The key in the catalogue, such as `google`.
    pub name: String,
    /// The client id.
    pub client_id: String,
    /// The client secret, never shown.
    pub client_secret: String,
    /// Overrides the authorization URL unless empty.
    pub auth_url: String,
    /// Overrides the token URL unless empty.
    pub token_url: String,
    /// Overrides the user info URL unless empty.
    pub user_info_url: String,
    /// Overrides the display name unless empty.
    pub display_name: String,
    /// Overrides whether PKCE is used.
    pub pkce: Option<bool>,
    /// Provider-specific options.
    pub extra: Option<Map<String, Json>>,
}

impl std::fmt::Debug for OAuth2Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuth2Provider").field("name", &self.name).finish_non_exhaustive()
    }
}

//! Passkeys: the two ceremonies of WebAuthn, and what is kept of a key. Browsers speak its JSON.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use url::Url;
use webauthn_rs::prelude::{
    AuthenticationResult, DiscoverableAuthentication, Passkey, PasskeyRegistration,
    PublicKeyCredential, RegisterPublicKeyCredential, Uuid, Webauthn, WebauthnBuilder,
    WebauthnError,
};

use super::PasskeyError;

/// The site that passkeys belong to.
pub struct RelyingParty(Webauthn);

impl std::fmt::Debug for RelyingParty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RelyingParty").field(&self.0.get_allowed_origins()).finish()
    }
}

/// How an authenticator knows an account: random, so that it tells nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserHandle(Uuid);

impl UserHandle {
    /// A random one.
    pub fn random() -> Self {
        Self(Uuid::from_bytes(rand::random()))
    }
}

/// What is kept of a passkey: its id, its public key and how often it was used. Nothing of it is
/// secret.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PublicKey {
    key: Passkey,
    /// What the key counted to at its last use; 0 for keys that do not count.
    counter: u32,
}

impl PublicKey {
    /// The id that its authenticator gave it, in base64url.
    pub fn id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.key.cred_id())
    }

    /// Notes a use; false when that use is not newer than the last one that was noted, as a copy of
    /// the key would make it.
    pub fn note(&mut self, used: &KeyUse) -> bool {
        let counter = used.0.counter();
        let counts = counter > 0 || self.counter > 0;
        if counts && counter <= self.counter {
            return false;
        }
        self.counter = counter;
        self.key.update_credential(&used.0).is_some()
    }
}

/// A passkey that is being made.
#[derive(Debug)]
pub struct Registration(PasskeyRegistration);

/// A login that waits for whoever has a passkey.
#[derive(Debug)]
pub struct Challenge(DiscoverableAuthentication);

/// What a browser sends to log in.
#[derive(Debug)]
pub struct Assertion {
    credential: PublicKeyCredential,
    /// The id of the key that was used, in base64url.
    pub key_id: String,
    /// Whose it says it is.
    pub user: UserHandle,
}

impl Assertion {
    /// Reads the JSON of a browser's credential.
    pub fn read(credential: &Json) -> Result<Self, PasskeyError> {
        let credential = PublicKeyCredential::deserialize(credential)?;
        let user = credential.get_user_unique_id().and_then(|id| Uuid::from_slice(id).ok());
        let user = UserHandle(user.ok_or(WebauthnError::InvalidUserUniqueId)?);
        let key_id = URL_SAFE_NO_PAD.encode(credential.get_credential_id());
        Ok(Self { credential, key_id, user })
    }
}

/// A use of a passkey that was found good.
#[derive(Debug, Clone)]
pub struct KeyUse(AuthenticationResult);

impl RelyingParty {
    /// The site `name` of the domain `id`, whose pages have these origins.
    ///
    /// # Errors
    /// [`PasskeyError::Refused`] when there is no origin, or one is not of the domain.
    pub fn new(id: &str, origins: &[Url], name: &str) -> Result<Self, PasskeyError> {
        let (first, others) = origins.split_first().ok_or(WebauthnError::Configuration)?;
        let belongs = |origin: &Url| {
            let below = origin.domain().and_then(|domain| domain.strip_suffix(id));
            below.is_some_and(|below| below.is_empty() || below.ends_with('.'))
        };
        if !origins.iter().all(belongs) {
            return Err(WebauthnError::Configuration.into());
        }
        let mut builder = WebauthnBuilder::new(id, first)?.rp_name(name);
        for origin in others {
            builder = builder.append_allowed_origin(origin);
        }
        Ok(Self(builder.build()?))
    }

    /// Begins to make a passkey for somebody. Returns the options for the browser, and what
    /// [`RelyingParty::finish_registration`] needs.
    pub fn start_registration(
        &self,
        user: UserHandle,
        name: &str,
        display_name: &str,
        present: &[PublicKey],
    ) -> Result<(Json, Registration), PasskeyError> {
        let present = present.iter().map(|key| key.key.cred_id().clone()).collect();
        let (options, registration) =
            self.0.start_passkey_registration(user.0, name, display_name, Some(present))?;
        let mut options = serde_json::to_value(options)?["publicKey"].take();
        // Logins begin without a name, so the authenticator has to remember whose key it is.
        options["authenticatorSelection"]["residentKey"] = "required".into();
        options["authenticatorSelection"]["requireResidentKey"] = true.into();
        Ok((options, Registration(registration)))
    }

    /// The passkey that a browser made, whose credential comes as JSON.
    pub fn finish_registration(
        &self,
        credential: &Json,
        registration: &Registration,
    ) -> Result<PublicKey, PasskeyError> {
        let credential = RegisterPublicKeyCredential::deserialize(credential)?;
        let key = self.0.finish_passkey_registration(&credential, &registration.0)?;
        Ok(PublicKey { key, counter: 0 })
    }

    /// Begins a login of whoever has a passkey. Returns the options for the browser, and what
    /// [`RelyingParty::finish_login`] needs.
    pub fn start_login(&self) -> Result<(Json, Challenge), PasskeyError> {
        let (options, challenge) = self.0.start_discoverable_authentication()?;
        Ok((serde_json::to_value(options)?["publicKey"].take(), Challenge(challenge)))
    }

    /// Checks that `assertion` answers `challenge` with `key`, and that whoever used the key was
    /// verified by its authenticator.
    pub fn finish_login(
        &self,
        assertion: &Assertion,
        challenge: Challenge,
        key: &PublicKey,
    ) -> Result<KeyUse, PasskeyError> {
        let (credential, challenge) = (&assertion.credential, challenge.0);
        let used = self.0.finish_discoverable_authentication_v2(credential, challenge, &key.key)?;
        if !used.user_verified() {
            return Err(WebauthnError::UserNotVerified.into());
        }
        Ok(KeyUse(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn a_site_has_origins_of_its_own_domain() {
        let site = |id, origins: &[&str]| {
            let origins: Vec<Url> = origins.iter().map(|text| url(text)).collect();
            RelyingParty::new(id, &origins, "Shop").is_ok()
        };
        assert!(site("localhost", &["http://localhost:8090"]));
        assert!(site("example.com", &["https://example.com", "https://app.example.com"]));
        assert!(!site("example.com", &[]));
        assert!(!site("example.com", &["https://badexample.com"]));
        assert!(!site("example.com", &["https://example.com", "https://example.org"]));
        assert!(!site("127.0.0.1", &["http://127.0.0.1"]));
    }

    #[test]
    fn browsers_are_asked_for_keys_that_know_whose_they_are_and_verify_them() {
        let site = RelyingParty::new("localhost", &[url("http://localhost")], "Shop").unwrap();
        let (options, _) =
            site.start_registration(UserHandle::random(), "ann", "Ann", &[]).unwrap();
        let selection = &options["authenticatorSelection"];
        assert_eq!(selection["residentKey"], "required");
        assert_eq!(selection["userVerification"], "required");
        assert_eq!(options["rp"]["name"], "Shop");
        let (options, _) = site.start_login().unwrap();
        assert_eq!(options["userVerification"], "required");
        assert_eq!(options["allowCredentials"], serde_json::json!([]));
        assert!(Assertion::read(&serde_json::json!({ "id": "x" })).is_err());
    }
}

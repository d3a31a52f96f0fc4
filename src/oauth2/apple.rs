//! The client secret that Apple wants: a token that the owner of the app signs.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use serde_json::{Value as Json, json};

/// Where a key begins and ends in PEM.
const BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const END: &str = "-----END PRIVATE KEY-----";

/// What the secret is made of.
#[derive(Clone)]
pub struct AppleSecret {
    /// The service id of the app.
    pub client_id: String,
    /// The id of its owner.
    pub team_id: String,
    /// The id of the key.
    pub key_id: String,
    /// The key, PKCS#8 in PEM.
    pub private_key: String,
    /// Seconds that the secret is good for.
    pub duration: i64,
}

impl std::fmt::Debug for AppleSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AppleSecret").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

/// Why there is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// The key cannot be read.
    #[error("the private key is not one in PEM")]
    NotPem,
    /// It is no key of this kind.
    #[error("the private key is not one of the curve P-256 in PKCS#8, with its public part")]
    NotP256,
    /// The system has no random numbers.
    #[error("signing failed")]
    Signing,
}

impl AppleSecret {
    /// Whether `private_key` looks like a key in PEM.
    pub fn has_pem(&self) -> bool {
        body_of(&self.private_key).is_some_and(|body| !body.trim().is_empty())
    }

    /// The secret, good from `now` on, in seconds since 1970.
    pub fn sign(&self, now: i64) -> Result<String, SecretError> {
        let body = body_of(&self.private_key).ok_or(SecretError::NotPem)?;
        let letters: String = body.split_whitespace().collect();
        let der = STANDARD.decode(letters).map_err(|_| SecretError::NotPem)?;
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der, &random)
            .map_err(|_| SecretError::NotP256)?;
        let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
        let header = json!({ "alg": "ES256", "kid": self.key_id, "typ": "JWT" });
        let claims = json!({
            "iss": self.team_id,
            "sub": self.client_id,
            "aud": ["https://appleid.apple.com"],
            "exp": now.saturating_add(self.duration),
            "iat": now,
        });
        let signed = format!("{}.{}", part(&header), part(&claims));
        let signature = key.sign(&random, signed.as_bytes()).map_err(|_| SecretError::Signing)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }
}

fn body_of(pem: &str) -> Option<&str> {
    pem.trim().strip_prefix(BEGIN)?.strip_suffix(END)
}

#[cfg(test)]
mod tests {
    use ring::signature::{ECDSA_P256_SHA256_FIXED, KeyPair, UnparsedPublicKey};

    use super::*;

    #[test]
    fn the_secret_is_signed_by_the_key_and_says_what_apple_wants() {
        let random = SystemRandom::new();
        let der = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, der.as_ref(), &random);
        let pem = format!(" {BEGIN}\n{}\n{END}\n", STANDARD.encode(der.as_ref()));
        let secret = AppleSecret {
            client_id: "app".to_owned(),
            team_id: "0123456789".to_owned(),
            key_id: "9876543210".to_owned(),
            private_key: pem,
            duration: 60,
        };
        assert!(secret.has_pem());
        let text = secret.sign(1000).unwrap();
        let (signed, signature) = text.rsplit_once('.').unwrap();
        let public = key.unwrap();
        let public = public.public_key().as_ref();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public)
            .verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(signature).unwrap())
            .unwrap();
        let read = |part: &str| -> Json {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let (header, claims) = signed.split_once('.').unwrap();
        assert_eq!(read(header), json!({ "alg": "ES256", "kid": "9876543210", "typ": "JWT" }));
        assert_eq!(
            read(claims),
            json!({ "iss": "0123456789", "sub": "app", "aud": ["https://appleid.apple.com"],
                "exp": 1060, "iat": 1000 })
        );
        for (key, error) in [
            ("no key".to_owned(), SecretError::NotPem),
            (format!("{BEGIN}\n!\n{END}"), SecretError::NotPem),
            (format!("{BEGIN}\nAAAA\n{END}"), SecretError::NotP256),
        ] {
            let other = AppleSecret { private_key: key, ..secret.clone() };
            assert_eq!(other.sign(0), Err(error));
        }
    }
}

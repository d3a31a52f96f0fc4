//! Keys that id tokens are signed with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde_json::Value as Json;

/// Keys of a set that are looked at.
const KEYS_MAX: usize = 100;

/// Ways to sign that can be checked with a public key. Those with a shared key, and none at all, are
/// not among them: whoever knows a public key could make such tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Rs256,
    Rs384,
    Rs512,
    Ps256,
    Ps384,
    Ps512,
    Es256,
    Es384,
    EdDsa,
}

impl Algorithm {
    pub(super) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Self::Rs256,
            "RS384" => Self::Rs384,
            "RS512" => Self::Rs512,
            "PS256" => Self::Ps256,
            "PS384" => Self::Ps384,
            "PS512" => Self::Ps512,
            "ES256" => Self::Es256,
            "ES384" => Self::Es384,
            "EdDSA" | "Ed25519" => Self::EdDsa,
            _ => return None,
        })
    }

    fn rsa(self) -> Option<&'static RsaParameters> {
        Some(match self {
            Self::Rs256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Self::Rs384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Self::Rs512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Self::Ps256 => &signature::RSA_PSS_2048_8192_SHA256,
            Self::Ps384 => &signature::RSA_PSS_2048_8192_SHA384,
            Self::Ps512 => &signature::RSA_PSS_2048_8192_SHA512,
            Self::Es256 | Self::Es384 | Self::EdDsa => return None,
        })
    }
}

/// The key of `set` with the id `kid`; without an id, the only one there is.
pub(super) fn find<'s>(set: &'s Json, kid: Option<&str>) -> Option<&'s Json> {
    let keys = set["keys"].as_array()?;
    let may_sign = |key: &&Json| key.get("use").is_none_or(|purpose| purpose == "sig");
    let mut keys = keys.iter().take(KEYS_MAX).filter(may_sign);
    match kid {
        Some(kid) => keys.find(|key| key["kid"] == kid),
        None => keys.next().filter(|_| keys.next().is_none()),
    }
}

/// Whether `signature` is one of `message` by `key` with `algorithm`, which must be the key's own.
pub(super) fn verify(key: &Json, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
    if let Some(own) = key.get("alg").filter(|own| !own.is_null())
        && own.as_str().and_then(Algorithm::of) != Some(algorithm)
    {
        return false;
    }
    let part = |name: &str| {
        let text = key[name].as_str()?;
        URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()
    };
    let verified = match (key["kty"].as_str(), key["crv"].as_str(), algorithm) {
        (Some("RSA"), _, _) => {
            algorithm.rsa().zip(part("n")).zip(part("e")).map(|((parameters, n), e)| {
                let key = RsaPublicKeyComponents { n: without_zeros(&n), e: without_zeros(&e) };
                key.verify(parameters, message, signature).is_ok()
            })
        }
        (Some("EC"), Some("P-256"), Algorithm::Es256) => {
            point(part("x"), part("y"), 32).map(|key| {
                let key = UnparsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, key);
                key.verify(message, signature).is_ok()
            })
        }
        (Some("EC"), Some("P-384"), Algorithm::Es384) => {
            point(part("x"), part("y"), 48).map(|key| {
                let key = UnparsedPublicKey::new(&signature::ECDSA_P384_SHA384_FIXED, key);
                key.verify(message, signature).is_ok()
            })
        }
        (Some("OKP"), Some("Ed25519"), Algorithm::EdDsa) => part("x").map(|key| {
            let key = UnparsedPublicKey::new(&signature::ED25519, key);
            key.verify(message, signature).is_ok()
        }),
        _ => None,
    };
    verified.unwrap_or(false)
}

fn without_zeros(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    &bytes[start..]
}

/// An uncompressed point of a curve.
fn point(x: Option<Vec<u8>>, y: Option<Vec<u8>>, length: usize) -> Option<Vec<u8>> {
    let (x, y) = (x?, y?);
    (x.len() == length && y.len() == length).then(|| [&[4][..], &x, &y].concat())
}

//! API keys: `hsk_<id>_<secret>`, made once and never kept in clear.
//!
//! What is kept is an HMAC of the key under what signs the tokens of its account. The secret has 256
//! random bits, so a slow hash would add nothing: there is no dictionary to try. And whatever ends
//! the tokens of an account ends its API keys, because the HMAC no longer agrees.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::hmac;

use super::SigningKey;

/// What every key begins with, so that scanners for leaked secrets can tell one.
const PREFIX: &str = "hsk_";
/// Longer texts are no keys.
const LENGTH_MAX: usize = 255;
/// Keeps what is signed here apart from tokens, which never begin so.
const PURPOSE: &str = "api key\n";

/// A new key with this id: its text, which is shown once. Ids hold no underscores.
pub fn new_api_key(id: &str) -> String {
    let secret: [u8; 32] = rand::random();
    [PREFIX, id, "_", &URL_SAFE_NO_PAD.encode(secret)].concat()
}

/// The id in a text that looks like an API key; it says nothing about whether it is good.
pub fn api_key_id(text: &str) -> Option<&str> {
    let (id, secret) = text.strip_prefix(PREFIX)?.split_once('_')?;
    (text.len() <= LENGTH_MAX && !id.is_empty() && !secret.is_empty()).then_some(id)
}

/// The part of a key that may be shown again: all but the secret.
pub fn api_key_prefix(id: &str) -> String {
    [PREFIX, id].concat()
}

impl SigningKey {
    /// What is kept of an API key.
    pub fn seal(&self, api_key: &str) -> String {
        URL_SAFE_NO_PAD.encode(hmac::sign(&self.0, message(api_key).as_bytes()))
    }

    /// Whether `seal` is what this made of `api_key`; compared in constant time.
    pub fn unseals(&self, api_key: &str, seal: &str) -> bool {
        let Ok(seal) = URL_SAFE_NO_PAD.decode(seal) else { return false };
        hmac::verify(&self.0, message(api_key).as_bytes(), &seal).is_ok()
    }
}

fn message(api_key: &str) -> String {
    [PURPOSE, api_key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_by_its_seal_and_only_under_the_same_signing_key() {
        let key = SigningKey::new("token-key", "secret").unwrap();
        let (one, other) = (new_api_key("abc"), new_api_key("abc"));
        assert_ne!(one, other);
        assert_eq!((api_key_id(&one), one.len()), (Some("abc"), 4 + 3 + 1 + 43));
        assert!(one.starts_with(&api_key_prefix("abc")));
        let seal = key.seal(&one);
        assert!(!seal.contains(&one[8..]));
        assert!(key.unseals(&one, &seal) && !key.unseals(&other, &seal));
        let changed = SigningKey::new("other-key", "secret").unwrap();
        assert!(!changed.unseals(&one, &seal));
        for wrong in ["", "!", &seal[1..]] {
            assert!(!key.unseals(&one, wrong));
        }
    }

    #[test]
    fn what_does_not_look_like_a_key_is_none() {
        let long = format!("hsk_a_{}", "x".repeat(LENGTH_MAX));
        for text in ["", "hsk_", "hsk_a", "hsk_a_", "hsk__b", "sk_a_b", "a.b.c", &long] {
            assert_eq!(api_key_id(text), None, "{text}");
        }
        assert_eq!(api_key_id("hsk_a_b_c-d"), Some("a"));
    }
}

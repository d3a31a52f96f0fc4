//! Values that only the holder of a key can read.
//!
//! With a key, entries of the trees of settings and letters are sealed as wholes, and definitions
//! where their secrets are. What else is in the file stays as it is. A counter says which key it is.
//! Without a key everything can still be copied, as dumps and backups do: sealed values stay sealed.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::hmac;
use serde_json::{Map, Value as Json};

use super::error::damaged;
use super::names;
use crate::query::ReadError;

/// What sealed values begin with: no text and no JSON does.
const MAGIC: &[u8] = b"\0hvs1\0";
/// What sealed texts begin with.
const TEXT_MAGIC: &str = "\u{0}hvs1:";
/// Bytes of a nonce, which is random: a key is good for some billions of values.
const NONCE: usize = 12;

/// A key for sealing.
#[derive(Clone)]
pub struct SealKey {
    id: u64,
    aead: Arc<LessSafeKey>,
}

impl SealKey {
    /// The bytes that a key is made of.
    pub const BYTES: usize = 32;

    /// A key made of [`Self::BYTES`] bytes; `None` when there are more or fewer.
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() != Self::BYTES {
            return None;
        }
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derive = |what: &str| hmac::sign(&secret, what.as_bytes());
        let (id, key) = (derive("haversack seal id"), derive("haversack seal key"));
        let (id, _) = id.as_ref().split_first_chunk()?;
        let key = UnboundKey::new(&AES_256_GCM, key.as_ref()).ok()?;
        // Small enough for every reader of JSON.
        let id = u64::from_le_bytes(*id) >> 12;
        Some(Self { id, aead: Arc::new(LessSafeKey::new(key)) })
    }

    /// Tells keys apart without telling anything about them.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    fn seal(&self, place: &[u8], value: &[u8]) -> Result<Vec<u8>, ReadError> {
        let nonce: [u8; NONCE] = rand::random();
        let mut sealed = value.to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.aead
            .seal_in_place_append_tag(sealing, Aad::from(place), &mut sealed)
            .map_err(|_| damaged("a value is too large to be sealed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    fn open(&self, place: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>()?;
        let mut rest = rest.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self.aead.open_in_place(nonce, Aad::from(place), &mut rest).ok()?.len();
        rest.truncate(length);
        Some(rest)
    }
}

impl fmt::Debug for SealKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SealKey(…)")
    }
}

/// The keys that a store is opened with.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    /// What values are sealed with from now on; without one they are in the clear.
    pub current: Option<SealKey>,
    /// What they were sealed with until now.
    pub old: Option<SealKey>,
}

/// How the values of one store are sealed.
#[derive(Debug, Clone, Default)]
pub(super) struct Sealer(pub(super) Option<SealKey>);

/// Whether entries of a tree are sealed as wholes.
pub(super) fn is_sealed_tree(tree: &str) -> bool {
    tree == names::SETTINGS || tree == names::OUTBOX
}

/// An entry's place, which is sealed with it, so that no value can be put elsewhere.
fn place(tree: &str, key: &[u8]) -> Vec<u8> {
    [tree.as_bytes(), b"\0", key].concat()
}

impl Sealer {
    /// The value of an entry as it is stored.
    pub(super) fn seal(&self, tree: &str, key: &[u8], value: &[u8]) -> Result<Vec<u8>, ReadError> {
        let Some(with) = &self.0 else { return Ok(value.to_vec()) };
        Ok([MAGIC, &with.seal(&place(tree, key), value)?].concat())
    }

    /// The value of an entry as it was before. Without a key it stays as it is stored.
    pub(super) fn open(&self, tree: &str, key: &[u8], stored: &[u8]) -> Result<Vec<u8>, ReadError> {
        let Some(with) = &self.0 else { return Ok(stored.to_vec()) };
        let sealed = stored.strip_prefix(MAGIC);
        let opened = sealed.and_then(|sealed| with.open(&place(tree, key), sealed));
        opened.ok_or_else(|| damaged(format!("a value in {tree} cannot be unsealed")))
    }

    /// Seals the secrets of a definition of the collection `id`.
    pub(super) fn seal_definition(&self, id: &str, definition: &mut Json) -> Result<(), ReadError> {
        let Some(with) = &self.0 else { return Ok(()) };
        each_secret(definition, &mut |path, value| {
            let place = place(names::COLLECTIONS, format!("{id}{path}").as_bytes());
            let sealed = with.seal(&place, value.to_string().as_bytes())?;
            *value = format!("{TEXT_MAGIC}{}", STANDARD.encode(sealed)).into();
            Ok(())
        })
    }

    /// Opens the secrets of a definition. Without a key sealed texts stay, and sealed objects are left
    /// out.
    pub(super) fn open_definition(&self, id: &str, definition: &mut Json) -> Result<(), ReadError> {
        each_secret(definition, &mut |path, value| {
            let text = value.as_str().and_then(|text| text.strip_prefix(TEXT_MAGIC));
            let Some(text) = text else {
                // In a store with a key they are all sealed.
                let what = || damaged(format!("a secret of collection {id} is not sealed"));
                return if self.0.is_some() { Err(what()) } else { Ok(()) };
            };
            let Some(with) = &self.0 else {
                if path.ends_with("/extra") {
                    *value = Json::Null;
                }
                return Ok(());
            };
            let place = place(names::COLLECTIONS, format!("{id}{path}").as_bytes());
            let opened = STANDARD.decode(text).ok().and_then(|sealed| with.open(&place, &sealed));
            let json = opened.and_then(|opened| serde_json::from_slice(&opened).ok());
            let what = || damaged(format!("a secret of collection {id} cannot be unsealed"));
            *value = json.ok_or_else(what)?;
            Ok(())
        })
    }
}

/// Shows each secret of a definition with the path that leads there.
fn each_secret(
    definition: &mut Json,
    visit: &mut dyn FnMut(&str, &mut Json) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    let Some(members) = definition.as_object_mut() else { return Ok(()) };
    for (name, value) in members.iter_mut().filter(|(name, _)| *name != "fields") {
        match value {
            Json::Object(options) => in_options(options, &format!("/{name}"), visit)?,
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {}
        }
    }
    Ok(())
}

fn in_options(
    options: &mut Map<String, Json>,
    path: &str,
    visit: &mut dyn FnMut(&str, &mut Json) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    for (name, value) in options {
        let path = format!("{path}/{name}");
        match (name.as_str(), value) {
            // What further options of login providers are is up to them, so it may be a secret.
            ("secret" | "clientSecret" | "extra", value) if !value.is_null() => {
                visit(&path, value)?;
            }
            (_, Json::Object(inner)) => in_options(inner, &path, visit)?,
            (_, Json::Array(items)) => {
                for (at, item) in items.iter_mut().enumerate() {
                    if let Json::Object(inner) = item {
                        in_options(inner, &format!("{path}/{at}"), visit)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sealer(fill: u8) -> Sealer {
        Sealer(SealKey::new(&[fill; SealKey::BYTES]))
    }

    #[test]
    fn a_sealed_value_opens_with_its_key_at_its_place_only() {
        let sealed = sealer(1).seal("settings", b"a", b"value").unwrap();
        assert_ne!(sealed, sealer(1).seal("settings", b"a", b"value").unwrap());
        assert!(!sealed.windows(5).any(|window| window == b"value"));
        assert_eq!(sealer(1).open("settings", b"a", &sealed).unwrap(), b"value");
        assert!(sealer(2).open("settings", b"a", &sealed).is_err());
        assert!(sealer(1).open("settings", b"b", &sealed).is_err());
        assert!(sealer(1).open("outbox", b"a", &sealed).is_err());
        assert!(sealer(1).open("settings", b"a", b"value").is_err());
        assert_eq!(Sealer(None).open("settings", b"a", &sealed).unwrap(), sealed);
        for at in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert!(sealer(1).open("settings", b"a", &changed).is_err(), "{at}");
        }
        assert!(SealKey::new(&[0; 31]).is_none());
    }

    #[test]
    fn a_definition_is_sealed_where_its_secrets_are() {
        let whole = json!({
            "name": "secret", "fields": [{ "name": "secret", "secret": "x" }],
            "authToken": { "secret": "hush", "duration": 5 },
            "oauth2": { "providers": [
                { "name": "a", "clientSecret": "hush", "extra": { "key": "hush" } },
                { "name": "b", "clientSecret": "", "extra": null },
            ]},
        });
        let mut sealed = whole.clone();
        sealer(1).seal_definition("id", &mut sealed).unwrap();
        let text = sealed.to_string();
        assert!(!text.contains("hush") && text.contains("\"duration\":5"), "{text}");
        let mut opened = sealed.clone();
        sealer(1).open_definition("id", &mut opened).unwrap();
        assert_eq!(opened, whole);
        assert!(sealer(1).open_definition("other", &mut sealed.clone()).is_err());
        assert!(sealer(2).open_definition("id", &mut sealed.clone()).is_err());
        assert!(sealer(1).open_definition("id", &mut whole.clone()).is_err());
        Sealer(None).open_definition("id", &mut sealed).unwrap();
        assert_eq!(sealed["oauth2"]["providers"][0]["extra"], Json::Null);
    }
}

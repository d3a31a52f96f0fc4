//! `$security.encrypt` and `decrypt`: AES in Galois mode, as the original seals texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom as _, SystemRandom};

use crate::hooks::Rejection;

fn key_of(key: &str) -> Result<LessSafeKey, Rejection> {
    let algorithm = match key.len() {
        16 => &AES_128_GCM,
        32 => &AES_256_GCM,
        _ => return Err(Rejection::new(500, "the key must have 32 or 16 bytes")),
    };
    let key = UnboundKey::new(algorithm, key.as_bytes());
    key.map(LessSafeKey::new).map_err(|_| Rejection::new(500, "the key cannot be used"))
}

/// Hides `text`: in base64, a random nonce and what is sealed with it.
pub(super) fn encrypt(text: &str, key: &str) -> Result<String, Rejection> {
    let key = key_of(key)?;
    let mut nonce = [0; NONCE_LEN];
    let failed = |_| Rejection::new(500, "the text cannot be encrypted");
    SystemRandom::new().fill(&mut nonce).map_err(failed)?;
    let mut sealed = text.as_bytes().to_vec();
    key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut sealed)
        .map_err(failed)?;
    Ok(STANDARD.encode([&nonce[..], &sealed].concat()))
}

/// Shows what [`encrypt`] hid with the same key.
pub(super) fn decrypt(sealed: &str, key: &str) -> Result<String, Rejection> {
    let key = key_of(key)?;
    let bad = || Rejection::new(500, "the text cannot be decrypted");
    let bytes = STANDARD.decode(sealed).map_err(|_| bad())?;
    let (nonce, rest) = bytes.split_at_checked(NONCE_LEN).ok_or_else(bad)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| bad())?;
    let mut rest = rest.to_vec();
    let text = key.open_in_place(nonce, Aad::empty(), &mut rest).map_err(|_| bad())?;
    String::from_utf8(text.to_vec()).map_err(|_| bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_its_key_alone() {
        let key = "0123456789abcdef0123456789abcdef";
        let sealed = encrypt("it's a secret", key).unwrap();
        assert_ne!(encrypt("it's a secret", key).unwrap(), sealed);
        assert_eq!(decrypt(&sealed, key).unwrap(), "it's a secret");
        assert!(decrypt(&sealed, "0123456789abcdef0123456789abcdeF").is_err());
        assert!(decrypt("", key).is_err() && decrypt("AAAA", key).is_err());
        assert!(encrypt("x", "short").is_err());
    }

    #[test]
    fn what_the_original_sealed_opens() {
        let key = "abcdefghijklmnopqrstuvwxyz123456";
        let sealed = "tD3BUMdQRCcd8Uc+eJYGqO7HoYDVz/o1HG0UX3OCY/NpeAvt3NHy6Dq9TOwq";
        assert_eq!(decrypt(sealed, key).unwrap(), "from the original");
    }
}

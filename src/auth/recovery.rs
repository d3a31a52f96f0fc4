//! Recovery codes: random texts, each good once, for those who lost what else they log in with.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use subtle::ConstantTimeEq;

/// Characters of a code, five bits each. 80 bits are beyond guessing, so a quick hash keeps them.
const CHARACTERS: usize = 16;
/// Characters between two dashes.
const GROUP: usize = 4;
/// None that can be taken for another.
const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// A random code, such as `abcd-efgh-2345-6789`.
pub fn recovery_code() -> String {
    let mut code = String::with_capacity(CHARACTERS + CHARACTERS / GROUP);
    for at in 0..CHARACTERS {
        if at > 0 && at % GROUP == 0 {
            code.push('-');
        }
        code.push(char::from(ALPHABET[rand::random_range(0..ALPHABET.len())]));
    }
    code
}

/// What is kept of a code, in which case and with which dashes and spaces it ever was typed.
/// `account` makes equal codes of two accounts differ.
pub fn recovery_hash(account: &str, code: &str) -> String {
    let plain: String = code.chars().filter(char::is_ascii_alphanumeric).collect();
    let text = format!("{account}:{}", plain.to_ascii_lowercase());
    URL_SAFE_NO_PAD.encode(fingerprint(&text))
}

/// Where `hash` is among `hashes`. Takes the same time wherever it is.
pub fn position_of_hash(hashes: &[String], hash: &str) -> Option<usize> {
    let mut found = None;
    for (at, kept) in hashes.iter().enumerate() {
        if bool::from(kept.as_bytes().ct_eq(hash.as_bytes())) {
            found = Some(at);
        }
    }
    found
}

/// SHA-256 of `text`, by which something secret can be known again without being kept.
pub fn fingerprint(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, text.as_bytes()).as_ref());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_random_and_readable() {
        let code = recovery_code();
        assert_eq!(code.split('-').map(str::len).collect::<Vec<_>>(), [4; 4]);
        assert_ne!(code, recovery_code());
        assert!(ALPHABET.iter().all(|c| !b"lo01".contains(c)));
    }

    #[test]
    fn a_code_is_found_however_it_is_typed_and_only_for_its_account() {
        let code = recovery_code();
        let hashes = [recovery_hash("ann", "other"), recovery_hash("ann", &code)];
        let typed = code.to_uppercase().replace('-', " ");
        assert_eq!(position_of_hash(&hashes, &recovery_hash("ann", &typed)), Some(1));
        assert_eq!(position_of_hash(&hashes, &recovery_hash("bob", &code)), None);
        assert_eq!(position_of_hash(&hashes, &recovery_hash("ann", "")), None);
        assert!(!hashes[1].contains(&code));
    }
}

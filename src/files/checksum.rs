//! Checksums that clients send with what they upload.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{Algorithm, Context, SHA1_FOR_LEGACY_USE_ONLY, SHA256};

/// A checksum that a client announced, compared with what comes.
#[derive(Clone)]
pub struct Checksum {
    seen: Context,
    announced: Vec<u8>,
}

impl Checksum {
    /// The names of the algorithms, as clients are told.
    pub const ALGORITHMS: &'static str = "sha1,sha256";

    /// Reads `sha1 <base64>` or `sha256 <base64>`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, digest) = text.trim().split_once(' ')?;
        let algorithm: &'static Algorithm = match name {
            "sha1" => &SHA1_FOR_LEGACY_USE_ONLY,
            "sha256" => &SHA256,
            _ => return None,
        };
        let announced = STANDARD.decode(digest.trim()).ok()?;
        let is_whole = announced.len() == algorithm.output_len();
        is_whole.then(|| Self { seen: Context::new(algorithm), announced })
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.seen.update(bytes);
    }

    /// Whether the bytes were those that were announced.
    pub fn holds(self) -> bool {
        self.seen.finish().as_ref() == self.announced
    }
}

impl std::fmt::Debug for Checksum {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checksum")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_announced_is_compared_with_what_came() {
        for (text, content, expected) in [
            ("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "hello", Some(true)),
            ("sha1 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "hullo", Some(false)),
            ("sha256 LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ=", "hello", Some(true)),
            ("sha256 qvTGHdzF6KLavt4PO0gs2a6pQ00=", "hello", None),
            ("md5 XUFAKrxLKna5cZ2REBfFkg==", "hello", None),
            ("sha1 ???", "hello", None),
            ("sha1", "hello", None),
        ] {
            let holds = Checksum::parse(text).map(|mut checksum| {
                let (one, other) = content.split_at(2);
                checksum.update(one.as_bytes());
                checksum.update(other.as_bytes());
                checksum.holds()
            });
            assert_eq!(holds, expected, "{text}");
        }
    }
}

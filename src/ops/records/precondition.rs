//! `If-Match`: a write that only goes through while nobody else has changed the record.

use crate::model::RowBuf;
use crate::model::hex_digits;

/// The version of a record: the same as long as none of its values changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// The version that `row` has.
    pub fn of(row: &RowBuf) -> Self {
        Self(digest(row.as_bytes()))
    }

    /// The version as an entity tag (RFC 9110, section 8.8.3), quotes included.
    pub fn tag(self) -> [u8; 18] {
        let mut tag = [b'"'; 18];
        tag[1..17].copy_from_slice(&hex_digits(self.0));
        tag
    }
}

/// Eight bytes at a time. Each step maps different states to different ones, so rows of one length
/// that differ in one place never have the same digest.
fn digest(bytes: &[u8]) -> u64 {
    const PRIME: u64 = 0x9e37_79b9_7f4a_7c15;
    let step = |state: u64, word: u64| {
        let state = (state ^ word).wrapping_mul(PRIME);
        state ^ state >> 29
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let start = step(bytes.len() as u64, PRIME);
    let state = words.iter().fold(start, |state, word| step(state, u64::from_le_bytes(*word)));
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    step(step(state, u64::from_le_bytes(last)), PRIME)
}

/// What `If-Match` asks for (RFC 9110, section 13.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Precondition {
    /// Nothing.
    #[default]
    None,
    /// That the record exists.
    Exists,
    /// That its version is one of these. A weak tag counts as its strong one, although the standard
    /// would have it match nothing: ours stand for a version and not for bytes, and are weakened
    /// where an answer is compressed.
    OneOf(Vec<String>),
}

impl Precondition {
    /// Reads the header; an absent one asks for nothing.
    pub fn parse(header: Option<&str>) -> Self {
        match header.map(str::trim) {
            None => Self::None,
            Some("*") => Self::Exists,
            Some(tags) => Self::OneOf(tags.split(',').map(strong).collect()),
        }
    }

    /// Whether the write may go on. `row` is `None` when there is no record.
    pub fn holds(&self, row: Option<&RowBuf>) -> bool {
        match (self, row) {
            (Self::None, _) | (Self::Exists, Some(_)) => true,
            (Self::OneOf(tags), Some(row)) => {
                let tag = Version::of(row).tag();
                tags.iter().any(|known| known.as_bytes() == tag)
            }
            (Self::Exists | Self::OneOf(_), None) => false,
        }
    }
}

fn strong(tag: &str) -> String {
    let tag = tag.trim();
    tag.strip_prefix("W/").unwrap_or(tag).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_differ_have_different_versions() {
        let mut seen = std::collections::HashSet::new();
        for length in 0..40_usize {
            for at in 0..length.max(1) {
                for change in 0..8 {
                    let mut bytes = vec![0_u8; length];
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = 1 << change;
                    }
                    if length > 0 || change == 0 {
                        assert!(seen.insert(digest(&bytes)), "{bytes:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn only_tags_of_the_present_version_match() {
        let row = RowBuf::from_bytes(vec![1, 2, 3]);
        let tag = String::from_utf8(Version::of(&row).tag().to_vec()).unwrap();
        let holds = |header: Option<&str>| Precondition::parse(header).holds(Some(&row));
        assert!(holds(None));
        assert!(holds(Some("*")));
        assert!(holds(Some(&tag)));
        assert!(holds(Some(&format!("\"other\", {tag}"))));
        assert!(holds(Some(&format!("W/{tag}"))));
        assert!(!holds(Some("\"other\"")));
        assert!(!holds(Some("")));
        assert!(!Precondition::Exists.holds(None));
        assert!(Precondition::None.holds(None));
    }
}

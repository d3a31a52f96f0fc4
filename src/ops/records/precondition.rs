//! `If-Match`: a write that only goes through while nobody else has changed the record.

use std::fmt;

use crate::model::RowBuf;
use crate::model::stable_hash;

/// The version of a record: the same as long as none of its values changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version(u64);

impl Version {
    /// The version that `row` has.
    pub fn of(row: &RowBuf) -> Self {
        Self(stable_hash(row.as_bytes()))
    }
}

/// The version as an entity tag (RFC 9110, section 8.8.3), quotes included.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{:016x}\"", self.0)
    }
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
            (Self::OneOf(tags), Some(row)) => tags.contains(&Version::of(row).to_string()),
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
    fn only_tags_of_the_present_version_match() {
        let row = RowBuf::from_bytes(vec![1, 2, 3]);
        let tag = Version::of(&row).to_string();
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

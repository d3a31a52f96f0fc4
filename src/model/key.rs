//! Order-preserving keys: bytes that sort as the [`Scalar`]s they were made of.
//!
//! | part | bytes |
//! |---|---|
//! | null | `10` |
//! | number | `20`, then the double's bits, flipped so that they sort by value, big endian |
//! | text | `30`, the bytes with `00` as `00 FF`, then `00 00` |
//! | long text | `30`, its first [`TEXT_MAX`] bytes likewise, then `00 02` and an 8 byte hash of all |
//! | rowid | 8 bytes big endian, only as the last part |
//!
//! Two facts follow. Equal scalars have equal parts, but equal parts can belong to different
//! scalars (cut texts, whole numbers beyond 2^53), so whoever reads an index compares again.
//! And long texts that share their first [`TEXT_MAX`] bytes are not in order among themselves.

use std::ops::Bound;

use super::{RowId, Scalar, stable_hash};

/// Bytes of a text that take part in a key in full; longer texts are cut and hashed.
pub const TEXT_MAX: usize = 256;

const NULL: u8 = 0x10;
const NUMBER: u8 = 0x20;
const TEXT: u8 = 0x30;
const CUT: u8 = 0x02;

/// Builds a key part by part.
#[derive(Debug, Clone, Default)]
pub struct KeyWriter {
    bytes: Vec<u8>,
}

impl KeyWriter {
    /// An empty key.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends one scalar.
    pub fn push(&mut self, scalar: &Scalar<'_>) {
        match scalar {
            Scalar::Null => self.bytes.push(NULL),
            Scalar::Int(int) => self.push_number(*int as f64),
            Scalar::Real(real) => self.push_number(*real),
            Scalar::Text(text) => self.push_text(text.as_bytes()),
        }
    }

    /// Appends a rowid. It must be the last part.
    pub fn push_rowid(&mut self, rowid: RowId) {
        self.bytes.extend_from_slice(&rowid.to_key());
    }

    /// The key's bytes.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn push_number(&mut self, number: f64) {
        // Adding zero turns -0 into 0; both are the same value.
        let bits = (number + 0.0).to_bits();
        let flipped = if bits >> 63 == 0 { bits ^ (1 << 63) } else { !bits };
        self.bytes.push(NUMBER);
        self.bytes.extend_from_slice(&flipped.to_be_bytes());
    }

    fn push_text(&mut self, text: &[u8]) {
        self.bytes.push(TEXT);
        let kept = &text[..text.len().min(TEXT_MAX)];
        for byte in kept {
            self.bytes.push(*byte);
            if *byte == 0 {
                self.bytes.push(0xff);
            }
        }
        if kept.len() == text.len() {
            self.bytes.extend_from_slice(&[0, 0]);
        } else {
            self.bytes.extend_from_slice(&[0, CUT]);
            self.bytes.extend_from_slice(&stable_hash(text).to_be_bytes());
        }
    }
}

/// Whether any text part of `key` was cut. `key` may end in a rowid if `parts` says how many
/// scalars come before it.
pub fn has_cut_text(key: &[u8], parts: usize) -> bool {
    let mut rest = key;
    for _ in 0..parts {
        match rest.split_first() {
            Some((&NUMBER, tail)) => rest = tail.get(8..).unwrap_or(&[]),
            Some((&TEXT, mut tail)) => loop {
                match tail {
                    [0, 0xff, ..] => tail = &tail[2..],
                    [0, CUT, ..] => return true,
                    [0, _, ..] => {
                        rest = &tail[2..];
                        break;
                    }
                    [_, ..] => tail = &tail[1..],
                    [] => return false,
                }
            },
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
    false
}

/// How many bytes of `key` its first `parts` scalars take.
pub fn parts_len(key: &[u8], parts: usize) -> usize {
    let mut at = 0;
    for _ in 0..parts {
        match key.get(at) {
            Some(&NUMBER) => at += 9,
            Some(&TEXT) => {
                at += 1;
                loop {
                    match key.get(at..) {
                        Some([0, 0xff, ..]) => at += 2,
                        Some([0, CUT, ..]) => {
                            at += 10;
                            break;
                        }
                        Some([0, _, ..]) => {
                            at += 2;
                            break;
                        }
                        Some([_, ..]) => at += 1,
                        _ => break,
                    }
                }
            }
            Some(_) => at += 1,
            None => break,
        }
    }
    at.min(key.len())
}

/// A range of keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRange {
    /// Where it starts.
    pub start: Bound<Vec<u8>>,
    /// Where it ends.
    pub end: Bound<Vec<u8>>,
}

impl KeyRange {
    /// Every key.
    pub fn all() -> Self {
        Self { start: Bound::Unbounded, end: Bound::Unbounded }
    }

    /// The keys that begin with `prefix`.
    pub fn prefix(prefix: Vec<u8>) -> Self {
        let end = prefix_end(&prefix).map_or(Bound::Unbounded, Bound::Excluded);
        Self { start: Bound::Included(prefix), end }
    }
}

/// The first key behind all that begin with `prefix`; `None` when there is none.
pub fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != 0xff)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cmp::Ordering;

    fn any_scalar() -> impl Strategy<Value = Scalar<'static>> {
        prop_oneof![
            Just(Scalar::Null),
            (-1_000_000_000i64..1_000_000_000).prop_map(Scalar::Int),
            any::<f64>().prop_filter("no NaN", |n| !n.is_nan()).prop_map(Scalar::Real),
            "[a-c\u{0}\u{1}\u{ff}]{0,6}".prop_map(|text| Scalar::Text(text.into())),
        ]
    }

    fn key(scalars: &[Scalar<'_>]) -> Vec<u8> {
        let mut writer = KeyWriter::new();
        for scalar in scalars {
            writer.push(scalar);
        }
        writer.finish()
    }

    proptest! {
        #[test]
        fn key_order_is_scalar_order(
            a in proptest::collection::vec(any_scalar(), 2),
            b in proptest::collection::vec(any_scalar(), 2),
        ) {
            prop_assert_eq!(key(&a).cmp(&key(&b)), a.cmp(&b));
        }

        #[test]
        fn prefix_ranges_hold_exactly_what_begins_with_the_prefix(
            prefix in proptest::collection::vec(prop_oneof![Just(0xffu8), any::<u8>()], 1..4),
            other in proptest::collection::vec(prop_oneof![Just(0xffu8), any::<u8>()], 1..5),
        ) {
            let before_end = prefix_end(&prefix).is_none_or(|end| other < end);
            prop_assert_eq!(other >= prefix && before_end, other.starts_with(&prefix));
        }
    }

    #[test]
    fn long_texts_are_cut_and_stay_behind_their_prefix() {
        let (short, long) = ("a".repeat(TEXT_MAX), "a".repeat(TEXT_MAX + 1));
        let longer = "a".repeat(TEXT_MAX + 2);
        let keys = [&short, &long, &longer].map(|text| key(&[Scalar::text(text), Scalar::Null]));
        assert_eq!(keys[0].cmp(&keys[1]), Ordering::Less);
        assert_ne!(keys[1], keys[2]);
        assert!(keys[1] < key(&[Scalar::text(&format!("{}b", "a".repeat(TEXT_MAX - 1)))]));
        assert_eq!(keys.map(|key| has_cut_text(&key, 2)), [false, true, true]);
    }

    proptest! {
        #[test]
        fn the_length_of_the_first_parts_is_that_of_their_key(
            scalars in proptest::collection::vec(any_scalar(), 1..4), long in 0usize..400,
        ) {
            let text = "x".repeat(long);
            let mut all = scalars.clone();
            all.insert(1, Scalar::text(&text));
            for parts in 0..=all.len() {
                prop_assert_eq!(parts_len(&key(&all), parts), key(&all[..parts]).len());
            }
        }
    }

    #[test]
    fn zero_has_one_key() {
        assert_eq!(key(&[Scalar::Real(-0.0)]), key(&[Scalar::Int(0)]));
    }
}

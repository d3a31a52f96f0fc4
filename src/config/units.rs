//! Sizes and durations as people write them: `10MiB`, `30s`.

use std::fmt;
use std::time::Duration;

/// A number of bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(u64);

const SIZES: [(&str, u64); 7] = [
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1000),
    ("B", 1),
];

const DURATIONS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// The longest duration: longer ones overflow clocks on some systems.
const DURATION_DAYS_MAX: u64 = 365;

impl ByteSize {
    /// `count` bytes.
    pub const fn bytes(count: u64) -> Self {
        Self(count)
    }

    /// `count` times 1,024 bytes.
    pub const fn kibibytes(count: u64) -> Self {
        Self(count << 10)
    }

    /// `count` times 1,048,576 bytes.
    pub const fn mebibytes(count: u64) -> Self {
        Self(count << 20)
    }

    /// The number of bytes.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Debug for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}B", self.0)
    }
}

/// Splits `30s` into 30 and its unit's factor.
fn number_and_factor(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let factor = units.iter().find(|(name, _)| *name == unit)?.1;
    number.parse::<u64>().ok()?.checked_mul(factor).filter(|product| *product > 0)
}

/// Reads `10MiB`; `None` when it is something else, zero, or too large.
pub(super) fn parse_size(text: &str) -> Option<ByteSize> {
    number_and_factor(text, &SIZES).filter(|bytes| i64::try_from(*bytes).is_ok()).map(ByteSize)
}

/// Reads `30s`; `None` when it is something else, zero, or longer than a year.
pub(super) fn parse_duration(text: &str) -> Option<Duration> {
    let millis = number_and_factor(text, &DURATIONS)?;
    (millis <= DURATION_DAYS_MAX * 86_400_000).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_number_and_a_known_unit() {
        for (text, expected) in [
            ("1B", Some(1)),
            ("2KiB", Some(2048)),
            ("10MiB", Some(10_485_760)),
            ("3KB", Some(3000)),
            ("0B", None),
            ("10", None),
            ("MiB", None),
            ("1.5MiB", None),
            ("-1MiB", None),
            ("10 MiB", None),
            ("99999999999GiB", None),
            ("9999999999GiB", None),
        ] {
            assert_eq!(parse_size(text).map(ByteSize::get), expected, "{text}");
        }
    }

    #[test]
    fn durations_need_a_number_and_a_known_unit() {
        for (text, expected) in [
            ("250ms", Some(250)),
            ("30s", Some(30_000)),
            ("5m", Some(300_000)),
            ("1d", Some(86_400_000)),
            ("0s", None),
            ("366d", None),
            ("30", None),
            ("30 s", None),
            ("1m30s", None),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }
}

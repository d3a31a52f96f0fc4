//! Instants in UTC with millisecond precision.

use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

/// An instant: milliseconds since 1970-01-01 00:00:00 UTC, from year 0 to year 9999.
///
/// Its one text form is `2006-01-02 15:04:05.000Z`. Text order equals time order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const DAY_MS: i64 = 86_400_000;
/// 0000-01-01 00:00:00.000Z.
const MIN_MS: i64 = -62_167_219_200_000;
/// 9999-12-31 23:59:59.999Z.
const MAX_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// The length of the text form in bytes.
    pub const TEXT_LEN: usize = 24;

    /// The current time.
    pub fn now() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::from_millis(since.as_millis() as i64)
    }

    /// An instant from milliseconds since the Unix epoch, brought into range.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(MIN_MS, MAX_MS))
    }

    /// Milliseconds since the Unix epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// The text form as ASCII bytes.
    pub fn to_text(self) -> [u8; Self::TEXT_LEN] {
        // From the year 0 on, so that nothing is negative.
        let since = (self.0 - MIN_MS) as u64;
        let (days, in_day) = ((since / DAY_MS as u64) as u32, (since % DAY_MS as u64) as u32);
        let (year, month, day) = civil_since_year_0(days);
        let mut text = *b"0000-00-00 00:00:00.000Z";
        // Two digits at a time, at places known when this is compiled: lists write many dates.
        let digits = |number: u32| [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        let (seconds, millis) = (in_day / 1000, in_day % 1000);
        [text[0], text[1]] = digits(year / 100);
        [text[2], text[3]] = digits(year % 100);
        [text[5], text[6]] = digits(month);
        [text[8], text[9]] = digits(day);
        [text[11], text[12]] = digits(seconds / 3600);
        [text[14], text[15]] = digits(seconds / 60 % 60);
        [text[17], text[18]] = digits(seconds % 60);
        [text[20], text[21]] = digits(millis / 10);
        text[22] = b'0' + (millis % 10) as u8;
        text
    }

    /// Parses exactly the text form; `None` for anything else, impossible dates included.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; Self::TEXT_LEN] = text.as_bytes().try_into().ok()?;
        let number = |from: usize, to: usize| -> Option<i64> {
            bytes[from..to].iter().try_fold(0i64, |sum, byte| {
                byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0'))
            })
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let millis = number(20, 23)?;
        let punctuation = [(4, b'-'), (7, b'-'), (10, b' '), (13, b':'), (16, b':'), (19, b'.')];
        let shaped = punctuation.iter().all(|(at, byte)| bytes[*at] == *byte) && bytes[23] == b'Z';
        if !shaped || hour > 23 || minute > 59 || second > 59 || month == 0 || month > 12 {
            return None;
        }
        let days = days_from_civil(year, month as u32, day as u32);
        if civil_from_days(days) != (year, month as u32, day as u32) {
            return None;
        }
        Some(Self(days * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000 + millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.to_text()).map_err(|_| fmt::Error)?)
    }
}

/// Days since 1970-01-01 of a proleptic Gregorian date, counted in eras of 400 years.
pub(crate) fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    // Years start in March here, so that the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((i64::from(month) + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month and day of a day counted from 0000-01-01 on: [`civil_from_days`] without a sign, which
/// takes a third of the time.
fn civil_since_year_0(days: u32) -> (u32, u32, u32) {
    // Counted from March of the year -400 on, so that the leap day comes last.
    let shifted = days + 146_097 - 60;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u32::from(month <= 2) - 400, month, day)
}

/// The inverse of [`days_from_civil`]: year, month, day.
pub(crate) fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = (day_of_year - (153 * shifted_month + 2) / 5 + 1) as u32;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 } as u32;
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn known_instants() {
        assert_eq!(Timestamp::from_millis(0).to_string(), "1970-01-01 00:00:00.000Z");
        assert_eq!(
            Timestamp::from_millis(1_709_209_845_678).to_string(),
            "2024-02-29 12:30:45.678Z"
        );
        assert_eq!(Timestamp::from_millis(i64::MIN).to_string(), "0000-01-01 00:00:00.000Z");
        assert_eq!(Timestamp::from_millis(i64::MAX).to_string(), "9999-12-31 23:59:59.999Z");
    }

    #[test]
    fn refuses_other_shapes() {
        for text in [
            "",
            "2024-01-01",
            "2023-02-29 00:00:00.000Z",
            "2024-01-01T00:00:00.000Z",
            "2024-13-01 00:00:00.000Z",
            "2024-00-10 00:00:00.000Z",
            "2024-01-01 24:00:00.000Z",
            "2024-01-01 00:00:00.000z",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_round_trips_and_keeps_order(a in MIN_MS..=MAX_MS, b in MIN_MS..=MAX_MS) {
            let (a, b) = (Timestamp(a), Timestamp(b));
            prop_assert_eq!(Timestamp::parse(&a.to_string()), Some(a));
            prop_assert_eq!(a.to_text().cmp(&b.to_text()), a.cmp(&b));
        }

        #[test]
        fn agrees_with_jiff(millis in MIN_MS..=MAX_MS) {
            let jiff = jiff::Timestamp::from_millisecond(millis).unwrap();
            let expected = jiff.strftime("%Y-%m-%d %H:%M:%S.%3fZ").to_string();
            prop_assert_eq!(Timestamp(millis).to_string(), expected);
        }
    }
}

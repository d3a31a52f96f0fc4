//! Dates: the layouts that are understood, and bounds.

use super::super::{DateOptions, Violation};
use crate::model::Timestamp;

/// The layouts that are tried in order, after the text form of [`Timestamp`].
///
/// `Y` year, `y` its last two digits, `M` month, `b` its short name, `D` day, `d` day of one or two
/// digits, `a` short and `A` long name of the weekday, `H` hour, `h` hour of twelve, `m` minute, `s`
/// second with or without a fraction, `p` AM or PM, `N` zone name, which means nothing, `Z` is `Z`
/// or `+hh:mm`, `z` is `Z` or `+hhmm`, `O` is `+hh:mm` and `o` is `+hhmm`. All else is itself.
const LAYOUTS: [&str; 21] = [
    "Y-M-D",
    "Y-M-DTH:m:sZ",
    "Y-M-DTH:m:s",
    "a, D b Y H:m:s o",
    "a, D b Y H:m:s N",
    "D b y H:m o",
    "D b y H:m N",
    "A, D-b-y H:m:s N",
    "Y-M-D H:m:s o N",
    "Y-M-DTH:m:so",
    "Y-M-D H:m:sz",
    "Y-M-D H:m:s",
    "a b d H:m:s Y",
    "a b d H:m:s N Y",
    "a b D H:m:s o Y",
    "Y-M-D H:m:sZ",
    "D b Y",
    "Y-M-D H:m:s O",
    "Y-M-D H:m:s o",
    "h:mp",
    "b d H:m:s",
];

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const WEEKDAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// Milliseconds of the first instant of year 1, which stands for "no date".
const ZERO_MS: i64 = -62_135_596_800_000;

/// The instant that `text` names in one of the layouts, cut to milliseconds. No zone means UTC.
pub fn parse(text: &str) -> Option<Timestamp> {
    // Longer than any layout can match, but for long fractions.
    if text.len() > 100 || !text.is_ascii() {
        return None;
    }
    Timestamp::parse(text)
        .or_else(|| LAYOUTS.iter().find_map(|layout| Reader::new(text).read(layout)))
        .filter(|instant| instant.millis() != ZERO_MS)
}

pub(super) fn check(options: &DateOptions, date: Option<Timestamp>) -> Result<(), Violation> {
    let Some(date) = date else { return Ok(()) };
    if let Some(min) = options.min.filter(|min| date < *min) {
        return Err(Violation::new(
            "validation_min_greater_equal_than_required",
            format!("Must be no less than {} +0000 UTC.", short_text(min)),
        )
        .with("threshold", short_text(min).replace(' ', "T") + "Z"));
    }
    if let Some(max) = options.max.filter(|max| date > *max) {
        return Err(Violation::new(
            "validation_max_less_equal_than_required",
            format!("Must be no greater than {} +0000 UTC.", short_text(max)),
        )
        .with("threshold", short_text(max).replace(' ', "T") + "Z"));
    }
    Ok(())
}

/// Without the zone, and with only as much of a fraction as there is.
fn short_text(date: Timestamp) -> String {
    let text = date.to_string();
    text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Reads a text along a layout, collecting what it names.
struct Reader<'a> {
    rest: &'a [u8],
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    millis: i64,
    is_afternoon: Option<bool>,
    /// Minutes east of UTC.
    offset: i64,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            year: 0,
            month: 1,
            day: 1,
            hour: 0,
            minute: 0,
            second: 0,
            millis: 0,
            is_afternoon: None,
            offset: 0,
        }
    }

    /// The instant, when `layout` describes all of the text and the date exists.
    fn read(mut self, layout: &str) -> Option<Timestamp> {
        for token in layout.bytes() {
            self.token(token)?;
        }
        if !self.rest.is_empty() {
            return None;
        }
        let hour = match self.is_afternoon {
            None => self.hour,
            Some(_) if self.hour > 12 => return None,
            Some(is_afternoon) => self.hour % 12 + if is_afternoon { 12 } else { 0 },
        };
        let local = Timestamp::parse(&format!(
            "{:04}-{:02}-{:02} {hour:02}:{:02}:{:02}.{:03}Z",
            self.year, self.month, self.day, self.minute, self.second, self.millis
        ))?;
        Some(Timestamp::from_millis(local.millis() - self.offset * 60_000))
    }

    fn token(&mut self, token: u8) -> Option<()> {
        match token {
            b'Y' => self.year = self.digits(4, 4)?,
            b'y' => {
                let year = self.digits(2, 2)?;
                self.year = year + if year >= 69 { 1900 } else { 2000 };
            }
            b'M' => self.month = self.digits(2, 2)?,
            b'b' => {
                let name = self.take(3)?;
                let is_named = |month: &str| name.eq_ignore_ascii_case(month.as_bytes());
                self.month = MONTHS.iter().position(|month| is_named(month))? as i64 + 1;
            }
            b'D' => self.day = self.digits(2, 2)?,
            b'd' => self.day = self.digits(1, 2)?,
            b'a' => {
                let name = self.take(3)?;
                WEEKDAYS.iter().find(|day| name.eq_ignore_ascii_case(&day.as_bytes()[..3]))?;
            }
            b'A' => {
                let name =
                    self.take(self.rest.iter().take_while(|b| b.is_ascii_alphabetic()).count())?;
                WEEKDAYS.iter().find(|day| name.eq_ignore_ascii_case(day.as_bytes()))?;
            }
            b'H' | b'h' => self.hour = self.digits(1, 2)?,
            b'm' => self.minute = self.digits(2, 2)?,
            b's' => {
                self.second = self.digits(2, 2)?;
                self.fraction();
            }
            b'p' => {
                self.is_afternoon = Some(match self.take(2)? {
                    b"AM" => false,
                    b"PM" => true,
                    _ => return None,
                });
            }
            b'N' => {
                let length = self.rest.iter().take_while(|b| b.is_ascii_uppercase()).count();
                (3..=5).contains(&length).then_some(())?;
                self.take(length)?;
            }
            b'Z' | b'z' if self.rest.first() == Some(&b'Z') => {
                self.take(1)?;
            }
            b'Z' | b'O' => self.offset(true)?,
            b'z' | b'o' => self.offset(false)?,
            b' ' => {
                let spaces = self.rest.iter().take_while(|byte| **byte == b' ').count();
                (spaces > 0).then_some(())?;
                self.take(spaces)?;
            }
            literal => (self.take(1)? == [literal]).then_some(())?,
        }
        Some(())
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// The number in the next digits, as many as there are between `fewest` and `most`.
    fn digits(&mut self, fewest: usize, most: usize) -> Option<i64> {
        let length = self.rest.iter().take(most).take_while(|byte| byte.is_ascii_digit()).count();
        (length >= fewest).then_some(())?;
        let number = |sum: i64, digit: &u8| sum * 10 + i64::from(digit - b'0');
        Some(self.take(length)?.iter().fold(0, number))
    }

    /// A point or comma and digits after it, if there are any.
    fn fraction(&mut self) {
        let [b'.' | b',', digits @ ..] = self.rest else {
            return;
        };
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if length == 0 {
            return;
        }
        let places = [100, 10, 1].into_iter().zip(digits.iter().take(length));
        self.millis = places.map(|(place, digit)| place * i64::from(digit - b'0')).sum();
        self.rest = &digits[length..];
    }

    fn offset(&mut self, with_colon: bool) -> Option<()> {
        let sign = match self.take(1)? {
            b"+" => 1,
            b"-" => -1,
            _ => return None,
        };
        let hours = self.digits(2, 2)?;
        if with_colon {
            (self.take(1)? == b":").then_some(())?;
        }
        let minutes = self.digits(2, 2)?;
        (hours <= 24 && minutes <= 60).then_some(())?;
        self.offset = sign * (hours * 60 + minutes);
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text_of(text: &str) -> String {
        parse(text).map_or_else(String::new, |instant| instant.to_string())
    }

    #[test]
    fn every_layout_is_understood() {
        for (text, expected) in [
            ("2024-01-01", "2024-01-01 00:00:00.000Z"),
            ("2024-01-01T10:00:00Z", "2024-01-01 10:00:00.000Z"),
            ("2024-01-01T10:00:00+02:00", "2024-01-01 08:00:00.000Z"),
            ("2024-01-01T1:00:00", "2024-01-01 01:00:00.000Z"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "2006-01-02 15:04:05.000Z"),
            ("Mon, 02 Jan 2006 15:04:05 -0700", "2006-01-02 22:04:05.000Z"),
            ("02 Jan 06 15:04 MST", "2006-01-02 15:04:00.000Z"),
            ("02 Jan 69 15:04 -0700", "1969-01-02 22:04:00.000Z"),
            ("Monday, 02-Jan-06 15:04:05 MST", "2006-01-02 15:04:05.000Z"),
            ("2006-01-02 15:04:05.999999999 -0700 MST", "2006-01-02 22:04:05.999Z"),
            ("2006-01-02 15:04:05 +0000 UTC", "2006-01-02 15:04:05.000Z"),
            ("2006-01-02T15:04:05-0700", "2006-01-02 22:04:05.000Z"),
            ("2006-01-02 15:04:05+0200", "2006-01-02 13:04:05.000Z"),
            ("2006-01-02 15:04:05,123456789", "2006-01-02 15:04:05.123Z"),
            ("Mon Jan  2 15:04:05 2006", "2006-01-02 15:04:05.000Z"),
            ("Mon Jan 2 15:04:05 MST 2006", "2006-01-02 15:04:05.000Z"),
            ("Mon Jan 02 15:04:05 -0700 2006", "2006-01-02 22:04:05.000Z"),
            ("2006-01-02 15:04:05+02:00", "2006-01-02 13:04:05.000Z"),
            ("02 Jan 2006", "2006-01-02 00:00:00.000Z"),
            ("2006-01-02 15:04:05 +02:00", "2006-01-02 13:04:05.000Z"),
            ("2006-01-02 15:04:05 +0200", "2006-01-02 13:04:05.000Z"),
            ("3:04PM", "0000-01-01 15:04:00.000Z"),
            ("12:04AM", "0000-01-01 00:04:00.000Z"),
            ("12:04PM", "0000-01-01 12:04:00.000Z"),
            ("Jan  2 15:04:05.123", "0000-01-02 15:04:05.123Z"),
            ("Jan 12 1:04:05", "0000-01-12 01:04:05.000Z"),
            ("2024-01-01 10:00:00.1234567Z", "2024-01-01 10:00:00.123Z"),
            ("2024-01-01 10:00:00.5Z", "2024-01-01 10:00:00.500Z"),
            ("2024-01-01   10:00:00", "2024-01-01 10:00:00.000Z"),
            ("MON, 02 jan 2006 15:04:05 MST", "2006-01-02 15:04:05.000Z"),
            ("2024-01-01T10:00:00+24:00", "2023-12-31 10:00:00.000Z"),
            ("0000-01-01", "0000-01-01 00:00:00.000Z"),
        ] {
            assert_eq!(text_of(text), expected, "{text}");
        }
    }

    #[test]
    fn everything_else_is_no_date() {
        for text in [
            "",
            "2024-02-30",
            "2024-01-01 24:00:00",
            "2024-01-01 10:00",
            "0001-01-01",
            " 2024-01-01",
            "2024-01-01 10:00:00 ",
            "2024-01-01T10:00:00z",
            "2024-01-01t10:00:00Z",
            "2024-01-01 10:00:60",
            "1704067200",
            "13:04PM",
            "3:04pm",
            "2024-01-01 10:00:00.",
            "Tue, 2 Jan 2006 15:04:05 MST",
            "Xxx, 02 Jan 2006 15:04:05 MST",
            "2024-01-01T10:00:00+25:00",
            "２024-01-01",
        ] {
            assert_eq!(text_of(text), "", "{text}");
        }
    }

    #[test]
    fn bounds_are_inclusive() {
        let instant = |text: &str| Timestamp::parse(text);
        let options = DateOptions {
            min: instant("2024-01-01 00:00:00.500Z"),
            max: instant("2024-12-31 00:00:00.000Z"),
        };
        assert_eq!(check(&options, None), Ok(()));
        assert_eq!(check(&options, options.min), Ok(()));
        assert_eq!(check(&options, options.max), Ok(()));
        let early = check(&options, instant("2024-01-01 00:00:00.400Z")).unwrap_err();
        assert_eq!(early.message, "Must be no less than 2024-01-01 00:00:00.5 +0000 UTC.");
        assert_eq!(early.params["threshold"], "2024-01-01T00:00:00.5Z");
        let late = check(&options, instant("2025-01-01 00:00:00.000Z")).unwrap_err();
        assert_eq!(late.message, "Must be no greater than 2024-12-31 00:00:00 +0000 UTC.");
        assert_eq!(late.params["threshold"], "2024-12-31T00:00:00Z");
    }

    proptest! {
        #[test]
        fn parsing_never_panics(text in r"(\PC{0,30}|[0-9TZ:,. +\-JanMoPM]{0,30})") {
            let _ = parse(&text);
        }

        #[test]
        fn the_own_form_is_read_back(millis in -60_000_000_000_000i64..200_000_000_000_000) {
            let instant = Timestamp::from_millis(millis);
            prop_assert_eq!(parse(&instant.to_string()), Some(instant));
        }
    }
}

//! Time values and modifiers, after the date functions of `SQLite`.

use crate::model::{Timestamp, civil_from_days, days_from_civil};

const DAY_MS: i64 = 86_400_000;
/// The Unix epoch in milliseconds since the Julian epoch.
pub(super) const UNIX_EPOCH: i64 = 210_866_760_000_000;
/// The first millisecond after the last valid one.
const END: i64 = 464_269_060_800_000;

/// A moment being computed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Instant {
    /// Milliseconds since the Julian epoch; `None` while a raw number has no meaning yet.
    julian: Option<i64>,
    /// A number given as the time, until a modifier says what it means.
    raw: Option<f64>,
    /// Days to go back so that adding months does not spill into the next one.
    overflow_days: i64,
    /// Whether seconds since the epoch print with a fraction.
    pub(super) subsecond: bool,
}

impl Instant {
    fn at(julian: i64) -> Self {
        Self { julian: Some(julian), raw: None, overflow_days: 0, subsecond: false }
    }

    pub(super) fn now(now: Timestamp) -> Self {
        Self::at(now.millis() + UNIX_EPOCH)
    }

    /// A number: a Julian day unless a modifier says otherwise.
    pub(super) fn from_number(number: f64) -> Self {
        let is_day = (0.0..5_373_484.5).contains(&number);
        let julian = is_day.then_some((number * DAY_MS as f64 + 0.5) as i64);
        Self { julian, raw: Some(number), overflow_days: 0, subsecond: false }
    }

    pub(super) fn parse(text: &str, now: Timestamp) -> Option<Self> {
        if let Some(julian) = date_time(text) {
            return Some(julian);
        }
        if let Some(millis) = clock_in_zone(text) {
            return Some(Self::at(days_from_civil(2000, 1, 1) * DAY_MS + UNIX_EPOCH + millis));
        }
        if text.eq_ignore_ascii_case("now") {
            return Some(Self::now(now));
        }
        if text.eq_ignore_ascii_case("subsec") || text.eq_ignore_ascii_case("subsecond") {
            return Some(Self { subsecond: true, ..Self::now(now) });
        }
        let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.eE".contains(&byte);
        let trimmed = text.trim();
        let is_number = !trimmed.is_empty() && trimmed.bytes().all(numeric);
        is_number.then(|| trimmed.parse().ok()).flatten().map(Self::from_number)
    }

    /// The moment in milliseconds since the Julian epoch, if it is a valid one.
    pub(super) fn finish(self) -> Option<i64> {
        self.julian.filter(|julian| (0..END).contains(julian))
    }

    /// Applies one modifier; `first` says whether it comes directly after the time value.
    pub(super) fn modify(self, modifier: &str, first: bool) -> Option<Self> {
        let lower = modifier.to_ascii_lowercase();
        match lower.as_str() {
            "auto" if first => self.auto(),
            "julianday" if first && self.raw.is_some() && self.julian.is_some() => {
                Some(Self { raw: None, ..self })
            }
            "unixepoch" if first => self.as_unix(self.raw?),
            // The server's clock is UTC as far as filters are concerned.
            "utc" | "localtime" => Some(self),
            "ceiling" => Some(Self { overflow_days: 0, ..self }),
            "floor" => {
                let julian = self.julian? - self.overflow_days * DAY_MS;
                Some(Self { julian: Some(julian), overflow_days: 0, ..self })
            }
            "subsec" | "subsecond" => Some(Self { subsecond: true, ..self }),
            _ => {
                if let Some(unit) = lower.strip_prefix("start of ") {
                    return self.start_of(unit);
                }
                if let Some(day) = lower.strip_prefix("weekday ") {
                    return self.weekday(day);
                }
                self.shift(&lower)
            }
        }
    }

    fn moved(self, julian: i64) -> Self {
        Self { julian: Some(julian), raw: None, ..self }
    }

    fn auto(self) -> Option<Self> {
        match (self.raw, self.julian) {
            (Some(raw), None) => {
                let in_range = (-210_866_760_000.0..=253_402_300_799.0).contains(&raw);
                if in_range { self.as_unix(raw) } else { None }
            }
            _ => Some(Self { raw: None, ..self }),
        }
    }

    fn as_unix(self, seconds: f64) -> Option<Self> {
        let millis = seconds * 1000.0 + UNIX_EPOCH as f64;
        let valid = (0.0..END as f64).contains(&millis);
        valid.then(|| self.moved((millis + 0.5) as i64))
    }

    fn start_of(self, unit: &str) -> Option<Self> {
        let days = unix_days(self.julian?);
        let (year, month, _) = civil_from_days(days);
        let days = match unit {
            "day" => days,
            "month" => days_from_civil(year, month, 1),
            "year" => days_from_civil(year, 1, 1),
            _ => return None,
        };
        Some(self.moved(days * DAY_MS + UNIX_EPOCH))
    }

    fn weekday(self, day: &str) -> Option<Self> {
        let wanted: f64 = day.trim().parse().ok()?;
        if !(0.0..7.0).contains(&wanted) || wanted.fract() != 0.0 {
            return None;
        }
        let julian = self.julian?;
        let today = (unix_days(julian) + 4).rem_euclid(7);
        let ahead = (wanted as i64 - today).rem_euclid(7);
        Some(self.moved(julian + ahead * DAY_MS))
    }

    /// `NNN units`, `±HH:MM[:SS]` and `±YYYY-MM-DD[ HH:MM[:SS]]`.
    fn shift(self, modifier: &str) -> Option<Self> {
        let signed = modifier.strip_prefix(['+', '-']);
        let sign = if modifier.starts_with('-') { -1 } else { 1 };
        let plain = signed.unwrap_or(modifier);
        if !plain.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
            return None;
        }
        if signed.is_some() && plain.as_bytes().get(4) == Some(&b'-') {
            return self.shift_date(plain, sign);
        }
        if plain.contains(':') {
            let julian = self.julian?;
            return Some(self.moved(julian + sign * clock(plain)?.0));
        }
        // A blank must stand between number and unit.
        let (number, unit) = plain.split_once([' ', '\t', '\n'])?;
        let number: f64 = number.parse().ok()?;
        self.shift_unit(number * sign as f64, unit.trim())
    }

    fn shift_unit(self, number: f64, unit: &str) -> Option<Self> {
        let (seconds, limit) = match unit.strip_suffix('s').unwrap_or(unit) {
            "second" => (1.0, 4.6427e+14),
            "minute" => (60.0, 7.7379e+12),
            "hour" => (3600.0, 1.2897e+11),
            "day" => (86_400.0, 5_373_485.0),
            "month" => (2_592_000.0, 176_546.0),
            "year" => (31_536_000.0, 14_713.0),
            _ => return None,
        };
        if number.abs() >= limit {
            return None;
        }
        let (moved, rest) = match unit.strip_suffix('s').unwrap_or(unit) {
            "month" => (self.add_months(number.trunc() as i64)?, number.fract()),
            "year" => (self.add_months(number.trunc() as i64 * 12)?, number.fract()),
            _ => (Self { overflow_days: 0, ..self }, number),
        };
        let rounding = if rest < 0.0 { -0.5 } else { 0.5 };
        let julian = moved.julian? + (rest * 1000.0 * seconds + rounding) as i64;
        Some(moved.moved(julian))
    }

    fn shift_date(self, plain: &str, sign: i64) -> Option<Self> {
        let (years, months, days) =
            (digits(plain, 0, 4)?, digits(plain, 5, 2)?, digits(plain, 8, 2)?);
        if plain.as_bytes().get(7) != Some(&b'-') || months > 11 || days > 30 {
            return None;
        }
        let millis = match plain.get(10..).unwrap_or("") {
            "" => 0,
            rest => clock(rest.strip_prefix(' ')?)?.0,
        };
        let moved = self.add_months(sign * (years * 12 + months))?;
        let julian = moved.julian? + sign * (days * DAY_MS + millis);
        Some(moved.moved(julian))
    }

    fn add_months(self, months: i64) -> Option<Self> {
        let julian = self.julian?;
        let days = unix_days(julian);
        let in_day = julian - UNIX_EPOCH - days * DAY_MS;
        let (year, month, day) = civil_from_days(days);
        let count = year * 12 + i64::from(month) - 1 + months;
        let (year, month) = (count.div_euclid(12), count.rem_euclid(12) as u32 + 1);
        if !(-4713..=9999).contains(&year) {
            return None;
        }
        let overflow_days = (i64::from(day) - month_length(year, month)).max(0);
        let days = days_from_civil(year, month, 1) + i64::from(day) - 1;
        Some(Self { overflow_days, ..self.moved(days * DAY_MS + in_day + UNIX_EPOCH) })
    }
}

fn month_length(year: i64, month: u32) -> i64 {
    let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
    days_from_civil(next.0, next.1, 1) - days_from_civil(year, month, 1)
}

/// Days since the Unix epoch.
pub(super) fn unix_days(julian: i64) -> i64 {
    (julian - UNIX_EPOCH).div_euclid(DAY_MS)
}

fn digits(text: &str, at: usize, count: usize) -> Option<i64> {
    let part = text.get(at..at + count)?;
    part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
}

/// `[-]YYYY-MM-DD`, optionally with a time and a zone behind it.
fn date_time(text: &str) -> Option<Instant> {
    let (sign, rest) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (year, month, day) = (digits(rest, 0, 4)?, digits(rest, 5, 2)?, digits(rest, 8, 2)?);
    let dashes = rest.as_bytes()[4] == b'-' && rest.as_bytes()[7] == b'-';
    if !dashes || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let tail = rest[10..].trim_start_matches([' ', 'T', '\t', '\n']);
    let millis = if tail.is_empty() { 0 } else { clock_in_zone(tail)? };
    let year = sign * year;
    let days = days_from_civil(year, month as u32, 1) + day - 1;
    let overflow_days = (day - month_length(year, month as u32)).max(0);
    Some(Instant { overflow_days, ..Instant::at(days * DAY_MS + UNIX_EPOCH + millis) })
}

/// A time of day with an optional zone, as milliseconds from midnight UTC.
fn clock_in_zone(text: &str) -> Option<i64> {
    let (millis, rest) = clock(text)?;
    let rest = rest.trim();
    match rest.chars().next() {
        None => Some(millis),
        Some('Z' | 'z') if rest.len() == 1 => Some(millis),
        Some(sign @ ('+' | '-')) => {
            let (hours, minutes) = (digits(rest, 1, 2)?, digits(rest, 4, 2)?);
            let shaped = rest.len() == 6 && rest.as_bytes()[3] == b':';
            if !shaped || hours > 14 || minutes > 59 {
                return None;
            }
            let zone = (hours * 60 + minutes) * 60_000;
            Some(if sign == '+' { millis - zone } else { millis + zone })
        }
        Some(_) => None,
    }
}

/// `HH:MM[:SS[.fff]]` as milliseconds, and what follows.
fn clock(text: &str) -> Option<(i64, &str)> {
    let (hours, minutes) = (digits(text, 0, 2)?, digits(text, 3, 2)?);
    if text.as_bytes()[2] != b':' || hours > 24 || minutes > 59 {
        return None;
    }
    let whole = (hours * 60 + minutes) * 60_000;
    let rest = &text[5..];
    let Some(seconds_text) = rest.strip_prefix(':') else {
        return Some((whole, rest));
    };
    let seconds = digits(seconds_text, 0, 2).filter(|seconds| *seconds <= 59)?;
    let rest = &seconds_text[2..];
    let fraction_length = match rest.strip_prefix('.') {
        Some(tail) => tail.bytes().take_while(u8::is_ascii_digit).count(),
        None => 0,
    };
    if fraction_length == 0 {
        return Some((whole + seconds * 1000, rest));
    }
    let fraction: f64 = rest[..=fraction_length].parse().ok()?;
    let millis = ((seconds as f64 + fraction) * 1000.0 + 0.5) as i64;
    Some((whole + millis, &rest[1 + fraction_length..]))
}

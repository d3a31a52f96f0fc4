//! `strftime`, after that of `SQLite`.

use std::fmt::Write as _;

use crate::model::{Scalar, Timestamp, civil_from_days, days_from_civil};

use super::instant::{Instant, UNIX_EPOCH, unix_days};

/// Formats a time; null when the time, a modifier or the format is invalid. `time` `None` = now.
pub(in super::super) fn strftime(
    format: &str,
    time: Option<&Scalar<'_>>,
    modifiers: &[String],
    now: Timestamp,
) -> Scalar<'static> {
    let text = instant(time, modifiers, now).and_then(|instant| {
        let subsecond = instant.subsecond;
        written(format, instant.finish()?, subsecond)
    });
    text.map_or(Scalar::Null, |text| Scalar::Text(text.into()))
}

fn instant(time: Option<&Scalar<'_>>, modifiers: &[String], now: Timestamp) -> Option<Instant> {
    let start = match time {
        None => Instant::now(now),
        Some(Scalar::Null) => return None,
        Some(Scalar::Int(int)) => Instant::from_number(*int as f64),
        Some(Scalar::Real(real)) => Instant::from_number(*real),
        Some(Scalar::Text(text)) => Instant::parse(text, now)?,
    };
    modifiers
        .iter()
        .enumerate()
        .try_fold(start, |instant, (at, modifier)| instant.modify(modifier, at == 0))
}

fn written(format: &str, julian: i64, subsecond: bool) -> Option<String> {
    let days = unix_days(julian);
    let in_day = (julian - UNIX_EPOCH).rem_euclid(86_400_000);
    let (year, month, day) = civil_from_days(days);
    let (hour, minute) = (in_day / 3_600_000, in_day / 60_000 % 60);
    let (second, millis) = (in_day / 1000 % 60, in_day % 1000);
    let hour12 = if hour % 12 == 0 { 12 } else { hour % 12 };
    let day_of_year = days - days_from_civil(year, 1, 1);
    let weekday = (days + 4).rem_euclid(7);
    let monday_based = (weekday + 6) % 7;
    // The ISO year and week are those of the Thursday in the same week.
    let thursday = days - monday_based + 3;
    let iso_year = civil_from_days(thursday).0;
    let iso_week = (thursday - days_from_civil(iso_year, 1, 1)) / 7 + 1;
    let unix_millis = julian - UNIX_EPOCH;

    let mut out = String::with_capacity(format.len() + 16);
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        match chars.next()? {
            'd' => write!(out, "{day:02}"),
            'e' => write!(out, "{day:2}"),
            'f' => write!(out, "{second:02}.{millis:03}"),
            'F' => write!(out, "{year:04}-{month:02}-{day:02}"),
            'G' => write!(out, "{iso_year:04}"),
            'g' => write!(out, "{:02}", iso_year.rem_euclid(100)),
            'H' => write!(out, "{hour:02}"),
            'k' => write!(out, "{hour:2}"),
            'I' => write!(out, "{hour12:02}"),
            'l' => write!(out, "{hour12:2}"),
            'j' => write!(out, "{:03}", day_of_year + 1),
            'J' => write!(out, "{}", sixteen_digits(julian as f64 / 86_400_000.0)),
            'm' => write!(out, "{month:02}"),
            'M' => write!(out, "{minute:02}"),
            'p' => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            'P' => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
            'R' => write!(out, "{hour:02}:{minute:02}"),
            's' if subsecond => write!(out, "{:.3}", unix_millis as f64 / 1000.0),
            's' => write!(out, "{}", unix_millis.div_euclid(1000)),
            'S' => write!(out, "{second:02}"),
            'T' => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            'u' => write!(out, "{}", if weekday == 0 { 7 } else { weekday }),
            'U' => write!(out, "{:02}", (day_of_year + 7 - weekday) / 7),
            'V' => write!(out, "{iso_week:02}"),
            'w' => write!(out, "{weekday}"),
            'W' => write!(out, "{:02}", (day_of_year + 7 - monday_based) / 7),
            'Y' => write!(out, "{year:04}"),
            '%' => write!(out, "%"),
            _ => return None,
        }
        .ok()?;
    }
    Some(out)
}

/// At most 16 significant digits of a Julian day, which has up to seven before the point.
fn sixteen_digits(days: f64) -> String {
    let whole_digits = (days.max(1.0).log10().floor() as usize) + 1;
    let text = format!("{days:.*}", 16 - whole_digits.min(16));
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_formatted_as_sqlite_does() {
        let leap = "2024-02-29 12:30:45.678Z";
        for (format, time, modifiers, expected) in [
            ("%Y-%m-%d %H:%M:%f", leap, vec![], "2024-02-29 12:30:45.678"),
            ("%j %w %u %W %U %V %G %g", leap, vec![], "060 4 4 09 08 09 2024 24"),
            (
                "%I %l %k %p %P %R %T %e",
                "2021-01-03 00:05",
                vec![],
                "12 12  0 AM am 00:05 00:05:00  3",
            ),
            ("%V %G", "2021-01-03", vec![], "53 2020"),
            ("%F", leap, vec!["+1 year"], "2025-03-01"),
            ("%F", leap, vec!["+1 year", "floor"], "2025-02-28"),
            ("%F", leap, vec!["start of month", "-1 day"], "2024-01-31"),
            ("%F", leap, vec!["weekday 0"], "2024-03-03"),
            ("%F %T", leap, vec!["+1.5 days", "-01:30"], "2024-03-01 23:00:45"),
            ("%F %R", "2024-01-01 00:00:00+05:30", vec![], "2023-12-31 18:30"),
            ("%F", "1709209845", vec!["unixepoch"], "2024-02-29"),
            ("%F", "1709209845", vec!["auto"], "2024-02-29"),
            ("%F", "2460000.5", vec![], "2023-02-25"),
            ("%J", "2024-01-01 00:00:00+05:30", vec![], "2460310.270833333"),
            ("%s%%", leap, vec![], "1709209845%"),
        ] {
            let modifiers: Vec<_> = modifiers.into_iter().map(str::to_owned).collect();
            let now = Timestamp::from_millis(0);
            let text = strftime(format, Some(&Scalar::text(time)), &modifiers, now);
            assert_eq!(text, Scalar::text(expected), "{format} {time} {modifiers:?}");
        }
        for (format, time, modifier) in [
            ("%Y", "", "utc"),
            ("%Y", "2024-13-01", "utc"),
            ("%Y", leap, "+1day"),
            ("%Y", leap, "unixepoch"),
            ("%Y", leap, "+99999 years"),
            ("%Q", leap, "utc"),
            ("%", leap, "utc"),
        ] {
            let now = Timestamp::from_millis(0);
            let text = strftime(format, Some(&Scalar::text(time)), &[modifier.to_owned()], now);
            assert!(text.is_null(), "{format} {time} {modifier}");
        }
    }
}

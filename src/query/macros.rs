//! The macros: names for moments and calendar numbers, all in UTC.

use crate::model::{Scalar, Timestamp, civil_from_days, days_from_civil};

const DAY_MS: i64 = 86_400_000;

/// A macro.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Macro {
    Now,
    Yesterday,
    Tomorrow,
    TodayStart,
    TodayEnd,
    MonthStart,
    MonthEnd,
    YearStart,
    YearEnd,
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
    Year,
}

impl Macro {
    /// The macro with this name, `@` included.
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "@now" => Self::Now,
            "@yesterday" => Self::Yesterday,
            "@tomorrow" => Self::Tomorrow,
            "@todayStart" => Self::TodayStart,
            "@todayEnd" => Self::TodayEnd,
            "@monthStart" => Self::MonthStart,
            "@monthEnd" => Self::MonthEnd,
            "@yearStart" => Self::YearStart,
            "@yearEnd" => Self::YearEnd,
            "@second" => Self::Second,
            "@minute" => Self::Minute,
            "@hour" => Self::Hour,
            "@day" => Self::Day,
            "@month" => Self::Month,
            "@weekday" => Self::Weekday,
            "@year" => Self::Year,
            _ => return None,
        })
    }

    /// What the macro stands for at `now`.
    pub(super) fn value(self, now: Timestamp) -> Scalar<'static> {
        let millis = now.millis();
        let today = millis.div_euclid(DAY_MS);
        let in_day = millis.rem_euclid(DAY_MS);
        let (year, month, day) = civil_from_days(today);
        let start = |days: i64| text(days * DAY_MS);
        let end = |next_days: i64| text(next_days * DAY_MS - 1);
        let next_month = if month == 12 {
            days_from_civil(year + 1, 1, 1)
        } else {
            days_from_civil(year, month + 1, 1)
        };
        match self {
            Self::Now => text(millis),
            Self::Yesterday => text(millis - DAY_MS),
            Self::Tomorrow => text(millis + DAY_MS),
            Self::TodayStart => start(today),
            Self::TodayEnd => end(today + 1),
            Self::MonthStart => start(days_from_civil(year, month, 1)),
            Self::MonthEnd => end(next_month),
            Self::YearStart => start(days_from_civil(year, 1, 1)),
            Self::YearEnd => end(days_from_civil(year + 1, 1, 1)),
            Self::Second => Scalar::Int(in_day / 1000 % 60),
            Self::Minute => Scalar::Int(in_day / 60_000 % 60),
            Self::Hour => Scalar::Int(in_day / 3_600_000),
            Self::Day => Scalar::Int(day.into()),
            Self::Month => Scalar::Int(month.into()),
            // 1970-01-01 was a Thursday.
            Self::Weekday => Scalar::Int((today + 4).rem_euclid(7)),
            Self::Year => Scalar::Int(year),
        }
    }
}

fn text(millis: i64) -> Scalar<'static> {
    Scalar::Text(Timestamp::from_millis(millis).to_string().into())
}

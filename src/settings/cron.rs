//! When something is due: five fields as cron has them, or a name for common ones.

use crate::model::Timestamp;

/// A parsed expression such as `*/15 8-18 * * 1,3,5`: minute, hour, day of the month, month, day of
/// the week with Sunday as 0. Also `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`,
/// `@yearly` and `@annually`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// For each field, which values fit, as bits.
    fields: [u64; 5],
}

/// The least and greatest value of each field.
const RANGES: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 6)];

impl Schedule {
    /// Reads an expression; the error is a sentence about what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let segments: Vec<&str> = Self::spelled_out(text).split(' ').collect();
        let segments: [&str; 5] = segments.try_into().map_err(|_| {
            "Invalid cron expression - must be a valid macro or to have exactly 5 space separated \
             segments."
        })?;
        let mut fields = [0; 5];
        for ((field, segment), (min, max)) in fields.iter_mut().zip(segments).zip(RANGES) {
            for part in segment.split(',') {
                *field |= values(part, min, max)?;
            }
        }
        Ok(Self { fields })
    }

    /// The five fields that a name such as `@daily` stands for; anything else as it is.
    pub fn spelled_out(text: &str) -> &str {
        match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            other => other,
        }
    }

    /// Whether it is due in the minute of `at`, UTC.
    pub fn is_due_at(&self, at: Timestamp) -> bool {
        let text = at.to_string();
        let number = |from: usize, to: usize| text.get(from..to).and_then(|part| part.parse().ok());
        let (Some(month), Some(day), Some(hour), Some(minute)) =
            (number(5, 7), number(8, 10), number(11, 13), number(14, 16))
        else {
            return false;
        };
        // The first day of 1970 was a Thursday.
        let weekday = (at.millis().div_euclid(86_400_000) + 4).rem_euclid(7) as u32;
        self.is_due(minute, hour, day, month, weekday)
    }

    /// Whether it is due at this minute; the parameters are in the order of the expression.
    pub fn is_due(&self, minute: u32, hour: u32, day: u32, month: u32, weekday: u32) -> bool {
        let now = [minute, hour, day, month, weekday];
        self.fields.iter().zip(now).all(|(field, value)| field & 1_u64.wrapping_shl(value) != 0)
    }
}

/// The values of one part of a field: `*`, `5`, `1-5`, and the last but one with `/2` behind.
fn values(part: &str, min: u32, max: u32) -> Result<u64, String> {
    let (range, step) = match part.split_once('/') {
        None => (part, 1),
        Some((_, step)) if step.contains('/') => {
            return Err(
                "Invalid segment step format - must be in the format */n or 1-30/n.".to_owned()
            );
        }
        Some((range, step)) => (range, number(step)?),
    };
    if step < 1 || step > max {
        return Err(format!(
            "Invalid segment step boundary - the step must be between 1 and the {max}."
        ));
    }
    let (from, to) = match range.split_once('-') {
        _ if range == "*" => (min, max),
        None if step != 1 => {
            return Err("Invalid segment step - step > 1 could be used only with the wildcard or \
                        range format."
                .to_owned());
        }
        None => {
            let value = number(range)?;
            if value < min || value > max {
                return Err("Invalid segment value - must be between the min and max of the \
                            segment."
                    .to_owned());
            }
            (value, value)
        }
        Some((_, to)) if to.contains('-') => {
            return Err(
                "Invalid segment range format - the range must have 1 or 2 parts.".to_owned()
            );
        }
        Some((from, to)) => {
            let (from, to) = (number(from)?, number(to)?);
            if from < min || from > max {
                return Err(format!(
                    "Invalid segment range minimum - must be between {min} and {max}."
                ));
            }
            if to < from || to > max {
                return Err(format!(
                    "Invalid segment range maximum - must be between {from} and {max}."
                ));
            }
            (from, to)
        }
    };
    Ok((from..=to).step_by(step as usize).fold(0, |bits, value| bits | 1 << value))
}

fn number(text: &str) -> Result<u32, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let shown: String = text.chars().take(20).collect();
    let number = text.parse().ok().filter(|_| plain);
    number.ok_or_else(|| format!("Invalid segment value - {shown:?} is not a number."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_due_when_all_five_fields_fit() {
        let due = |text: &str, at: [u32; 5]| {
            Schedule::parse(text).unwrap().is_due(at[0], at[1], at[2], at[3], at[4])
        };
        assert!(due("* * * * *", [0, 0, 1, 1, 0]));
        assert!(due("59 23 31 12 6", [59, 23, 31, 12, 6]));
        assert!(due("*/15 8-18/2 * * 1,3", [30, 10, 5, 5, 3]));
        assert!(!due("*/15 8-18/2 * * 1,3", [31, 10, 5, 5, 3]));
        assert!(!due("*/15 8-18/2 * * 1,3", [30, 9, 5, 5, 3]));
        assert!(!due("*/15 8-18/2 * * 1,3", [30, 10, 5, 5, 2]));
        assert!(due("@hourly", [0, 7, 1, 1, 1]) && !due("@hourly", [1, 7, 1, 1, 1]));
        assert!(due("@yearly", [0, 0, 1, 1, 4]) && due("@weekly", [0, 0, 9, 9, 0]));
    }

    #[test]
    fn broken_expressions_say_what_is_wrong() {
        for (text, part) in [
            ("", "exactly 5"),
            ("* * *", "exactly 5"),
            ("*  * * * *", "exactly 5"),
            ("@never", "exactly 5"),
            ("60 * * * *", "min and max"),
            ("* * 0 * *", "min and max"),
            ("x * * * *", "not a number"),
            ("+1 * * * *", "not a number"),
            ("*/0 * * * *", "step boundary"),
            ("*/60 * * * *", "step boundary"),
            ("1/2 * * * *", "only with the wildcard"),
            ("*/2/2 * * * *", "step format"),
            ("5-1 * * * *", "range maximum"),
            ("70-80 * * * *", "range minimum"),
            ("1-2-3 * * * *", "range format"),
            ("1, * * * *", "not a number"),
        ] {
            let error = Schedule::parse(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

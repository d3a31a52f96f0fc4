//! Backups that are made by themselves.

use std::ops::{Bound, ControlFlow};

use crate::backup::Item;
use crate::mail::Mail;
use crate::model::Timestamp;
use crate::ops::mail::Letter;
use crate::ops::{Backend, Error};
use crate::query::{Direction, Rows};
use crate::schema::Record;
use crate::settings::Schedule;

/// What their names begin with.
pub(super) const PREFIX: &str = "@auto_pb_backup_";

/// Superusers who are told of a failure; a hundred of them will see to it.
const TOLD_MAX: usize = 100;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Whether `expression` says that one is due in the minute of `now`, in UTC.
pub(super) fn is_due(expression: &str, now: Timestamp) -> bool {
    let Some(schedule) = Some(expression).filter(|text| !text.is_empty()) else { return false };
    let Ok(schedule) = Schedule::parse(schedule) else { return false };
    let text = now.to_string();
    let number = |at: std::ops::Range<usize>| text.get(at).and_then(|part| part.parse().ok());
    let (Some(month), Some(day), Some(hour), Some(minute)) =
        (number(5..7), number(8..10), number(11..13), number(14..16))
    else {
        return false;
    };
    // The first day of 1970 was a Thursday.
    let weekday = (now.millis().div_euclid(DAY) + 4).rem_euclid(7) as u32;
    schedule.is_due(minute, hour, day, month, weekday)
}

/// Writes to the superusers that the backup `key` could not be made.
pub(super) fn tell_superusers(backend: &Backend, key: &str) -> Result<(), Error> {
    let html =
        format!("<p>The backup {key} could not be made. The log of the server says why.</p>");
    backend.write(move |tx| {
        let all = tx.catalog().all();
        let Some(superusers) = all.iter().find(|found| found.is_superusers()).cloned() else {
            return Ok(());
        };
        let everybody = (Bound::Unbounded, Bound::Unbounded);
        let mut addresses = Vec::new();
        tx.scan(&superusers, everybody, Direction::Forward, &mut |_, row| {
            addresses.push(Record::from_row(superusers.clone(), row).text("email").to_owned());
            if addresses.len() < TOLD_MAX {
                Ok(ControlFlow::Continue(()))
            } else {
                Ok(ControlFlow::Break(()))
            }
        })?;
        for to in addresses {
            let subject = "No backup was made".to_owned();
            Letter::new(Mail { to, subject, html: html.clone() }).post(tx)?;
        }
        Ok(())
    })?;
    backend.bell().ring();
    Ok(())
}

/// The oldest of those backups beyond the `keep` newest ones; none when `keep` is 0, which means all.
pub(super) fn beyond(items: Vec<Item>, keep: usize) -> Vec<Item> {
    let mut made: Vec<Item> =
        items.into_iter().filter(|item| item.key.starts_with(PREFIX)).collect();
    made.sort_by(|a, b| b.modified.cmp(&a.modified).then_with(|| b.key.cmp(&a.key)));
    if keep == 0 { Vec::new() } else { made.split_off(keep.min(made.len())) }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn it_is_due_in_the_minutes_that_the_expression_names() {
        let at = |text| Timestamp::parse(text).unwrap();
        // A Friday.
        let now = at("2026-01-02 03:04:00.000Z");
        for (expression, due) in [
            ("4 3 2 1 5", true),
            ("* * * * *", true),
            ("* * * * 6", false),
            ("5 3 * * *", false),
            ("@daily", false),
            ("", false),
            ("nonsense", false),
        ] {
            assert_eq!(is_due(expression, now), due, "{expression}");
        }
        assert!(is_due("@daily", at("2026-01-02 00:00:00.000Z")));
    }

    #[test]
    fn only_the_oldest_of_those_made_by_themselves_go() {
        let item = |key: &str, age: u64| {
            let modified = SystemTime::UNIX_EPOCH + Duration::from_secs(1000 - age);
            Item { key: key.to_owned(), size: 1, modified }
        };
        let items =
            || vec![item("@auto_pb_backup_a", 3), item("@auto_pb_backup_b", 1), item("old", 9)];
        let keys = |keep| -> Vec<String> {
            beyond(items(), keep).into_iter().map(|item| item.key).collect()
        };
        assert_eq!(keys(1), ["@auto_pb_backup_a"]);
        assert!(keys(2).is_empty() && keys(0).is_empty());
    }
}

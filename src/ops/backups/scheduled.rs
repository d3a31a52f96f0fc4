//! Backups that are made by themselves.

use std::collections::HashSet;
use std::ops::{Bound, ControlFlow};

use crate::backup::Item;
use crate::mail::Mail;
use crate::model::Timestamp;
use crate::ops::mail::Letter;
use crate::ops::{Backend, Error};
use crate::query::{Direction, Rows};
use crate::schema::Record;
use crate::settings::Schedule;
use crate::store::Snapshot;

use super::Listed;

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

/// The backup that the next increment builds on; nothing when it is time for a full one: the chain has
/// `length` links, or the history did not go on from it.
pub(super) fn base(all: &[Listed], snapshot: &Snapshot, length: usize) -> Option<String> {
    let epoch = snapshot.recording()?.epoch;
    let made = all.iter().filter(|listed| listed.item.key.starts_with(PREFIX));
    let (_, newest) = made
        .filter_map(|listed| {
            let (of, sequence) = listed.about.as_ref()?.history()?;
            (of == epoch).then_some(((sequence, &listed.item.key), listed))
        })
        .max_by_key(|(place, _)| *place)?;
    let links = bases(all, &newest.item.key);
    (links.len() < length).then(|| newest.item.key.clone())
}

/// The backup `key` and those that it builds on.
fn bases<'a>(all: &'a [Listed], key: &'a str) -> Vec<&'a str> {
    let mut links = vec![key];
    let mut base = Some(key);
    while let Some(key) = base
        && links.len() <= all.len()
    {
        base = all.iter().find(|listed| listed.item.key == key).and_then(Listed::base);
        links.extend(base);
    }
    links
}

/// The oldest of those backups beyond the `keep` newest ones, but for those that others build on which
/// stay; none when `keep` is 0, which means all.
pub(super) fn beyond(all: Vec<Listed>, keep: usize) -> Vec<Item> {
    let mut made: Vec<&Listed> =
        all.iter().filter(|listed| listed.item.key.starts_with(PREFIX)).collect();
    made.sort_by(|a, b| {
        let (a, b) = (&a.item, &b.item);
        b.modified.cmp(&a.modified).then_with(|| b.key.cmp(&a.key))
    });
    let old = if keep == 0 { Vec::new() } else { made.split_off(keep.min(made.len())) };
    let old: Vec<&str> = old.iter().map(|listed| listed.item.key.as_str()).collect();
    let stays = all.iter().map(|listed| listed.item.key.as_str()).filter(|key| !old.contains(key));
    let needed: HashSet<String> =
        stays.flat_map(|key| bases(&all, key)).map(str::to_owned).collect();
    let old: Vec<String> =
        old.into_iter().filter(|key| !needed.contains(*key)).map(str::to_owned).collect();
    all.into_iter().map(|listed| listed.item).filter(|item| old.contains(&item.key)).collect()
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
            Listed { item: Item { key: key.to_owned(), size: 1, modified }, about: None }
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

use serde_json::json;

use super::*;
use crate::auth::PasswordHasher;
use crate::files::Storage;
use crate::ops::settings::UpdateSettings;
use crate::store::{Store, StoreOptions};

struct Place {
    folder: tempfile::TempDir,
    backend: Backend,
    backups: Arc<Backups>,
}

fn place() -> Place {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::in_memory(StoreOptions::default()).unwrap();
    let backend = Backend::new(store, PasswordHasher::new(1, 1), Storage::new(folder.path()));
    let backups = Backups::of(folder.path());
    Place { folder, backend, backups }
}

fn keys(place: &Place) -> Vec<String> {
    place.backups.list(&place.backend).unwrap().into_iter().map(|listed| listed.item.key).collect()
}

#[test]
fn a_schedule_makes_backups_when_due_and_keeps_the_newest() {
    let place = place();
    let body = json!({ "backups": { "cron": "*/2 * * * *", "cronMaxKeep": 2 } });
    let update = UpdateSettings::new(body.as_object().unwrap().clone());
    place.backend.write(move |tx| update.run(tx)).unwrap();
    place.backend.reload_settings().unwrap();
    place.backups.create(&place.backend, "by-hand.zip", &Kind::Full).unwrap();
    for minute in 0..6 {
        let now = Timestamp::parse(&format!("2026-01-02 03:0{minute}:00.000Z")).unwrap();
        place.backups.run_schedule(&place.backend, now).unwrap();
    }
    assert_eq!(
        keys(&place),
        [
            "@auto_pb_backup_acme_20260102030200.zip",
            "@auto_pb_backup_acme_20260102030400.zip",
            "by-hand.zip"
        ]
    );
}

/// A place whose store is on disk, with settings that ask for a backup each minute.
fn scheduled(settings: &serde_json::Value) -> Place {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), StoreOptions::default()).unwrap();
    let backend = Backend::new(store, PasswordHasher::new(1, 1), Storage::new(folder.path()));
    let backups = Backups::of(folder.path());
    let update = UpdateSettings::new(settings.as_object().unwrap().clone());
    backend.write(move |tx| update.run(tx)).unwrap();
    backend.reload_settings().unwrap();
    Place { folder, backend, backups }
}

fn run_minute(place: &Place, minute: u32) {
    place.backend.write(move |tx| Ok(tx.put_setting("x", &[minute as u8])?)).unwrap();
    let now = Timestamp::parse(&format!("2026-01-02 03:{minute:02}:00.000Z")).unwrap();
    place.backups.run_schedule(&place.backend, now).unwrap();
}

#[test]
fn a_schedule_makes_chains_and_keeps_what_kept_increments_need() {
    let backups = json!({ "cron": "* * * * *", "cronMaxKeep": 2, "fullEvery": 3 });
    let place = scheduled(&json!({ "backups": backups }));
    let shown = || -> Vec<(String, Option<String>)> {
        let minute = |key: &str| key[key.len() - 8..key.len() - 6].to_owned();
        let all = place.backups.list(&place.backend).unwrap();
        all.iter().map(|it| (minute(&it.item.key), it.base().map(minute))).collect()
    };
    let expected = |all: &[(&str, Option<&str>)]| -> Vec<(String, Option<String>)> {
        all.iter().map(|(key, base)| ((*key).to_owned(), base.map(str::to_owned))).collect()
    };
    for minute in 0..3 {
        run_minute(&place, minute);
    }
    // The first is older than the two that are kept, and they are of no use without it.
    let chain = [("00", None), ("01", Some("00")), ("02", Some("01"))];
    assert_eq!(shown(), expected(&chain));
    run_minute(&place, 3);
    assert_eq!(shown(), expected(&[chain[0], chain[1], chain[2], ("03", None)]));
    run_minute(&place, 4);
    assert_eq!(shown(), expected(&[("03", None), ("04", Some("03"))]));
    for key in keys(&place) {
        place.backups.verify(&place.backend, &key, Moment::End).unwrap();
    }
    let error = place.backups.delete(&place.backend, &keys(&place)[0]).unwrap_err();
    assert!(error.to_string().contains("builds on this one"), "{error}");
    // When the history is not what it was, the next one is full by itself.
    place.backend.write(|tx| Ok(tx.set_recording(false)?)).unwrap();
    run_minute(&place, 5);
    assert_eq!(shown().last().unwrap(), &("05".to_owned(), None));
}

#[test]
fn without_the_setting_nothing_is_recorded_and_no_increment_is_made() {
    let place = scheduled(&json!({}));
    place.backups.create(&place.backend, "a.zip", &Kind::Full).unwrap();
    for kind in [Kind::Increment, Kind::IncrementOn("a.zip".to_owned())] {
        let refused = place.backups.create(&place.backend, "b.zip", &kind).unwrap_err();
        let Error::Rejected(_, violations) = refused else { panic!("{refused}") };
        assert!(violations.to_json().to_string().contains("backups.fullEvery"), "{violations:?}");
    }
    assert!(place.backend.snapshot().recording().is_none());
    assert_eq!(keys(&place), ["a.zip"]);
}

#[test]
fn one_thing_at_a_time_is_done_with_backups() {
    let place = place();
    place.backups.create(&place.backend, "a.zip", &Kind::Full).unwrap();
    let active = place.backups.begin("a.zip").unwrap();
    assert!(place.backups.is_busy());
    for refused in [
        place.backups.create(&place.backend, "b.zip", &Kind::Full).unwrap_err(),
        place.backups.restore(&place.backend, "a.zip", Moment::End).unwrap_err(),
    ] {
        assert!(refused.to_string().starts_with("Try again later"), "{refused}");
    }
    let in_use = place.backups.delete(&place.backend, "a.zip").unwrap_err();
    assert!(in_use.to_string().contains("currently being used"), "{in_use}");
    drop(active);
    place.backups.delete(&place.backend, "a.zip").unwrap();
}

#[test]
fn a_backup_that_is_broken_off_leaves_nothing() {
    let place = place();
    place.backups.stop();
    assert!(place.backups.create(&place.backend, "a.zip", &Kind::Full).is_err());
    assert!(keys(&place).is_empty() && !place.backups.is_busy());
    let left = std::fs::read_dir(place.folder.path().join("tmp")).unwrap();
    assert_eq!(left.count(), 0);
}

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
    place.backups.list().unwrap().into_iter().map(|item| item.key).collect()
}

#[test]
fn a_schedule_makes_backups_when_due_and_keeps_the_newest() {
    let place = place();
    let body = json!({ "backups": { "cron": "*/2 * * * *", "cronMaxKeep": 2 } });
    let update = UpdateSettings::new(body.as_object().unwrap().clone());
    place.backend.write(move |tx| update.run(tx)).unwrap();
    place.backend.reload_settings().unwrap();
    place.backups.create(&place.backend, "by-hand.zip").unwrap();
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

#[test]
fn one_thing_at_a_time_is_done_with_backups() {
    let place = place();
    place.backups.create(&place.backend, "a.zip").unwrap();
    let active = place.backups.begin("a.zip").unwrap();
    assert!(place.backups.is_busy());
    for refused in [
        place.backups.create(&place.backend, "b.zip").unwrap_err(),
        place.backups.restore(&place.backend, "a.zip").unwrap_err(),
    ] {
        assert!(refused.to_string().starts_with("Try again later"), "{refused}");
    }
    let in_use = place.backups.delete("a.zip").unwrap_err();
    assert!(in_use.to_string().contains("currently being used"), "{in_use}");
    drop(active);
    place.backups.delete("a.zip").unwrap();
}

#[test]
fn a_backup_that_is_broken_off_leaves_nothing() {
    let place = place();
    place.backups.stop();
    assert!(place.backups.create(&place.backend, "a.zip").is_err());
    assert!(keys(&place).is_empty() && !place.backups.is_busy());
    let left = std::fs::read_dir(place.folder.path().join("tmp")).unwrap();
    assert_eq!(left.count(), 0);
}

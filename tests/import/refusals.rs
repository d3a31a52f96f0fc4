//! Imports that must not happen, or must leave nothing behind.

use std::fs;

use haversack::import::{ImportError, ImportOptions, Progress, pocketbase};
use haversack::store::{Store, StoreOptions};

use crate::folder::{Setup, run};

#[test]
fn a_dry_run_judges_everything_and_writes_nothing() {
    let setup = Setup::new();
    setup.sql("INSERT INTO posts (id, stars) VALUES ('a', 'many')");
    setup.file("storage/posts_id/a/x.txt", b"x");
    let dry = setup.dry_run().unwrap();
    assert!(!setup.data().exists());
    assert!(dry.to_string().contains("nothing was written"), "{dry}");
    let mut real = setup.import().unwrap();
    assert!(setup.data().join("data.redb").exists());
    real.dry_run = true;
    assert_eq!(dry, real);
}

#[test]
fn folders_of_others_and_of_old_versions_are_refused() {
    let setup = Setup::new();
    let nothing = run(&setup.data(), &setup.data(), false);
    assert!(matches!(nothing, Err(ImportError::NotPocketBase { .. })), "{nothing:?}");

    setup.sql("ALTER TABLE _collections RENAME COLUMN fields TO schema; CREATE TABLE _admins (id)");
    let error = setup.import().unwrap_err();
    assert!(matches!(error, ImportError::TooOld(_)), "{error:?}");
    assert!(error.to_string().contains("start a recent PocketBase"), "{error}");
    assert!(!setup.data().exists());

    fs::write(setup.source().join("data.db"), vec![b'x'; 9000]).unwrap();
    let error = setup.import().unwrap_err();
    assert!(matches!(error, ImportError::Database(_)), "{error:?}");
    assert!(!setup.data().exists());
}

#[test]
fn a_target_with_data_is_refused_and_stays() {
    let setup = Setup::new();
    setup.import().unwrap();
    let before = fs::read(setup.data().join("data.redb")).unwrap().len();
    let again = setup.import();
    assert!(matches!(again, Err(ImportError::TargetOccupied(_))), "{again:?}");
    assert_eq!(fs::read(setup.data().join("data.redb")).unwrap().len(), before);
    assert_eq!(setup.imported().ids("posts").len(), 0);

    let with_files = Setup::new();
    fs::create_dir_all(with_files.data().join("storage/x")).unwrap();
    let refused = with_files.import();
    assert!(matches!(refused, Err(ImportError::TargetOccupied(_))), "{refused:?}");
}

#[test]
fn an_empty_target_is_filled_and_an_open_one_refused() {
    let setup = Setup::new();
    setup.sql("INSERT INTO posts (id) VALUES ('a')");
    let store = Store::open(&setup.data(), StoreOptions::default()).unwrap();
    let refused = setup.import();
    assert!(matches!(refused, Err(ImportError::TargetInUse(_))), "{refused:?}");
    store.close().unwrap();
    drop(store);
    fs::create_dir(setup.data().join("storage")).unwrap();
    // As left by an import that was killed.
    fs::create_dir_all(setup.data().join(".import/storage/left")).unwrap();
    setup.file("storage/posts_id/a/x.txt", b"x");
    setup.import().unwrap();
    assert_eq!(setup.imported().ids("posts"), ["a"]);
    assert!(setup.data().join("storage/posts_id/a/x.txt").exists());
    assert!(!setup.data().join("storage/left").exists());
    assert!(!setup.data().join(".import").exists());
}

#[test]
fn a_target_inside_the_source_is_refused() {
    let setup = Setup::new();
    setup.file("storage/posts_id/a/x.txt", b"x");
    let inside = setup.source().join("storage/new");
    let refused = run(&setup.source(), &inside, false);
    assert!(matches!(refused, Err(ImportError::TargetInsideSource(_))), "{refused:?}");
    assert!(!inside.exists());
}

#[cfg(target_os = "linux")]
#[test]
fn a_source_in_use_is_refused() {
    let setup = Setup::new();
    let db = setup.database();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.execute_batch("INSERT INTO posts (id) VALUES ('a')").unwrap();
    // Locks of this very process count as well.
    let refused = setup.import();
    assert!(matches!(refused, Err(ImportError::SourceInUse(_))), "{refused:?}");
    assert!(!setup.data().exists());
    drop(db);
    setup.import().unwrap();
}

/// Writes to the source while it is being imported.
struct Meddler<'a>(&'a Setup);

impl Progress for Meddler<'_> {
    fn collection(&mut self, name: &str, _records: u64) {
        if name == "posts" {
            self.0.file("data.db-wal", b"a server was started");
        }
    }

    fn record(&mut self) {}
    fn file(&mut self, _bytes: u64) {}
    fn finish(&mut self) {}
}

#[test]
fn an_import_that_fails_late_leaves_nothing_behind() {
    for made_before in [false, true] {
        let setup = Setup::new();
        setup.sql("INSERT INTO posts (id) VALUES ('a')");
        setup.file("storage/posts_id/a/x.txt", b"x");
        if made_before {
            fs::create_dir(setup.data()).unwrap();
        }
        let options = ImportOptions { source: setup.source(), data: setup.data(), dry_run: false };
        let failed = pocketbase(&options, &mut Meddler(&setup));
        assert!(matches!(failed, Err(ImportError::SourceInUse(_))), "{failed:?}");
        assert_eq!(setup.data().exists(), made_before);
        if made_before {
            assert_eq!(fs::read_dir(setup.data()).unwrap().count(), 0);
        }
    }
}

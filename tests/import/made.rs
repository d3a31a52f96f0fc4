//! What comes over from a folder that the tests make.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use haversack::import::{ImportOptions, Progress, SETTINGS_KEY, SettingsOutcome, pocketbase};
use haversack::model::Value;
use haversack::schema::CollectionKind;
use rusqlite::config::DbConfig;
use serde_json::json;

use crate::folder::{Setup, field};

/// Every file below `folder` with its content.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_string_lossy().into_owned();
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn records_keep_their_order_ids_passwords_and_keys() {
    let setup = Setup::new();
    let hash = "$2a$13$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy";
    setup.sql(&format!(
        "INSERT INTO users VALUES ('zz', '{hash}', 'key-of-zz', 'z@example.com', 1, 'true');
         INSERT INTO users VALUES ('aa', '', 'key-of-aa', '', 0, 0);
         INSERT INTO posts VALUES ('p2', 'b', 1.5, '{{\"b\":1,  \"a\":2}}', '', '2022-10-10 09:49:46.145Z');
         INSERT INTO posts (id) VALUES ('p1');"
    ));
    let summary = setup.import().unwrap();
    assert_eq!(summary.problems, []);
    let imported = setup.imported();
    assert_eq!(imported.ids("users"), ["zz", "aa"]);
    assert_eq!(imported.ids("posts"), ["p2", "p1"]);
    let users = imported.records("users");
    assert_eq!(users[0].text("password"), hash);
    assert_eq!(users[0].text("tokenKey"), "key-of-zz");
    assert!(users[0].is_true("emailVisibility") && users[0].is_true("verified"));
    let posts = imported.records("posts");
    assert_eq!(posts[0].get("stars"), Some(&Value::Number(1.5)));
    let Some(Value::Json(data)) = posts[0].get("data") else {
        panic!("no document");
    };
    assert_eq!(data.as_str(), r#"{"b":1,"a":2}"#);
    assert!(posts[1].fields().all(|(field, value)| field.name == "id" || value.is_zero()));
}

#[test]
fn collections_keep_their_order_rules_secrets_and_dates() {
    let setup = Setup::new();
    let fields = json!([field("id", "text", &json!({"primaryKey": true}))]);
    setup.collection("a_view", "view", &fields, &json!([]));
    setup.import().unwrap();
    let imported = setup.imported();
    let names: Vec<_> = haversack::query::Rows::catalog(&*imported.snapshot)
        .all()
        .iter()
        .map(|collection| collection.name.clone())
        .collect();
    assert_eq!(names, ["_superusers", "users", "posts", "a_view"]);
    let users = imported.collection("users");
    assert_eq!(users.id.as_str(), "users_id");
    assert_eq!(users.rules.list, None);
    assert_eq!(users.rules.view.as_deref(), Some(""));
    assert_eq!(users.rules.create.as_deref(), Some("// no\n@request.auth.id != \"\""));
    assert_eq!(users.created.to_string(), "2022-10-10 09:49:46.145Z");
    let auth = users.auth().unwrap();
    assert_eq!(auth.auth_token.secret, "secret-of-auth");
    assert_eq!(auth.oauth2.providers[0].client_secret, "secret-of-client");
    let CollectionKind::View { query } = &imported.collection("a_view").kind else {
        panic!("no view");
    };
    assert_eq!(query, "SELECT id FROM posts\n");
}

#[test]
fn rows_that_are_only_in_the_log_come_over_and_the_source_stays() {
    let setup = Setup::new();
    let db = setup.database();
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true).unwrap();
    db.pragma_update(None, "journal_mode", "wal").unwrap();
    db.execute_batch("INSERT INTO posts (id, title) VALUES ('logged', 'x')").unwrap();
    drop(db);
    let before = files(&setup.source());
    assert!(!before["data.db-wal"].is_empty());
    setup.import().unwrap();
    assert_eq!(files(&setup.source()), before);
    assert_eq!(setup.imported().ids("posts"), ["logged"]);
    assert!(!setup.data().join(".import").exists());
}

#[test]
fn indexes_that_are_not_supported_are_told_and_the_others_work() {
    let setup = Setup::new();
    let fields = json!([
        field("id", "text", &json!({"primaryKey": true})),
        field("name", "text", &json!({})),
    ]);
    let indexes = json!([
        "CREATE INDEX `by_length` ON `tags` (length(name))",
        "create unique index [by_name] on wrong (name collate nocase) where name != ''",
    ]);
    setup.collection("tags", "base", &fields, &indexes);
    setup.sql("INSERT INTO tags VALUES ('a', 'One'), ('b', 'oNE'), ('c', ''), ('d', '')");
    let summary = setup.import().unwrap();
    let texts: Vec<String> = summary.problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("length(name)") && texts[0].contains("expressions"), "{texts:?}");
    assert!(texts[1].starts_with("tags/b: ") && texts[1].contains("by_name"), "{texts:?}");
    let imported = setup.imported();
    assert_eq!(imported.ids("tags"), ["a", "c", "d"]);
    let indexes = &imported.collection("tags").indexes;
    assert_eq!(indexes.len(), 1);
    assert_eq!(
        indexes[0].text,
        "create unique index [by_name] on wrong (name collate nocase) where name != ''"
    );
    assert_eq!(summary.collections[3].records, 3);
}

#[test]
fn values_and_ids_that_cannot_be_read_are_told() {
    let setup = Setup::new();
    setup.sql(
        "INSERT INTO posts (id, stars, created) VALUES ('a', 'many', 'once');
         INSERT INTO posts (id, title) VALUES (NULL, 'no id'), ('', 'empty'), ('../x', 'a path');
         INSERT INTO posts (id, title) VALUES ('b', CAST(x'61ff' AS TEXT));",
    );
    let summary = setup.import().unwrap();
    let told: Vec<_> = summary
        .problems
        .iter()
        .map(|problem| (problem.record.as_deref(), problem.field.as_deref()))
        .collect();
    assert_eq!(
        told,
        [
            (Some("a"), Some("stars")),
            (Some("a"), Some("created")),
            (None, Some("id")),
            (None, Some("id")),
            (None, Some("id")),
            (Some("b"), Some("title")),
        ]
    );
    let records = setup.imported().records("posts");
    assert_eq!(records.len(), 2);
    assert_eq!(records[0].get("stars"), Some(&Value::Number(0.0)));
    assert_eq!(records[0].get("created"), Some(&Value::Date(None)));
    assert_eq!(records[1].text("title"), "a\u{fffd}");
}

#[test]
fn definitions_that_cannot_be_read_leave_the_rest_alone() {
    let setup = Setup::new();
    let fields = json!([
        field("name", "text", &json!({})),
        field("shape", "polygon", &json!({})),
        field("id", "text", &json!({"primaryKey": true, "id": ""})),
    ]);
    setup.collection("odd", "base", &fields, &json!([]));
    setup.collection("broken", "base", &json!([]), &json!([]));
    setup.sql(
        "DROP TABLE odd; CREATE TABLE odd (id TEXT PRIMARY KEY); INSERT INTO odd VALUES ('x')",
    );
    let summary = setup.import().unwrap();
    let fields: Vec<_> = summary.problems.iter().map(|problem| problem.field.as_deref()).collect();
    assert_eq!(fields, [Some("shape"), None, Some("name")], "{summary}");
    let imported = setup.imported();
    assert_eq!(imported.ids("odd"), ["x"]);
    let names: Vec<_> = imported.collection("odd").fields.iter().map(|f| f.name.clone()).collect();
    assert_eq!(names, ["id", "name"]);
    assert!(haversack::query::Rows::catalog(&*imported.snapshot).by_name("broken").is_none());
}

#[test]
fn files_come_over_with_what_is_known_of_them() {
    let setup = Setup::new();
    setup.sql("INSERT INTO posts (id, pictures) VALUES ('p', '[\"a_é.png\",\"gone.png\"]')");
    setup.file("storage/posts_id/p/a_é.png", &vec![7; 100_000]);
    setup.file("storage/posts_id/p/a_é.png.attrs", b"{}");
    setup.file("storage/posts_id/p/thumbs_a_é.png/100x100_a_é.png", b"small");
    setup.file("storage/deleted_id/q/b.txt", b"stray");
    setup.file("auxiliary.db", b"logs");
    let summary = setup.import().unwrap();
    assert_eq!(files(&setup.data().join("storage")), files(&setup.source().join("storage")));
    let posts = &summary.collections[2];
    assert_eq!((posts.files, posts.bytes), (3, 100_007));
    assert_eq!(summary.stray_files, (1, 5));
    assert_eq!(summary.problems.len(), 1);
    assert!(summary.problems[0].what.contains("gone.png"));
    assert!(summary.to_string().contains("auxiliary.db (request logs)"), "{summary}");
}

#[test]
fn settings_are_kept_as_spelled_unless_they_are_encrypted() {
    let plain = Setup::new();
    let text = "{\"meta\": {\"appName\": \"x\"},\n\"s3\":{\"enabled\":true}}";
    plain.sql(&format!("INSERT INTO _params VALUES ('settings', CAST('{text}' AS BLOB), '', '')"));
    plain.sql("INSERT INTO posts (id, pictures) VALUES ('p', 'in_the_bucket.png')");
    let summary = plain.import().unwrap();
    assert_eq!(summary.problems, []);
    assert_eq!(summary.settings, SettingsOutcome::KeptWithBucket);
    let kept = plain.imported().snapshot.setting(SETTINGS_KEY).unwrap();
    assert_eq!(kept.as_deref(), Some(text.as_bytes()));

    let encrypted = Setup::new();
    encrypted.sql("INSERT INTO _params VALUES ('settings', 'c2VjcmV0IHNldHRpbmdz', '', '')");
    let summary = encrypted.import().unwrap();
    assert_eq!(summary.settings, SettingsOutcome::LeftOut);
    assert!(summary.problems[0].what.contains("encrypted"));
    assert_eq!(encrypted.imported().snapshot.setting(SETTINGS_KEY).unwrap(), None);
}

#[test]
fn more_records_than_one_batch_holds_come_over_in_order() {
    let setup = Setup::new();
    setup.sql(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5001)
         INSERT INTO posts (id, stars) SELECT printf('r%d', 9999 - i), i FROM n",
    );
    let mut heard = Heard::default();
    let options = ImportOptions { source: setup.source(), data: setup.data(), dry_run: false };
    let summary = pocketbase(&options, &mut heard).unwrap();
    assert_eq!(summary.collections[2].records, 5001);
    assert_eq!(
        heard.announced,
        [("_superusers", 0), ("users", 0), ("posts", 5001)]
            .map(|(name, records)| (name.to_owned(), records))
    );
    assert_eq!((heard.records, heard.finished), (5001, 1));
    let ids = setup.imported().ids("posts");
    let expected: Vec<String> = (1..=5001).map(|i| format!("r{}", 9999 - i)).collect();
    assert_eq!(ids, expected);
}

#[derive(Default)]
struct Heard {
    announced: Vec<(String, u64)>,
    records: u64,
    finished: u64,
}

impl Progress for Heard {
    fn collection(&mut self, name: &str, records: u64) {
        self.announced.push((name.to_owned(), records));
    }

    fn record(&mut self) {
        self.records += 1;
    }

    fn file(&mut self, _bytes: u64) {}

    fn finish(&mut self) {
        self.finished += 1;
    }
}

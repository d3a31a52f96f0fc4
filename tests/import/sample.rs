//! The sample folder of the conformance suite, which lies beside the repository on some machines.

use std::fs;
use std::path::{Path, PathBuf};

use haversack::model::{GeoPoint, Timestamp, Value};
use haversack::query::Rows;
use haversack::schema::FieldKind;
use rusqlite::{Connection, types::ValueRef};

use crate::folder::{Imported, run};

/// The sample folder, looked for beside the repository and beside the folders around it.
fn sample() -> Option<PathBuf> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors()
        .map(|folder| folder.join("shared/conformance/pb_data"))
        .find(|folder| folder.join("data.db").exists())
}

fn copy_tree(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let from = entry.unwrap().path();
        let to = to.join(from.file_name().unwrap());
        if from.is_dir() {
            copy_tree(&from, &to);
        } else {
            fs::write(to, fs::read(from).unwrap()).unwrap();
        }
    }
}

fn file_count(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { file_count(&path) } else { 1 }).sum()
}

#[test]
fn the_sample_folder_comes_over_whole() {
    let Some(sample) = sample() else { return };
    let home = tempfile::tempdir().unwrap();
    let (source, data) = (home.path().join("pb_data"), home.path().join("data"));
    copy_tree(&sample, &source);
    let summary = run(&source, &data, false).unwrap();
    assert_eq!(summary.problems, []);
    let imported = Imported::open(&data);
    let db = Connection::open(source.join("data.db")).unwrap();

    let counts: Vec<(&str, u64)> = summary
        .collections
        .iter()
        .map(|collection| (collection.name.as_str(), collection.records))
        .collect();
    assert_eq!(
        counts,
        [
            ("users", 3),
            ("demo1", 3),
            ("demo2", 3),
            ("demo3", 4),
            ("demo4", 2),
            ("clients", 2),
            ("nologin", 3),
            ("demo5", 2),
            ("view1", 0),
            ("view2", 0),
            ("numeric_id_view", 0),
            ("_superusers", 4),
            ("_externalAuths", 4),
            ("_mfas", 0),
            ("_otps", 0),
            ("_authOrigins", 5),
        ]
    );
    let copied: u64 = summary.collections.iter().map(|collection| collection.files).sum();
    assert_eq!(copied + summary.stray_files.0, file_count(&source.join("storage")));
    assert_eq!(file_count(&data.join("storage")), file_count(&source.join("storage")));

    for collection in imported.snapshot.catalog().all() {
        let index_count: i64 = db
            .query_row(
                "SELECT json_array_length(indexes) FROM _collections WHERE id = ?1",
                [collection.id.as_str()],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(collection.indexes.len() as i64, index_count, "{}", collection.name);
        if collection.is_view() {
            continue;
        }
        let sql = format!("SELECT id FROM \"{}\" ORDER BY rowid", collection.name);
        let mut statement = db.prepare(&sql).unwrap();
        let ids = statement.query_map((), |row| row.get(0)).unwrap();
        let ids: Vec<String> = ids.map(Result::unwrap).collect();
        assert_eq!(imported.ids(&collection.name), ids);
    }
}

/// All texts come over byte for byte: passwords, keys and what the users wrote.
#[test]
fn texts_of_the_sample_folder_come_over_byte_for_byte() {
    let Some(sample) = sample() else { return };
    let home = tempfile::tempdir().unwrap();
    let (source, data) = (home.path().join("pb_data"), home.path().join("data"));
    copy_tree(&sample, &source);
    run(&source, &data, false).unwrap();
    let imported = Imported::open(&data);
    let db = Connection::open(source.join("data.db")).unwrap();
    let (mut compared, mut hashes) = (0, 0);
    for collection in imported.snapshot.catalog().all().iter().filter(|c| !c.is_view()) {
        for record in imported.records(&collection.name) {
            for (field, value) in record.fields() {
                if !matches!(
                    field.kind,
                    FieldKind::Text(_)
                        | FieldKind::Password(_)
                        | FieldKind::Email(_)
                        | FieldKind::Editor(_)
                ) {
                    continue;
                }
                let sql =
                    format!("SELECT \"{}\" FROM \"{}\" WHERE id = ?1", field.name, collection.name);
                let stored: Vec<u8> = db
                    .query_row(&sql, [record.id()], |row| {
                        Ok(match row.get_ref(0)? {
                            ValueRef::Text(text) | ValueRef::Blob(text) => text.to_owned(),
                            ValueRef::Null => Vec::new(),
                            other => panic!("{other:?}"),
                        })
                    })
                    .unwrap();
                assert_eq!(value.as_text().unwrap().as_bytes(), stored, "{}", field.name);
                compared += 1;
                hashes += usize::from(value.as_text().unwrap().starts_with("$2a$"));
            }
        }
    }
    assert!(compared > 100 && hashes >= 12, "{compared} {hashes}");
}

#[test]
fn every_kind_of_value_in_the_sample_folder_is_understood() {
    let Some(sample) = sample() else { return };
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let source = home.path().join("pb_data");
    copy_tree(&sample, &source);
    run(&source, &data, false).unwrap();
    let imported = Imported::open(&data);

    let demo1 = &imported.records("demo1")[0];
    let get = |name: &str| demo1.get(name).unwrap();
    let list = |items: &[&str]| Value::List(items.iter().map(|i| (*i).to_owned()).collect());
    assert_eq!(demo1.id(), "84nmscqy84lsi1t");
    assert_eq!(get("text"), &Value::Text("test".into()));
    assert_eq!(get("bool"), &Value::Bool(true));
    assert_eq!(get("url"), &Value::Text("https://example.copm".into()));
    assert_eq!(get("select_one"), &Value::Text("optionB".into()));
    assert_eq!(get("select_many"), &list(&["optionB", "optionC"]));
    assert_eq!(get("file_one"), &Value::Text("test_d61b33QdDU.txt".into()));
    assert_eq!(get("file_many").items().len(), 5);
    assert_eq!(get("number"), &Value::Number(123_456.0));
    assert_eq!(get("email"), &Value::Text("test@example.com".into()));
    let noon = Timestamp::parse("2022-10-01 12:00:00.000Z");
    assert_eq!(get("datetime"), &Value::Date(noon));
    assert!(matches!(get("json"), Value::Json(json) if json.as_str() == "[1,2,3]"));
    assert_eq!(get("rel_many"), &list(&["oap640cot4yru2s"]));
    assert_eq!(get("point"), &Value::Geo(GeoPoint::default()));

    let superusers = imported.collection("_superusers");
    assert_eq!(superusers.id.as_str(), "pbc_3142635823");
    assert!(!superusers.auth().unwrap().auth_token.secret.is_empty());
    let emails: Vec<_> = imported.records("_superusers");
    assert!(emails.iter().any(|record| record.text("email") == "test@example.com"));
    let settings = imported.snapshot.setting(haversack::import::SETTINGS_KEY).unwrap().unwrap();
    let settings: serde_json::Value = serde_json::from_slice(&settings).unwrap();
    assert_eq!(settings["meta"]["appName"], "acme_test");
}

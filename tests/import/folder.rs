//! A small `PocketBase` data folder, made with `SQLite`.

use std::fs;
use std::path::{Path, PathBuf};

use haversack::import::{ImportError, ImportOptions, Summary, pocketbase};
use haversack::query::{Direction, Rows};
use haversack::schema::{Collection, Record};
use haversack::store::{Snapshot, Store, StoreOptions};
use rusqlite::Connection;
use serde_json::{Value as Json, json};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;
use tempfile::TempDir;

/// A source and the place for a target, both in a folder that goes away.
pub(crate) struct Setup {
    home: TempDir,
}

impl Setup {
    /// A folder with the collections `_superusers`, `users` and `posts`, and no records.
    pub(crate) fn new() -> Self {
        let setup = Self { home: tempfile::tempdir().unwrap() };
        fs::create_dir(setup.source()).unwrap();
        let db = setup.database();
        db.execute_batch(
            "CREATE TABLE _collections (
                id TEXT PRIMARY KEY, system BOOLEAN, type TEXT, name TEXT UNIQUE, fields JSON,
                indexes JSON, listRule TEXT, viewRule TEXT, createRule TEXT, updateRule TEXT,
                deleteRule TEXT, options JSON, created TEXT, updated TEXT);
             CREATE TABLE _params (id TEXT PRIMARY KEY, value JSON, created TEXT, updated TEXT);",
        )
        .unwrap();
        setup.collection("_superusers", "auth", &auth_fields(), &json!([]));
        setup.collection("users", "auth", &auth_fields(), &json!([]));
        let posts = json!([
            field("id", "text", &json!({"primaryKey": true, "pattern": "^[a-z0-9]+$"})),
            field("title", "text", &json!({})),
            field("stars", "number", &json!({})),
            field("data", "json", &json!({})),
            field("pictures", "file", &json!({"maxSelect": 5})),
            field("created", "autodate", &json!({"onCreate": true})),
        ]);
        setup.collection("posts", "base", &posts, &json!([]));
        setup
    }

    /// The folder to import.
    pub(crate) fn source(&self) -> PathBuf {
        self.home.path().join("pb_data")
    }

    /// The folder to import to; it does not exist yet.
    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    /// A connection that leaves no log behind.
    pub(crate) fn database(&self) -> Connection {
        let db = Connection::open(self.source().join("data.db")).unwrap();
        // Nothing here has to survive the loss of power.
        db.pragma_update(None, "synchronous", "off").unwrap();
        db
    }

    /// Adds a collection with the id `<name>_id` and its table.
    pub(crate) fn collection(&self, name: &str, kind: &str, fields: &Json, indexes: &Json) {
        let options = match kind {
            "auth" => json!({
                "authToken": {"secret": "secret-of-auth", "duration": 60},
                "oauth2": {"enabled": true, "providers": [
                    {"name": "gitlab", "clientId": "a", "clientSecret": "secret-of-client"},
                ]},
            }),
            "view" => json!({"viewQuery": "SELECT id FROM posts\n"}),
            _ => json!({}),
        };
        let db = self.database();
        db.execute(
            "INSERT INTO _collections VALUES (?1 || '_id', 0, ?2, ?1, ?3, ?4, NULL, '', \
             '// no\n@request.auth.id != \"\"', NULL, NULL, ?5, \
             '2022-10-10 09:49:46.145Z', '2022-10-11 09:49:46.145Z')",
            (name, kind, fields.to_string(), indexes.to_string(), options.to_string()),
        )
        .unwrap();
        if kind != "view" {
            let columns = fields.as_array().unwrap().iter();
            let columns = columns.filter(|field| field["name"] != "id");
            let columns = columns.map(|field| {
                let name = field["name"].as_str().unwrap();
                format!("\"{name}\" {}", sql_type(field))
            });
            let columns: Vec<String> =
                ["id TEXT PRIMARY KEY".to_owned()].into_iter().chain(columns).collect();
            let columns = columns.join(", ");
            db.execute_batch(&format!("CREATE TABLE \"{name}\" ({columns})")).unwrap();
        }
    }

    /// Runs SQL on the source.
    pub(crate) fn sql(&self, sql: &str) {
        self.database().execute_batch(sql).unwrap();
    }

    /// Puts a file below the source.
    pub(crate) fn file(&self, path: &str, content: &[u8]) {
        let path = self.source().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn import(&self) -> Result<Summary, ImportError> {
        run(&self.source(), &self.data(), false)
    }

    pub(crate) fn dry_run(&self) -> Result<Summary, ImportError> {
        run(&self.source(), &self.data(), true)
    }

    /// What is committed in the target.
    pub(crate) fn imported(&self) -> Imported {
        Imported::open(&self.data())
    }
}

pub(crate) fn run(source: &Path, data: &Path, dry_run: bool) -> Result<Summary, ImportError> {
    let options = ImportOptions { source: source.to_owned(), data: data.to_owned(), dry_run };
    pocketbase(&options, &mut ())
}

/// A target, opened.
pub(crate) struct Imported {
    pub(crate) snapshot: Arc<Snapshot>,
    // Keeps the file open for the snapshot.
    _store: Store,
}

impl Imported {
    pub(crate) fn open(data: &Path) -> Self {
        let store = Store::open(data, StoreOptions::default()).unwrap();
        Self { snapshot: store.snapshot(), _store: store }
    }

    pub(crate) fn collection(&self, name: &str) -> Arc<Collection> {
        Arc::clone(self.snapshot.catalog().by_name(name).unwrap())
    }

    /// All records of a collection in order.
    pub(crate) fn records(&self, collection: &str) -> Vec<Record> {
        let collection = self.collection(collection);
        let mut records = Vec::new();
        self.snapshot
            .scan(
                &collection,
                (Bound::Unbounded, Bound::Unbounded),
                Direction::Forward,
                &mut |_, row| {
                    assert!(row.check());
                    records.push(Record::from_row(Arc::clone(&collection), row));
                    Ok(ControlFlow::Continue(()))
                },
            )
            .unwrap();
        let count = self.snapshot.count(&collection).unwrap();
        assert_eq!(records.len() as u64, count);
        records
    }

    /// The ids of all records in order.
    pub(crate) fn ids(&self, collection: &str) -> Vec<String> {
        let records = self.records(collection);
        records.iter().map(|record| record.id().to_owned()).collect()
    }
}

/// A field's definition.
pub(crate) fn field(name: &str, kind: &str, options: &Json) -> Json {
    let mut field = json!({"id": format!("{kind}_{name}"), "name": name, "type": kind});
    for (key, value) in options.as_object().unwrap() {
        field[key] = value.clone();
    }
    field
}

fn auth_fields() -> Json {
    json!([
        field("id", "text", &json!({"primaryKey": true, "system": true})),
        field("password", "password", &json!({"hidden": true, "system": true})),
        field("tokenKey", "text", &json!({"hidden": true, "system": true})),
        field("email", "email", &json!({"system": true})),
        field("emailVisibility", "bool", &json!({"system": true})),
        field("verified", "bool", &json!({"system": true})),
    ])
}

fn sql_type(field: &Json) -> &'static str {
    match field["type"].as_str().unwrap() {
        "number" => "NUMERIC DEFAULT 0",
        "bool" => "BOOLEAN DEFAULT FALSE",
        "json" | "geoPoint" => "JSON DEFAULT NULL",
        _ => "TEXT DEFAULT ''",
    }
}

//! A data folder with something of everything.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use haversack::dump::{self, DumpError, ImportOptions, Summary};
use haversack::model::{GeoPoint, JsonText, RowBuf, RowWriter, Slot, Timestamp, Value};
use haversack::schema::{Collection, FieldKind};
use haversack::store::{Store, StoreOptions, WriteError};
use serde_json::json;

/// A data folder in a folder that goes away.
pub(crate) struct Folder {
    home: tempfile::TempDir,
}

impl Folder {
    /// A folder that holds nothing yet.
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// A folder with the collections `things` and `users`, of which `things` has a field of every
    /// kind, three records, a rowid that is not used any more, settings and files.
    pub(crate) fn filled() -> Self {
        let folder = Self::new();
        let store = folder.open();
        let things = things();
        store
            .write(move |tx| {
                let users = tx.create_collection(users())?;
                let things = tx.create_collection(things.clone())?;
                tx.insert(&users, &user())?;
                for number in 0..4 {
                    tx.insert(&things, &thing(number))?;
                }
                let last = thing(3);
                let rowid = haversack::model::RowId(4);
                tx.delete(&things, rowid, &last)?;
                tx.put_setting("plain", "gr\u{fc}n\n".as_bytes())?;
                tx.put_setting("bytes", &[0xff, 0])
            })
            .unwrap();
        close(store);
        folder.file("things_id/thing0/a.png", &vec![7; 250_000]);
        folder.file("things_id/thing0/thumbs_a.png/10x10_a.png", b"small");
        folder.file("things_id/thing1/empty.txt", b"");
        folder
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn open(&self) -> Store {
        Store::open(&self.data(), StoreOptions::default()).unwrap()
    }

    /// Puts a file below `storage/`.
    pub(crate) fn file(&self, below: &str, content: &[u8]) {
        let path = self.data().join("storage").join(below);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    /// Everything as a dump.
    pub(crate) fn export(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        dump::export_stream(&self.data(), &mut bytes, &mut ()).unwrap();
        bytes
    }

    /// Fills this folder from a dump.
    pub(crate) fn import(&self, bytes: &[u8]) -> Result<Summary, DumpError> {
        let source = self.path("dump");
        fs::write(&source, bytes).unwrap();
        import(&source, &self.data(), false)
    }
}

pub(crate) fn import(source: &Path, data: &Path, dry_run: bool) -> Result<Summary, DumpError> {
    let options = ImportOptions { source: source.to_owned(), data: data.to_owned(), dry_run };
    dump::import(&options, &mut ())
}

pub(crate) fn close(store: Store) {
    store.close().unwrap();
    drop(store);
}

/// A collection with fields of all kinds, indexes of all sorts, and slots that do not begin at 0.
pub(crate) fn things() -> Collection {
    let kinds = [
        ("text", json!({})),
        ("text", json!({"name": "text"})),
        ("number", json!({})),
        ("bool", json!({})),
        ("email", json!({})),
        ("url", json!({})),
        ("editor", json!({})),
        ("date", json!({})),
        ("autodate", json!({"onCreate": true})),
        ("select", json!({"values": ["a", "b"], "maxSelect": 2})),
        ("file", json!({"maxSelect": 5})),
        ("relation", json!({"collectionId": "users_id", "maxSelect": 3})),
        ("json", json!({})),
        ("geoPoint", json!({})),
    ];
    let field = |(at, (kind, options)): (usize, &(&str, serde_json::Value))| {
        let name = if at == 0 { "id" } else { kind };
        let mut field = json!({"id": format!("f{at}"), "name": name, "type": kind});
        for (key, value) in options.as_object().unwrap() {
            field[key] = value.clone();
        }
        field
    };
    let fields: Vec<_> = kinds.iter().enumerate().map(field).collect();
    let mut things = stored("things", "base", &json!(fields));
    let texts = [
        "CREATE UNIQUE INDEX `i_text` ON `things` (`text`) WHERE `text` != ''",
        "CREATE INDEX `i_two` ON `things` (`number`, `date`)",
    ];
    for text in texts {
        let number = haversack::schema::IndexNumber(things.next_index + 3);
        let index = haversack::schema::index_from_text(text, &things.fields, number).unwrap();
        things.next_index = number.0 + 1;
        things.indexes.push(index);
    }
    // As if fields had been removed before these.
    let slots: Vec<Slot> = things.fields.iter().map(|f| moved(f.slot)).collect();
    let numbers: Vec<_> = things.indexes.iter().map(|index| index.number).collect();
    things.renumber(&slots, &numbers);
    things.next_slot += 4;
    things
}

fn moved(slot: Slot) -> Slot {
    if slot == Slot::ID { slot } else { Slot(slot.0 + 2) }
}

fn users() -> Collection {
    let fields = json!([
        {"id": "f0", "name": "id", "type": "text"},
        {"id": "f1", "name": "password", "type": "password", "hidden": true},
        {"id": "f2", "name": "tokenKey", "type": "text", "hidden": true},
    ]);
    stored("users", "auth", &fields)
}

fn stored(name: &str, kind: &str, fields: &serde_json::Value) -> Collection {
    let json = json!({
        "id": format!("{name}_id"), "name": name, "type": kind, "system": false, "fields": fields,
        "indexes": [], "listRule": "", "viewRule": null, "createRule": "", "updateRule": null,
        "deleteRule": null,
        "created": "2022-10-10 09:49:46.145Z", "updated": "2022-10-11 09:49:46.145Z",
        "authToken": {"secret": "secret-of-tokens", "duration": 60},
    });
    Collection::from_stored_json(&json).unwrap()
}

fn user() -> RowBuf {
    let mut writer = RowWriter::new(3);
    for (slot, value) in [(0, "user0"), (1, "$argon2id$v=19$hash"), (2, "token-key")] {
        writer.set(Slot(slot), &Value::Text(value.to_owned()));
    }
    writer.finish()
}

/// A record of `things`.
pub(crate) fn thing(number: u32) -> RowBuf {
    let things = things();
    let mut writer = RowWriter::new(things.next_slot);
    // The order of the cells is not that of the fields.
    for field in things.fields.iter().rev() {
        let text = |text: &str| Value::Text(format!("{text}{number}"));
        let value = match &field.kind {
            FieldKind::Text(_) if field.name == "id" => text("thing"),
            FieldKind::Text(_) => text("\"quoted\" <\u{2028}\u{0}\u{1f9f3}> "),
            FieldKind::Number(_) => Value::Number(0.1 + f64::from(number) * 1e-17 - 5e300),
            FieldKind::Bool => Value::Bool(number % 2 == 1),
            FieldKind::Email(_) => text("a@b.co"),
            FieldKind::Url(_) => text("https://a.co/"),
            FieldKind::Editor(_) => Value::Text(format!("<p>{}</p>", "long ".repeat(40))),
            FieldKind::Date(_) | FieldKind::Autodate(_) => {
                Value::Date(Some(Timestamp::from_millis(1_665_395_386_145 + i64::from(number))))
            }
            FieldKind::Select(_) => Value::List(vec!["b".to_owned(), "a".to_owned()]),
            FieldKind::File(_) if number == 0 => Value::List(vec!["a.png".to_owned()]),
            FieldKind::File(_) if number == 1 => Value::List(vec!["empty.txt".to_owned()]),
            FieldKind::File(_) | FieldKind::Password(_) => continue,
            FieldKind::Relation(_) => Value::List(vec!["user0".to_owned(), "gone".to_owned()]),
            FieldKind::Json(_) => {
                Value::Json(JsonText::trusted(r#"{"b":1.0,"a":[1e2,"\u00e9"],"b":[]}"#))
            }
            FieldKind::GeoPoint => Value::Geo(GeoPoint { lon: -0.1, lat: 89.999 }),
        };
        writer.set(field.slot, &value);
    }
    writer.finish()
}

/// Adds a record that has the same text as no other.
pub(crate) fn add(store: &Store, id: &str) -> u64 {
    let things: Arc<Collection> =
        Arc::clone(haversack::query::Rows::catalog(&*store.snapshot()).by_name("things").unwrap());
    let mut writer = RowWriter::new(things.next_slot);
    writer.set(Slot::ID, &Value::Text(id.to_owned()));
    let row = writer.finish();
    store.write::<_, WriteError>(move |tx| Ok(tx.insert(&things, &row)?.0)).unwrap()
}

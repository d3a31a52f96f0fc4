//! Any moment of a chain is what it was.

use std::collections::BTreeSet;
use std::io::Write;
use std::path::Path;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::archive::Ground;
use super::*;
use crate::dump;
use crate::files::{Location, Storage};
use crate::model::{RowBuf, RowId, RowWriter, Slot, Timestamp, Value};
use crate::schema::Collection;
use crate::store::{Durability, Store, StoreError, StoreOptions, Tx, WriteError};

#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

const TITLE: Slot = Slot(1);
const TAGS: Slot = Slot(2);
const PAPER: Slot = Slot(3);

/// A collection with a title, tags (one or several) and a file.
fn collection(number: usize, several: bool, is_unique: bool) -> Collection {
    let mut indexes =
        vec![format!("CREATE INDEX `i{number}_tags` ON `c{number}` (`tags`, `title`)")];
    if is_unique {
        let unique = "(`title`) WHERE `title` != ''";
        indexes.push(format!("CREATE UNIQUE INDEX `i{number}_title` ON `c{number}` {unique}"));
    }
    let field =
        |name: &str, kind: &str| json!({ "id": format!("f_{name}"), "name": name, "type": kind });
    let mut tags = field("tags", "select");
    tags["values"] = json!(["a", "b", "c"]);
    tags["maxSelect"] = if several { 3 } else { 1 }.into();
    let mut id = field("id", "text");
    id["primaryKey"] = true.into();
    let json = json!({
        "id": format!("c{number}_id"), "name": format!("c{number}"), "type": "base",
        "fields": [id, field("title", "text"), tags, field("paper", "file")],
        "indexes": indexes,
        "created": "2022-10-10 09:49:46.145Z", "updated": "2022-10-10 09:49:46.145Z",
    });
    Collection::from_stored_json(&json).expect("a good definition")
}

/// What there was at a moment.
struct Moments {
    at: Timestamp,
    change: u64,
    dump: Vec<u8>,
    files: BTreeSet<String>,
}

struct World {
    data: tempfile::TempDir,
    store: Store,
    storage: Storage,
    random: StdRng,
    counter: u32,
    /// Whether there is a collection of that number, with what options.
    definitions: [Option<(bool, bool)>; 3],
    moments: Vec<Moments>,
}

impl World {
    fn new(seed: u64, durability: Durability) -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let options = StoreOptions { durability, ..StoreOptions::default() };
        let store = Store::open(data.path(), options).expect("a store");
        let storage = Storage::new(data.path());
        let random = StdRng::seed_from_u64(seed);
        let (definitions, moments) = ([None; 3], Vec::new());
        Self { data, store, storage, random, counter: 0, definitions, moments }
    }

    fn record(&self) {
        self.write(|tx| tx.set_recording(true));
        self.storage.keep_removed(true).expect("kept");
    }

    fn write(&self, mut job: impl FnMut(&mut Tx<'_>) -> Result<(), WriteError> + Send + 'static) {
        let done = self.store.write::<_, JobError>(move |tx| Ok(job(tx)?));
        done.expect("a good write");
    }

    fn pick(&mut self, below: usize) -> usize {
        self.random.random_range(0..below)
    }

    fn step(&mut self) {
        let number = self.pick(3);
        let Some((several, is_unique)) = self.definitions[number] else {
            let (several, is_unique) = (self.random.random(), self.random.random());
            self.definitions[number] = Some((several, is_unique));
            let made = collection(number, several, is_unique);
            return self.write(move |tx| tx.create_collection(made.clone()).map(drop));
        };
        let current = collection(number, several, is_unique);
        match self.pick(20) {
            0 => {
                self.definitions[number] = None;
                let id = current.id.clone();
                for (_, row) in self.rows(&current) {
                    self.remove_file(&current, &row);
                }
                self.write(move |tx| tx.delete_collection(&id));
            }
            1 | 2 => {
                let (several, is_unique) = (self.random.random(), self.random.random());
                self.definitions[number] = Some((several, is_unique));
                let new = collection(number, several, is_unique);
                self.write(move |tx| tx.update_collection(new.clone()).map(drop));
            }
            3 | 4 => {
                let (key, value) = (format!("k{}", self.pick(4)), vec![self.pick(200) as u8; 9]);
                self.write(move |tx| tx.put_setting(&key, &value));
            }
            5 => {
                let key = format!("k{}", self.pick(4));
                self.write(move |tx| tx.delete_setting(&key).map(drop));
            }
            6..=12 => {
                let rows: Vec<RowBuf> =
                    (0..=self.pick(4)).map(|_| self.row(&current, several, None)).collect();
                self.write(move |tx| {
                    rows.iter().try_for_each(|row| tx.insert(&current, row).map(drop))
                });
            }
            chosen => {
                let rows = self.rows(&current);
                if rows.is_empty() {
                    return;
                }
                let at = self.pick(rows.len());
                let (rowid, old) = rows[at].clone();
                if chosen < 17 {
                    let id = old.as_row().id().to_owned();
                    let new = self.row(&current, several, Some(&id));
                    self.remove_file(&current, &old);
                    self.write(move |tx| tx.update(&current, rowid, &old, &new));
                } else {
                    self.remove_file(&current, &old);
                    self.write(move |tx| tx.delete(&current, rowid, &old));
                }
            }
        }
    }

    fn row(&mut self, of: &Collection, several: bool, id: Option<&str>) -> RowBuf {
        self.counter += 1;
        let id = id.map_or_else(|| format!("r{}", self.counter), str::to_owned);
        let mut writer = RowWriter::new(of.next_slot);
        writer.set(Slot::ID, &Value::Text(id.clone()));
        writer.set(TITLE, &Value::Text(format!("t{}", self.counter)));
        let tags: Vec<String> =
            ["a", "b", "c"][..self.pick(4)].iter().map(|&tag| tag.to_owned()).collect();
        writer.set(TAGS, &if several { Value::List(tags) } else { Value::Text(tags.concat()) });
        if self.pick(2) == 0 {
            let name = format!("p{}.txt", self.counter);
            let location = Location::new(of.id.as_str(), &id, &name).expect("plain names");
            let (scratch, mut file) = self.storage.scratch().expect("a file");
            file.write_all(name.repeat(30).as_bytes()).expect("written");
            self.storage.place(&scratch, &location).expect("placed");
            writer.set(PAPER, &Value::Text(name));
        }
        writer.finish()
    }

    fn remove_file(&self, of: &Collection, row: &RowBuf) {
        let row = row.as_row();
        if let Value::Text(name) = row.value(PAPER, Value::Text(String::new()))
            && let Some(location) = Location::new(of.id.as_str(), row.id(), &name)
        {
            self.storage.remove(&location).expect("removed");
        }
    }

    fn rows(&self, of: &Collection) -> Vec<(RowId, RowBuf)> {
        self.store.snapshot().rows_after(of, None).expect("rows")
    }

    /// Does some things and remembers each moment.
    fn live(&mut self, steps: usize) {
        for _ in 0..steps {
            self.step();
            let at = Timestamp::now();
            let (dump, files) = state(&self.store, self.data.path());
            let change = self.store.snapshot().last_change();
            self.moments.push(Moments { at, change, dump, files });
            while Timestamp::now() <= at {
                std::thread::sleep(std::time::Duration::from_micros(200));
            }
        }
    }

    fn shelf(&self) -> Shelf {
        Shelf::of(self.data.path())
    }

    fn back_up(&self, key: &str, base: Option<&str>) -> Result<(), BackupError> {
        let (at, shelf) = (Timestamp::now(), self.shelf());
        let ground = base.map(|base| {
            let links = chain(base, &mut |key| shelf.about(key))?;
            let mut files = std::collections::HashMap::new();
            for link in &links {
                files.extend(shelf.files(&link.key)?);
            }
            Ground::new(&links, files)
        });
        let ground = ground.transpose()?;
        let snapshot = self.store.snapshot();
        let made = archive::write(&snapshot, at, self.data.path(), None, ground, &|| false)?;
        shelf.put(key, made.path()).map_err(BackupError::io(made.path()))
    }

    /// What comes of a backup at a moment.
    fn restored(
        &self,
        key: &str,
        until: Moment,
    ) -> Result<(Vec<u8>, BTreeSet<String>), BackupError> {
        let chain = self.shelf().chain(key, until, Path::new(""))?;
        let place = tempfile::tempdir().expect("a folder");
        let folder = place.path().join("data");
        unpack(&chain, &folder, until)?;
        let store = Store::open(&folder, StoreOptions::default())?;
        let found = state(&store, &folder);
        let strays = {
            let mut all = BTreeSet::new();
            dump::walk(&folder.join(STORAGE), &mut |below| {
                all.insert(below.to_owned());
                Ok(())
            })?;
            all
        };
        assert_eq!(strays, found.1, "files that nobody names");
        Ok(found)
    }
}

/// Everything but the files, and the paths of those that are named.
fn state(store: &Store, data: &Path) -> (Vec<u8>, BTreeSet<String>) {
    let (mut text, mut files) = (Vec::new(), BTreeSet::new());
    dump::export_data(&store.snapshot(), &mut text, &|| false).expect("a dump");
    dump::named_files(&store.snapshot(), data, &mut |below| {
        files.insert(below.to_owned());
        Ok(())
    })
    .expect("files");
    (text, files)
}

#[track_caller]
fn expect(world: &World, key: &str, until: Moment, expected: &Moments) {
    let (text, files) = world.restored(key, until).expect("a good chain");
    let show = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        text == expected.dump,
        "{key} {until:?}\n{}\n-- instead of\n{}",
        show(&text),
        show(&expected.dump)
    );
    assert_eq!(files, expected.files, "{key} {until:?}");
}

#[test]
fn every_backup_and_every_moment_between_can_be_had_again() {
    for seed in 0..2 {
        let mut world = World::new(seed, Durability::Relaxed);
        world.live(12);
        world.record();
        world.live(6);
        let names = ["full.zip", "one.zip", "two.zip", "three.zip"];
        world.back_up(names[0], None).expect("a full backup");
        let mut ends = vec![world.moments.len() - 1];
        for pair in names.windows(2) {
            world.live(15);
            world.back_up(pair[1], Some(pair[0])).expect("an increment");
            ends.push(world.moments.len() - 1);
        }
        world.live(3);
        for (key, end) in names.iter().zip(&ends) {
            expect(&world, key, Moment::End, &world.moments[*end]);
        }
        let last = *ends.last().expect("ends");
        for at in (ends[0]..=last).step_by(9) {
            let key = names[ends.iter().position(|end| *end >= at).expect("an end")];
            let moment = &world.moments[at];
            expect(&world, key, Moment::Time(moment.at), moment);
            if at % 2 == 0 {
                continue;
            }
            expect(&world, names[3], Moment::Time(moment.at), moment);
            if world.moments[at + 1].change != moment.change {
                expect(&world, names[3], Moment::Change(moment.change), moment);
            }
        }
        let early = Moment::Time(world.moments[ends[0] - 2].at);
        for outside in [early, Moment::Time(world.moments[last + 2].at), Moment::Change(1 << 40)] {
            let error = world.restored(names[3], outside).expect_err("no such moment");
            assert!(matches!(error, BackupError::NotThen(_)), "{outside:?}: {error}");
        }
    }
}

#[test]
fn a_chain_with_a_link_that_is_missing_or_bent_is_refused() {
    let mut world = World::new(9, Durability::Relaxed);
    world.live(5);
    world.back_up("early.zip", None).expect("a backup");
    world.record();
    world.live(20);
    let error = world.back_up("x.zip", Some("early.zip")).expect_err("nothing was recorded");
    assert!(matches!(error, BackupError::NoBase(_)), "{error}");
    world.back_up("full.zip", None).expect("a full backup");
    world.live(20);
    world.back_up("one.zip", Some("full.zip")).expect("an increment");
    world.live(20);
    world.back_up("two.zip", Some("one.zip")).expect("an increment");
    world.back_up("none.zip", Some("two.zip")).expect("an increment of nothing");
    let place = world.data.path().join("backups");
    let refused = |key: &str| {
        let error = world.restored(key, Moment::End).expect_err(key);
        let is_fit = matches!(
            error,
            BackupError::Chain(_)
                | BackupError::Damaged(_)
                | BackupError::NotABackup(_)
                | BackupError::Dump(_)
                | BackupError::Store(_)
        );
        assert!(is_fit, "{key}: {error:?}");
    };
    world.restored("none.zip", Moment::End).expect("a good chain");
    for link in ["full.zip", "one.zip"] {
        let path = place.join(link);
        let good = std::fs::read(&path).expect("an archive");
        std::fs::rename(&path, place.join("away")).expect("moved");
        refused("two.zip");
        let other = if link == "one.zip" { "full.zip" } else { "early.zip" };
        std::fs::copy(place.join(other), &path).expect("copied");
        refused("two.zip");
        for at in (0..good.len()).step_by(good.len() / 4) {
            let mut bent = good.clone();
            bent[at] ^= 0x10;
            std::fs::write(&path, bent).expect("written");
            // Some bytes of a zip file say nothing, and then it is the same as before.
            if let Err(error) = world.restored("two.zip", Moment::End) {
                assert!(!matches!(error, BackupError::Io { .. }), "{at}: {error:?}");
            }
        }
        std::fs::write(&path, good).expect("written");
    }
    // An archive with other content under the same manifest.
    let swapped = rewritten(&place.join("one.zip"), CHANGES_ENTRY, |bytes| {
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
    });
    let good = std::fs::read(place.join("one.zip")).expect("an archive");
    std::fs::write(place.join("one.zip"), swapped).expect("written");
    refused("two.zip");
    std::fs::write(place.join("one.zip"), good).expect("written");
    world.restored("two.zip", Moment::End).expect("a good chain");
    // What is not recorded any more cannot be followed, not even once it is recorded again.
    world.write(|tx| tx.set_recording(false));
    world.record();
    world.live(2);
    let error = world.back_up("y.zip", Some("two.zip"));
    assert!(error.is_err());
}

/// The archive with one of its entries changed.
fn rewritten(path: &Path, entry: &str, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut old = zip::ZipArchive::new(std::fs::File::open(path).expect("a file")).expect("a zip");
    let mut new = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for number in 0..old.len() {
        let mut part = old.by_index(number).expect("an entry");
        let name = part.name().expect("a name").into_owned();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut part, &mut bytes).expect("its content");
        if name == entry {
            change(&mut bytes);
        }
        new.start_file(name, zip::write::SimpleFileOptions::default()).expect("an entry");
        new.write_all(&bytes).expect("its content");
    }
    new.finish().expect("a zip").into_inner()
}

#[test]
fn a_history_that_was_pruned_asks_for_a_full_backup() {
    let data = tempfile::tempdir().expect("a folder");
    let options = StoreOptions { change_count_max: 5, ..StoreOptions::default() };
    let mut world = World {
        store: Store::open(data.path(), options).expect("a store"),
        storage: Storage::new(data.path()),
        data,
        ..World::new(1, Durability::Relaxed)
    };
    world.record();
    world.live(1);
    world.back_up("full.zip", None).expect("a full backup");
    world.live(3);
    world.back_up("one.zip", Some("full.zip")).expect("it still reaches");
    world.live(30);
    let error = world.back_up("two.zip", Some("one.zip")).expect_err("too long ago");
    assert!(error.to_string().contains("make a full backup"), "{error}");
}

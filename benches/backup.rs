//! What a backup does to writes meanwhile: `cargo bench --bench backup`.
//!
//! A store of `BACKUP_GB` gigabytes (1) gets `BACKUP_RATE` writes a second (200), whether or not the ones
//! before are done, first for `BACKUP_SECONDS` (20) alone, then while a full backup is made, then while
//! an increment is. Latencies count from the moment at which a write was due. Then the chain is restored
//! into another folder, checked, and its export compared with that of the state that was backed up.

#![expect(clippy::print_stdout, reason = "the report is what this program is for")]

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use haversack::backup::archive::{self, Ground};
use haversack::backup::{Moment, Shelf, chain, replace};
use haversack::dump;
use haversack::model::{RowBuf, RowWriter, Slot, Timestamp, Value};
use haversack::schema::Collection;
use haversack::store::{Keys, Snapshot, Store, StoreError, StoreOptions, Tx, WriteError};
use serde_json::json;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Bytes of text in a row.
const ROW_BYTES: usize = 1000;
/// Rows in one transaction while the store is filled.
const FILL: u64 = 5000;

#[derive(Debug, thiserror::Error)]
enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Write(#[from] WriteError),
}

fn from_env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn main() -> Outcome<()> {
    let place = tempfile::tempdir_in(
        std::env::var_os("BACKUP_DIR").map_or_else(std::env::temp_dir, PathBuf::from),
    )?;
    let data = place.path().join("data");
    let store = Store::open(&data, StoreOptions::default())?;
    let posts = posts()?;
    {
        let posts = posts.clone();
        store.write::<_, JobError>(move |tx| {
            tx.create_collection(posts.clone())?;
            Ok(tx.set_recording(true)?)
        })?;
    }
    let rows = from_env("BACKUP_GB", 1) * 1_000_000_000 / ROW_BYTES as u64;
    let began = Instant::now();
    for from in (0..rows).step_by(usize::try_from(FILL)?) {
        let posts = posts.clone();
        store.write::<_, JobError>(move |tx: &mut Tx<'_>| {
            for number in from..(from + FILL).min(rows) {
                tx.insert_unlogged(&posts, &row(number))?;
            }
            Ok(())
        })?;
    }
    let bytes = std::fs::metadata(data.join("data.redb"))?.len();
    println!("{rows} rows, {bytes} bytes, filled in {:.0?}", began.elapsed());

    let load = Load { store: &store, posts: &posts, rate: from_env("BACKUP_RATE", 200) };
    let alone = Duration::from_secs(from_env("BACKUP_SECONDS", 20));
    let mut next = rows;
    load.run("warm", &mut next, |over| {
        std::thread::sleep(alone / 4);
        over();
    })?;
    let (before, ()) = load.run("alone", &mut next, |over| {
        std::thread::sleep(alone);
        over();
    })?;
    let (during, full) = load.run("full backup", &mut next, |over| {
        let made = back_up(&store.snapshot(), &data, "full.zip", None);
        over();
        made
    })?;
    full?;
    let (after, made) = load.run("increment", &mut next, |over| {
        let snapshot = store.snapshot();
        let made = back_up(&snapshot, &data, "one.zip", Some("full.zip")).map(|()| snapshot);
        over();
        made
    })?;
    println!(
        "p99 is {:.2} times that of writes alone during a full backup, {:.2} times during an increment",
        during.as_secs_f64() / before.as_secs_f64(),
        after.as_secs_f64() / before.as_secs_f64(),
    );
    let snapshot = made?;
    let began = Instant::now();
    let restored = place.path().join("restored");
    let archives = Shelf::of(&data).chain("one.zip", Moment::End, Path::new(""))?;
    replace::restore_folder(&restored, &archives, Moment::End, &Keys::default())?;
    println!("restored in {:.0?}", began.elapsed());
    let began = Instant::now();
    let report = dump::check(&restored, &mut ())?;
    assert_eq!(report.damage(), 0, "{report}");
    println!("checked in {:.0?}", began.elapsed());
    let again = Store::open(&restored, StoreOptions::default())?;
    assert_eq!(digest(&snapshot)?, digest(&again.snapshot())?, "the exports differ");
    println!("the exports are the same");
    again.close()?;
    Ok(store.close()?)
}

fn posts() -> Outcome<Collection> {
    let fields = json!([
        { "id": "f_id", "name": "id", "type": "text", "primaryKey": true },
        { "id": "f_text", "name": "text", "type": "text" },
        { "id": "f_number", "name": "number", "type": "number" },
    ]);
    let json = json!({
        "id": "posts_id", "name": "posts", "type": "base", "fields": fields,
        "indexes": ["CREATE INDEX `i` ON `posts` (`number`)"],
        "created": "2022-10-10 09:49:46.145Z", "updated": "2022-10-10 09:49:46.145Z",
    });
    Ok(Collection::from_stored_json(&json).map_err(|error| format!("{error:?}"))?)
}

/// A row that compresses about as text does.
fn row(number: u64) -> RowBuf {
    const WORDS: [&str; 8] =
        ["lorem ", "ipsum ", "dolor ", "sit ", "amet ", "tempor ", "magna ", "ut "];
    let mut state = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut text = String::with_capacity(ROW_BYTES + 20);
    while text.len() < ROW_BYTES {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 61) as usize]);
        let _ = write!(text, "{:x} ", state >> 48);
    }
    let mut writer = RowWriter::new(3);
    writer.set(Slot::ID, &Value::Text(format!("r{number:014}")));
    writer.set(Slot(1), &Value::Text(text));
    writer.set(Slot(2), &Value::Number((state >> 40) as f64));
    writer.finish()
}

fn back_up(snapshot: &Snapshot, data: &Path, key: &str, base: Option<&str>) -> Result<(), String> {
    let shelf = Shelf::of(data);
    let began = Instant::now();
    let ground = base.map(|base| {
        let links = chain(base, &mut |key| shelf.about(key))?;
        Ground::new(&links, HashMap::new())
    });
    let ground = ground.transpose().map_err(|error| error.to_string())?;
    let made = archive::write(snapshot, Timestamp::now(), data, None, ground, &|| false)
        .map_err(|error| error.to_string())?;
    shelf.put(key, made.path()).map_err(|error| error.to_string())?;
    println!("{key}: {} in {:.1?}", made.summary, began.elapsed());
    Ok(())
}

struct Load<'a> {
    store: &'a Store,
    posts: &'a Collection,
    /// Writes a second.
    rate: u64,
}

impl Load<'_> {
    /// Writes until `work` says that it is over; returns the 99th percentile, and what `work` says.
    fn run<T: Send>(
        &self,
        name: &str,
        next: &mut u64,
        work: impl FnOnce(&dyn Fn()) -> T + Send,
    ) -> Outcome<(Duration, T)> {
        let over = AtomicBool::new(false);
        let (told, latencies) = channel();
        let (sent, result) = std::thread::scope(|scope| {
            let working = scope.spawn(|| work(&|| over.store(true, Ordering::SeqCst)));
            let began = Instant::now();
            let mut sent = 0;
            while !over.load(Ordering::SeqCst) {
                let due = began + Duration::from_nanos(1_000_000_000 / self.rate * sent);
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                let (posts, number, told) = (self.posts.clone(), *next + sent, told.clone());
                self.store.submit::<_, JobError>(
                    move |tx| Ok(tx.insert(&posts, &row(number)).map(drop)?),
                    move |done| drop(told.send(done.map(|()| due.elapsed()))),
                );
                sent += 1;
            }
            (sent, working.join().expect("work that does not panic"))
        });
        *next += sent;
        let mut all = Vec::new();
        for _ in 0..sent {
            all.push(latencies.recv()??);
        }
        all.sort_unstable();
        let at = |share: f64| all[((all.len() - 1) as f64 * share) as usize];
        let (p50, p99, max) = (at(0.5), at(0.99), at(1.0));
        println!("{name}: {sent} writes, p50 {p50:.1?}, p99 {p99:.1?}, slowest {max:.1?}");
        Ok((p99, result))
    }
}

/// The SHA-256 of an export.
fn digest(snapshot: &Snapshot) -> Outcome<Vec<u8>> {
    struct Sink(ring::digest::Context);
    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.update(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut sink = Sink(ring::digest::Context::new(&ring::digest::SHA256));
    dump::export_data(snapshot, &mut sink, &|| false)?;
    Ok(sink.0.finish().as_ref().to_vec())
}

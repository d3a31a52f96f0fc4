//! `kill -9` at random moments under load, over and over on one data folder.
//!
//! Several clients create, update and delete, singly, in batches and with files, and note what they
//! were answered. What was under way when the server died may have happened or not, but as a whole;
//! everything else must be as it was answered, and the folder must agree with itself.
//!
//! `HAVERSACK_TORTURE_ROUNDS` is how often; a few times unless it says otherwise.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

use crate::harness::{Client, Server, records};

const CLIENTS: usize = 6;
const ROUNDS: usize = 5;
const BOUNDARY: &str = "torture-boundary";

/// Numbers that look random and can be had again.
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// The titles of records by id.
type Titles = BTreeMap<String, String>;
/// What an operation makes of records; `None` = gone.
type Effects = Vec<(String, Option<String>)>;

/// One client: the records that are its own, and the operation that was never answered.
#[derive(Default)]
struct Ledger {
    titles: Titles,
    in_doubt: Option<Effects>,
    acknowledged: u64,
    made: u64,
}

impl Ledger {
    fn apply(&mut self, effects: Effects) {
        for (id, title) in effects {
            match title {
                Some(title) => self.titles.insert(id, title),
                None => self.titles.remove(&id),
            };
        }
    }

    /// Works until an answer does not come.
    fn work(&mut self, number: usize, guest: &Client, dice: &mut Dice) {
        loop {
            let (effects, answered) = self.step(number, guest, dice);
            let Some(status) = answered else {
                self.in_doubt = Some(effects);
                return;
            };
            assert!(matches!(status, 200 | 204), "client {number}: {status} for {effects:?}");
            self.acknowledged += 1;
            self.apply(effects);
        }
    }

    fn step(&mut self, number: usize, guest: &Client, dice: &mut Dice) -> (Effects, Option<u16>) {
        let some = self.titles.keys().nth(dice.roll(self.titles.len().max(1) as u64) as usize);
        let some = some.cloned();
        let title = format!("{number} {:016x}", dice.roll(u64::MAX));
        match (dice.roll(10), some) {
            (0..=2, Some(id)) => {
                let path = format!("{}/{id}", records("notes"));
                let body = json!({ "title": title });
                let status = guest.attempt("PATCH", &path, "application/json", &bytes(&body));
                (vec![(id, Some(title))], status)
            }
            (3..=4, Some(id)) => {
                let path = format!("{}/{id}", records("notes"));
                (vec![(id, None)], guest.attempt("DELETE", &path, "application/json", b""))
            }
            (5, Some(id)) => {
                let new = self.new_id(number);
                let path = format!("{}/{id}", records("notes"));
                let steps = json!({ "requests": [
                    { "method": "POST", "url": records("notes"),
                      "body": { "id": new, "title": title } },
                    { "method": "DELETE", "url": path },
                ] });
                let status =
                    guest.attempt("POST", "/api/batch", "application/json", &bytes(&steps));
                (vec![(new, Some(title)), (id, None)], status)
            }
            (6, _) => {
                let id = self.new_id(number);
                let form = form(&id, &title);
                let media_type = format!("multipart/form-data; boundary={BOUNDARY}");
                let status = guest.attempt("POST", &records("notes"), &media_type, &form);
                (vec![(id, Some(title))], status)
            }
            _ => {
                let id = self.new_id(number);
                let body = json!({ "id": id, "title": title });
                let path = records("notes");
                let status = guest.attempt("POST", &path, "application/json", &bytes(&body));
                (vec![(id, Some(title))], status)
            }
        }
    }

    fn new_id(&mut self, number: usize) -> String {
        self.made += 1;
        format!("c{number}r{:012}", self.made)
    }

    /// Settles what was in doubt by what there is; true when it had happened.
    fn settle(&mut self, found: &Titles) -> bool {
        let Some(effects) = self.in_doubt.take() else { return false };
        let happened = |(id, title): &(String, Option<String>)| found.get(id) == title.as_ref();
        let had_not = |(id, _): &(String, Option<String>)| found.get(id) == self.titles.get(id);
        if effects.iter().all(happened) {
            self.apply(effects);
            return true;
        }
        assert!(effects.iter().all(had_not), "half of it happened: {effects:?}");
        false
    }
}

fn bytes(json: &Json) -> Vec<u8> {
    json.to_string().into_bytes()
}

fn form(id: &str, title: &str) -> Vec<u8> {
    let part = |name: &str, file: &str, value: &str| {
        let head = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"{file}");
        format!("{head}\r\n\r\n{value}\r\n")
    };
    let file = part("paper", "; filename=\"paper.txt\"", &title.repeat(50));
    let whole = part("id", "", id) + &part("title", "", title) + &file;
    format!("{whole}--{BOUNDARY}--\r\n").into_bytes()
}

/// All records, in pages.
fn all(guest: &Client) -> Titles {
    let mut found = Titles::new();
    for page in 1.. {
        let query = format!("?perPage=1000&skipTotal=1&page={page}&fields=id,title");
        let list = guest.get(&(records("notes") + &query)).expect(200);
        let items = list["items"].as_array().expect("a list");
        for item in items {
            let text = |name: &str| item[name].as_str().expect("a text").to_owned();
            found.insert(text("id"), text("title"));
        }
        if items.len() < 1000 {
            break;
        }
    }
    found
}

/// Starts the program on a folder and kills it again, with luck in the middle of its repairs.
fn kill_while_it_starts(folder: &std::path::Path, after: Duration) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_haversack"))
        .args(["serve", "--http", "127.0.0.1:0"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(after);
    child.kill().expect("it is ours");
    child.wait().expect("it ends");
}

fn set_up() -> Server {
    let server = Server::start();
    let root = server.superuser();
    root.patch("/api/settings", &json!({ "batch": { "enabled": true } })).expect(200);
    let definition = json!({
        "name": "notes",
        "createRule": "", "viewRule": "", "listRule": "", "updateRule": "", "deleteRule": "",
        "fields": [
            { "name": "title", "type": "text" },
            { "name": "paper", "type": "file" },
            { "name": "created", "type": "autodate", "onCreate": true },
        ],
        "indexes": [
            "CREATE UNIQUE INDEX idx_title ON notes (title)",
            "CREATE INDEX idx_created ON notes (created, title)",
        ],
    });
    root.post("/api/collections", &definition).expect(200);
    server
}

#[test]
fn killed_again_and_again_it_keeps_what_it_answered() {
    let asked = std::env::var("HAVERSACK_TORTURE_ROUNDS").ok();
    let rounds = asked.map_or(ROUNDS, |text| text.parse().expect("a number of rounds"));
    let seed = rand::random::<u64>();
    eprintln!("{rounds} rounds with the seed {seed:#x}");
    let mut dice = Dice(seed);
    let mut server = set_up();
    let mut ledgers: Vec<Ledger> = (0..CLIENTS).map(|_| Ledger::default()).collect();
    let (mut happened, mut in_doubt, mut slowest) = (0, 0, Duration::ZERO);
    for round in 0..rounds {
        let pause = Duration::from_millis(50 + dice.roll(600));
        let guest = server.guest();
        let folder = std::thread::scope(|scope| {
            for (number, ledger) in ledgers.iter_mut().enumerate() {
                let (guest, mut dice) = (guest.clone(), Dice(dice.roll(u64::MAX)));
                scope.spawn(move || ledger.work(number, &guest, &mut dice));
            }
            std::thread::sleep(pause);
            server.kill()
        });
        // What was answered survives the end of the process however relaxed the disk is treated.
        let durability = if dice.roll(2) == 0 { "full" } else { "relaxed" };
        let config = format!("[store]\ndurability = \"{durability}\"\n");
        std::fs::write(folder.path().join("config.toml"), config).expect("a file");
        if dice.roll(3) == 0 {
            kill_while_it_starts(folder.path(), Duration::from_millis(dice.roll(120)));
        }
        let began = Instant::now();
        let started = Server::start_on(folder);
        slowest = slowest.max(began.elapsed());
        let found = all(&started.guest());
        let mut expected = Titles::new();
        for ledger in &mut ledgers {
            in_doubt += u32::from(ledger.in_doubt.is_some());
            happened += u32::from(ledger.settle(&found));
            expected.extend(ledger.titles.clone());
        }
        let lost = expected.iter().find(|(id, title)| found.get(*id) != Some(title));
        assert_eq!(lost, None, "round {round}: lost, or not as answered");
        let stray = found.keys().find(|id| !expected.contains_key(*id));
        assert_eq!(stray, None, "round {round}: came back, or from nowhere");

        let folder = started.kill();
        let checked = Command::new(env!("CARGO_BIN_EXE_haversack"))
            .arg("check")
            .current_dir(folder.path())
            .output()
            .expect("the program runs");
        let said = String::from_utf8_lossy(&checked.stdout);
        let cause = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "round {round}: {said}{cause}");
        server = Server::start_on(folder);
    }
    let acknowledged: u64 = ledgers.iter().map(|ledger| ledger.acknowledged).sum();
    let left: usize = ledgers.iter().map(|ledger| ledger.titles.len()).sum();
    eprintln!(
        "{acknowledged} writes were answered and are there, {left} records are left; of {in_doubt} \
         writes under way {happened} had happened; the slowest start took {slowest:?}"
    );
    assert!(acknowledged > 10 * rounds as u64, "only {acknowledged} writes");
}

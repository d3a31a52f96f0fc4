//! Layering and order of the source, checked rather than hoped for.
//!
//! The rooms of `src/` and their arrows are data below: changing one is a line that a reviewer sees.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

const LINES_MAX: usize = 600;
const VAGUE_NAMES: &[&str] = &["utils.rs", "util.rs", "helpers.rs", "common.rs", "misc.rs"];

/// Room, and the rooms it may import.
const ROOMS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("config", &[]),
    ("schema", &["model"]),
    ("settings", &["model", "schema"]),
    ("query", &["model", "schema"]),
    ("sql", &["model", "schema", "query"]),
    ("store", &["model", "schema", "query"]),
    ("import", &["model", "schema", "settings", "query", "store"]),
    ("dump", &["model", "schema", "settings", "query", "store", "import"]),
    ("backup", &["model", "schema", "query", "store", "dump", "files"]),
    ("files", &["model"]),
    ("auth", &["model", "config"]),
    ("mail", &["model", "schema"]),
    ("outbound", &[]),
    ("oauth2", &["model", "schema", "outbound"]),
    ("access", &["model", "schema", "query"]),
    ("hooks", &["model", "schema", "access"]),
    ("realtime", &["model", "schema", "query", "access"]),
    (
        "ops",
        &[
            "model", "config", "schema", "settings", "query", "sql", "store", "auth", "access",
            "files", "hooks", "realtime", "mail", "outbound", "oauth2", "backup",
        ],
    ),
    ("script", &["model", "schema", "query", "access", "hooks", "ops", "outbound"]),
    ("jobs", &["model", "config", "ops"]),
    (
        "web",
        &[
            "model", "config", "schema", "settings", "query", "auth", "access", "ops", "files",
            "hooks", "realtime", "oauth2",
        ],
    ),
    (
        "app",
        &[
            "model", "config", "schema", "settings", "query", "store", "auth", "access", "files",
            "hooks", "realtime", "mail", "ops", "jobs", "web", "import", "dump", "outbound",
            "backup", "script",
        ],
    ),
    ("cli", &["app", "config", "import", "dump", "backup"]),
    ("main", &["app", "config", "cli"]),
];

/// A crate, and the rooms that may name it.
const CRATES: &[(&str, &[&str])] = &[
    ("redb", &["store"]),
    ("rusqlite", &["import", "sql"]),
    ("hyper", &["web"]),
    ("hyper_util", &["web"]),
    ("argon2", &["auth"]),
    ("rustix", &["auth", "backup"]),
    ("lettre", &["mail"]),
    ("notify", &["jobs"]),
    ("clap", &["cli"]),
    ("image", &["files"]),
    ("infer", &["files"]),
    ("object_store", &["files"]),
    ("totp_rs", &["auth"]),
    ("webauthn_rs", &["auth"]),
    ("multer", &["web"]),
    ("reqwest", &["outbound"]),
    ("zip", &["backup"]),
    ("csv", &["ops"]),
    ("rquickjs", &["script"]),
    ("swc_ts_fast_strip", &["script"]),
    ("swc_common", &["script"]),
    ("swc_ecma_ast", &["script"]),
    ("swc_ecma_parser", &["script"]),
    ("scoped_tls_hkt", &["script"]),
    ("rust_embed", &["web"]),
    ("rustls", &["files", "mail", "web", "outbound"]),
    ("tokio_rustls", &["web"]),
    ("instant_acme", &["web"]),
    ("rcgen", &["web"]),
];

#[test]
fn rooms_import_only_what_their_row_allows() {
    assert_none(sources().iter().flat_map(|(path, text)| layering_faults(path, text)));
}

#[test]
fn no_file_is_longer_than_a_sitting() {
    assert_none(sources().iter().filter_map(|(path, text)| length_fault(path, text)));
}

#[test]
fn every_file_is_named_after_what_it_holds() {
    assert_none(sources().iter().filter_map(|(path, _)| name_fault(path)));
}

#[test]
fn every_room_says_what_it_owns_and_where_to_start() {
    assert_none(rooms_on_disk().iter().filter_map(|room| {
        let header = fs::read_to_string(source_root().join(room).join("mod.rs"));
        header_fault(room, header.ok().as_deref())
    }));
}

#[test]
fn a_planted_violation_is_found() {
    let faults = |path: &str, text: &str| layering_faults(Path::new(path), text).len();

    assert_eq!(faults("query/plan.rs", "use crate::model::Value;\nuse crate::schema::Field;"), 0);
    assert_eq!(faults("query/plan.rs", "use crate::store::Store;"), 1);
    assert_eq!(faults("query/plan.rs", "fn f() { crate::store::open() }"), 1);
    assert_eq!(
        faults("query/plan.rs", "use crate::{\n    model::Value,\n    store::{Store, web},\n};"),
        1
    );
    assert_eq!(faults("query/plan.rs", "use crate::{store, web as w, model};"), 2);
    assert_eq!(faults("query/plan.rs", "use crate::query::{store, Request};"), 0);
    assert_eq!(faults("query/plan.rs", "use crate::unheard_of::Thing;"), 1);
    assert_eq!(
        faults("query/plan.rs", "// use crate::store::Store;\nlet s = \"crate::store\";"),
        0
    );
    assert_eq!(faults("main.rs", "fn main() { haversack::cli::run() }"), 0);
    assert_eq!(faults("main.rs", "use haversack::store::Store;"), 1);

    assert_eq!(faults("store/engine.rs", "use redb::Database;"), 0);
    assert_eq!(faults("ops/create.rs", "use redb::Database;"), 1);
    assert_eq!(faults("ops/create.rs", "fn f(_: &::redb::Database) {}"), 1);
    assert_eq!(faults("ops/create.rs", "use {hyper as h, std::fs};"), 1);
    assert_eq!(faults("ops/create.rs", "use redb as database;"), 1);
    assert_eq!(faults("ops/create.rs", "fn notify() { self.notify(); hooks::notify::all(); }"), 0);
    assert_eq!(faults("lib.rs", "pub mod store;\npub use app::App;"), 0);

    assert!(length_fault(Path::new("web/server.rs"), &"\n".repeat(LINES_MAX)).is_none());
    assert!(length_fault(Path::new("web/server.rs"), &"\n".repeat(LINES_MAX + 1)).is_some());
    assert!(name_fault(Path::new("web/reply.rs")).is_none());
    assert!(name_fault(Path::new("web/utils.rs")).is_some());
    let header = "//! The web.\n//!\n//! Owns: it.\n//! Start reading at [`serve`].\n\nmod server;";
    assert!(header_fault("web", Some(header)).is_none());
    assert!(header_fault("web", Some(&header.replace("Owns:", "Has"))).is_some());
    assert!(header_fault("web", Some("mod server; // Owns: it. Start reading at x")).is_some());
    assert!(header_fault("web", None).is_some());
}

fn layering_faults(path: &Path, text: &str) -> Vec<String> {
    let room = room_of(path);
    let code = code_only(text);
    let imports = names_under(&code, "crate").chain(names_under(&code, "haversack"));
    let mut faults = Vec::new();
    match ROOMS.iter().find(|(name, _)| *name == room) {
        // lib.rs is the crate page: it declares every room and re-exports.
        None if room == "lib" => {}
        None => faults.push(format!("{}: room {room} has no row in tests/tidy.rs", path.display())),
        Some((_, allowed)) => {
            let mut seen = BTreeSet::new();
            for import in imports.filter(|import| import != room && import.is_ascii()) {
                let is_item = import.starts_with(char::is_uppercase);
                if !is_item && !allowed.contains(&&*import) && seen.insert(import.clone()) {
                    faults.push(format!("{}: {room} may not import {import}", path.display()));
                }
            }
        }
    }
    for (name, owners) in CRATES {
        if !owners.contains(&room) && names_crate(&code, name) {
            let owners = owners.join(" and ");
            faults.push(format!("{}: only {owners} may name {name}", path.display()));
        }
    }
    faults
}

/// The first name of every path below `root::`, looking into groups: `root::{a, b::{c, d}}` is a and b.
fn names_under(code: &str, root: &str) -> impl Iterator<Item = String> {
    let mut names = Vec::new();
    for (rest, before) in after_word(code, root) {
        if before.ends_with("::") || before.ends_with('.') {
            continue;
        }
        let Some(path) = rest.trim_start().strip_prefix("::") else {
            continue;
        };
        names.extend(match path.trim_start().strip_prefix('{') {
            Some(group) => group_heads(group),
            None => vec![head(path)],
        });
    }
    names.into_iter()
}

/// Whether the code names a crate: at the start of a path, or by itself in a `use`.
fn names_crate(code: &str, name: &str) -> bool {
    let starts_path = after_word(code, name).any(|(rest, before)| {
        let before = before.trim_end();
        let inside = before.strip_suffix("::").map(str::trim_end);
        let is_root = match inside {
            Some(outer) => !outer.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '>'),
            None => !before.ends_with('.'),
        };
        is_root && rest.trim_start().starts_with("::")
    });
    let is_used = after_word(code, "use").any(|(rest, _)| {
        let tree = rest.trim_start();
        match tree.strip_prefix('{') {
            Some(group) => group_heads(group).iter().any(|each| each == name),
            None => head(tree) == name,
        }
    });
    starts_path || is_used
}

/// The first names of a group's members, given what follows its opening brace.
fn group_heads(group: &str) -> Vec<String> {
    let mut depth = 0;
    let mut members = vec![String::new()];
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => members.push(String::new()),
            _ if depth == 0 => members.last_mut().expect("starts with one").push(c),
            _ => {}
        }
    }
    members.iter().map(|member| head(member)).filter(|name| !name.is_empty()).collect()
}

fn head(path: &str) -> String {
    path.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What follows, and what precedes, every place where `word` stands as a whole word.
fn after_word<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word)
        .map(move |(at, _)| (&code[at + word.len()..], &code[..at]))
        .filter(move |(rest, before)| !rest.starts_with(is_part) && !before.ends_with(is_part))
}

/// The text without line comments and without what stands in string literals.
///
/// Quotes are paired line by line, so that an odd one cannot hide the rest of a file.
fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    for line in text.lines() {
        let mut in_string = false;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\\' if in_string => drop(chars.next()),
                '\'' if chars.peek() == Some(&'"') => drop(chars.next()),
                '"' => in_string = !in_string,
                '/' if !in_string && chars.peek() == Some(&'/') => break,
                _ if in_string => {}
                _ => code.push(c),
            }
        }
        code.push('\n');
    }
    code
}

fn length_fault(path: &Path, text: &str) -> Option<String> {
    let lines = text.lines().count();
    (lines > LINES_MAX).then(|| format!("{}: {lines} lines, split it by noun", path.display()))
}

fn name_fault(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    VAGUE_NAMES.contains(&name).then(|| format!("{}: name it after what it holds", path.display()))
}

fn header_fault(room: &str, text: Option<&str>) -> Option<String> {
    let Some(text) = text else {
        return Some(format!("{room}/mod.rs is missing"));
    };
    let header: String = text.lines().take_while(|line| line.starts_with("//!")).collect();
    let missing = ["Owns:", "Start reading at"].into_iter().find(|part| !header.contains(part))?;
    Some(format!("{room}/mod.rs: the header has no {missing:?}"))
}

fn room_of(path: &Path) -> &str {
    let first = path.iter().next().and_then(|part| part.to_str()).unwrap_or_default();
    first.trim_end_matches(".rs")
}

fn source_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Every source file, by its path below `src/`.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![source_root()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("src can be listed") {
            let path = entry.expect("src can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file can be read");
                let below = path.strip_prefix(source_root()).expect("it was found there");
                found.push((below.to_owned(), text));
            }
        }
    }
    assert!(found.len() > 5, "the walk went wrong: {found:?}");
    found
}

fn rooms_on_disk() -> BTreeSet<String> {
    sources()
        .iter()
        .filter(|(path, _)| path.iter().count() > 1)
        .map(|(path, _)| room_of(path).to_owned())
        .collect()
}

fn assert_none(faults: impl Iterator<Item = String>) {
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

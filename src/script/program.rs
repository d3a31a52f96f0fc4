//! What the files of a folder say, and the engines that run it.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Deserialize;
use serde_json::Value as Json;

use crate::hooks::Rejection;

use super::engine::{Code, Engine, Handler};
use super::fault::Fault;
use super::language::{Modules, Source, is_script};
use super::machine::Engines;
use super::scene::Stage;
use super::scripts::ScriptLimits;
use super::services::World;

/// Handlers of all files.
const ENTRIES_MAX: usize = 10_000;

/// What all programs of a server share.
pub(super) struct Shared {
    pub(super) world: World,
    pub(super) limits: ScriptLimits,
    /// Which program is at work.
    pub(super) generation: AtomicU64,
    last_generation: AtomicU64,
}

impl Shared {
    pub(super) fn new(world: World, limits: ScriptLimits) -> Self {
        Self { world, limits, generation: AtomicU64::new(0), last_generation: AtomicU64::new(0) }
    }
}

/// What a handler is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Kind {
    Hook,
    Route,
    Use,
    Cron,
    Migration,
}

/// A handler as a file registered it.
#[derive(Debug, Deserialize)]
#[serde(default)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// The hook.
    pub(super) name: String,
    /// Names and ids of collections.
    #[serde(deserialize_with = "texts")]
    pub(super) tags: Vec<String>,
    /// The job.
    pub(super) id: String,
    pub(super) expression: String,
    pub(super) method: String,
    pub(super) path: String,
    pub(super) guards: Vec<Json>,
    source: String,
    pub(super) file: String,
    pub(super) line: usize,
    column: usize,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            kind: Kind::Hook,
            name: String::new(),
            tags: Vec::new(),
            id: String::new(),
            expression: String::new(),
            method: String::new(),
            path: String::new(),
            guards: Vec::new(),
            source: String::new(),
            file: String::new(),
            line: 0,
            column: 0,
        }
    }
}

/// Tags may be lists of tags.
fn texts<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let tags = Vec::<Json>::deserialize(deserializer)?;
    let texts = |tag: Json| match tag {
        Json::String(text) => vec![text],
        Json::Array(tags) => tags.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    Ok(tags.into_iter().flat_map(texts).collect())
}

/// What the files of a folder say.
pub(super) struct Program {
    pub(super) entries: Vec<Entry>,
    /// What the files that are modules import.
    imports: HashMap<String, String>,
    pub(super) generation: u64,
    pub(super) shared: Arc<Shared>,
    engines: Engines,
}

impl Program {
    /// Reads the files of the folder.
    pub(super) fn read(shared: &Arc<Shared>) -> Result<Self, Fault> {
        let folder = shared.world.folder();
        let mut entries: Vec<Entry> = Vec::new();
        let mut imports = HashMap::new();
        let files = files_in(folder)?;
        if !files.is_empty() {
            let engine = Engine::new(&shared.limits, folder)?;
            engine.clock.wind(shared.limits.time);
            engine.text("begin").map_err(|broken| broken.fault)?;
            for (name, path) in files {
                let source = Source::read(&path, &name)?;
                engine.run_file(&name, &source).map_err(|broken| broken.fault.in_file(&name))?;
            }
            let registered = engine.text("registrations").map_err(|broken| broken.fault)?;
            entries = serde_json::from_str(&registered)
                .map_err(|error| Fault::new("", format!("handlers cannot be read: {error}")))?;
            let modules = Modules::new(folder);
            // A handler may come from another file than the one that added it.
            for name in entries.iter().flat_map(Entry::files).filter(|name| !name.is_empty()) {
                if !imports.contains_key(name) {
                    imports.insert(name.to_owned(), modules.source(name)?.imports);
                }
            }
        }
        let imports = imports.into_iter().filter_map(|(name, text)| Some((name, text?))).collect();
        if entries.len() > ENTRIES_MAX {
            return Err(Fault::new("", format!("there are more than {ENTRIES_MAX} handlers")));
        }
        let generation = shared.last_generation.fetch_add(1, Ordering::SeqCst) + 1;
        let program = Self {
            entries,
            imports,
            generation,
            shared: Arc::clone(shared),
            engines: Engines::new(),
        };
        Ok(program)
    }

    /// Whether it is the one at work.
    pub(super) fn is_current(&self) -> bool {
        self.shared.generation.load(Ordering::SeqCst) == self.generation
    }

    /// Runs a handler.
    pub(super) fn call(&self, number: usize, stage: &dyn Stage) -> Result<(), Rejection> {
        self.engines.call(self, number, stage)
    }

    /// The steps of a handler: the middleware of all routes and its own, and itself.
    pub(super) fn steps(&self, number: usize) -> Vec<Handler<'_>> {
        let entry = &self.entries[number];
        let is_use = |entry: &&Entry| entry.kind == Kind::Use;
        let everywhere = self.entries.iter().filter(is_use).flat_map(|entry| &entry.guards);
        let is_route = entry.kind == Kind::Route;
        let guards = everywhere.filter(|_| is_route).chain(&entry.guards);
        let own = Handler::Code(Code {
            name: &entry.file,
            line: entry.line,
            column: entry.column,
            source: &entry.source,
            imports: self.imports_of(&entry.file),
        });
        guards.map(|guard| self.handler_of(guard)).chain([own]).collect()
    }

    fn handler_of<'a>(&'a self, guard: &'a Json) -> Handler<'a> {
        match (guard["source"].as_str(), guard["file"].as_str()) {
            (Some(source), Some(name)) => {
                let number = |key: &str| guard[key].as_u64().unwrap_or_default() as usize;
                let (line, column) = (number("line"), number("column"));
                let imports = self.imports_of(name);
                Handler::Code(Code { name, line, column, source, imports })
            }
            _ => Handler::Guard(guard),
        }
    }

    fn imports_of(&self, file: &str) -> Option<&str> {
        self.imports.get(file).map(String::as_str)
    }
}

impl Entry {
    /// The files that its functions are from.
    fn files(&self) -> impl Iterator<Item = &str> {
        let guards = self.guards.iter().filter_map(|guard| guard["file"].as_str());
        guards.chain([self.file.as_str()])
    }
}

/// The files of scripts in a folder with their names, in order of these.
pub(super) fn files_in(folder: &Path) -> Result<Vec<(String, PathBuf)>, Fault> {
    let failed = |error: std::io::Error| Fault::new(folder.to_string_lossy(), error.to_string());
    let listed = match fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listed => listed.map_err(failed)?,
    };
    let mut files = Vec::new();
    for file in listed {
        let path = file.map_err(failed)?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if name.starts_with('.') || !path.is_file() {
            continue;
        }
        if is_script(name) {
            files.push((name.to_owned(), path.clone()));
        }
    }
    files.sort();
    Ok(files)
}

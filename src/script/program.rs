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
            for name in entries.iter().flat_map(Entry::files) {
                // Some are made by the globals themselves.
                let is_file = !name.is_empty() && !name.starts_with('<');
                if is_file && !imports.contains_key(name) {
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

    /// Whether anything is around every request.
    pub(super) fn has_uses(&self) -> bool {
        self.entries.iter().any(|entry| entry.kind == Kind::Use)
    }

    /// What is around every request, by priority and then by age.
    fn uses(&self) -> Vec<&Json> {
        let all = self.entries.iter().filter(|entry| entry.kind == Kind::Use);
        let mut guards: Vec<&Json> = all.flat_map(|entry| &entry.guards).collect();
        guards.sort_by_key(|guard| priority_of(guard));
        guards
    }

    /// The largest body of a route, in bytes, as its middleware says.
    pub(super) fn body_limit(&self, number: usize) -> Option<u64> {
        let own = self.entries[number].guards.iter();
        let all = self.uses().into_iter().chain(own);
        let mut limits = all.filter_map(|guard| guard["bodyLimit"].as_u64());
        limits.next_back().filter(|limit| *limit > 0)
    }

    /// The steps of a handler: the middleware of all routes and its own, and itself.
    pub(super) fn steps(&self, number: usize) -> Vec<Handler<'_>> {
        let Some(entry) = self.entries.get(number) else {
            let (name, source) = PASS;
            let pass = Handler::Code(Code { name, line: 1, column: 1, source, imports: None });
            return self
                .uses()
                .into_iter()
                .map(|guard| self.handler_of(guard))
                .chain([pass])
                .collect();
        };
        let everywhere = if entry.kind == Kind::Route { self.uses() } else { Vec::new() };
        let mut own: Vec<&Json> = entry.guards.iter().collect();
        own.sort_by_key(|guard| priority_of(guard));
        let guards = everywhere.into_iter().chain(own);
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

    /// Where a handler stands: `file:line`.
    pub(super) fn place(&self, number: usize) -> String {
        match self.entries.get(number) {
            Some(entry) => format!("{}:{}", entry.file, entry.line),
            None => "routerUse".to_owned(),
        }
    }
}

/// What middleware of everything is around when no route of a script is there.
const PASS: (&str, &str) = ("<haversack>", "(e) => e._pass()");

/// Middleware with a lower one runs first.
fn priority_of(guard: &Json) -> i64 {
    guard["priority"].as_i64().unwrap_or_default()
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

//! Migrations in JavaScript.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::hooks::{Data, Rejection};

use super::engine::Engine;
use super::fault::{Fault, place_of};
use super::language::Source;
use super::machine::judge;
use super::program::files_in;
use super::scene::Scene;
use super::scripts::ScriptLimits;
use super::services::World;
use super::stage::Alone;

/// The migrations of one file.
#[derive(Clone)]
pub struct ScriptMigration {
    /// The name of the file.
    pub name: String,
    source: Arc<Source>,
    world: Arc<World>,
    limits: ScriptLimits,
}

/// The migrations in a folder, in order of their names.
///
/// # Errors
/// What the system says, and files that cannot be read as JavaScript.
pub fn migrations_in(
    folder: &Path,
    data_dir: &Path,
    limits: ScriptLimits,
) -> Result<Vec<ScriptMigration>, Fault> {
    let world = Arc::new(World::apart(folder, data_dir));
    let mut found = Vec::new();
    for (name, path) in files_in(folder)? {
        let source = Arc::new(Source::read(&path, &name)?);
        let migration = ScriptMigration { name, source, world: Arc::clone(&world), limits };
        migration.engine()?;
        found.push(migration);
    }
    Ok(found)
}

impl ScriptMigration {
    /// Makes the change.
    ///
    /// # Errors
    /// What the script throws.
    pub fn up(&self, data: &dyn Data) -> Result<(), Rejection> {
        self.run(data, 0)
    }

    /// Takes the change back.
    ///
    /// # Errors
    /// What the script throws.
    pub fn down(&self, data: &dyn Data) -> Result<(), Rejection> {
        self.run(data, 1)
    }

    /// An engine that has read the file.
    fn engine(&self) -> Result<Engine, Fault> {
        let engine = Engine::new(&self.limits, self.world.folder())?;
        engine.clock.wind(self.limits.time);
        let outcome = engine
            .text("begin")
            .and_then(|_| engine.run_file(&self.name, &self.source))
            .and_then(|()| engine.text("migrations"));
        outcome.map_err(|broken| broken.fault.in_file(&self.name))?;
        Ok(engine)
    }

    fn run(&self, data: &dyn Data, way: usize) -> Result<(), Rejection> {
        let told = |fault: Fault| Rejection::new(500, fault.to_string()).with_cause(fault);
        let engine = self.engine().map_err(told)?;
        let stage = Alone { data, is_transactional: true };
        let scene = Scene::new(&self.world, &stage, &engine.clock);
        let ended = scene.play(|| engine.migrate(way));
        let ended = ended.map_err(|broken| told(broken.fault.in_file(&self.name)))?;
        judge(&ended, &scene).map_err(|rejection| match place_of(&ended) {
            // What failed below the script does not say which line asked for it.
            Some(place) if rejection.cause().is_none_or(|cause| !cause.is::<Fault>()) => {
                told(Fault::new(place, sentence(&rejection)))
            }
            _ => rejection,
        })
    }
}

/// What was refused, for whoever wrote the migration: there is no form whose fields could show it.
fn sentence(rejection: &Rejection) -> String {
    let mut text = rejection.message().to_owned();
    if !rejection.fields().is_empty() {
        text = format!("{text} {}", serde_json::Value::from(rejection.fields().clone()));
    }
    text
}

impl fmt::Debug for ScriptMigration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptMigration").field("name", &self.name).finish_non_exhaustive()
    }
}

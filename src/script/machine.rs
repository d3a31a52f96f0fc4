//! The engines of one program: one for each call that is under way.

use std::cell::Cell;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::available_parallelism;

use crate::hooks::Rejection;

use super::engine::{Broken, Engine};
use super::fault::Exception;
use super::program::Program;
use super::scene::{Scene, Stage};

/// Calls that may be inside each other: a handler that causes itself must not go on until the stack
/// is full.
const NESTED_MAX: usize = 8;

thread_local! {
    static DEPTH: Cell<usize> = const { Cell::new(0) };
}

/// Engines that wait for a call. A call that finds none makes one.
pub(super) struct Engines {
    idle: Mutex<Vec<Engine>>,
    idle_max: usize,
}

impl Engines {
    pub(super) fn new() -> Self {
        let idle_max = available_parallelism().map_or(1, std::num::NonZero::get) * 2;
        Self { idle: Mutex::default(), idle_max }
    }

    /// Runs a handler in an engine that nobody else uses.
    pub(super) fn call(
        &self,
        program: &Program,
        number: usize,
        stage: &dyn Stage,
    ) -> Result<(), Rejection> {
        let depth = DEPTH.get();
        if depth >= NESTED_MAX {
            return Err(Rejection::bad_request("Hooks cause each other without end."));
        }
        let idle = self.idle().pop();
        let engine = if let Some(engine) = idle {
            engine
        } else {
            let folder = program.shared.world.folder();
            Engine::new(&program.shared.limits, folder).map_err(Rejection::internal)?
        };
        DEPTH.set(depth + 1);
        let outcome = run(&engine, program, number, stage);
        DEPTH.set(depth);
        let outcome = outcome.map_err(|broken| {
            let fault = broken.fault.at(&program.place(number));
            tracing::error!("{fault}");
            (broken.is_fatal, Rejection::internal(fault))
        });
        // What ran out of time or memory is not trusted any more.
        if !matches!(outcome, Err((true, _))) {
            let mut idle = self.idle();
            if idle.len() < self.idle_max {
                idle.push(engine);
            }
        }
        outcome.map_err(|(_, rejection)| rejection)?
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Engine>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn run(
    engine: &Engine,
    program: &Program,
    number: usize,
    stage: &dyn Stage,
) -> Result<Result<(), Rejection>, Broken> {
    engine.clock.wind(program.shared.limits.time);
    let scene = Scene::new(&program.shared.world, stage, &engine.clock);
    let ended = scene.play(|| {
        // Modules that a handler imports run then.
        if !engine.has(number)? {
            engine.define(number, &program.steps(number))?;
        }
        engine.run(number)
    })?;
    Ok(judge(&ended, &scene))
}

/// What the end of a script means: nothing, or an exception as JSON.
pub(super) fn judge(ended: &str, scene: &Scene<'_>) -> Result<(), Rejection> {
    if ended.is_empty() {
        return Ok(());
    }
    let exception: Exception = serde_json::from_str(ended).map_err(Rejection::internal)?;
    let passed_on = exception.number().and_then(|number| scene.take_failure(number));
    Err(passed_on.unwrap_or_else(|| exception.into_rejection()))
}

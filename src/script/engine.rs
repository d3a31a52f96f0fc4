//! One engine: a heap, its globals, its limits.

use std::sync::Arc;

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::prelude::Ctx;
use rquickjs::{CaughtError, Context, Function, Object, Runtime, Value};

use super::clock::Clock;
use super::fault::Fault;
use super::hooking;
use super::scene;
use super::scripts::ScriptLimits;

/// What a stack of calls may take. Engines may be inside each other on one thread.
const STACK_BYTES_MAX: usize = 192 << 10;
const PRELUDE_NAME: &str = "<haversack>";

/// An engine with the globals of scripts in it.
pub(super) struct Engine {
    context: Context,
    pub(super) clock: Arc<Clock>,
}

/// How a script ended that did not come to its end.
#[derive(Debug)]
pub(super) struct Broken {
    pub(super) fault: Fault,
    /// Whether the engine cannot be used any more.
    pub(super) is_fatal: bool,
}

impl Engine {
    pub(super) fn new(limits: &ScriptLimits, folder: &str) -> Result<Self, Fault> {
        let runtime = Runtime::new().map_err(|error| Fault::new("", error.to_string()))?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(STACK_BYTES_MAX);
        let clock = Arc::new(Clock::new());
        let watched = Arc::clone(&clock);
        runtime.set_interrupt_handler(Some(Box::new(move || watched.is_over())));
        let context = Context::full(&runtime).map_err(|error| Fault::new("", error.to_string()))?;
        let engine = Self { context, clock };
        engine.with(|ctx| prepare(ctx, folder)).map_err(|broken| broken.fault)?;
        Ok(engine)
    }

    /// Runs something in the engine.
    fn with<T>(
        &self,
        run: impl for<'js> FnOnce(&Ctx<'js>) -> rquickjs::Result<T>,
    ) -> Result<T, Broken> {
        self.context.with(|ctx| run(&ctx).map_err(|error| self.broken(&ctx, error)))
    }

    /// The names of all globals, for tests.
    #[cfg(test)]
    pub(super) fn global_names(&self) -> Result<String, Broken> {
        let all = "Object.getOwnPropertyNames(globalThis).join(' ')";
        self.with(|ctx| evaluate(ctx, PRELUDE_NAME, all.to_owned()))
    }

    /// Runs a text as a script of the file called `name`.
    pub(super) fn run_file(&self, name: &str, text: &str) -> Result<(), Broken> {
        // In a function, so that files do not see each other's variables; on the same line, so that
        // lines stay what they are.
        let text = format!("(function () {{{text}\n}})()");
        self.with(|ctx| evaluate::<Value<'_>>(ctx, name, text).map(drop))
    }

    /// Makes a function of its source, which stands at `line` of the file called `name`, and gives
    /// all of them to the machine under a number.
    pub(super) fn define(&self, number: usize, handlers: &[Handler<'_>]) -> Result<(), Broken> {
        self.with(|ctx| {
            let list = rquickjs::Array::new(ctx.clone())?;
            for (at, handler) in handlers.iter().enumerate() {
                let value: Value<'_> = match handler {
                    Handler::Code { name, line, source } => {
                        let blank = "\n".repeat(line.saturating_sub(1));
                        evaluate(ctx, name, format!("{blank}({source}\n)"))?
                    }
                    Handler::Guard(guard) => ctx.json_parse(guard.to_string())?,
                };
                list.set(at, value)?;
            }
            machine(ctx)?.get::<_, Function<'_>>("define")?.call((number, list))
        })
    }

    /// Whether the machine has functions under this number.
    pub(super) fn has(&self, number: usize) -> Result<bool, Broken> {
        self.with(|ctx| machine(ctx)?.get::<_, Function<'_>>("has")?.call((number,)))
    }

    /// Calls a function of the machine that returns a text.
    pub(super) fn text(&self, function: &str) -> Result<String, Broken> {
        self.with(|ctx| machine(ctx)?.get::<_, Function<'_>>(function)?.call(()))
    }

    /// Runs the functions under a number. Returns nothing, or an exception as JSON.
    pub(super) fn run(&self, number: usize) -> Result<String, Broken> {
        self.with(|ctx| {
            let outcome: Value<'_> =
                machine(ctx)?.get::<_, Function<'_>>("run")?.call((number,))?;
            match outcome.as_promise() {
                None => outcome.get(),
                Some(promise) => promise.finish(),
            }
        })
    }

    /// Runs one way of the migrations of the file: `up` is 0, `down` is 1.
    pub(super) fn migrate(&self, way: usize) -> Result<String, Broken> {
        self.with(|ctx| machine(ctx)?.get::<_, Function<'_>>("migrate")?.call((way,)))
    }

    fn broken(&self, ctx: &Ctx<'_>, error: rquickjs::Error) -> Broken {
        if self.clock.is_over() {
            let _ = ctx.catch();
            return Broken { fault: Fault::new("", "the script took too long"), is_fatal: true };
        }
        match CaughtError::from_error(ctx, error) {
            CaughtError::Exception(exception) => {
                let message = exception.message().unwrap_or_default();
                let name: String = exception.as_object().get("name").unwrap_or_default();
                let stack = exception.stack().unwrap_or_default();
                let is_fatal = message.contains("out of memory");
                let what = format!("{name}: {message}");
                Broken { fault: Fault::with_stack(&what, &stack), is_fatal }
            }
            CaughtError::Value(value) if value.is_null() || value.is_undefined() => {
                Broken { fault: Fault::new("", "the script took too much memory"), is_fatal: true }
            }
            CaughtError::Value(value) => {
                let text = value.as_string().and_then(|text| text.to_string().ok());
                let what = text.unwrap_or_else(|| "something was thrown".to_owned());
                Broken { fault: Fault::new("", what), is_fatal: false }
            }
            CaughtError::Error(rquickjs::Error::WouldBlock) => Broken {
                fault: Fault::new("", "a promise that nothing will ever settle"),
                is_fatal: true,
            },
            CaughtError::Error(error) => {
                Broken { fault: Fault::new("", error.to_string()), is_fatal: true }
            }
        }
    }
}

/// A step of a handler.
#[derive(Debug)]
pub(super) enum Handler<'a> {
    /// A function, and where it stands.
    Code { name: &'a str, line: usize, source: &'a str },
    /// What has to hold for the rest to be reached.
    Guard(&'a serde_json::Value),
}

fn machine<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    ctx.globals().get("__machine")
}

fn evaluate<'js, V: rquickjs::FromJs<'js>>(
    ctx: &Ctx<'js>,
    name: &str,
    text: String,
) -> rquickjs::Result<V> {
    let mut options = EvalOptions::default();
    options.strict = false;
    options.filename = Some(name.to_owned());
    ctx.eval_with_options(text, options)
}

/// Puts the globals of scripts in place.
fn prepare(ctx: &Ctx<'_>, folder: &str) -> rquickjs::Result<()> {
    let prelude = concat!(
        "(function (__host, __compile, __names, __folder) {\n'use strict';\n",
        include_str!("js/base.js"),
        include_str!("js/record.js"),
        include_str!("js/app.js"),
        include_str!("js/event.js"),
        include_str!("js/dbx.js"),
        include_str!("js/accounts.js"),
        include_str!("js/host.js"),
        include_str!("js/reply.js"),
        include_str!("js/paths.js"),
        include_str!("js/globals.js"),
        "\n})"
    );
    let make: Function<'_> = evaluate(ctx, PRELUDE_NAME, prelude.to_owned())?;
    let host =
        Function::new(ctx.clone(), |name: String, values: String| scene::answer(&name, &values))?;
    let compile = Func::from(compile);
    let machine: Object<'_> = make.call((host, compile, hooking::NAMES.join(" "), folder))?;
    let define: Function<'_> = ctx
        .eval("(machine) => Object.defineProperty(globalThis, '__machine', { value: machine })")?;
    define.call::<_, Value<'_>>((machine,)).map(drop)
}

/// A module as a function of `module`, `exports` and `require`.
#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn compile(ctx: Ctx<'_>, name: String, source: String) -> rquickjs::Result<Function<'_>> {
    evaluate(&ctx, &name, format!("(function (module, exports, require) {{{source}\n}})"))
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("clock", &self.clock).finish_non_exhaustive()
    }
}

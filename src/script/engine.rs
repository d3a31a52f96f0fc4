//! One engine: a heap, its globals, its limits.

use std::path::Path;
use std::sync::Arc;

use rquickjs::context::EvalOptions;
use rquickjs::function::Func;
use rquickjs::prelude::Ctx;
use rquickjs::{CaughtError, Context, Function, Module, Object, Runtime, Value};

use super::clock::Clock;
use super::fault::Fault;
use super::language::{Modules, Source};
use super::scripts::ScriptLimits;
use super::settling::{run_jobs, settle};
use super::{hooking, native, scene};

/// What a stack of calls may take. Engines may be inside each other on one thread.
const STACK_BYTES_MAX: usize = 192 << 10;
pub(super) const PRELUDE_NAME: &str = "<haversack>";

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
    /// An engine for the scripts of a folder, which is where their imports lead.
    pub(super) fn new(limits: &ScriptLimits, folder: &Path) -> Result<Self, Fault> {
        let runtime = Runtime::new().map_err(|error| Fault::new("", error.to_string()))?;
        runtime.set_memory_limit(limits.memory);
        runtime.set_max_stack_size(STACK_BYTES_MAX);
        let clock = Arc::new(Clock::new());
        let watched = Arc::clone(&clock);
        runtime.set_interrupt_handler(Some(Box::new(move || watched.is_over())));
        let modules = Modules::new(folder);
        runtime.set_loader(modules.clone(), modules.clone());
        runtime.set_host_promise_rejection_tracker(Some(Box::new(note_rejection)));
        let context = Context::full(&runtime).map_err(|error| Fault::new("", error.to_string()))?;
        let engine = Self { context, clock };
        engine.with(|ctx| prepare(ctx, modules)).map_err(|broken| broken.fault)?;
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

    /// Runs a text as the file called `name`.
    pub(super) fn run_file(&self, name: &str, source: &Source) -> Result<(), Broken> {
        self.with(|ctx| {
            if source.is_module() {
                let module = Module::declare(ctx.clone(), name, source.text.as_str())?;
                let (_, promise) = module.eval()?;
                return settle(ctx, &promise, &self.clock).map(drop);
            }
            // In a function, so that files do not see each other's variables; on the same line, so
            // that lines stay what they are. What it exports is there for those who require it.
            let text = format!(
                "(function (module, exports) {{{}\n}})({{ exports: {{}} }}, {{}})",
                source.text
            );
            evaluate::<Value<'_>>(ctx, name, text)?;
            run_jobs(ctx, &self.clock)
        })
    }

    /// Makes a function of its source, which stands where the handler says, and gives all of them to
    /// the machine under a number.
    pub(super) fn define(&self, number: usize, handlers: &[Handler<'_>]) -> Result<(), Broken> {
        self.with(|ctx| {
            let list = rquickjs::Array::new(ctx.clone())?;
            for (at, handler) in handlers.iter().enumerate() {
                let value: Value<'_> = match handler {
                    Handler::Code(code) => match code.imports {
                        None => evaluate(ctx, code.name, code.placed("", "("))?,
                        Some(imports) => {
                            let text = code.placed(imports, "export default (");
                            let module = Module::declare(ctx.clone(), code.name, text)?;
                            let (module, promise) = module.eval()?;
                            settle(ctx, &promise, &self.clock)?;
                            module.namespace()?.get("default")?
                        }
                    },
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
        self.call("run", number)
    }

    /// Runs one way of the migrations of the file: `up` is 0, `down` is 1.
    pub(super) fn migrate(&self, way: usize) -> Result<String, Broken> {
        self.call("migrate", way)
    }

    /// Calls a function of the machine and waits until what it returns is settled.
    fn call(&self, function: &str, number: usize) -> Result<String, Broken> {
        self.with(|ctx| {
            let machine = machine(ctx)?;
            let outcome: Value<'_> = machine.get::<_, Function<'_>>(function)?.call((number,))?;
            let ended = match outcome.as_promise() {
                None => outcome.get()?,
                Some(promise) => settle(ctx, promise, &self.clock)?,
            };
            run_jobs(ctx, &self.clock)?;
            machine.get::<_, Function<'_>>("end")?.call::<_, ()>(())?;
            Ok(ended)
        })
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
    Code(Code<'a>),
    /// What has to hold for the rest to be reached.
    Guard(&'a serde_json::Value),
}

/// A function, and where it stands.
#[derive(Debug)]
pub(super) struct Code<'a> {
    pub(super) name: &'a str,
    /// From 1 on.
    pub(super) line: usize,
    /// From 1 on.
    pub(super) column: usize,
    pub(super) source: &'a str,
    /// The imports of its file, each in its line, if that is a module.
    pub(super) imports: Option<&'a str>,
}

impl Code<'_> {
    /// The function after `opening`, which needs a closing bracket, where it stands in its file, so
    /// that failures tell the right place.
    fn placed(&self, imports: &str, opening: &str) -> String {
        let (line, column) = (self.line.max(1), self.column.max(1));
        let lines: Vec<&str> = imports.lines().collect();
        let (before, after) = lines.split_at(lines.len().min(line - 1));
        // Imports may come later in the file than what uses them.
        let mut text: String = after.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        if line == 1 {
            let room = " ".repeat((column - 1).saturating_sub(text.len() + opening.len()));
            return format!("{text}{room}{opening}{}\n)", self.source);
        }
        for at in 0..line - 1 {
            text.push_str(before.get(at).copied().unwrap_or_default());
            if at == line - 2 {
                text.push(';');
                text.push_str(opening);
            }
            text.push('\n');
        }
        format!("{text}{}{}\n)", " ".repeat(column - 1), self.source)
    }
}

pub(super) fn machine<'js>(ctx: &Ctx<'js>) -> rquickjs::Result<Object<'js>> {
    ctx.globals().get("__machine")
}

pub(super) fn evaluate<'js, V: rquickjs::FromJs<'js>>(
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
fn prepare(ctx: &Ctx<'_>, modules: Modules) -> rquickjs::Result<()> {
    let prelude = concat!(
        "(function (__host, __compile, __names, __folder, __native) {\n'use strict';\n",
        include_str!("js/base.js"),
        include_str!("js/bytes.js"),
        include_str!("js/waiting.js"),
        include_str!("js/record.js"),
        include_str!("js/files.js"),
        include_str!("js/http.js"),
        include_str!("js/app.js"),
        include_str!("js/event.js"),
        include_str!("js/require.js"),
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
    let folder = modules.folder().to_string_lossy().into_owned();
    let native = native::object(ctx, modules)?;
    let machine: Object<'_> =
        make.call((host, compile, hooking::NAMES.join(" "), folder, native))?;
    let define: Function<'_> = ctx
        .eval("(machine) => Object.defineProperty(globalThis, '__machine', { value: machine })")?;
    define.call::<_, Value<'_>>((machine,)).map(drop)
}

/// Tells the machine of a promise that failed, and of one whose failure was handled after all.
#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn note_rejection<'js>(ctx: Ctx<'js>, promise: Value<'js>, reason: Value<'js>, is_handled: bool) {
    let note = |ctx: &Ctx<'js>| {
        let note: Function<'js> = machine(ctx)?.get("rejection")?;
        note.call::<_, ()>((promise, reason, is_handled))
    };
    if note(&ctx).is_err() {
        // It can only have run out of time or memory, which is found out elsewhere.
        let _ = ctx.catch();
    }
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

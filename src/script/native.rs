//! What scripts need of the engine itself.

use std::rc::Rc;
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rquickjs::function::{Func, This};
use rquickjs::prelude::Ctx;
use rquickjs::promise::PromiseState;
use rquickjs::{Exception, Function, Module, Object, Promise, Result, TypedArray, Value};
use serde_json::json;

use super::engine::{PRELUDE_NAME, evaluate};
use super::language::{Modules, found_json};

/// The functions: `find` and `namespace` for `require`, `utf8` and `text` for bytes, `now` for
/// timers, in milliseconds, `isPending` for promises, and `part` for globals that are made when they are first named.
pub(super) fn object<'js>(ctx: &Ctx<'js>, modules: Modules) -> Result<Object<'js>> {
    let modules = Rc::new(modules);
    let native = Object::new(ctx.clone())?;
    let find = move |base: String, wanted: String| match found_json(&modules, &base, &wanted) {
        Ok(found) => found.to_string(),
        Err(what) => format!("!{}", json!({ "status": 500, "message": what, "data": {} })),
    };
    native.set("find", Function::new(ctx.clone(), find)?)?;
    let began = Instant::now();
    native
        .set("now", Function::new(ctx.clone(), move || began.elapsed().as_secs_f64() * 1000.0)?)?;
    native.set("namespace", Func::from(namespace))?;
    native.set("isPending", Func::from(is_pending))?;
    native.set("utf8", Func::from(utf8))?;
    native.set("text", Func::from(text))?;
    native.set("part", Func::from(part))?;
    Ok(native)
}

/// What a module exports, once it has run.
#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn namespace(ctx: Ctx<'_>, name: String) -> Result<Value<'_>> {
    // The engine finds the module again that was imported before.
    let text = format!("import * as all from {}; export {{ all }}", json!(name));
    let (module, promise) = Module::declare(ctx.clone(), "<require>", text)?.eval()?;
    match promise.state() {
        PromiseState::Resolved => module.namespace()?.get("all"),
        PromiseState::Pending => {
            let message = format!("{name} awaits something, so it has to be imported");
            Err(Exception::throw_message(&ctx, &message))
        }
        PromiseState::Rejected => {
            // Whoever required it hears of the failure.
            let ignored = Func::from(|| {});
            promise.catch()?.call::<_, Value<'_>>((This(promise.clone()), ignored))?;
            promise.result::<Value<'_>>().unwrap_or_else(|| Err(rquickjs::Error::Unknown))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn is_pending(promise: Promise<'_>) -> bool {
    promise.state() == PromiseState::Pending
}

#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn utf8(ctx: Ctx<'_>, text: String) -> Result<TypedArray<'_, u8>> {
    TypedArray::new_copy(ctx, text.as_bytes())
}

/// The text of bytes in base64; what is no UTF-8 is refused or replaced.
#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn text(ctx: Ctx<'_>, base64: String, is_strict: bool) -> Result<String> {
    let bytes = STANDARD
        .decode(&base64)
        .map_err(|_| Exception::throw_type(&ctx, "the bytes are no base64"))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(_) if is_strict => Err(Exception::throw_type(&ctx, "the bytes are no UTF-8")),
        Err(error) => Ok(String::from_utf8_lossy(error.as_bytes()).into_owned()),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the engine gives values")]
fn part(ctx: Ctx<'_>, name: String) -> Result<Function<'_>> {
    let text = match name.as_str() {
        "web" => include_str!("js/web.js"),
        "template" => concat!(
            "(function (known) {\n'use strict';\n",
            "const { call, decoded, Blob, atEnd } = known;\n",
            include_str!("template/parse.js"),
            include_str!("template/functions.js"),
            include_str!("template/page.js"),
            include_str!("template/run.js"),
            "\n})"
        ),
        _ => return Err(Exception::throw_reference(&ctx, &format!("there is no part {name}"))),
    };
    evaluate(&ctx, PRELUDE_NAME, text.to_owned())
}

//! Hooks, routes, jobs and migrations in JavaScript, put into the app.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};

use super::link::Link;
use super::migrations::Migration;
use crate::config::{Boot, ByteSize};
use crate::hooks::Rejection;
use crate::jobs::FolderWatch;
use crate::ops::Backend;
use crate::script::{Fault, Incoming, Outcome, ScriptLimits, Scripts, ServedFile, migrations_in};
use crate::web::{self, ApiError, Blocking, PublicFolder, Reply, State};

fn limits(boot: &Boot) -> ScriptLimits {
    let memory = usize::try_from(boot.hooks.memory_limit.get()).unwrap_or(usize::MAX);
    ScriptLimits { time: boot.hooks.time_limit, memory }
}

/// A folder as scripts name it, from wherever they do.
fn absolute(folder: &Path) -> std::path::PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

/// The scripts in the folder of the configuration, not read yet.
pub(super) fn scripts(boot: &Boot, backend: &Arc<Backend>) -> Arc<Scripts> {
    let (folder, data) = (absolute(&boot.hooks.folder), absolute(&boot.data));
    Arc::new(Scripts::new(backend, &folder, &data, limits(boot)))
}

/// The migrations in the folder of the configuration.
pub(super) fn migrations(boot: &Boot) -> Result<Vec<Migration>, Fault> {
    let (folder, data) = (absolute(&boot.migrations.folder), absolute(&boot.data));
    let found = migrations_in(&folder, &data, limits(boot))?.into_iter().map(|script| {
        let down = script.clone();
        let name = script.name.clone();
        Migration::new(&name, move |data| script.up(data), move |data| down.down(data))
    });
    Ok(found.collect())
}

/// Reads the files again whenever one of them changes.
pub(super) fn watch(boot: &Boot, scripts: &Arc<Scripts>) -> std::io::Result<Option<FolderWatch>> {
    if !boot.hooks.watch {
        return Ok(None);
    }
    let (folder, scripts) = (scripts.folder(), Arc::clone(scripts));
    let reload = move || match scripts.load() {
        Ok(count) => tracing::info!(handlers = count, "hooks reloaded"),
        Err(fault) => tracing::error!("hooks not reloaded, the old ones stay: {fault}"),
    };
    FolderWatch::start(&folder, reload).map_err(std::io::Error::other)
}

/// Requests that wait at once for what scripts put around all of them.
const AROUND_AT_ONCE_MAX: usize = 96;

/// Answers what a script has a route for, and puts around all else what scripts put around
/// everything.
pub(super) fn middleware(link: Link) -> web::Middleware {
    // A bridge of its own: what is further in needs the others meanwhile.
    let around = Blocking::new(AROUND_AT_ONCE_MAX);
    Arc::new(move |state, request, next| {
        let Some(app) = link.app() else { return next.run(request) };
        let scripts = Arc::clone(&app.0.scripts);
        if scripts.has_route(&request.method, &request.path) {
            Box::pin(answer(scripts, state, request, next))
        } else if scripts.has_uses() {
            Box::pin(surround(scripts, around.clone(), state, request, next))
        } else {
            next.run(request)
        }
    })
}

async fn answer(
    scripts: Arc<Scripts>,
    state: Arc<State>,
    mut request: web::Request,
    next: web::Next,
) -> Result<Reply, ApiError> {
    let caller = request.caller();
    if caller.key().is_some() {
        // A handler does what it does as the server itself, whatever the key is for.
        let message = "The API key is not allowed to perform this action.";
        return Err(ApiError::forbidden(message));
    }
    let body = match scripts.body_limit(&request.method, &request.path) {
        Some(limit) => request.body_object_within(ByteSize::bytes(limit)).await?,
        None => request.body_object().await?,
    };
    let (method, path) = (request.method.clone(), request.path.clone());
    let incoming = Incoming { method, path, body, caller };
    match state.blocking.run(move || scripts.answer(incoming)).await {
        Some(answered) => reply(answered?, &state, request).await,
        // It went away with its file.
        None => next.run(request).await,
    }
}

async fn surround(
    scripts: Arc<Scripts>,
    around: Blocking,
    state: Arc<State>,
    request: web::Request,
    next: web::Next,
) -> Result<Reply, ApiError> {
    let (caller, log) = (request.caller(), request.success_log());
    let runtime = tokio::runtime::Handle::current();
    let (outcome, answered, rest) = around
        .run(move || {
            let (mut rest, mut answered) = (Some((request, next)), None);
            let outcome = scripts.around(&caller, &mut || {
                let Some((request, next)) = rest.take() else { return Ok(()) };
                let answer = runtime.block_on(next.run(request));
                let failed = |error: &ApiError| {
                    let data = error.to_json()["data"].as_object().cloned().unwrap_or_default();
                    Rejection::new(error.status().as_u16(), error.message()).with_fields(data)
                };
                let passed = answer.as_ref().map(drop).map_err(failed);
                answered = Some(answer);
                passed
            });
            (outcome, answered, rest)
        })
        .await;
    match (outcome, answered, rest) {
        // The files went away meanwhile.
        (None, _, Some((request, next))) => next.run(request).await,
        (None, answered, None) => answered.unwrap_or_else(|| Ok(Reply::no_content())),
        (Some(Err(said)), Some(Err(error)), _) if said.status() == error.status().as_u16() => {
            Err(error)
        }
        (Some(Err(said)), ..) => Err(said.into()),
        (Some(Ok(outcome)), Some(Ok(mut answered)), _) => {
            if outcome.is_quiet {
                log.skip();
            }
            for (name, value) in headers(outcome.headers)? {
                answered.headers_mut().append(name, value);
            }
            Ok(answered)
        }
        // Middleware that lets nothing through answers by itself; nothing at all is an empty 200.
        (Some(Ok(mut outcome)), answered, rest) => {
            outcome.status = if outcome.status == 0 { 200 } else { outcome.status };
            match rest {
                Some((request, _)) => reply(outcome, &state, request).await,
                None => match answered {
                    Some(Err(error)) if outcome.file.is_some() => Err(error),
                    _ => written(outcome),
                },
            }
        }
    }
}

async fn reply(
    outcome: Outcome,
    state: &Arc<State>,
    mut request: web::Request,
) -> Result<Reply, ApiError> {
    if outcome.is_quiet {
        request.success_log().skip();
    }
    let Some(ServedFile { root, path, index_fallback }) = outcome.file.clone() else {
        return written(outcome);
    };
    request.path = path;
    let mut served = PublicFolder::new(&root, index_fallback).answer(state, request).await?;
    for (name, value) in headers(outcome.headers)? {
        served.headers_mut().append(name, value);
    }
    Ok(served)
}

fn headers(all: Vec<(String, String)>) -> Result<Vec<(HeaderName, HeaderValue)>, ApiError> {
    let header = |(name, value): (String, String)| {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(ApiError::internal)?;
        Ok((name, HeaderValue::from_str(&value).map_err(ApiError::internal)?))
    };
    all.into_iter().map(header).collect()
}

fn written(outcome: Outcome) -> Result<Reply, ApiError> {
    let Outcome { status, content_type, body, .. } = outcome;
    let headers = headers(outcome.headers)?;
    let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
    let mut reply = match content_type.as_str() {
        "" => Reply::empty(status),
        "application/json" => Reply::json_text(status, body),
        other => {
            Reply::bytes(status, HeaderValue::from_str(other).map_err(ApiError::internal)?, body)
        }
    };
    for (name, value) in headers {
        reply.headers_mut().append(name, value);
    }
    Ok(reply)
}

//! Hooks, routes, jobs and migrations in JavaScript, put into the app.

use std::path::Path;
use std::sync::Arc;

use http::{HeaderName, HeaderValue, StatusCode};

use super::link::Link;
use super::migrations::Migration;
use crate::config::Boot;
use crate::jobs::FolderWatch;
use crate::ops::Backend;
use crate::script::{Fault, Incoming, Outcome, ScriptLimits, Scripts, migrations_in};
use crate::web::{self, ApiError, Reply};

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

/// Answers what a script has a route for.
pub(super) fn middleware(link: Link) -> web::Middleware {
    Arc::new(move |state, mut request, next| {
        let scripts = link.app().map(|app| Arc::clone(&app.0.scripts));
        let scripts = scripts.filter(|s| s.has_route(&request.method, &request.path));
        let Some(scripts) = scripts else { return next.run(request) };
        Box::pin(async move {
            let caller = request.caller();
            if caller.key().is_some() {
                // A handler does what it does as the server itself, whatever the key is for.
                let message = "The API key is not allowed to perform this action.";
                return Err(ApiError::forbidden(message));
            }
            let incoming = Incoming {
                body: request.body_object().await?,
                method: request.method.clone(),
                path: request.path.clone(),
                remote: request.remote.to_string(),
                caller,
            };
            match state.blocking.run(move || scripts.answer(incoming)).await {
                Some(answered) => reply(answered?),
                // It went away with its file.
                None => next.run(request).await,
            }
        })
    })
}

fn reply(outcome: Outcome) -> Result<Reply, ApiError> {
    let Outcome { status, content_type, headers, body } = outcome;
    let status = StatusCode::from_u16(status).map_err(ApiError::internal)?;
    let mut reply = match content_type.as_str() {
        "" => Reply::empty(status),
        "application/json" => Reply::json_text(status, body),
        other => {
            Reply::bytes(status, HeaderValue::from_str(other).map_err(ApiError::internal)?, body)
        }
    };
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(ApiError::internal)?;
        let value = HeaderValue::from_str(&value).map_err(ApiError::internal)?;
        reply = reply.with_header(name, value);
    }
    Ok(reply)
}

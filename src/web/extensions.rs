//! Extensions of the dashboard: scripts of the operator that run in it, and files beside them.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderValue};
use http::{Method, StatusCode};

use super::admin_ui::policy;
use super::{ApiError, PublicFolder, Reply, Request, RouteError, Router, State};

/// The file of an extension that runs when the dashboard starts.
const MAIN: &str = "main.js";
/// All scripts together, in bytes.
const SCRIPT_BYTES_MAX: usize = 16 << 20;
const FILES: &str = "/_/extensions";

/// A folder with a folder for each extension. It may be missing, and may come later.
#[derive(Debug)]
struct Extensions {
    root: PathBuf,
    files: PublicFolder,
}

/// Adds the routes of the extensions in the folder `root`: `/_/extensions.js` with what all of them run,
/// and their files below `/_/extensions/<name>/`. Anybody may read both, as the dashboard itself.
///
/// # Errors
/// When a route of that name is there already.
pub fn add_extensions(router: &mut Router, root: &Path) -> Result<(), RouteError> {
    let all = Extensions { root: root.to_owned(), files: PublicFolder::new(root, false) };
    let all = Arc::new(all);
    let scripts = Arc::clone(&all);
    router.add(Method::GET, "/_/extensions.js", move |state: Arc<State>, _request| {
        let all = Arc::clone(&scripts);
        async move {
            let script = state.blocking.run(move || script(&all.root)).await;
            let script = script.map_err(ApiError::internal)?;
            let kind = HeaderValue::from_static("text/javascript; charset=utf-8");
            Ok(guarded(Reply::bytes(StatusCode::OK, kind, script)))
        }
    })?;
    router.add(Method::GET, "/_/extensions/{*path}", move |state: Arc<State>, request: Request| {
        let all = Arc::clone(&all);
        async move { all.file(&state, request).await }
    })
}

impl Extensions {
    async fn file(&self, state: &State, mut request: Request) -> Result<Reply, ApiError> {
        let inner = request.path.strip_prefix(FILES).ok_or_else(|| ApiError::not_found(""))?;
        request.path = inner.to_owned();
        let reply = self.files.answer(state, request).await?;
        // It would lead to a path without what was taken away, and folders have nothing to show.
        if reply.status() == StatusCode::MOVED_PERMANENTLY {
            return Err(ApiError::not_found("File not found."));
        }
        Ok(guarded(reply))
    }
}

/// The policy of the dashboard; and changes show at once.
fn guarded(reply: Reply) -> Reply {
    reply
        .with_header(CACHE_CONTROL, HeaderValue::from_static("no-cache"))
        .with_header(CONTENT_SECURITY_POLICY, policy("none"))
}

/// What all extensions run, one after another in order of their names, each in a function of its own.
fn script(root: &Path) -> io::Result<Vec<u8>> {
    let mut folders = match fs::read_dir(root) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    folders.sort();
    let mut script = Vec::new();
    for folder in folders {
        let main = folder.join(MAIN);
        if !main.is_file() {
            continue;
        }
        script.extend_from_slice(b"await (async function(){");
        script.extend(fs::read(main)?);
        // The last line may be a comment.
        script.extend_from_slice(b"\n})();");
        if script.len() > SCRIPT_BYTES_MAX {
            return Err(io::Error::other("the scripts of the extensions are too large"));
        }
    }
    Ok(script)
}

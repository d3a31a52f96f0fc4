//! Notices when a file of a folder changes.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::config_watch::follow;

/// What is younger than this when the watch begins may not have been read.
const UNSEEN: Duration = Duration::from_secs(5);

/// Watches a folder and what is in it for as long as the value lives, also when the folder comes
/// later or goes and comes again.
pub struct FolderWatch {
    /// Dropping it ends the thread, whose channel then has no sender.
    _watcher: Arc<Mutex<RecommendedWatcher>>,
}

impl FolderWatch {
    /// Calls `on_change` after each burst of changes, on a thread of its own.
    ///
    /// Returns `None` when there is neither such a folder nor one that it would be in. Fails when it
    /// cannot be watched.
    pub fn start(
        folder: &Path,
        on_change: impl Fn() + Send + 'static,
    ) -> notify::Result<Option<Self>> {
        let Some(parent) = folder.parent().filter(|parent| parent.is_dir()) else {
            return Ok(None);
        };
        let (sender, changes) = channel();
        let first = sender.clone();
        let is_there = Arc::new(AtomicBool::new(folder.is_dir()));
        let (watched, stays) = (folder.to_owned(), Arc::clone(&is_there));
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading is an event too, and beside the folder may be anything.
            let is_change = |event: &Event| {
                !event.kind.is_access() && event.paths.iter().any(|path| path.starts_with(&watched))
            };
            let Ok(event) = event else { return };
            if event.kind.is_remove() && event.paths.contains(&watched) {
                // Another one of this name has to be watched anew.
                stays.store(false, Ordering::SeqCst);
            }
            if is_change(&event) {
                // The thread is gone only when the watcher is.
                let _ = sender.send(());
            }
        })?;
        let watcher = Arc::new(Mutex::new(watcher));
        {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            watcher.watch(parent, RecursiveMode::NonRecursive)?;
            if is_there.load(Ordering::SeqCst) {
                watcher.watch(folder, RecursiveMode::Recursive)?;
            }
        }
        let modified = folder.metadata().and_then(|found| found.modified()).ok();
        if modified.and_then(|at| at.elapsed().ok()).is_some_and(|age| age < UNSEEN) {
            // It may have changed after it was read and before it was watched.
            let _ = first.send(());
        }
        drop(first);
        let (folder, weak) = (folder.to_owned(), Arc::downgrade(&watcher));
        let on_change = move || {
            let was_there = is_there.swap(folder.is_dir(), Ordering::SeqCst);
            if !was_there && is_there.load(Ordering::SeqCst) {
                let Some(watcher) = weak.upgrade() else { return };
                let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
                if let Err(error) = watcher.watch(&folder, RecursiveMode::Recursive) {
                    tracing::error!(folder = %folder.display(), %error, "cannot be watched");
                }
            }
            on_change();
        };
        std::thread::Builder::new()
            .name("folder-watch".to_owned())
            .spawn(move || follow(&changes, on_change))
            .map_err(notify::Error::io)?;
        Ok(Some(Self { _watcher: watcher }))
    }
}

impl fmt::Debug for FolderWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderWatch").finish_non_exhaustive()
    }
}

//! Notices when a file of a folder changes.

use std::fmt;
use std::path::Path;
use std::sync::mpsc::channel;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use super::config_watch::follow;

/// Watches a folder and what is in it for as long as the value lives.
pub struct FolderWatch {
    /// Dropping it ends the thread, whose channel then has no sender.
    _watcher: RecommendedWatcher,
}

impl FolderWatch {
    /// Calls `on_change` after each burst of changes, on a thread of its own.
    ///
    /// Returns `None` when there is no such folder. Fails when it cannot be watched.
    pub fn start(
        folder: &Path,
        on_change: impl Fn() + Send + 'static,
    ) -> notify::Result<Option<Self>> {
        if !folder.is_dir() {
            return Ok(None);
        }
        let (sender, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Our own reading is an event too.
            if event.is_ok_and(|event| !event.kind.is_access()) {
                // The thread is gone only when the watcher is.
                let _ = sender.send(());
            }
        })?;
        watcher.watch(folder, RecursiveMode::Recursive)?;
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

//! Reloads the live options when the config file changes.

use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};

use crate::config::{Boot, Live, SharedLive, Sources};

/// How long the file must be left alone before it is read: editors write in several steps.
const QUIET: Duration = Duration::from_millis(100);

/// How long a file that is never left alone may put off a reload.
const PATIENCE: Duration = Duration::from_secs(2);

/// Watches the config file for as long as the value lives.
pub struct ConfigWatch {
    /// Dropping it ends the thread, whose channel then has no sender.
    _watcher: RecommendedWatcher,
}

impl fmt::Debug for ConfigWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfigWatch").finish_non_exhaustive()
    }
}

impl ConfigWatch {
    /// Watches the file of `sources`, and stores what a valid change brings in `live`.
    ///
    /// A file that cannot be used changes nothing and is reported in the log. Changes to what
    /// `boot` says need a restart and are reported too. `on_change` runs after each change, on
    /// a thread of its own.
    ///
    /// Returns `None` when there is no file. Fails when the folder cannot be watched.
    pub fn start(
        sources: Sources,
        boot: Boot,
        live: SharedLive,
        on_change: impl Fn(&Live) + Send + 'static,
    ) -> notify::Result<Option<Self>> {
        let Some(path) = sources.file() else {
            return Ok(None);
        };
        let Some(name) = path.file_name().map(OsString::from) else {
            return Ok(None);
        };
        // The folder, because editors replace the file and a watch on it would go with it.
        let folder = match path.parent() {
            Some(parent) if parent != Path::new("") => parent.to_owned(),
            _ => ".".into(),
        };
        let (sender, changes) = channel();
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let touched = event.is_ok_and(|event| {
                // Our own reading is an event too.
                !event.kind.is_access()
                    && event.paths.iter().any(|path| path.file_name() == Some(&name))
            });
            if touched {
                // The thread is gone only when the watcher is.
                let _ = sender.send(());
            }
        })?;
        watcher.watch(&folder, RecursiveMode::NonRecursive)?;
        let reload = move || reload(&sources, &boot, &live, &on_change);
        std::thread::Builder::new()
            .name("config-watch".to_owned())
            .spawn(move || follow(&changes, reload))
            .map_err(notify::Error::io)?;
        Ok(Some(Self { _watcher: watcher }))
    }
}

/// Calls `reload` after each burst of changes, until the other end is gone.
pub(super) fn follow(changes: &Receiver<()>, reload: impl Fn()) {
    while changes.recv().is_ok() {
        let first = Instant::now();
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(()) if first.elapsed() < PATIENCE => {}
                Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        reload();
    }
}

fn reload(sources: &Sources, boot: &Boot, live: &SharedLive, on_change: &impl Fn(&Live)) {
    match sources.load() {
        Ok(config) => {
            if config.boot != *boot {
                tracing::warn!("the config file changed options that need a restart");
            }
            if config.live != **live.load() {
                live.store(Arc::new(config.live.clone()));
                on_change(&config.live);
                tracing::info!("config file reloaded");
            }
        }
        Err(error) => {
            tracing::error!(%error, "config file not reloaded, the old options stay");
        }
    }
}

#[cfg(test)]
mod tests {
    use arc_swap::ArcSwap;

    use super::*;
    use crate::config::Config;

    fn wait_for(mut condition: impl FnMut() -> bool) {
        let started = Instant::now();
        while !condition() {
            assert!(started.elapsed() < Duration::from_secs(10), "it did not happen");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_good_change_is_taken_and_a_bad_one_keeps_the_old_options() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        std::fs::write(&path, "").unwrap();
        let sources = Sources::new().with_file(&path);
        let Config { boot, live } = sources.load().unwrap();
        let live = Arc::new(ArcSwap::from_pointee(live));
        let (sender, changed) = channel();
        let watch = ConfigWatch::start(sources, boot, Arc::clone(&live), move |live| {
            sender.send(live.scan_rows_max).unwrap();
        });
        let _watch = watch.unwrap().unwrap();

        std::fs::write(&path, "limits.scan_rows = 7").unwrap();
        wait_for(|| live.load().scan_rows_max == 7);
        assert_eq!(changed.recv_timeout(Duration::from_secs(10)), Ok(7));

        std::fs::write(&path, "limits.scan_rows = 8\nlimits.nonsense = 1").unwrap();
        std::thread::sleep(QUIET * 4);
        assert_eq!(live.load().scan_rows_max, 7);

        // The way of editors: a new file takes the name.
        let new = folder.path().join("config.toml.new");
        std::fs::write(&new, "limits.scan_rows = 9").unwrap();
        std::fs::rename(&new, &path).unwrap();
        wait_for(|| live.load().scan_rows_max == 9);
    }
}

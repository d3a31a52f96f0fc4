//! Tells hooks what was committed.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::ops::Backend;

/// Tells hooks what was committed, on a thread of its own, in the order of the commits.
pub struct AfterHooks {
    backend: Arc<Backend>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl AfterHooks {
    /// Begins with what is committed from now on. Fails when there can be no more threads.
    pub fn start(backend: Arc<Backend>) -> io::Result<Self> {
        let served = Arc::clone(&backend);
        let thread = std::thread::Builder::new()
            .name("after-hooks".to_owned())
            .spawn(move || served.after().serve(served.hooks()))?;
        backend.after().open();
        Ok(Self { backend, thread: Mutex::new(Some(thread)) })
    }

    /// Tells what waits, then ends the thread and waits for it. Does nothing the second time, and
    /// waits for nobody when a hook calls it.
    pub fn stop(&self) {
        self.backend.after().close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread.filter(|t| t.thread().id() != std::thread::current().id()) {
            // Panics of hooks are caught one by one.
            let _ = thread.join();
        }
    }
}

impl fmt::Debug for AfterHooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterHooks").finish_non_exhaustive()
    }
}

impl Drop for AfterHooks {
    fn drop(&mut self) {
        self.stop();
    }
}

//! Removes files that no record names any more, and brings those of a restored backup where they belong.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::ops::Backend;
use crate::ops::files::sweep;

/// After which what could not be sent is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// Removes files that no record names any more: at the start what a crash left, then whenever
/// somebody asks. Ends some time after the value is dropped.
#[derive(Debug)]
pub struct FileSweep {
    backend: Arc<Backend>,
    is_over: Arc<AtomicBool>,
}

impl FileSweep {
    /// Begins with a first sweep. Fails when no thread can be had.
    pub fn start(backend: &Arc<Backend>) -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let this = Self { backend: Arc::clone(backend), is_over: Arc::clone(&is_over) };
        let backend = Arc::clone(backend);
        std::thread::Builder::new().name("file-sweep".to_owned()).spawn(move || {
            while !is_over.load(Ordering::Acquire) {
                let settled = backend.files().settle_restored();
                if let Err(error) = &settled {
                    tracing::error!(%error, "files of a backup were not sent to the bucket yet");
                }
                if let Err(error) = sweep(&backend) {
                    tracing::warn!(%error, "files were not removed");
                }
                backend.in_flight().wait(settled.err().map(|_| RETRY));
            }
        })?;
        Ok(this)
    }
}

impl Drop for FileSweep {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        self.backend.sweep_soon();
    }
}

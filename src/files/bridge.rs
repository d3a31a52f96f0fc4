//! From threads that may wait to the asynchronous client of a bucket.

use std::future::Future;
use std::io;

use tokio::runtime::{Builder, Runtime};

/// A runtime of its own, with one thread for its sockets and timers. Whoever calls waits on their
/// own thread, which must not be one that drives other tasks.
#[derive(Debug)]
pub(super) struct Bridge {
    /// Taken only when the value goes.
    runtime: Option<Runtime>,
}

impl Bridge {
    /// Starts the thread.
    pub(super) fn new() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("bucket")
            .enable_all()
            .build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Waits for `work`.
    pub(super) fn wait<F: Future>(&self, work: F) -> F::Output {
        let runtime = self.runtime.as_ref().expect("taken only when the value goes");
        runtime.handle().block_on(work)
    }
}

impl Drop for Bridge {
    fn drop(&mut self) {
        // The last one to hold a bucket may be on a thread that must not wait.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

//! After hooks as async code.

use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::Semaphore;

use super::App;
use super::link::Link;
use crate::web::BoxError;

/// After hooks under way at once. Further ones wait, and writes with them once many do.
const UNDER_WAY_MAX: usize = 1024;
/// How long closing waits for hooks under way.
const PATIENCE: Duration = Duration::from_secs(10);

/// Something that is committed, or came to nothing, and the app it happened in.
pub struct Committed<P> {
    app: App,
    change: Arc<P>,
}

impl<P> Committed<P> {
    /// The app, with which everything can be done.
    pub fn app(&self) -> &App {
        &self.app
    }
}

impl<P> Deref for Committed<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.change
    }
}

impl<P: fmt::Debug> fmt::Debug for Committed<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.change.fmt(f)
    }
}

/// Where after hooks run: a small runtime of their own, so that they need no server, and a slow one
/// takes nothing from requests.
#[derive(Clone)]
pub(super) struct AfterRuntime(Arc<Inner>);

struct Inner {
    link: Link,
    /// Made when the first hook runs.
    runtime: Mutex<Option<Runtime>>,
    permits: Arc<Semaphore>,
}

impl AfterRuntime {
    pub(super) fn new(link: Link) -> Self {
        let permits = Arc::new(Semaphore::new(UNDER_WAY_MAX));
        Self(Arc::new(Inner { link, runtime: Mutex::new(None), permits }))
    }

    /// Begins an after hook. Waits while too many are under way.
    pub(super) fn begin<P, A>(&self, change: &Arc<P>, hook: impl FnOnce(Committed<P>) -> A)
    where
        A: Future<Output = Result<(), BoxError>> + Send + 'static,
    {
        let Inner { link, permits, .. } = &*self.0;
        let Some(app) = link.app() else { return };
        let Some(handle) = self.handle() else { return };
        // The semaphore is never closed.
        let Ok(permit) = handle.block_on(Arc::clone(permits).acquire_owned()) else { return };
        let answer = hook(Committed { app, change: Arc::clone(change) });
        handle.spawn(async move {
            let _permit = permit;
            if let Err(error) = answer.await {
                tracing::error!(%error, "an after hook failed");
            }
        });
    }

    fn handle(&self) -> Option<Handle> {
        let mut runtime = self.0.runtime.lock().unwrap_or_else(PoisonError::into_inner);
        if runtime.is_none() {
            let built = Builder::new_multi_thread()
                .worker_threads(1)
                .thread_name("after-hooks")
                .enable_all()
                .build();
            match built {
                Ok(built) => *runtime = Some(built),
                Err(error) => tracing::error!(%error, "no runtime for after hooks"),
            }
        }
        runtime.as_ref().map(|runtime| runtime.handle().clone())
    }

    /// Waits until no hook is under way, but not forever, and ends. Blocks the thread.
    pub(super) fn close(&self) {
        let runtime = self.0.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(runtime) = runtime else { return };
        let since = std::time::Instant::now();
        while self.0.permits.available_permits() < UNDER_WAY_MAX && since.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(2));
        }
        runtime.shutdown_background();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let runtime = self.runtime.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(runtime) = runtime {
            runtime.shutdown_background();
        }
    }
}

//! The one bridge between async handlers and the synchronous rooms below.

use std::fmt;
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot};

use super::BoxFuture;

/// Runs blocking work on other threads, so many at once.
#[derive(Clone)]
pub struct Blocking {
    permits: Arc<Semaphore>,
}

impl Blocking {
    /// At most `count` pieces of work at once; at least one.
    pub fn new(count: usize) -> Self {
        Self { permits: Arc::new(Semaphore::new(count.clamp(1, Semaphore::MAX_PERMITS))) }
    }

    /// Runs `work` and returns what it returns.
    ///
    /// Work that has begun runs to its end, even when the caller goes away.
    ///
    /// # Panics
    ///
    /// When `work` does.
    pub fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> BoxFuture<'_, T> {
        // In a box, so that requests that never come here do not keep room for it.
        Box::pin(async move {
            let permits = Arc::clone(&self.permits);
            let permit = permits.acquire_owned().await.expect("the semaphore is never closed");
            let task = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                work()
            });
            match task.await {
                Ok(done) => done,
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                // Only a runtime that is going down cancels blocking work, and us with it.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blocking").field("free", &self.permits.available_permits()).finish()
    }
}

/// What a synchronous call gets to report its outcome later.
pub type Report<T, E> = Box<dyn FnOnce(Result<T, E>) + Send>;

/// Turns a call that reports through a callback into a future.
///
/// # Panics
///
/// When the callback is dropped without a call: its owner died, and the outcome is unknown.
pub async fn committed<T, E>(start: impl FnOnce(Report<T, E>)) -> Result<T, E>
where
    T: Send + 'static,
    E: Send + 'static,
{
    let (sender, receiver) = oneshot::channel();
    start(Box::new(move |outcome| {
        // The caller may have gone away; the work is done all the same.
        let _ = sender.send(outcome);
    }));
    receiver.await.expect("the callback is called before its owner ends")
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_more_work_runs_at_once_than_allowed() {
        let blocking = Blocking::new(2);
        let running = Arc::new(AtomicUsize::new(0));
        let peak = Arc::new(AtomicUsize::new(0));
        let tasks: Vec<_> = (0..8)
            .map(|_| {
                let (blocking, running, peak) =
                    (blocking.clone(), Arc::clone(&running), Arc::clone(&peak));
                tokio::spawn(async move {
                    blocking
                        .run(move || {
                            peak.fetch_max(
                                running.fetch_add(1, Ordering::SeqCst) + 1,
                                Ordering::SeqCst,
                            );
                            std::thread::sleep(Duration::from_millis(5));
                            running.fetch_sub(1, Ordering::SeqCst);
                        })
                        .await;
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(peak.load(Ordering::SeqCst), 2);
    }

    #[tokio::test]
    async fn a_panic_in_the_work_reaches_the_caller() {
        let caller = tokio::spawn(async { Blocking::new(1).run(|| panic!("work")).await });
        assert!(caller.await.unwrap_err().is_panic());
    }

    #[tokio::test]
    async fn a_callback_becomes_a_future() {
        let outcome: Result<u8, ()> = committed(|report| {
            std::thread::spawn(move || report(Ok(7)));
        })
        .await;
        assert_eq!(outcome, Ok(7));
    }
}

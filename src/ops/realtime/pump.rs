//! The thread that sends events after each commit.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use crate::query::ReadError;

use super::Feed;

/// Runs a feed. It stops when this is dropped.
#[derive(Debug)]
pub struct Pump {
    wake: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Pump {
    /// Starts a thread that sends what is committed from now on.
    pub fn start(feed: Arc<Feed>) -> io::Result<Self> {
        // One place is enough: whoever finds it taken knows that the pump will look again.
        let (wake, woken) = sync_channel(1);
        let on_commit = wake.clone();
        feed.backend().on_commit(move || {
            let _ = on_commit.try_send(());
        });
        let on_unsettled = wake.clone();
        feed.hub().on_unsettled(move || {
            let _ = on_unsettled.try_send(());
        });
        let stopping = Arc::new(AtomicBool::new(false));
        let should_stop = stopping.clone();
        let mut progress = feed.start();
        let thread = std::thread::Builder::new().name("realtime".to_owned()).spawn(move || {
            while woken.recv().is_ok() && !should_stop.load(Ordering::SeqCst) {
                // One event that cannot be judged must not end all those to come.
                let advanced = catch_unwind(AssertUnwindSafe(|| {
                    feed.advance(&mut progress)?;
                    feed.settle_rooms(&mut progress);
                    Ok::<_, ReadError>(())
                }));
                match advanced {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => tracing::error!(%error, "cannot read the log of changes"),
                    Err(_) => tracing::error!("sending events panicked; some were lost"),
                }
            }
        })?;
        Ok(Self { wake, stopping, thread: Mutex::new(Some(thread)) })
    }

    /// Ends the thread and waits for it. Does nothing the second time.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        let _ = self.wake.try_send(());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A panic of the thread was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Pump {
    fn drop(&mut self) {
        self.stop();
    }
}

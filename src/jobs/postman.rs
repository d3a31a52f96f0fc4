//! Sends the mail that lies in the outbox.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::ops::mail::deliver_due;

/// How often the outbox is looked into without being told.
const ROUND: Duration = Duration::from_mins(1);
/// How long to wait after a failure that is ours.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long dropping waits for a mail on its way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends the mail of the outbox for as long as the value lives.
pub struct Postman {
    backend: Arc<Backend>,
    stopping: Arc<AtomicBool>,
    /// Closed when the thread has ended.
    ended: Receiver<()>,
}

impl fmt::Debug for Postman {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Postman").finish_non_exhaustive()
    }
}

impl Postman {
    /// Begins with what is in the outbox already, on a thread of its own. Fails when there can be
    /// no more threads.
    pub fn start(backend: Arc<Backend>) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (alive, ended) = channel();
        let postman =
            Self { backend: Arc::clone(&backend), stopping: Arc::clone(&stopping), ended };
        std::thread::Builder::new().name("postman".to_owned()).spawn(move || {
            let _alive = alive;
            while !stopping.load(Ordering::SeqCst) {
                let wait = match deliver_due(&backend) {
                    Ok(None) => ROUND,
                    Ok(Some(due)) => until(due).min(ROUND),
                    Err(error) => {
                        tracing::error!(%error, "cannot empty the outbox");
                        AFTER_FAILURE
                    }
                };
                backend.bell().wait(wait);
            }
        })?;
        Ok(postman)
    }
}

impl Drop for Postman {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.backend.bell().ring();
        // Either it ended, or a mail server keeps it waiting; then the letter stays where it is.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

fn until(due: Timestamp) -> Duration {
    let millis = due.millis().saturating_sub(Timestamp::now().millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

//! Sends the deliveries of webhooks.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::model::Timestamp;
use crate::ops::Backend;
use crate::ops::webhooks::{Departure, Dispatch};

/// How often it is looked for deliveries without being told.
const ROUND: Duration = Duration::from_mins(1);
/// How long to wait after a failure that is ours.
const AFTER_FAILURE: Duration = Duration::from_secs(5);
/// How long dropping waits for deliveries on their way.
const PATIENCE: Duration = Duration::from_secs(5);

/// Sends the deliveries of webhooks for as long as the value lives.
pub struct Webhooks {
    backend: Arc<Backend>,
    stopping: Arc<AtomicBool>,
    /// Closed when all threads have ended.
    ended: Receiver<()>,
}

impl fmt::Debug for Webhooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Webhooks").finish_non_exhaustive()
    }
}

impl Webhooks {
    /// Begins with what waits already, on a thread of its own. Fails when there can be no more
    /// threads.
    pub fn start(backend: Arc<Backend>) -> std::io::Result<Self> {
        let stopping = Arc::new(AtomicBool::new(false));
        let (alive, ended) = channel();
        let doorbell = Arc::clone(backend.webhooks());
        backend.on_commit(move || doorbell.committed());
        let started =
            Self { backend: Arc::clone(&backend), stopping: Arc::clone(&stopping), ended };
        std::thread::Builder::new().name("webhooks".to_owned()).spawn(move || {
            let dispatch = Arc::new(Mutex::new(Dispatch::default()));
            while !stopping.load(Ordering::SeqCst) {
                let wait = round(&backend, &dispatch, &alive);
                backend.webhooks().wait(wait);
            }
        })?;
        Ok(started)
    }
}

impl Drop for Webhooks {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.backend.webhooks().ring();
        // Either all ended, or other servers keep them waiting; then their deliveries stay.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// Has everything leave that is due, and says how long to wait.
fn round(backend: &Arc<Backend>, dispatch: &Arc<Mutex<Dispatch>>, alive: &Sender<()>) -> Duration {
    let next = dispatch.lock().unwrap_or_else(PoisonError::into_inner).next(backend);
    let (leaving, next) = match next {
        Ok(next) => next,
        Err(error) => {
            tracing::error!(%error, "cannot look for deliveries of webhooks");
            return AFTER_FAILURE;
        }
    };
    let mut wait = next.map_or(ROUND, until).min(ROUND);
    for departure in leaving {
        let key = departure.key().to_owned();
        if let Err(error) = spawn(backend, dispatch, alive.clone(), departure) {
            tracing::error!(%error, "no thread for a delivery of a webhook");
            dispatch.lock().unwrap_or_else(PoisonError::into_inner).returned(&key);
            wait = AFTER_FAILURE;
        }
    }
    wait
}

fn spawn(
    backend: &Arc<Backend>,
    dispatch: &Arc<Mutex<Dispatch>>,
    alive: Sender<()>,
    departure: Departure,
) -> std::io::Result<()> {
    let (backend, dispatch) = (Arc::clone(backend), Arc::clone(dispatch));
    std::thread::Builder::new().name("webhook".to_owned()).spawn(move || {
        let _alive = alive;
        if let Err(error) = departure.send(&backend) {
            tracing::error!(%error, "cannot note a delivery of a webhook");
            // Until this thread ends it counts as under way, so that a store in trouble is not
            // asked again and again.
            std::thread::sleep(AFTER_FAILURE);
        }
        dispatch.lock().unwrap_or_else(PoisonError::into_inner).returned(departure.key());
        backend.webhooks().ring();
    })?;
    Ok(())
}

fn until(due: Timestamp) -> Duration {
    let millis = due.millis().saturating_sub(Timestamp::now().millis());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

//! Names to public addresses.
//!
//! What this resolver returns is what gets connected to, so there is no moment between the check
//! and the connection in which a name could come to mean something else.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::address::is_public;

/// Resolves names, and leaves out every address that is not public.
#[derive(Debug)]
pub(super) struct PublicAddresses;

impl Resolve for PublicAddresses {
    fn resolve(&self, name: Name) -> Resolving {
        let lookup = Arc::new(Lookup::default());
        let (done, host) = (Arc::clone(&lookup), name.as_str().to_owned());
        // The system's resolver blocks, and the thread that asks serves other calls too.
        let started = std::thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || done.finish(public_addresses(&host)));
        if let Err(error) = started {
            lookup.finish(Err(error));
        }
        Box::pin(Resolved(lookup))
    }
}

fn public_addresses(host: &str) -> io::Result<Vec<SocketAddr>> {
    let found: Vec<SocketAddr> =
        (host, 0).to_socket_addrs()?.filter(|address| is_public(address.ip())).collect();
    if found.is_empty() {
        return Err(io::Error::other("the name has no public address"));
    }
    Ok(found)
}

/// A lookup that another thread makes.
#[derive(Debug, Default)]
struct Lookup(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    outcome: Option<io::Result<Vec<SocketAddr>>>,
    waker: Option<Waker>,
}

impl Lookup {
    fn finish(&self, outcome: io::Result<Vec<SocketAddr>>) {
        let waker = {
            let mut progress = self.progress();
            progress.outcome = Some(outcome);
            progress.waker.take()
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The addresses, once they are known.
struct Resolved(Arc<Lookup>);

impl Future for Resolved {
    type Output = Result<Addrs, Box<dyn std::error::Error + Send + Sync>>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut progress = self.0.progress();
        match progress.outcome.take() {
            Some(Ok(found)) => Poll::Ready(Ok(Box::new(found.into_iter()))),
            Some(Err(error)) => Poll::Ready(Err(error.into())),
            None => {
                progress.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

//! Where clients come in: the sockets that are listened at.

use std::io;
use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket, lookup_host};

use crate::config::{Address, Boot};

/// Where clients come in. A [`TcpListener`] alone is one for requests in the clear.
#[derive(Debug)]
pub struct Listeners {
    pub(super) plain: TcpListener,
    pub(super) encrypted: Option<(TcpListener, SocketAddr)>,
}

impl From<TcpListener> for Listeners {
    fn from(plain: TcpListener) -> Self {
        Self { plain, encrypted: None }
    }
}

impl Listeners {
    /// Listens where `boot` says.
    ///
    /// Fails when an address is taken, or none of this machine's.
    pub async fn bind(boot: &Boot) -> io::Result<Self> {
        let plain = listen(&boot.http).await?;
        let encrypted = match &boot.tls.address {
            None => None,
            Some(address) => {
                let listener = listen(address).await?;
                let address = listener.local_addr()?;
                Some((listener, address))
            }
        };
        Ok(Self { plain, encrypted })
    }

    /// The address for requests in the clear.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.plain.local_addr()
    }

    /// The address for encrypted requests.
    pub fn encrypted_address(&self) -> Option<SocketAddr> {
        self.encrypted.as_ref().map(|(_, address)| *address)
    }
}

/// Connections that may wait to be accepted. A burst beyond it is told nothing, and tries again a
/// second later; systems cut it to what they allow (Linux: `net.core.somaxconn`, 4,096).
const BACKLOG: u32 = 4_096;

async fn listen(address: &Address) -> io::Result<TcpListener> {
    let mut refusal = io::Error::from(io::ErrorKind::AddrNotAvailable);
    let places = lookup_host(address.as_str()).await;
    for place in places.map_err(|error| cannot_listen(address, &error))? {
        match listen_at(place) {
            Ok(listener) => return Ok(listener),
            Err(error) => refusal = error,
        }
    }
    Err(cannot_listen(address, &refusal))
}

/// As [`TcpListener::bind`] does it, whose backlog is 128.
fn listen_at(place: SocketAddr) -> io::Result<TcpListener> {
    let socket = if place.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // On Windows the option means another thing: somebody else may take the address over.
    if cfg!(unix) {
        socket.set_reuseaddr(true)?;
    }
    socket.bind(place)?;
    socket.listen(BACKLOG)
}

fn cannot_listen(address: &Address, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn a_burst_of_connections_waits_rather_than_being_dropped() {
        let listener = listen_at(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let place = listener.local_addr().unwrap();
        // A client whose first packet is dropped sends it again after a second.
        let clients: Vec<_> = (0..400)
            .map(|_| TcpStream::connect_timeout(&place, Duration::from_millis(900)).unwrap())
            .collect();
        for _ in &clients {
            listener.accept().await.unwrap();
        }
    }
}

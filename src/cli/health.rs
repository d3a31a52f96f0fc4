//! `haversack health`

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use clap::Args;
use haversack::config::{Address, Layer};

use super::serve::parse_address;
use super::{Failure, Place, say};

/// To connect, and for each piece of the answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of the answer that are looked at.
const HEAD_MAX: u64 = 512;

#[derive(Debug, Args)]
pub(super) struct HealthArguments {
    #[command(flatten)]
    place: Place,
    /// The address that the server listens on [default: that of the configuration].
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    http: Option<Address>,
}

pub(super) fn run(arguments: &HealthArguments) -> Result<(), Failure> {
    let flags = Layer { http: arguments.http.clone(), ..Layer::default() };
    let address = arguments.place.sources(flags)?.load()?.boot.http;
    let status = ask(address.as_str())
        .map_err(|error| Failure::Other(format!("no answer from {address}: {error}")))?;
    // Where connections are encrypted, this port only leads to the other one.
    if !(200..400).contains(&status) {
        return Err(Failure::Other(format!("{address} answers {status}")));
    }
    say("healthy");
    Ok(())
}

/// The status that the server answers.
fn ask(address: &str) -> io::Result<u16> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in address.to_socket_addrs()? {
        match ask_one(reachable(address)) {
            Ok(status) => return Ok(status),
            Err(error) => last = error,
        }
    }
    Err(last)
}

fn ask_one(address: SocketAddr) -> io::Result<u16> {
    let mut socket = TcpStream::connect_timeout(&address, TIMEOUT)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.set_write_timeout(Some(TIMEOUT))?;
    let head = format!("Host: {address}\r\nUser-Agent: haversack\r\nConnection: close\r\n\r\n");
    socket.write_all(format!("GET /api/health HTTP/1.1\r\n{head}").as_bytes())?;
    let mut answer = Vec::new();
    socket.take(HEAD_MAX).read_to_end(&mut answer)?;
    let status = answer.strip_prefix(b"HTTP/1.1 ").and_then(|rest| rest.get(..3));
    let status = status.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    status.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "this is not HTTP"))
}

/// Whoever listens everywhere is asked on this machine.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    address
}

//! The control socket: how commands reach the server that holds a data folder.
//!
//! One JSON line in, one JSON line out: `{"superuser":{…}}` is answered with
//! `{"ok":true,"message":"…"}` or `{"ok":false,"error":"…"}`. Who may open the socket's file may
//! give commands: only its owner. Systems without Unix sockets have no control socket, and their
//! commands need the server to be stopped.

#[cfg_attr(unix, path = "unix.rs")]
#[cfg_attr(not(unix), path = "absent.rs")]
mod socket;

pub use socket::send;
pub(super) use socket::{Control, listen};

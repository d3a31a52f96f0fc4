//! Where there are no Unix sockets: no server is ever found.

use std::io;
use std::path::Path;

use super::super::{App, ControlCommand};

/// What cannot be.
#[derive(Debug)]
pub(in super::super) enum Control {}

/// Takes no commands.
pub(in super::super) fn listen(_app: &App) -> io::Result<Option<Control>> {
    Ok(None)
}

/// Finds no server.
pub fn send(_data: &Path, _command: &ControlCommand) -> io::Result<Option<Result<String, String>>> {
    Ok(None)
}

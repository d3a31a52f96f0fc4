//! Asking for a password.

use std::io::{self, BufRead, IsTerminal, Read};

use haversack::app::Password;

use super::Failure;

/// The longest line that is read as a password, in bytes.
const LINE_BYTES_MAX: u64 = 4096;

/// Reads a password: without echo from a terminal, else the first line of the standard input.
pub(super) fn ask() -> Result<Password, Failure> {
    let failed = |error: io::Error| Failure::Other(format!("cannot read the password: {error}"));
    let text = if io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ").map_err(failed)?
    } else {
        let mut line = String::new();
        io::stdin().lock().take(LINE_BYTES_MAX).read_line(&mut line).map_err(failed)?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if text.is_empty() {
        return Err(Failure::Other("the password is empty".to_owned()));
    }
    Ok(Password::new(text))
}

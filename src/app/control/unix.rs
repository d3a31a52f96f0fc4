//! The control socket, on systems that have Unix sockets.

use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader as AsyncBufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::super::{App, ControlCommand};

const SOCKET_NAME: &str = "haversack.sock";

/// The longest line, in bytes, either way.
const LINE_BYTES_MAX: u64 = 64 << 10;

/// How long the server waits for the line of a client.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a client waits for the server to take its line.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    ok: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Takes commands until it is dropped, when the socket goes away.
#[derive(Debug)]
pub(in super::super) struct Control {
    path: PathBuf,
    accepting: JoinHandle<()>,
}

impl Drop for Control {
    fn drop(&mut self) {
        self.accepting.abort();
        // Somebody may have removed it, which is as good.
        let _ = fs::remove_file(&self.path);
    }
}

/// Begins to take commands for `app` in its data folder; `None` when its path is too long for
/// a socket, which is reported in the log.
///
/// Fails when another server answers there.
pub(in super::super) fn listen(app: &App) -> io::Result<Option<Control>> {
    let data = &app.boot().data;
    let path = data.join(SOCKET_NAME);
    if BlockingStream::connect(&path).is_ok() {
        let problem = format!("another server is running on {}", data.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, problem));
    }
    let listener = match bind(data, &path) {
        Ok(listener) => listener,
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {
            tracing::warn!(%error, path = %path.display(), "no control socket");
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let app = app.clone();
    let accepting = tokio::spawn(async move {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::spawn(converse(app.clone(), stream));
                }
                Err(error) => {
                    tracing::warn!(%error, "control socket");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    });
    Ok(Some(Control { path, accepting }))
}

/// Binds a socket that is never anyone else's: it is made in a folder of its own, and moved into
/// place when its permissions are right. That also replaces what a dead server left behind.
fn bind(data: &Path, path: &Path) -> io::Result<UnixListener> {
    let folder = data.join(".s");
    let made = folder.join("s");
    // What a start that broke off left behind; if that fails, so does what follows.
    let _ = fs::remove_dir_all(&folder);
    DirBuilder::new().mode(0o700).create(&folder)?;
    let bound = UnixListener::bind(&made).and_then(|listener| {
        fs::set_permissions(&made, Permissions::from_mode(0o600))?;
        fs::rename(&made, path)?;
        Ok(listener)
    });
    fs::remove_dir_all(&folder)?;
    bound
}

/// Reads one line, runs it, answers one line.
async fn converse(app: App, stream: UnixStream) {
    let (read, mut write) = stream.into_split();
    let mut line = Vec::new();
    let mut limited = AsyncBufReader::new(read.take(LINE_BYTES_MAX));
    let Ok(Ok(_)) = timeout(READ_TIMEOUT, limited.read_until(b'\n', &mut line)).await else {
        return;
    };
    let outcome = match serde_json::from_slice::<ControlCommand>(&line) {
        Ok(command) => {
            let done = tokio::task::spawn_blocking(move || app.command(command)).await;
            done.unwrap_or_else(|_| Err("the command broke off".to_owned()))
        }
        Err(error) => Err(format!("not a command: {error}")),
    };
    let answer = match outcome {
        Ok(message) => Answer { ok: true, message: Some(message), error: None },
        Err(error) => Answer { ok: false, message: None, error: Some(error) },
    };
    let mut text = serde_json::to_vec(&answer).expect("an answer has only string keys");
    text.push(b'\n');
    // A client that does not wait for the answer does not want it.
    let _ = write.write_all(&text).await;
}

/// Gives `command` to the server that holds the folder `data`, and returns its answer; `None`
/// when there is none.
///
/// Fails when there is one and talking to it does not work.
pub fn send(data: &Path, command: &ControlCommand) -> io::Result<Option<Result<String, String>>> {
    let mut stream = match BlockingStream::connect(data.join(SOCKET_NAME)) {
        Ok(stream) => stream,
        Err(error) => {
            return match error.kind() {
                io::ErrorKind::NotFound
                | io::ErrorKind::ConnectionRefused
                | io::ErrorKind::InvalidInput => Ok(None),
                _ => Err(error),
            };
        }
    };
    stream.set_read_timeout(command.answer_timeout())?;
    stream.set_write_timeout(Some(SEND_TIMEOUT))?;
    let mut text = serde_json::to_vec(command)?;
    text.push(b'\n');
    stream.write_all(&text)?;
    let mut line = String::new();
    BufReader::new(stream.take(LINE_BYTES_MAX)).read_line(&mut line)?;
    let Answer { ok, message, error } = serde_json::from_str(&line)?;
    let outcome = if ok { Ok(message) } else { Err(error) };
    Ok(Some(outcome.map(Option::unwrap_or_default).map_err(Option::unwrap_or_default)))
}

#[cfg(test)]
mod tests {
    use super::super::super::SuperuserCommand;
    use super::*;
    use crate::config::Config;

    fn app(data: &Path) -> App {
        let mut config = Config::default();
        config.boot.data = data.to_owned();
        App::builder().config(config).build().unwrap()
    }

    fn delete(email: &str) -> ControlCommand {
        ControlCommand::Superuser(SuperuserCommand::Delete { email: email.to_owned() })
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn commands_reach_the_server_that_holds_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().to_owned();
        assert_eq!(send(&data, &delete("a@b.co")).unwrap(), None);
        // What a dead server left behind.
        drop(std::os::unix::net::UnixListener::bind(data.join(SOCKET_NAME)).unwrap());
        assert_eq!(send(&data, &delete("a@b.co")).unwrap(), None);

        let app = app(&data);
        let control = listen(&app).unwrap().unwrap();
        let mode = fs::metadata(&control.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let folder_of_client = data.clone();
        let nobody = "There is no superuser a@b.co; nothing to delete.";
        let answer = tokio::task::spawn_blocking(move || {
            send(&folder_of_client, &delete("a@b.co")).unwrap()
        });
        assert_eq!(answer.await.unwrap(), Some(Ok(nobody.to_owned())));

        let second = listen(&app).unwrap_err();
        assert!(second.to_string().starts_with("another server is running"), "{second}");
        drop(control);
        assert!(!data.join(SOCKET_NAME).exists());
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nonsense_is_answered_as_such() {
        let folder = tempfile::tempdir().unwrap();
        let _control = listen(&app(folder.path())).unwrap().unwrap();
        let path = folder.path().join(SOCKET_NAME);
        let answer = tokio::task::spawn_blocking(move || {
            let mut stream = BlockingStream::connect(path).unwrap();
            stream.write_all(b"{\"superuser\":1}\n").unwrap();
            let mut text = String::new();
            stream.read_to_string(&mut text).unwrap();
            text
        });
        let answer = answer.await.unwrap();
        assert!(answer.starts_with("{\"ok\":false,\"error\":\"not a command: "), "{answer}");
    }
}

//! The server under load: one that is started here, or one that already runs.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Outcome;
use crate::client::compose;

const EMAIL: &str = "root@example.com";
const PASSWORD: &str = "correct horse battery";
/// Linux counts a process's CPU time in ticks of this many per second, on every architecture.
const TICKS_PER_SECOND: u64 = 100;

/// A server that answers requests, and how to log in to it.
pub(crate) struct Server {
    address: String,
    email: String,
    password: String,
    pid: Option<u32>,
    /// Held so that the server and its folder end with this value.
    _owned: Option<Owned>,
}

struct Owned {
    child: Child,
    /// Kept open: a server that cannot print would end or hang.
    _stdout: BufReader<ChildStdout>,
    _folder: TempDir,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    /// The server at `BENCH_URL`, or else the binary of this build on a temporary folder.
    pub(crate) fn start_or_find() -> Outcome<Self> {
        let Ok(url) = std::env::var("BENCH_URL") else {
            return Self::start();
        };
        let needed = |name| std::env::var(name).map_err(|_| format!("BENCH_URL needs {name}"));
        Ok(Self {
            address: address_of(&url)?,
            email: needed("BENCH_EMAIL")?,
            password: needed("BENCH_PASSWORD")?,
            pid: std::env::var("BENCH_PID").ok().map(|pid| pid.parse()).transpose()?,
            _owned: None,
        })
    }

    fn start() -> Outcome<Self> {
        let binary = std::env::var("HAVERSACK_BIN")
            .ok()
            .or_else(|| option_env!("CARGO_BIN_EXE_haversack").map(str::to_owned))
            .ok_or("built without the program: enable the cli feature or set HAVERSACK_BIN")?;
        let folder = tempfile::tempdir()?;
        let data = folder.path().join("data");

        let upsert = Command::new(&binary)
            .args(["superuser", "upsert", EMAIL, PASSWORD, "--data"])
            .arg(&data)
            .output()?;
        if !upsert.status.success() {
            return Err(
                format!("superuser upsert: {}", String::from_utf8_lossy(&upsert.stderr)).into()
            );
        }

        let mut child = Command::new(&binary)
            .args(["serve", "--http", "127.0.0.1:0", "--data"])
            .arg(&data)
            .stdout(Stdio::piped())
            .spawn()?;
        let pid = child.id();
        let stdout = child.stdout.take().ok_or("the server has no stdout")?;
        let mut stdout = BufReader::new(stdout);
        let url = read_url(&mut stdout);
        let owned = Owned { child, _stdout: stdout, _folder: folder };
        Ok(Self {
            address: address_of(&url?)?,
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            pid: Some(pid),
            _owned: Some(owned),
        })
    }

    /// Where it listens, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its superuser's email and password.
    pub(crate) fn superuser(&self) -> (&str, &str) {
        (&self.email, &self.password)
    }

    /// Makes requests that log its superuser in.
    pub(crate) fn login_request(&self) -> impl Fn(usize) -> Vec<u8> + 'static {
        let body = serde_json::json!({ "identity": self.email, "password": self.password });
        let path = "/api/collections/_superusers/auth-with-password";
        let request = compose("POST", path, "", &body.to_string());
        move |_| request.clone()
    }

    /// The CPU time it has used, in user and system mode, or `None` where that is not known.
    pub(crate) fn cpu_time(&self) -> Option<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.pid?)).ok()?;
        // The name in parentheses may hold spaces; the fields after it start with the state, field 3.
        let (_, fields) = stat.rsplit_once(')')?;
        let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
        let total = ticks.next()?.ok()? + ticks.next()?.ok()?;
        Some(Duration::from_millis(total * 1000 / TICKS_PER_SECOND))
    }
}

fn read_url(stdout: &mut impl BufRead) -> Outcome<String> {
    for line in stdout.lines() {
        if let Some((_, url)) = line?.split_once("listening on ") {
            return Ok(url.trim().to_owned());
        }
    }
    Err("the server ended before it listened".into())
}

fn address_of(url: &str) -> Outcome<String> {
    let rest =
        url.strip_prefix("http://").ok_or_else(|| format!("{url} must start with http://"))?;
    Ok(rest.trim_end_matches('/').to_owned())
}

//! A server under load: one that is started here, or one that already runs.

use std::collections::HashMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::Outcome;
use crate::client::{Client, Travel, compose};

const EMAIL: &str = "root@example.com";
const PASSWORD: &str = "correct horse battery";
/// Linux counts a process's CPU time in ticks of this many per second, on every architecture.
const TICKS_PER_SECOND: u64 = 100;
/// How long a started server may take until it answers, and until it ends.
const PATIENCE: Duration = Duration::from_secs(60);

/// A server that answers requests, and how to log in to it.
pub(crate) struct Server {
    address: String,
    email: String,
    password: String,
    pid: Option<u32>,
    data: Option<PathBuf>,
    /// Held so that the server and its folder end with this value.
    owned: Option<Owned>,
}

struct Owned {
    binary: String,
    child: Child,
    /// Kept open: a server that cannot print would end or hang.
    _stdout: BufReader<ChildStdout>,
    folder: TempDir,
}

impl Drop for Owned {
    fn drop(&mut self) {
        // It may have ended by itself, which is all that is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The CPU time that each thread of a server had used at some moment, and that all had together.
pub(crate) struct CpuClock {
    total: Duration,
    threads: HashMap<u32, u64>,
}

impl Server {
    /// The server at `BENCH_URL`, or else the binary of this build on a temporary folder.
    pub(crate) fn start_or_find() -> Outcome<Self> {
        match Self::running("BENCH", "BENCH_URL")? {
            Some(server) => Ok(server),
            None => Self::start(),
        }
    }

    /// The server at `PEER`, to compare with.
    pub(crate) fn peer() -> Outcome<Option<Self>> {
        Self::running("PEER", "PEER")
    }

    fn running(prefix: &str, url: &str) -> Outcome<Option<Self>> {
        let Some(address) = crate::options::variable(url) else {
            return Ok(None);
        };
        let optional = |name| crate::options::variable(&format!("{prefix}_{name}"));
        let needed = |name| optional(name).ok_or_else(|| format!("{url} needs {prefix}_{name}"));
        Ok(Some(Self {
            address: address_of(&address)?,
            email: needed("EMAIL")?,
            password: needed("PASSWORD")?,
            pid: optional("PID").map(|pid| pid.parse()).transpose()?,
            data: optional("DATA").map(PathBuf::from),
            owned: None,
        }))
    }

    fn start() -> Outcome<Self> {
        let binary = crate::options::variable("HAVERSACK_BIN")
            .or_else(|| option_env!("CARGO_BIN_EXE_haversack").map(str::to_owned))
            .ok_or("built without the program: enable the cli feature or set HAVERSACK_BIN")?;
        let folder = tempfile::tempdir()?;
        let upsert = Command::new(&binary)
            .args(["superuser", "upsert", EMAIL, PASSWORD, "--data", "data"])
            .current_dir(&folder)
            .output()?;
        if !upsert.status.success() {
            return Err(
                format!("superuser upsert: {}", String::from_utf8_lossy(&upsert.stderr)).into()
            );
        }
        let data = folder.path().join("data");
        let (owned, address) = launch(binary, folder)?;
        Ok(Self {
            address,
            email: EMAIL.to_owned(),
            password: PASSWORD.to_owned(),
            pid: Some(owned.child.id()),
            data: Some(data),
            owned: Some(owned),
        })
    }

    /// Stops the server and starts it again on what it holds now. Answers how long it took from
    /// then to the first answer, or `None` for a server that was not started here.
    pub(crate) async fn restart(&mut self) -> Outcome<Option<Duration>> {
        let Some(mut owned) = self.owned.take() else {
            return Ok(None);
        };
        // As an operator stops it, so that it closes its files.
        Command::new("kill").arg(owned.child.id().to_string()).status()?;
        let asked = Instant::now();
        while owned.child.try_wait()?.is_none() {
            if asked.elapsed() > PATIENCE {
                return Err("the server does not end".into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let folder = std::mem::replace(&mut owned.folder, tempfile::tempdir()?);

        let started = Instant::now();
        let (owned, address) = launch(owned.binary.clone(), folder)?;
        self.pid = Some(owned.child.id());
        self.address = address;
        self.owned = Some(owned);
        let mut client = Client::new(&self.address, Travel::Kept);
        let health = compose("GET", "/api/health", "", "");
        while client.send(&health).await.ok() != Some(200) {
            if started.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
        }
        Ok(Some(started.elapsed()))
    }

    /// Where it listens, as `host:port`.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Its superuser's email and password.
    pub(crate) fn superuser(&self) -> (&str, &str) {
        (&self.email, &self.password)
    }

    /// What it has used of the CPU up to now, or `None` where that is not known.
    pub(crate) fn cpu_clock(&self) -> Option<CpuClock> {
        let pid = self.pid?;
        let threads = std::fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let thread: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
                let path = format!("/proc/{pid}/task/{thread}/schedstat");
                let text = std::fs::read_to_string(path).ok()?;
                Some((thread, text.split_whitespace().next()?.parse().ok()?))
            })
            .collect();
        Some(CpuClock { total: self.cpu_time()?, threads })
    }

    /// What it has used of the CPU since `before`.
    ///
    /// The process's own count, user and system, moves in ticks of 10 ms, which is much for a short
    /// row; those of its threads are exact, but forget threads that have ended. So the larger counts.
    pub(crate) fn cpu_since(&self, before: &CpuClock) -> Option<Duration> {
        let now = self.cpu_clock()?;
        let ticks = now.total.saturating_sub(before.total);
        let exact: u64 = now
            .threads
            .iter()
            .map(|(thread, &used)| {
                used.saturating_sub(before.threads.get(thread).copied().unwrap_or(0))
            })
            .sum();
        let tick = Duration::from_millis(1000 / TICKS_PER_SECOND);
        Some(match exact {
            0 => ticks,
            exact => Duration::from_nanos(exact).max(ticks.saturating_sub(tick)),
        })
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

    /// The most memory it ever had, in bytes.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
        Some(kilobytes * 1024)
    }

    /// What its data folder takes on disk, in bytes, where it is known.
    pub(crate) fn data_size(&self) -> Option<u64> {
        folder_size(self.data.as_deref()?)
    }
}

fn launch(binary: String, folder: TempDir) -> Outcome<(Owned, String)> {
    // In a folder of its own, where no configuration lies about.
    let mut child = Command::new(&binary)
        .args(["serve", "--http", "127.0.0.1:0", "--data", "data"])
        .current_dir(&folder)
        .env("HAVERSACK_LOG_LEVEL", "warn")
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = child.stdout.take().ok_or("the server has no stdout")?;
    let mut stdout = BufReader::new(stdout);
    let url = read_url(&mut stdout);
    let owned = Owned { binary, child, _stdout: stdout, folder };
    Ok((owned, address_of(&url?)?))
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

/// Blocks that the files of a folder hold; what files leave out does not count.
fn folder_size(folder: &Path) -> Option<u64> {
    use std::os::unix::fs::MetadataExt as _;
    let mut size = 0;
    for entry in std::fs::read_dir(folder).ok()? {
        let entry = entry.ok()?;
        let metadata = entry.metadata().ok()?;
        size +=
            if metadata.is_dir() { folder_size(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Some(size)
}

//! `haversack serve`

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use clap::Args;
use haversack::app::{App, Listeners};
use haversack::config::{Address, Config, Domains, Layer};

use super::{Failure, Place, log, say};

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// Domains of this server: short for --https 0.0.0.0:443 --http 0.0.0.0:80 with certificates
    /// for them from Let's Encrypt, whose terms you agree to.
    #[arg(value_name = "DOMAIN", value_parser = parse_domain)]
    domains: Vec<String>,
    /// The address to listen on [default: 127.0.0.1:8090]; port 0 takes a free one.
    // The last one counts, so that a server that starts itself again can name its port.
    #[arg(long, value_name = "ADDR", value_parser = parse_address, overrides_with = "http")]
    http: Option<Address>,
    /// The address for encrypted connections; the other one then only leads there.
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    https: Option<Address>,
    /// Write changes of collections into the folder of migrations, as files that other data folders
    /// can follow.
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true,
        default_missing_value = "true")]
    automigrate: Option<bool>,
    /// The folder of scripts [default: ./hooks].
    #[arg(long, value_name = "DIR", alias = "hooksDir")]
    hooks_dir: Option<PathBuf>,
    /// The folder of migrations [default: ./migrations].
    #[arg(long, value_name = "DIR", alias = "migrationsDir")]
    migrations_dir: Option<PathBuf>,
    /// The folder of files that are served as they are [default: ./public].
    #[arg(long, value_name = "DIR", alias = "publicDir")]
    public_dir: Option<PathBuf>,
    /// The web pages that browsers may call the API from, with commas between them [default: *].
    #[arg(long, value_name = "ORIGIN", value_delimiter = ',')]
    origins: Option<Vec<String>>,
    #[command(flatten)]
    place: Place,
}

pub(super) fn parse_address(text: &str) -> Result<Address, &'static str> {
    Address::parse(text).ok_or("expected host:port, such as 127.0.0.1:8090")
}

fn parse_domain(text: &str) -> Result<String, &'static str> {
    let domains = Domains::new([text]).ok_or("expected a domain, such as example.com")?;
    Ok(domains.as_slice().concat())
}

impl ServeArguments {
    /// What the arguments say of the configuration.
    fn flags(&self) -> Layer {
        let domains = Domains::new(self.domains.iter().map(String::as_str));
        let domains = domains.filter(|domains| !domains.as_slice().is_empty());
        let usual = |address: &str| domains.as_ref().and_then(|_| Address::parse(address));
        Layer {
            http: self.http.clone().or_else(|| usual("0.0.0.0:80")),
            tls_address: self.https.clone().or_else(|| usual("0.0.0.0:443")).map(Some),
            tls_domains: domains,
            automigrate: self.automigrate,
            hooks_folder: self.hooks_dir.clone(),
            migrations_folder: self.migrations_dir.clone(),
            public_folder: self.public_dir.clone(),
            cors_origins: self.origins.clone(),
            ..Layer::default()
        }
    }
}

pub(super) fn run(arguments: &ServeArguments) -> Result<(), Failure> {
    let sources = arguments.place.sources(arguments.flags())?;
    let config = sources.load()?;
    let level = log::start(config.boot.log_format, config.live.log_level);
    let app = App::builder()
        .config(config.clone())
        .watch(sources)
        .on_reload(move |live| level.set(live.log_level))
        .build()?;

    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if config.boot.worker_threads > 0 {
        runtime.worker_threads(config.boot.worker_threads);
    }
    let failed = |error: io::Error| Failure::Other(error.to_string());
    let runtime = runtime.enable_all().build().map_err(failed)?;
    let served = runtime.block_on(listen_and_serve(&app, &config));
    app.close().map_err(|error| Failure::Other(error.to_string()))?;
    let address = served?;
    if app.wants_restart() { start_again(address) } else { Ok(()) }
}

/// Starts the program again with the same arguments, at the address that it had. On Unix it is the
/// same process, which ends all threads and releases all files at once.
fn start_again(address: SocketAddr) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Other(format!("cannot start again: {error}"));
    let program = std::env::current_exe().map_err(failed)?;
    let mut command = std::process::Command::new(program);
    command.args(std::env::args_os().skip(1)).arg("--http").arg(address.to_string());
    #[cfg(unix)]
    return Err(failed(std::os::unix::process::CommandExt::exec(&mut command)));
    #[cfg(not(unix))]
    command.spawn().map(drop).map_err(failed)
}

/// Serves until a signal comes or the app wants to start again, and returns its address.
async fn listen_and_serve(app: &App, config: &Config) -> Result<SocketAddr, Failure> {
    // Before anything is announced, so that a signal right after the announcement counts.
    let signal = Signal::new().map_err(|error| Failure::Other(error.to_string()))?;
    let failed = |error: io::Error| Failure::Other(error.to_string());
    let listeners = Listeners::bind(&config.boot).await.map_err(failed)?;
    let address = listeners.address().map_err(failed)?;
    let encrypted = listeners.encrypted_address();
    announce(address, encrypted);
    invite(app, encrypted.unwrap_or(address), encrypted.is_some());
    let served = app.serve(listeners, signal.wait()).await;
    served.map_err(|error| Failure::Other(error.to_string()))?;
    Ok(address)
}

/// Says where the server is. The first line is for programs too.
fn announce(address: SocketAddr, encrypted: Option<SocketAddr>) {
    say(&format!("listening on http://{address}"));
    if let Some(encrypted) = encrypted {
        say(&format!("encrypted at https://{encrypted}, where that leads"));
    }
    if cfg!(feature = "admin-ui") {
        say(&format!("dashboard at http://{}/_/", for_browsers(address)));
    }
}

/// Prints the link for making the first superuser, when there is none.
fn invite(app: &App, address: SocketAddr, is_encrypted: bool) {
    let scheme = if is_encrypted { "https" } else { "http" };
    match app.setup_token() {
        Ok(None) => {}
        Ok(Some(token)) if cfg!(feature = "admin-ui") => {
            say("create the first superuser within 30 minutes at:");
            say(&format!("{scheme}://{}/_/#/setup/{token}", for_browsers(address)));
        }
        Ok(Some(_)) => say("create the first superuser with: haversack superuser upsert EMAIL"),
        Err(error) => tracing::error!(%error, "cannot make the setup link"),
    }
}

/// The address as a browser on this machine reaches it.
fn for_browsers(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}

/// The signals that end the server in good order, heard from the moment it exists.
struct Signal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Signal {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let terminate = signal(SignalKind::terminate())?;
        Ok(Self { terminate, interrupt: signal(SignalKind::interrupt())? })
    }

    #[cfg(windows)]
    fn new() -> io::Result<Self> {
        Ok(Self { interrupt: tokio::signal::windows::ctrl_c()? })
    }

    async fn wait(mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
        tracing::info!("shutting down");
    }
}

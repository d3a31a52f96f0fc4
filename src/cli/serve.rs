//! `haversack serve`

use std::future::pending;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::Args;
use haversack::app::App;
use haversack::config::{Address, Config};
use tokio::net::TcpListener;

use super::{Failure, Place, log, say};

#[derive(Debug, Args)]
pub(super) struct ServeArguments {
    /// The address to listen on [default: 127.0.0.1:8090]; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", value_parser = parse_address)]
    http: Option<Address>,
    #[command(flatten)]
    place: Place,
}

fn parse_address(text: &str) -> Result<Address, &'static str> {
    Address::parse(text).ok_or("expected host:port, such as 127.0.0.1:8090")
}

pub(super) fn run(arguments: ServeArguments) -> Result<(), Failure> {
    let sources = arguments.place.sources(arguments.http)?;
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
    served
}

async fn listen_and_serve(app: &App, config: &Config) -> Result<(), Failure> {
    // Before anything is announced, so that a signal right after the announcement counts.
    let signal = Signal::new().map_err(|error| Failure::Other(error.to_string()))?;
    let address = &config.boot.http;
    let unusable =
        |error: io::Error| Failure::Other(format!("cannot listen on {address}: {error}"));
    let listener = TcpListener::bind(address.as_str()).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    announce(address);
    invite(app, address);
    let served = app.serve(listener, signal.wait()).await;
    served.map_err(|error| Failure::Other(error.to_string()))
}

/// Says where the server is. The first line is for programs too.
fn announce(address: SocketAddr) {
    say(&format!("listening on http://{address}"));
    if cfg!(feature = "admin-ui") {
        say(&format!("dashboard at http://{}/_/", for_browsers(address)));
    }
}

/// Prints the link for making the first superuser, when there is none.
fn invite(app: &App, address: SocketAddr) {
    match app.setup_token() {
        Ok(None) => {}
        Ok(Some(token)) if cfg!(feature = "admin-ui") => {
            say("create the first superuser within 30 minutes at:");
            say(&format!("http://{}/_/#/setup/{token}", for_browsers(address)));
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

/// The signals that end the server in good order.
struct Signal {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signal {
    fn new() -> io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn wait(self) {
        #[cfg(unix)]
        let mut terminate = self.terminate;
        #[cfg(unix)]
        let terminated = terminate.recv();
        #[cfg(not(unix))]
        let terminated = pending::<()>();
        let interrupted = async {
            if tokio::signal::ctrl_c().await.is_err() {
                pending::<()>().await;
            }
        };
        tokio::select! {
            () = interrupted => {}
            _ = terminated => {}
        }
        tracing::info!("shutting down");
    }
}

//! The whole program as a value: put together here, and served.
//!
//! Owns: [`App`], [`AppBuilder`], the commands of a running server. The public embedding API.
//! Invariant: no globals; it installs no logger, handles no signal, and never exits.
//! Start reading at [`App::builder`].

mod after;
mod backup;
mod builder;
mod command;
pub mod control;
mod cron;
mod data;
mod hooking;
mod link;
mod listeners;
mod migrations;
mod own_jobs;
mod program_command;
mod records;
mod request;
mod running;
mod scripting;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub use after::Committed;
pub use builder::{AppBuilder, BuildError, seal_keys};
pub use command::{
    BackupCommand, ControlCommand, ExportCommand, Password, RecordsCommand, SuperuserCommand,
};
pub use data::DataHandle;
pub use migrations::MigrationError;
pub use request::{Next, Request};
pub use running::Running;

pub use crate::script::SCRIPT_TYPES;

use after::AfterRuntime;
use cron::Cron;
use link::Link;
pub use listeners::Listeners;
use migrations::Migration;
use program_command::ProgramCommand;

use crate::access::Caller;
use crate::config::{Boot, Live, Sources};
use crate::dump;
use crate::hooks::{Chain, Data, Event, Hooks, ServerCall};
use crate::jobs::AfterHooks;
use crate::ops;
use crate::ops::automigrate::{self, Journal};
use crate::ops::crons::Crons;
use crate::ops::realtime::Pump;
use crate::realtime::Hub;
use crate::script::Scripts;
use crate::web::{self, BoxError, Door, Router, State, Tls};

/// A server that is ready to serve. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// Runs after the live options changed.
type ReloadHook = Arc<dyn Fn(&Live) + Send + Sync>;

/// What an app is made of.
struct Parts {
    boot: Boot,
    sources: Option<Sources>,
    state: Arc<State>,
    pump: Pump,
    router: Arc<Router>,
    tls: Option<Tls>,
    on_reload: ReloadHook,
    /// Breaks off what would hold up the end of the process.
    closing: AtomicBool,
    after_hooks: AfterHooks,
    after: AfterRuntime,
    link: Link,
    migrations: Vec<Migration>,
    crons: Vec<Cron>,
    commands: Vec<ProgramCommand>,
    scripts: Arc<Scripts>,
    restart: Arc<Restart>,
}

/// Whether the process is to start again.
#[derive(Debug, Default)]
struct Restart {
    wanted: AtomicBool,
    asked: tokio::sync::Notify,
}

impl Restart {
    fn ask(&self) {
        self.wanted.store(true, Ordering::SeqCst);
        self.asked.notify_one();
    }
}

/// Hangs up hooks.
type HookSetup = Box<dyn FnOnce(&Hooks)>;

impl App {
    /// Begins an app.
    pub fn builder() -> AppBuilder {
        AppBuilder::default()
    }

    /// Serves on `listeners` until `shutdown` is ready and the requests under way have ended.
    ///
    /// A `TcpListener` serves requests in the clear; [`Listeners::bind`] follows the configuration,
    /// which may ask for encrypted ones. Then the plain listener only leads there.
    ///
    /// Must run in a tokio runtime. While it serves, the config file is watched, and commands
    /// are taken on a socket in the data folder.
    ///
    /// Fails when another server holds the data folder, or the config file cannot be watched.
    pub async fn serve(
        &self,
        listeners: impl Into<Listeners>,
        shutdown: impl Future<Output = ()>,
    ) -> io::Result<()> {
        let parts = &self.0;
        let listeners = listeners.into();
        let address = listeners.address().ok();
        let _running = self.start()?;
        let shutdown = async {
            tokio::select! {
                () = shutdown => {}
                () = parts.restart.asked.notified() => {}
            }
        };
        self.tell_server(|hooks| &hooks.serve, address).await?;
        let (state, router) = (Arc::clone(&parts.state), Arc::clone(&parts.router));
        let served = web::serve(parts.doors(listeners), state, router, shutdown).await;
        self.tell_server(|hooks| &hooks.terminate, address).await?;
        served
    }

    /// Starts what a server does beside answering requests, for as long as the value lives: for
    /// programs that mount [`service`](Self::service) in a server of their own.
    ///
    /// Fails when another server holds the data folder, or the config file cannot be watched.
    pub fn start(&self) -> io::Result<Running> {
        Running::start(self)
    }

    /// Everything as one hyper service, for a connection from `remote` that another program's server
    /// accepted. Must be used in a tokio runtime.
    pub fn service(&self, remote: IpAddr) -> web::Service {
        web::Service::new(Arc::clone(&self.0.state), Arc::clone(&self.0.router), remote)
    }

    /// Asks the hooks about the beginning or the end of the server.
    async fn tell_server(
        &self,
        chain: fn(&Hooks) -> &Chain<ServerCall>,
        address: Option<SocketAddr>,
    ) -> io::Result<()> {
        if !chain(self.hooks()).wants(None) {
            return Ok(());
        }
        let app = self.clone();
        let ask = move |data: &dyn Data| {
            chain(app.hooks()).ask(&mut Event::new(ServerCall { address }, data)).map(drop)
        };
        self.data().run(ask).await.map_err(io::Error::other)
    }

    /// Collections and records, as the process itself: no rule applies.
    pub fn data(&self) -> DataHandle {
        DataHandle::new(self.clone(), Arc::new(Caller::system()))
    }

    /// All hooks, which may be added and removed while the app runs.
    pub fn hooks(&self) -> &Hooks {
        self.0.state.backend.hooks()
    }

    /// Runs a command that [`AppBuilder::command`] added, and returns what it wants printed. Blocks.
    ///
    /// Errors: what the command says, and when there is none of that name.
    pub fn run_command(&self, name: &str, arguments: &[String]) -> Result<String, BoxError> {
        let command = self.0.commands.iter().find(|command| command.name == name);
        let command = command.ok_or_else(|| format!("there is no command {name}"))?;
        (command.run)(self, arguments)
    }

    /// Runs a job that [`AppBuilder::cron`] added now. Blocks.
    ///
    /// Errors: what the job says, and when there is none of that name.
    pub fn run_cron(&self, id: &str) -> Result<(), BoxError> {
        let cron = self.0.crons.iter().find(|cron| cron.id == id);
        cron.ok_or_else(|| format!("there is no job {id}"))?.run(self)
    }

    /// Makes the migrations that were not made in this folder, as building an app does, and tells
    /// `told` the name of each. Blocks.
    pub fn apply_migrations(&self, told: impl FnMut(&str)) -> Result<(), MigrationError> {
        migrations::apply(&self.0.state.backend, &self.0.migrations, told)
    }

    /// Takes the last `count` migrations back that were made, the latest first, and returns their
    /// names. They will be made again when an app with them is built. Blocks.
    ///
    /// Fails when one of them is not part of the app; those before it are taken back then.
    pub fn revert_migrations(&self, count: usize) -> Result<Vec<String>, MigrationError> {
        migrations::revert(&self.0.state.backend, &self.0.migrations, count)
    }

    /// Forgets migrations that were made and are not part of the app any more; what they did stays.
    /// Returns their names. Blocks.
    pub fn forget_missing_migrations(&self) -> Result<Vec<String>, MigrationError> {
        migrations::forget_missing(&self.0.state.backend, &self.0.migrations)
    }

    /// Writes a migration that gives new data folders all collections of this one, and returns the
    /// path of its file. Here it counts as made. Blocks.
    pub fn snapshot_migration(&self) -> Result<String, ops::Error> {
        let journal = Arc::new(Journal::new(&self.0.boot.migrations.folder));
        automigrate::write_snapshot(&self.0.state.backend, &journal)
    }

    /// Runs a command, and returns what to tell the one who gave it. Blocks.
    pub fn command(&self, command: ControlCommand) -> Result<String, String> {
        match command {
            ControlCommand::Superuser(command) => superuser_use_case(command)
                .run(&self.0.state.backend)
                .map_err(|error| error.to_string()),
            ControlCommand::Export(command) => self.export(&command),
            ControlCommand::Backup(command) => self.backup(command),
            ControlCommand::Records(command) => records::run(&self.0.state.backend, command),
        }
    }

    /// Writes all that is committed now to a file, while requests go on.
    fn export(&self, command: &ExportCommand) -> Result<String, String> {
        let parts = &self.0;
        let ExportCommand { output, force } = command;
        if !output.is_absolute() {
            return Err("the path of the file is not absolute".to_owned());
        }
        let is_closing = || parts.closing.load(Ordering::Relaxed);
        let (snapshot, data) = (parts.state.backend.snapshot(), &parts.boot.data);
        dump::export_file(&snapshot, data, output, *force, &mut (), &is_closing)
            .map(|summary| summary.to_string())
            .map_err(|error| error.to_string())
    }

    fn backup(&self, command: BackupCommand) -> Result<String, String> {
        backup::run(&self.0.state, command).map_err(|error| told(&error))
    }

    /// Whether [`serve`](Self::serve) returned because a restored backup takes the place of the data
    /// once the app is built anew, in this process or the next one.
    pub fn wants_restart(&self) -> bool {
        self.0.restart.wanted.load(Ordering::SeqCst)
    }

    /// The token of the setup link, with which the first superuser can be made; `None` when there is
    /// one already. Earlier tokens stop working. Blocks.
    pub fn setup_token(&self) -> Result<Option<String>, ops::Error> {
        ops::auth::setup_token(&self.0.state.backend)
    }

    /// Finishes what was submitted to the store and closes it. Nothing can be written afterwards.
    pub fn close(&self) -> Result<(), ops::Error> {
        self.0.closing.store(true, Ordering::Relaxed);
        self.0.state.backups.stop();
        self.0.pump.stop();
        let closed = self.0.state.backend.close();
        self.0.after_hooks.stop();
        self.0.after.close();
        closed
    }

    /// Open realtime streams: what to send messages of your own through, with [`Hub::send`].
    pub fn realtime(&self) -> &Hub {
        self.0.state.realtime.hub()
    }

    /// The cron jobs: those of the server, and what else is to run every so often while it serves.
    pub fn crons(&self) -> &Crons {
        self.0.state.backend.crons()
    }

    /// The options it was built with that need a restart.
    pub fn boot(&self) -> &Boot {
        &self.0.boot
    }
}

/// An error as an operator reads it.
fn told(error: &ops::Error) -> String {
    match error {
        ops::Error::Rejected(_, violations) => format!("{violations:?}"),
        other => other.to_string(),
    }
}

impl Parts {
    /// The ways in: the plain one, or an encrypted one that it leads to.
    fn doors(&self, listeners: Listeners) -> Vec<Door> {
        let Listeners { plain, encrypted } = listeners;
        match encrypted.zip(self.tls.clone()) {
            None => vec![Door::Plain(plain)],
            Some(((encrypted, address), tls)) => {
                vec![Door::Tls(encrypted, tls), Door::ToTls(plain, address.port())]
            }
        }
    }
}

fn superuser_use_case(command: SuperuserCommand) -> ops::auth::SuperuserCommand {
    use ops::auth::SuperuserCommand as UseCase;
    let plain = |password: Password| password.reveal().to_owned();
    match command {
        SuperuserCommand::Upsert { email, password } => {
            UseCase::Upsert { email, password: plain(password) }
        }
        SuperuserCommand::Create { email, password } => {
            UseCase::Create { email, password: plain(password) }
        }
        SuperuserCommand::Update { email, password } => {
            UseCase::Update { email, password: plain(password) }
        }
        SuperuserCommand::Delete { email } => UseCase::Delete { email },
        SuperuserCommand::Otp { email } => UseCase::Otp { email },
        SuperuserCommand::TotpReset { email } => UseCase::TotpReset { email },
    }
}

impl fmt::Debug for App {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("App").field("boot", &self.0.boot).finish_non_exhaustive()
    }
}

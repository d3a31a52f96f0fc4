//! Putting an app together.

use std::collections::HashSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use arc_swap::ArcSwap;
use http::Method;

use super::after::AfterRuntime;
use super::cron::Cron;
use super::link::Link;
use super::migrations::{Migration, MigrationError};
use super::program_command::ProgramCommand;
use super::{App, HookSetup, Next, Parts, ReloadHook, Request, own_jobs, scripting};
use crate::auth::{CommonPasswords, PasswordHasher};
use crate::backup::{BackupError, replace};
use crate::config::{self, Config, Live, Sources};
use crate::files::Storage;
use crate::hooks::{Data, Rejection};
use crate::jobs::AfterHooks;
use crate::mail::Authorities;
use crate::ops::automigrate::{self, Journal};
use crate::ops::backups::Backups;
use crate::ops::logs::Logs;
use crate::ops::realtime::Pump;
use crate::ops::{self, Backend, bootstrap};
use crate::outbound::Outbound;
use crate::script::Fault;
use crate::store::{self, Keys, SealKey, Store, StoreError, StoreOptions};
use crate::web::{
    self, ApiError, Blocking, BoxError, PublicFolder, Reply, RouteError, Router, State, Tls,
    TlsError,
};

/// Blocking calls at once for each core: most of them wait for the disk.
const BLOCKING_PER_CORE: usize = 16;

/// Passwords that may wait to be hashed; each takes tens of milliseconds of a core.
const HASHES_WAITING_MAX: usize = 64;

/// The largest list of common passwords, in bytes: some ten million of them.
const COMMON_PASSWORDS_BYTES_MAX: u64 = 128 << 20;

/// The page cache of the log.
const LOG_CACHE_BYTES: usize = 8 << 20;

/// Adds a route once the router exists.
type AddRoute = Box<dyn FnOnce(&mut Router) -> Result<(), RouteError>>;

/// An app in the making. Mistakes surface at [`build`](Self::build).
#[must_use]
pub struct AppBuilder {
    config: Config,
    sources: Option<Sources>,
    routes: Vec<AddRoute>,
    middleware: Vec<(String, web::Middleware)>,
    on_reload: Option<ReloadHook>,
    pub(super) hook_setups: Vec<HookSetup>,
    pub(super) after: AfterRuntime,
    pub(super) link: Link,
    migrations: Vec<Migration>,
    leaves_migrations: bool,
    crons: Vec<Cron>,
    commands: Vec<ProgramCommand>,
}

impl Default for AppBuilder {
    fn default() -> Self {
        let link = Link::default();
        Self {
            config: Config::default(),
            sources: None,
            routes: Vec::new(),
            middleware: Vec::new(),
            on_reload: None,
            hook_setups: Vec::new(),
            after: AfterRuntime::new(link.clone()),
            link,
            migrations: Vec::new(),
            leaves_migrations: false,
            crons: Vec::new(),
            commands: Vec::new(),
        }
    }
}

/// Why an app cannot be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The data folder cannot be made or used.
    #[error("data folder {}: {cause}", path.display())]
    DataFolder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: io::Error,
    },
    /// Another process holds the data folder.
    #[error("another server is running on {}", path.display())]
    Occupied {
        /// The folder.
        path: PathBuf,
    },
    /// The store in the data folder cannot be opened.
    #[error("cannot open the data folder: {0}")]
    Store(#[source] StoreError),
    /// A backup that is ready cannot take the place of the data.
    #[error("cannot restore the backup: {0}")]
    Restore(#[source] BackupError),
    /// The system collections cannot be made.
    #[error("cannot prepare the data folder: {0}")]
    Bootstrap(#[from] ops::Error),
    /// The configuration fixes settings that cannot be.
    #[error("{0}")]
    Settings(#[source] ops::Error),
    /// A file that the configuration names cannot be used.
    #[error("`{option}`: {}: {cause}", path.display())]
    File {
        /// The option that names it.
        option: &'static str,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Connections cannot be encrypted as the configuration says.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A route is malformed or collides with another.
    #[error(transparent)]
    Route(#[from] RouteError),
    /// A migration failed, and those after it were not begun.
    #[error(transparent)]
    Migration(#[from] MigrationError),
    /// A file of hooks or migrations cannot be used.
    #[error("{0}")]
    Script(#[from] Fault),
    /// The times of a job cannot be read, or two jobs, migrations or commands have the same name.
    #[error("{0}")]
    Program(String),
}

impl AppBuilder {
    /// Takes every option from `config`; nothing is read elsewhere.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// Watches the file of `sources` while serving, and follows its live options.
    pub fn watch(mut self, sources: Sources) -> Self {
        self.sources = Some(sources);
        self
    }

    /// Runs `hook` after the live options changed.
    pub fn on_reload(mut self, hook: impl Fn(&Live) + Send + Sync + 'static) -> Self {
        self.on_reload = Some(Arc::new(hook));
        self
    }

    /// Adds a route of your own, such as `/api/hello/{name}`.
    pub fn route<F, A>(mut self, method: Method, path: &str, handler: F) -> Self
    where
        F: Fn(Request) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let path = path.to_owned();
        let link = self.link.clone();
        self.routes.push(Box::new(move |router| {
            router.add(method, &path, move |_state, request| {
                let answer = request_of(&link, request).map(&handler);
                async move { answer?.await }
            })
        }));
        self
    }

    /// Puts `middleware` around all that is answered below `prefix`, the API included; an empty
    /// prefix is everything. Those that were added first are outermost. The caller is known by then,
    /// and rate limits were asked.
    pub fn middleware<F, A>(mut self, prefix: &str, middleware: F) -> Self
    where
        F: Fn(Request, Next) -> A + Send + Sync + 'static,
        A: Future<Output = Result<Reply, ApiError>> + Send + 'static,
    {
        let link = self.link.clone();
        let middleware: web::Middleware = Arc::new(move |_state, request, next| {
            let answer = request_of(&link, request).map(|request| middleware(request, Next(next)));
            Box::pin(async move { answer?.await })
        });
        self.middleware.push((prefix.to_owned(), middleware));
        self
    }

    /// Runs `job` while the server runs, at the times of a cron expression such as `*/15 * * * *`,
    /// in UTC, on a thread that may block.
    pub fn cron(
        mut self,
        id: &str,
        expression: &str,
        job: impl Fn(&App, &dyn Data) -> Result<(), BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.crons.push(Cron::new(id, expression, job));
        self
    }

    /// Adds a command, for [`App::run_command`]. `run` gets the arguments after the name, and
    /// returns what to print.
    pub fn command(
        mut self,
        name: &str,
        about: &str,
        run: impl Fn(&App, &[String]) -> Result<String, BoxError> + Send + Sync + 'static,
    ) -> Self {
        self.commands.push(ProgramCommand::new(name, about, run));
        self
    }

    /// The commands that were added: name, and what they are about.
    pub fn commands(&self) -> impl Iterator<Item = (&str, &str)> {
        self.commands.iter().map(|command| (&*command.name, &*command.about))
    }

    /// Makes a change of collections or records once in each data folder, when the app is built.
    /// Migrations run in the order in which they were added, each in a transaction of its own
    /// together with the note that it was made. `down` is for
    /// [`App::revert_migrations`].
    pub fn migration(
        mut self,
        name: &str,
        up: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + Sync + 'static,
        down: impl Fn(&dyn Data) -> Result<(), Rejection> + Send + Sync + 'static,
    ) -> Self {
        self.migrations.push(Migration::new(name, up, down));
        self
    }

    /// Leaves migrations to [`App::apply_migrations`] and [`App::revert_migrations`], and reads no
    /// files of hooks: for programs that do nothing else.
    pub fn leave_migrations(mut self) -> Self {
        self.leaves_migrations = true;
        self
    }

    /// Makes the data folder, opens the store in it and puts everything together.
    pub fn build(self) -> Result<App, BuildError> {
        let Config { boot, live } = self.config;
        let mut router = web::api::routes()?;
        #[cfg(feature = "admin-ui")]
        web::add_extensions(&mut router, &boot.extensions_folder)?;
        for add in self.routes {
            add(&mut router)?;
        }
        let (authorities, common) = (authorities(&boot)?, common_passwords(&boot)?);
        for (prefix, middleware) in self.middleware {
            router.wrap(&prefix, middleware);
        }
        router.wrap("", scripting::middleware(self.link.clone()));
        refuse_twins("job", self.crons.iter().map(|cron| &*cron.id))?;
        refuse_twins("command", self.commands.iter().map(|command| &*command.name))?;
        let public = Arc::new(PublicFolder::new(&boot.public_folder, boot.index_fallback));
        router.set_fallback(move |state, request| {
            let public = Arc::clone(&public);
            async move { public.answer(&state, request).await }
        });
        make_folder(&boot.data)
            .map_err(|cause| BuildError::DataFolder { path: boot.data.clone(), cause })?;
        let tls = boot.tls.address.as_ref();
        let tls = tls.map(|_| Tls::new(&boot.tls, &boot.data.join("acme"))).transpose()?;
        let cores = available_parallelism().map_or(1, std::num::NonZero::get);
        let hashing = if boot.hashing_threads == 0 { cores } else { boot.hashing_threads };
        let keys = seal_keys(&boot.encryption).map_err(BuildError::Program)?;
        let options = StoreOptions {
            keys: Some(keys.clone()),
            cache_bytes: usize::try_from(boot.cache_size.get()).unwrap_or(usize::MAX),
            column_bytes: usize::try_from(boot.column_cache.get()).unwrap_or(usize::MAX),
            durability: match boot.durability {
                config::Durability::Full => store::Durability::Full,
                config::Durability::Relaxed => store::Durability::Relaxed,
            },
            ..StoreOptions::default()
        };
        let store = open_store(&boot.data, &options)?;
        let options = StoreOptions {
            cache_bytes: LOG_CACHE_BYTES,
            column_bytes: 0,
            // What is logged is not worth waiting for the disk.
            durability: store::Durability::Relaxed,
            ..StoreOptions::default()
        };
        let logs = Store::open_beside(&boot.data, "logs", options).map_err(BuildError::Store)?;
        let logs = Logs::start(logs)?;
        let files = Storage::new(&boot.data);
        // Whose folder this is was settled by opening the store.
        files
            .clear_scratch()
            .map_err(|cause| BuildError::DataFolder { path: boot.data.clone(), cause })?;
        let hasher = PasswordHasher::new(hashing, HASHES_WAITING_MAX).knowing(common);
        let backend = Backend::new(store, hasher, files)
            .with_outbound(Outbound::new(boot.outbound_allow_private))
            .trusting(authorities)
            .logging_to(logs);
        let folder = &boot.migrations.folder;
        let backend = if boot.migrations.automigrate {
            backend.recording_to(Journal::new(folder))
        } else {
            backend
        };
        let backend = Arc::new(backend);
        automigrate::recover(&backend, folder)?;
        let mut all_migrations = self.migrations;
        all_migrations.extend(scripting::migrations(&boot)?);
        refuse_twins("migration", all_migrations.iter().map(|migration| &*migration.name))?;
        for setup in self.hook_setups {
            setup(backend.hooks());
        }
        bootstrap(&backend)?;
        backend.pin_settings(&live.pinned).map_err(BuildError::Settings)?;
        if let Err(error) = replace::forget_old(&boot.data) {
            tracing::warn!(%error, "the data from before a restore was not removed");
        }
        let scripts = scripting::scripts(&boot, &backend);
        let backups = Backups::with_keys(&boot.data, keys);
        backups.settle(&backend)?;
        own_jobs::register(&backend, &backups).map_err(ops::Error::internal)?;
        let state = State::new(
            Arc::new(ArcSwap::from_pointee(live)),
            backend,
            backups,
            Blocking::new(cores * BLOCKING_PER_CORE),
            Blocking::new(HASHES_WAITING_MAX),
            &router,
        );
        scripts.serve_with(Arc::clone(&state.realtime), Arc::clone(&state.backups));
        let pump = Pump::start(Arc::clone(&state.realtime)).map_err(BuildError::Thread)?;
        let after_hooks =
            AfterHooks::start(Arc::clone(&state.backend)).map_err(BuildError::Thread)?;
        let app = App(Arc::new(Parts {
            boot,
            sources: self.sources,
            state: Arc::new(state),
            pump,
            router: Arc::new(router),
            tls,
            on_reload: self.on_reload.unwrap_or_else(|| Arc::new(|_| {})),
            closing: std::sync::atomic::AtomicBool::new(false),
            restart: Arc::default(),
            after_hooks,
            after: self.after,
            link: self.link,
            migrations: all_migrations,
            crons: self.crons,
            commands: self.commands,
            scripts,
        }));
        app.0.link.set(&app);
        for cron in &app.0.crons {
            let failed = |error| BuildError::Program(format!("job {}: {error}", cron.id));
            cron.register(&app.0.state.backend, &app.0.link).map_err(failed)?;
        }
        if !self.leaves_migrations {
            app.apply_migrations(|name| tracing::info!(name, "migration made"))?;
            // A server without the hooks that it should have would let through what they refuse.
            app.0.scripts.load()?;
        }
        Ok(app)
    }
}

/// The request as routes of embedding programs see it.
fn request_of(link: &Link, request: web::Request) -> Result<Request, ApiError> {
    // Requests come in through the app, so it is there unless it is being torn down.
    let app = link.app().ok_or_else(|| ApiError::internal("the app is gone"))?;
    Ok(Request::new(app, request))
}

/// Fails when a name is there twice.
fn refuse_twins<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<(), BuildError> {
    let mut seen = HashSet::new();
    let mut twins = names.filter(|name| !seen.insert(*name));
    let failed = |name| BuildError::Program(format!("there are two of {what} {name}"));
    twins.next().map_or(Ok(()), |name| Err(failed(name)))
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder").field("config", &self.config).finish_non_exhaustive()
    }
}

/// The keys of the configuration. The error says what is wrong with one.
pub fn seal_keys(encryption: &config::Encryption) -> Result<Keys, String> {
    let key = |secret: &config::Secret| match secret.reveal() {
        "" => Ok(None),
        text => SealKey::new(text.as_bytes())
            .map(Some)
            .ok_or_else(|| format!("a key has {} bytes, not {}", SealKey::BYTES, text.len())),
    };
    Ok(Keys { current: key(&encryption.key)?, old: key(&encryption.old_key)? })
}

/// Opens the store, after a backup that is ready took its place. When that does not open, the old
/// data comes back.
fn open_store(data: &Path, options: &StoreOptions) -> Result<Store, BuildError> {
    let is_restored = replace::put_in_place(data).map_err(|error| match error {
        BackupError::InUse(path) => BuildError::Occupied { path },
        other => BuildError::Restore(other),
    })?;
    match Store::open(data, options.clone()) {
        Ok(store) => Ok(store),
        Err(StoreError::Locked) => Err(BuildError::Occupied { path: data.to_owned() }),
        Err(error) if is_restored => {
            tracing::error!(%error, "the restored data does not open; going on with the old data");
            replace::put_back(data).map_err(BuildError::Restore)?;
            Store::open(data, options.clone()).map_err(BuildError::Store)
        }
        Err(error) => Err(BuildError::Store(error)),
    }
}

/// Whose certificates mail servers may show besides those of the well-known authorities.
fn authorities(boot: &config::Boot) -> Result<Authorities, BuildError> {
    let Some(path) = &boot.mail_ca_file else { return Ok(Authorities::default()) };
    let fault = |cause| BuildError::File { option: "mail.ca_file", path: path.into(), cause };
    let pem = fs::read(path).map_err(|cause| fault(cause.into()))?;
    Authorities::from_pem(&pem).map_err(|cause| fault(cause.into()))
}

/// The passwords that collections may refuse.
fn common_passwords(boot: &config::Boot) -> Result<CommonPasswords, BuildError> {
    let Some(path) = &boot.common_passwords else { return Ok(CommonPasswords::default()) };
    let fault =
        |cause| BuildError::File { option: "auth.common_passwords", path: path.into(), cause };
    let size = fs::metadata(path).map_err(|cause| fault(cause.into()))?.len();
    if size > COMMON_PASSWORDS_BYTES_MAX {
        return Err(fault(format!("larger than {COMMON_PASSWORDS_BYTES_MAX} bytes").into()));
    }
    let text = fs::read(path).map_err(|cause| fault(cause.into()))?;
    Ok(CommonPasswords::from_lines(&String::from_utf8_lossy(&text)))
}

/// Makes a folder that only its owner can look into; one that exists is left as it is.
fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_surface_at_build() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.boot.data = folder.path().join("a/b");
        let builder = || App::builder().config(config.clone());
        assert!(builder().build().is_ok());
        let taken = builder().route(Method::GET, "/api/health", async |_| Ok(Reply::no_content()));
        assert!(matches!(taken.build(), Err(BuildError::Route(_))));

        std::fs::write(folder.path().join("file"), "").unwrap();
        config.boot.data = folder.path().join("file/x");
        let error = App::builder().config(config).build().unwrap_err();
        assert!(error.to_string().starts_with("data folder "), "{error}");
    }
}

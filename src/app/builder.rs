//! Putting an app together.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::available_parallelism;

use arc_swap::ArcSwap;
use http::Method;

use super::{App, Parts, ReloadHook};
use crate::auth::PasswordHasher;
use crate::backup::{BackupError, replace};
use crate::config::{self, Config, Live, Sources};
use crate::files::Storage;
use crate::ops::backups::Backups;
use crate::ops::realtime::Pump;
use crate::ops::{self, Backend, bootstrap};
use crate::outbound::Outbound;
use crate::store::{self, Store, StoreError, StoreOptions};
use crate::web::{
    self, ApiError, Blocking, PublicFolder, Reply, Request, RouteError, Router, State, Tls,
    TlsError,
};

/// Blocking calls at once for each core: most of them wait for the disk.
const BLOCKING_PER_CORE: usize = 16;

/// Passwords that may wait to be hashed; each takes tens of milliseconds of a core.
const HASHES_WAITING_MAX: usize = 64;

/// Adds a route once the router exists.
type AddRoute = Box<dyn FnOnce(&mut Router) -> Result<(), RouteError>>;

/// An app in the making. Mistakes surface at [`build`](Self::build).
#[derive(Default)]
#[must_use]
pub struct AppBuilder {
    config: Config,
    sources: Option<Sources>,
    routes: Vec<AddRoute>,
    on_reload: Option<ReloadHook>,
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
    /// The system has no thread left.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// Connections cannot be encrypted as the configuration says.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// A route is malformed or collides with another.
    #[error(transparent)]
    Route(#[from] RouteError),
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
        self.routes.push(Box::new(move |router| {
            router.add(method, &path, move |_state, request| handler(request))
        }));
        self
    }

    /// Makes the data folder, opens the store in it and puts everything together.
    pub fn build(self) -> Result<App, BuildError> {
        let Config { boot, live } = self.config;
        let mut router = web::api::routes()?;
        for add in self.routes {
            add(&mut router)?;
        }
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
        let options = StoreOptions {
            cache_bytes: usize::try_from(boot.cache_size.get()).unwrap_or(usize::MAX),
            durability: match boot.durability {
                config::Durability::Full => store::Durability::Full,
                config::Durability::Relaxed => store::Durability::Relaxed,
            },
            ..StoreOptions::default()
        };
        let store = open_store(&boot.data, &options)?;
        let files = Storage::new(&boot.data);
        // Whose folder this is was settled by opening the store.
        files
            .clear_scratch()
            .map_err(|cause| BuildError::DataFolder { path: boot.data.clone(), cause })?;
        let hasher = PasswordHasher::new(hashing, HASHES_WAITING_MAX);
        let outbound = Outbound::new(boot.outbound_allow_private);
        let backend = Arc::new(Backend::new(store, hasher, files).with_outbound(outbound));
        bootstrap(&backend)?;
        backend.pin_settings(&live.pinned).map_err(BuildError::Settings)?;
        if let Err(error) = replace::forget_old(&boot.data) {
            tracing::warn!(%error, "the data from before a restore was not removed");
        }
        let backups = Backups::of(&boot.data);
        let state = State::new(
            Arc::new(ArcSwap::from_pointee(live)),
            backend,
            backups,
            Blocking::new(cores * BLOCKING_PER_CORE),
            Blocking::new(HASHES_WAITING_MAX),
            &router,
        );
        let pump = Pump::start(Arc::clone(&state.realtime)).map_err(BuildError::Thread)?;
        Ok(App(Arc::new(Parts {
            boot,
            sources: self.sources,
            state: Arc::new(state),
            pump,
            router: Arc::new(router),
            tls,
            on_reload: self.on_reload.unwrap_or_else(|| Arc::new(|_| {})),
            closing: std::sync::atomic::AtomicBool::new(false),
            restart: Arc::default(),
        })))
    }
}

impl fmt::Debug for AppBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AppBuilder").field("config", &self.config).finish_non_exhaustive()
    }
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

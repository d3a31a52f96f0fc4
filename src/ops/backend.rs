//! What every use case works with.

use std::sync::Arc;

use std::sync::{Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::access::RuleCache;
use crate::auth::PasswordHasher;
use crate::config::Pinned;
use crate::files::Storage;
use crate::mail::{Delivery, Security, Sender, Smtp, SmtpLogin};
use crate::oauth2::Remembered;
use crate::outbound::Outbound;
use crate::query::Rows;
use crate::settings::Settings;
use crate::store::{Load, Snapshot, Store, Tx};

use super::auth::{Factors, LastUses, Throttles};
use super::files::InFlight;
use super::mail::Bell;
use super::views::{Reading, ViewCache};
use super::{Error, settings};

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    rules: Arc<RuleCache>,
    hasher: PasswordHasher,
    throttles: Throttles,
    last_uses: LastUses,
    factors: Factors,
    bell: Bell,
    files: Storage,
    in_flight: Arc<InFlight>,
    views: Arc<ViewCache>,
    outbound: Outbound,
    providers: Remembered,
    settings: ArcSwap<CachedSettings>,
    pinned: ArcSwap<Pinned>,
    /// Held while settings are read and cached, so that older ones never replace newer ones.
    reloading: Mutex<()>,
}

/// The settings as of some commit.
#[derive(Debug, Default)]
struct CachedSettings {
    settings: Arc<Settings>,
    /// The version of the catalog then: a rename of a collection changes settings too. `None` when
    /// they were never read.
    catalog_version: Option<u64>,
}

impl Backend {
    /// A backend over an open store and the files that belong to it.
    pub fn new(store: Store, hasher: PasswordHasher, files: Storage) -> Self {
        Self {
            store,
            rules: Arc::default(),
            hasher,
            throttles: Throttles::default(),
            last_uses: LastUses::default(),
            factors: Factors::default(),
            bell: Bell::default(),
            files,
            in_flight: Arc::default(),
            views: Arc::default(),
            outbound: Outbound::new(false),
            providers: Remembered::default(),
            settings: ArcSwap::default(),
            pinned: ArcSwap::default(),
            reloading: Mutex::new(()),
        }
    }

    /// Calls the outside world through `outbound`; without this, pictures and the like come from
    /// public addresses only.
    #[must_use]
    pub fn with_outbound(mut self, outbound: Outbound) -> Self {
        self.outbound = outbound;
        self
    }

    /// The way to the outside world.
    pub fn outbound(&self) -> &Outbound {
        &self.outbound
    }

    /// What logins through providers leave behind for the next.
    pub fn providers(&self) -> &Remembered {
        &self.providers
    }

    /// The last committed state.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.store.snapshot()
    }

    /// The last committed state with the rows of views.
    pub fn reading(&self) -> Reading {
        Reading::new(self.snapshot(), Arc::clone(&self.views))
    }

    /// Compiled rules.
    pub fn rules(&self) -> &Arc<RuleCache> {
        &self.rules
    }

    /// Password hashing.
    pub fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// Who has to wait.
    pub(crate) fn throttles(&self) -> &Throttles {
        &self.throttles
    }

    /// Uses of sessions and API keys that were not written yet.
    pub(crate) fn last_uses(&self) -> &LastUses {
        &self.last_uses
    }

    /// What is kept in memory about logins.
    pub(crate) fn factors(&self) -> &Factors {
        &self.factors
    }

    /// Where mail goes out, and in whose name.
    pub fn delivery(&self) -> Delivery {
        delivery(&self.settings())
    }

    /// How busy the store is.
    pub fn store_load(&self) -> Load {
        self.store.load()
    }

    /// How many mails wait to be sent; those that were given up do not.
    pub fn mails_waiting(&self) -> Result<u64, Error> {
        super::mail::waiting(&self.snapshot())
    }

    /// Wakes whoever sends mail; it is rung by those who posted a letter, once that is committed.
    pub fn bell(&self) -> &Bell {
        &self.bell
    }

    /// The files of records.
    pub fn files(&self) -> &Storage {
        &self.files
    }

    /// Which records are getting files right now.
    pub fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    /// Has files removed soon that no record names any more. Worth a call after every commit that
    /// may have left some; without it they go with the next one that does, or at the next start.
    pub fn sweep_soon(&self) {
        self.in_flight.ring();
    }

    /// The settings that are in force.
    pub fn settings(&self) -> Arc<Settings> {
        let cached = self.settings.load();
        let version = self.store.snapshot().catalog().version();
        if cached.catalog_version == Some(version) {
            return Arc::clone(&cached.settings);
        }
        // What cannot be read now was read before: better those settings than none.
        self.reload_settings().unwrap_or_else(|_| Arc::clone(&cached.settings))
    }

    /// What the configuration fixes of the settings.
    pub fn pinned_settings(&self) -> Arc<Pinned> {
        self.pinned.load_full()
    }

    /// Puts what the configuration fixes over the settings; what it fixed before is as it was stored.
    ///
    /// Fails when it names no setting or a value that cannot be, and changes nothing then.
    pub fn pin_settings(&self, pinned: &Pinned) -> Result<(), Error> {
        let snapshot = self.snapshot();
        settings::check_pinned(&settings::load(&snapshot)?, pinned)?;
        drop(snapshot);
        self.pinned.store(Arc::new(pinned.clone()));
        self.reload_settings().map(drop)
    }

    /// Reads the settings anew: at the start, and after they were written.
    pub fn reload_settings(&self) -> Result<Arc<Settings>, Error> {
        let _guard = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.store.snapshot();
        let settings = settings::load(&snapshot)?;
        let settings = Arc::new(settings::pin(&settings, &self.pinned.load())?);
        let catalog_version = Some(snapshot.catalog().version());
        let cached = CachedSettings { settings: Arc::clone(&settings), catalog_version };
        self.settings.store(Arc::new(cached));
        Ok(settings)
    }

    /// Runs `job` in a write transaction and waits for the commit. Blocks the thread.
    pub fn write<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.store.write(job)
    }

    /// Runs `job` in a write transaction; `done` hears of the commit, on the writer's thread.
    pub fn submit<T: Send + 'static>(
        &self,
        job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) {
        self.store.submit(job, done);
    }

    /// Runs `listener` after each commit, on the writer's thread; it must be quick and never wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + 'static) {
        self.store.on_commit(listener);
    }

    /// Finishes what was submitted and closes the store.
    pub fn close(&self) -> Result<(), Error> {
        self.store.close().map_err(Error::from)
    }
}

/// What `settings` say about mail.
fn delivery(settings: &Settings) -> Delivery {
    let (smtp, meta) = (&settings.smtp, &settings.meta);
    let has_login = !smtp.username.is_empty() || !smtp.password.is_empty();
    let login = has_login.then(|| SmtpLogin {
        username: smtp.username.clone(),
        password: smtp.password.clone(),
        uses_login_mechanism: smtp.auth_method == "LOGIN",
    });
    Delivery {
        smtp: smtp.enabled.then(|| Smtp {
            host: smtp.host.clone(),
            port: u16::try_from(smtp.port).unwrap_or(0),
            security: if smtp.tls { Security::Tls } else { Security::StartTls },
            login,
            local_name: smtp.local_name.clone(),
        }),
        sender: Sender { name: meta.sender_name.clone(), address: meta.sender_address.clone() },
        app_name: meta.app_name.clone(),
        app_url: meta.app_url.clone(),
    }
}

//! What every use case works with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;

use crate::access::{Caller, RuleCache};
use crate::auth::PasswordHasher;
use crate::config::Pinned;
use crate::files::{BucketOptions, Storage};
use crate::hooks::{Data, Hooks, Rejection, SettingsReload};
use crate::mail::{Authorities, Delivery, Security, Sender, Smtp, SmtpLogin};
use crate::oauth2::Remembered;
use crate::outbound::Outbound;
use crate::query::Rows;
use crate::schema::Secrets;
use crate::settings::{Bucket, Settings};
use crate::store::{Load, Snapshot, Store, Tx};

use super::auth::{Factors, LastUses, Principals, Throttles};
use super::automigrate::Journal;
use super::crons::Crons;
use super::files::InFlight;
use super::hooked::{self, AfterQueue, Effect, Notes, Session, Shared};
use super::logs::Logs;
use super::mail::Bell;
use super::records::SlowLog;
use super::views::{Reading, ViewCache};
use super::webhooks::Doorbell;
use super::{Error, settings};

/// The store and what goes with it. Shared by all requests behind an `Arc`.
#[derive(Debug)]
pub struct Backend {
    store: Store,
    shared: Arc<Shared>,
    after: Arc<AfterQueue>,
    throttles: Throttles,
    last_uses: LastUses,
    principals: Principals,
    crons: Crons,
    logs: Option<Logs>,
    journal: Option<Arc<Journal>>,
    slow_log: Arc<SlowLog>,
    factors: Factors,
    authorities: Authorities,
    views: Arc<ViewCache>,
    outbound: Outbound,
    providers: Remembered,
    webhooks: Arc<Doorbell>,
    settings: ArcSwap<CachedSettings>,
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

/// What is to be done once the fate of a job is known.
#[derive(Clone)]
struct Settling {
    shared: Arc<Shared>,
    after: Arc<AfterQueue>,
    notes: Notes,
}

impl Settling {
    fn succeeded<T>(&self, answer: T) -> T {
        let effects = self.notes.kept();
        if effects.iter().any(|effect| matches!(effect, Effect::Mailed)) {
            self.shared.bell.ring();
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Settings(_))) {
            self.shared.settings_stale.store(true, Ordering::Release);
        }
        self.after.push(effects);
        answer
    }

    fn failed(&self, error: Error) -> Error {
        let (error, effects) = self.notes.lost(&self.shared.hooks, error);
        self.after.push(effects);
        error
    }
}

impl Backend {
    /// A backend over an open store and the files that belong to it.
    pub fn new(store: Store, hasher: PasswordHasher, files: Storage) -> Self {
        Self {
            store,
            shared: Arc::new(Shared {
                hooks: Hooks::new(),
                rules: Arc::default(),
                hasher,
                bell: Bell::default(),
                files,
                in_flight: Arc::default(),
                system: Arc::new(Caller::system()),
                pinned: ArcSwap::default(),
                settings_stale: AtomicBool::new(false),
            }),
            after: Arc::default(),
            throttles: Throttles::default(),
            last_uses: LastUses::default(),
            principals: Principals::default(),
            crons: Crons::default(),
            logs: None,
            journal: None,
            slow_log: Arc::default(),
            factors: Factors::default(),
            authorities: Authorities::default(),
            views: Arc::default(),
            outbound: Outbound::new(false),
            providers: Remembered::default(),
            webhooks: Arc::default(),
            settings: ArcSwap::default(),
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

    /// Wakes whoever sends deliveries of webhooks.
    pub fn webhooks(&self) -> &Arc<Doorbell> {
        &self.webhooks
    }

    /// Says whose certificates mail servers may show besides those of the well-known authorities.
    #[must_use]
    pub fn trusting(mut self, authorities: Authorities) -> Self {
        self.authorities = authorities;
        self
    }

    /// Says where requests are logged.
    #[must_use]
    pub fn logging_to(mut self, logs: Logs) -> Self {
        self.logs = Some(logs);
        self
    }

    /// Which slow lists were logged.
    pub fn slow_log(&self) -> &Arc<SlowLog> {
        &self.slow_log
    }

    /// How often the result of a view was at hand, and how often it had to be worked out.
    pub fn view_cache_use(&self) -> (u64, u64) {
        self.views.uses()
    }

    /// Has the changes of collections that clients make written down as migrations.
    #[must_use]
    pub fn recording_to(mut self, journal: Journal) -> Self {
        self.journal = Some(Arc::new(journal));
        self
    }

    /// Where changes of collections are written down, if they are.
    pub(in crate::ops) fn journal(&self) -> Option<&Arc<Journal>> {
        self.journal.as_ref()
    }

    /// The log of requests, if there is one.
    pub fn logs(&self) -> Option<&Logs> {
        self.logs.as_ref()
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
        &self.shared.rules
    }

    /// Password hashing.
    pub fn hasher(&self) -> &PasswordHasher {
        &self.shared.hasher
    }

    /// What an embedding program or a script has to say. Hooks may come and go at any time.
    pub fn hooks(&self) -> &Hooks {
        &self.shared.hooks
    }

    pub(in crate::ops) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// What is committed and waits to be told to hooks.
    pub(crate) fn after(&self) -> &Arc<AfterQueue> {
        &self.after
    }

    /// Who has to wait.
    pub(crate) fn throttles(&self) -> &Throttles {
        &self.throttles
    }

    /// Uses of sessions and API keys that were not written yet.
    pub(crate) fn last_uses(&self) -> &LastUses {
        &self.last_uses
    }

    /// Whom the tokens of late are of.
    pub(crate) fn principals(&self) -> &Principals {
        &self.principals
    }

    /// What runs by itself every so often.
    pub fn crons(&self) -> &Crons {
        &self.crons
    }

    /// What is kept in memory about logins.
    pub(crate) fn factors(&self) -> &Factors {
        &self.factors
    }

    /// Where mail goes out, and in whose name.
    pub fn delivery(&self) -> Delivery {
        delivery(&self.settings(), &self.authorities)
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
        &self.shared.bell
    }

    /// The files of records.
    pub fn files(&self) -> &Storage {
        &self.shared.files
    }

    /// Which records are getting files right now.
    pub fn in_flight(&self) -> &Arc<InFlight> {
        &self.shared.in_flight
    }

    /// Has files removed soon that no record names any more. Worth a call after every commit that
    /// may have left some; without it they go with the next one that does, or at the next start.
    pub fn sweep_soon(&self) {
        self.shared.in_flight.ring();
    }

    /// The settings that are in force.
    pub fn settings(&self) -> Arc<Settings> {
        let cached = self.settings.load();
        let version = self.store.catalog_version();
        let is_stale = self.shared.settings_stale.load(Ordering::Acquire);
        if cached.catalog_version == Some(version) && !is_stale {
            return Arc::clone(&cached.settings);
        }
        // What cannot be read now was read before: better those settings than none.
        self.reload_settings().unwrap_or_else(|_| Arc::clone(&cached.settings))
    }

    /// What the configuration fixes of the settings.
    pub fn pinned_settings(&self) -> Arc<Pinned> {
        self.shared.pinned.load_full()
    }

    /// Puts what the configuration fixes over the settings; what it fixed before is as it was stored.
    ///
    /// Fails when it names no setting or a value that cannot be, and changes nothing then.
    pub fn pin_settings(&self, pinned: &Pinned) -> Result<(), Error> {
        let snapshot = self.snapshot();
        settings::check_pinned(&settings::load(&snapshot)?, pinned)?;
        drop(snapshot);
        self.shared.pinned.store(Arc::new(pinned.clone()));
        let settings = self.reload_settings()?;
        if self.shared.hooks.settings_reloaded.wants(None) {
            let reload = SettingsReload { settings: settings.to_json(Secrets::Hide) };
            self.after.push(vec![Effect::Settings(Arc::new(reload))]);
        }
        Ok(())
    }

    /// Reads the settings anew: at the start, and after they were written.
    pub fn reload_settings(&self) -> Result<Arc<Settings>, Error> {
        let _guard = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        // Before they are read, so that a later write is not missed.
        self.shared.settings_stale.store(false, Ordering::Release);
        let snapshot = self.store.snapshot();
        let settings = settings::load(&snapshot)?;
        let settings = Arc::new(settings::pin(&settings, &self.shared.pinned.load())?);
        self.shared.files.use_bucket(settings.s3.enabled.then(|| bucket_options(&settings.s3)));
        let catalog_version = Some(snapshot.catalog().version());
        let cached = CachedSettings { settings: Arc::clone(&settings), catalog_version };
        self.settings.store(Arc::new(cached));
        Ok(settings)
    }

    /// Runs `job` in a write transaction and waits for the commit. Blocks the thread.
    pub fn write<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        if self.shared.hooks.is_empty() {
            return self.store.write(job);
        }
        if self.after.is_full() {
            return Err(Error::Busy);
        }
        let (shared, notes) = (Arc::clone(&self.shared), Notes::default());
        let (runs, settle) = (notes.clone(), self.settling(notes));
        let kept = settle.clone();
        let outcome = self.store.write_then(
            move |tx| hooked::run(tx, &shared, &runs, &mut job),
            move |answer| kept.succeeded(answer),
        );
        outcome.map_err(|error| settle.failed(error))
    }

    /// Runs `job` in a write transaction, as the process itself, whom no rule binds; all of it or
    /// nothing. It may run more than once, of which only one run is kept. Blocks until the commit.
    pub fn transaction<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&dyn Data) -> Result<T, Rejection> + Send + 'static,
    ) -> Result<T, Rejection> {
        let shared = Arc::clone(&self.shared);
        let outcome = self.write(move |tx| {
            let session = Session::new(tx, &shared);
            let answer = job(&session)?;
            Ok((answer, session.has_saved_settings()))
        });
        self.bell().ring();
        self.sweep_soon();
        let (answer, has_saved_settings) = outcome?;
        if has_saved_settings {
            self.reload_settings()?;
        }
        Ok(answer)
    }

    /// What is to be done after a job that hooks had to do with.
    fn settling(&self, notes: Notes) -> Settling {
        let (shared, after) = (Arc::clone(&self.shared), Arc::clone(&self.after));
        Settling { shared, after, notes }
    }

    /// Runs `job` in a write transaction; `done` hears of the commit, on the writer's thread.
    pub fn submit<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut Tx<'_>) -> Result<T, Error> + Send + 'static,
        done: impl FnOnce(Result<T, Error>) + Send + 'static,
    ) {
        if self.shared.hooks.is_empty() {
            return self.store.submit(job, done);
        }
        if self.after.is_full() {
            return done(Err(Error::Busy));
        }
        let (shared, notes) = (Arc::clone(&self.shared), Notes::default());
        let (runs, settle) = (notes.clone(), self.settling(notes));
        self.store.submit(
            move |tx| hooked::run(tx, &shared, &runs, &mut job),
            move |outcome| {
                done(match outcome {
                    Ok(answer) => Ok(settle.succeeded(answer)),
                    Err(error) => Err(settle.failed(error)),
                });
            },
        );
    }

    /// Runs `listener` after each commit, on the writer's thread; it must be quick and never wait.
    pub fn on_commit(&self, listener: impl Fn() + Send + 'static) {
        self.store.on_commit(listener);
    }

    /// Finishes what was submitted and closes the store.
    pub fn close(&self) -> Result<(), Error> {
        let logged = self.logs.as_ref().map_or(Ok(()), Logs::close);
        self.store.close().map_err(Error::from).and(logged)
    }
}

/// What settings say about a bucket.
pub(super) fn bucket_options(settings: &Bucket) -> BucketOptions {
    BucketOptions {
        bucket: settings.bucket.clone(),
        region: settings.region.clone(),
        endpoint: settings.endpoint.clone(),
        access_key: settings.access_key.clone(),
        secret: settings.secret.clone(),
        force_path_style: settings.force_path_style,
    }
}

/// What `settings` say about mail.
pub(super) fn delivery(settings: &Settings, authorities: &Authorities) -> Delivery {
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
            authorities: authorities.clone(),
        }),
        sender: Sender { name: meta.sender_name.clone(), address: meta.sender_address.clone() },
        app_name: meta.app_name.clone(),
        app_url: meta.app_url.clone(),
    }
}

//! Configuration: what the operator may choose, read from layers and checked once.
//!
//! Owns: [`Config`], [`Layer`], [`Sources`], the config file's format and the environment names.
//! Knows nothing of what the options do. A leaf: it imports no other room.
//! Invariant: a [`Config`] is complete and valid, whichever layers it came from.
//! Start reading at [`Config`].

mod environment;
mod error;
mod file;
mod layer;
mod pinned;
mod setting;
mod sources;
mod units;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;

pub use error::ConfigError;
pub use layer::Layer;
pub use pinned::Pinned;
pub use setting::{Address, Domains, Durability, LogFormat, LogLevel, Names, Secret};
pub use sources::Sources;
pub use units::ByteSize;

/// Everything the operator may choose: defaults < file < environment < flags.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Config {
    /// What takes effect at the next start.
    pub boot: Boot,
    /// What takes effect when the file changes.
    pub live: Live,
}

/// Options that need a restart.
#[derive(Debug, Clone, PartialEq)]
pub struct Boot {
    /// The address to listen on.
    pub http: Address,
    /// The folder of all data; made when missing.
    pub data: PathBuf,
    /// How log lines look.
    pub log_format: LogFormat,
    /// The store's page cache.
    pub cache_size: ByteSize,
    /// Columns kept in memory for filters and sorts that no index serves.
    pub column_cache: ByteSize,
    /// What a committed write survives.
    pub durability: Durability,
    /// Threads that serve requests; 0 means one for each core.
    pub worker_threads: usize,
    /// Threads that hash passwords; 0 means one for each core.
    pub hashing_threads: usize,
    /// Whether addresses that come from elsewhere may lead into the inner network.
    pub outbound_allow_private: bool,
    /// Certificates, as PEM, of authorities that mail servers may show besides the well-known ones.
    pub mail_ca_file: Option<PathBuf>,
    /// Passwords that collections may refuse because many people use them, one on each line.
    pub common_passwords: Option<PathBuf>,
    /// The folder whose files anybody may read at `/`; nothing is served while it is missing.
    pub public_folder: PathBuf,
    /// Whether paths that name no file show the folder's `index.html`, as single-page apps need.
    pub index_fallback: bool,
    /// The folder of the dashboard's extensions; there are none while it is missing.
    pub extensions_folder: PathBuf,
    /// Encrypted connections.
    pub tls: Tls,
    /// Hooks, routes and jobs in JavaScript.
    pub hooks: Scripting,
    /// Migrations in JavaScript.
    pub migrations: Migrations,
    /// The encryption of secrets in the data folder.
    pub encryption: Encryption,
}

/// The encryption of secrets in the data folder.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Encryption {
    /// The environment variable that has the key; empty = nothing is encrypted.
    pub key_env: String,
    /// The environment variable that has the key of before.
    pub old_key_env: String,
    /// The key, of 32 bytes; empty = none. [`Sources`] take it from the variable.
    pub key: Secret,
    /// The key of before.
    pub old_key: Secret,
}

/// Migrations in JavaScript.
#[derive(Debug, Clone, PartialEq)]
pub struct Migrations {
    /// The folder of their files; there are none while it is missing.
    pub folder: PathBuf,
    /// Whether changes of collections over the API are written there.
    pub automigrate: bool,
}

impl Default for Migrations {
    fn default() -> Self {
        Self { folder: PathBuf::from("./migrations"), automigrate: false }
    }
}

/// Hooks, routes and jobs in JavaScript.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripting {
    /// The folder of their files; there are none while it is missing.
    pub folder: PathBuf,
    /// How long a call may run.
    pub time_limit: Duration,
    /// The heap of an engine.
    pub memory_limit: ByteSize,
    /// Whether changed files are read again while the server runs.
    pub watch: bool,
}

impl Default for Scripting {
    fn default() -> Self {
        Self {
            folder: PathBuf::from("./hooks"),
            time_limit: Duration::from_secs(5),
            memory_limit: ByteSize::mebibytes(64),
            watch: true,
        }
    }
}

/// Encrypted connections: with a certificate of one's own, or with one from an ACME server.
#[derive(Debug, Clone, PartialEq)]
pub struct Tls {
    /// The address to listen on; without one there are no encrypted connections. With one, the
    /// address in the clear leads there.
    pub address: Option<Address>,
    /// The certificate and what vouches for it, in PEM.
    pub certificate: Option<PathBuf>,
    /// The key of the certificate, in PEM.
    pub key: Option<PathBuf>,
    /// Without a certificate of one's own: the domains to ask one for.
    pub domains: Domains,
    /// Where the ACME server may write to; may be empty.
    pub email: String,
    /// The ACME server's directory.
    pub directory: String,
    /// Who vouches for the ACME server, in PEM; without it, those whom the system trusts.
    pub directory_ca: Option<PathBuf>,
}

impl Default for Tls {
    fn default() -> Self {
        Self {
            address: None,
            certificate: None,
            key: None,
            domains: Domains::default(),
            email: String::new(),
            directory: "https://acme-v02.api.letsencrypt.org/directory".to_owned(),
            directory_ca: None,
        }
    }
}

impl Default for Boot {
    fn default() -> Self {
        Self {
            http: Address::from_static("127.0.0.1:8090"),
            data: PathBuf::from("./data"),
            log_format: LogFormat::Human,
            cache_size: ByteSize::mebibytes(64),
            column_cache: ByteSize::mebibytes(64),
            durability: Durability::Full,
            worker_threads: 0,
            hashing_threads: 0,
            outbound_allow_private: false,
            mail_ca_file: None,
            common_passwords: None,
            public_folder: PathBuf::from("./public"),
            index_fallback: true,
            extensions_folder: PathBuf::from("./extensions"),
            tls: Tls::default(),
            hooks: Scripting::default(),
            migrations: Migrations::default(),
            encryption: Encryption::default(),
        }
    }
}

/// Options that follow the config file while the server runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The least severe log lines to write.
    pub log_level: LogLevel,
    /// Origins whose pages may call the API; patterns with `*` and `?`.
    pub cors_origins: Vec<String>,
    /// The largest request body.
    pub body_size_max: ByteSize,
    /// How long a connection may take to send the head of a request, idle time included.
    pub header_timeout: Duration,
    /// How long a request body may take in all.
    pub body_timeout: Duration,
    /// The longest silence while a body is read, or while an answer finds no reader.
    pub idle_timeout: Duration,
    /// How long a realtime stream without messages stays open.
    pub stream_idle_timeout: Duration,
    /// Connections served at once; more wait to be accepted.
    pub connections_max: NonZeroUsize,
    /// Collections whose records are rooms: clients see who else is there.
    pub presence_collections: Names,
    /// Rows that the rules and the filter of one request may look at.
    pub scan_rows_max: u64,
    /// Whether answers are compressed for clients that take it.
    pub compression: bool,
    /// The smallest answer that is compressed.
    pub compressed_size_min: ByteSize,
    /// How long a list may take before it is logged; `None` = none is.
    pub slow_query: Option<Duration>,
    /// Whether `/metrics` answers.
    pub metrics_enabled: bool,
    /// What whoever collects metrics shows; empty = only superusers may.
    pub metrics_token: Secret,
    /// Settings that the file fixes.
    pub pinned: Pinned,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            log_level: LogLevel::Info,
            cors_origins: vec!["*".to_owned()],
            body_size_max: ByteSize::mebibytes(32),
            header_timeout: Duration::from_mins(1),
            body_timeout: Duration::from_mins(5),
            idle_timeout: Duration::from_secs(30),
            stream_idle_timeout: Duration::from_mins(5),
            connections_max: NonZeroUsize::new(10_000).expect("ten thousand is not zero"),
            presence_collections: Names::default(),
            scan_rows_max: 10_000_000,
            compression: true,
            compressed_size_min: ByteSize::kibibytes(8),
            slow_query: Some(Duration::from_millis(200)),
            metrics_enabled: false,
            metrics_token: Secret::default(),
            pinned: Pinned::default(),
        }
    }
}

/// The live options as every room sees them: one pointer that a reload swaps.
pub type SharedLive = Arc<ArcSwap<Live>>;

impl Config {
    /// Fills what `layer` leaves open with the defaults.
    pub fn from_layer(layer: Layer) -> Self {
        let Self { boot, live } = Self::default();
        Self {
            boot: Boot {
                http: layer.http.unwrap_or(boot.http),
                data: layer.data.unwrap_or(boot.data),
                log_format: layer.log_format.unwrap_or(boot.log_format),
                cache_size: layer.cache_size.unwrap_or(boot.cache_size),
                column_cache: layer.column_cache.unwrap_or(boot.column_cache),
                durability: layer.durability.unwrap_or(boot.durability),
                worker_threads: layer.worker_threads.unwrap_or(boot.worker_threads),
                hashing_threads: layer.hashing_threads.unwrap_or(boot.hashing_threads),
                outbound_allow_private: layer
                    .outbound_allow_private
                    .unwrap_or(boot.outbound_allow_private),
                mail_ca_file: layer.mail_ca_file.unwrap_or(boot.mail_ca_file),
                common_passwords: layer.common_passwords.unwrap_or(boot.common_passwords),
                public_folder: layer.public_folder.unwrap_or(boot.public_folder),
                index_fallback: layer.index_fallback.unwrap_or(boot.index_fallback),
                extensions_folder: layer.extensions_folder.unwrap_or(boot.extensions_folder),
                hooks: Scripting {
                    folder: layer.hooks_folder.unwrap_or(boot.hooks.folder),
                    time_limit: layer.hooks_time_limit.unwrap_or(boot.hooks.time_limit),
                    memory_limit: layer.hooks_memory_limit.unwrap_or(boot.hooks.memory_limit),
                    watch: layer.hooks_watch.unwrap_or(boot.hooks.watch),
                },
                encryption: Encryption {
                    key_env: layer.encryption_key_env.unwrap_or(boot.encryption.key_env),
                    old_key_env: layer
                        .encryption_old_key_env
                        .unwrap_or(boot.encryption.old_key_env),
                    ..Encryption::default()
                },
                migrations: Migrations {
                    folder: layer.migrations_folder.unwrap_or(boot.migrations.folder),
                    automigrate: layer.automigrate.unwrap_or(boot.migrations.automigrate),
                },
                tls: Tls {
                    address: layer.tls_address.unwrap_or(boot.tls.address),
                    certificate: layer.tls_certificate.unwrap_or(boot.tls.certificate),
                    key: layer.tls_key.unwrap_or(boot.tls.key),
                    domains: layer.tls_domains.unwrap_or(boot.tls.domains),
                    email: layer.tls_email.unwrap_or(boot.tls.email),
                    directory: layer.tls_directory.unwrap_or(boot.tls.directory),
                    directory_ca: layer.tls_directory_ca.unwrap_or(boot.tls.directory_ca),
                },
            },
            live: Live {
                log_level: layer.log_level.unwrap_or(live.log_level),
                cors_origins: layer.cors_origins.unwrap_or(live.cors_origins),
                body_size_max: layer.body_size_max.unwrap_or(live.body_size_max),
                header_timeout: layer.header_timeout.unwrap_or(live.header_timeout),
                body_timeout: layer.body_timeout.unwrap_or(live.body_timeout),
                idle_timeout: layer.idle_timeout.unwrap_or(live.idle_timeout),
                stream_idle_timeout: layer.stream_idle_timeout.unwrap_or(live.stream_idle_timeout),
                connections_max: layer.connections_max.unwrap_or(live.connections_max),
                presence_collections: layer
                    .presence_collections
                    .unwrap_or(live.presence_collections),
                scan_rows_max: layer.scan_rows_max.unwrap_or(live.scan_rows_max),
                compression: layer.compression.unwrap_or(live.compression),
                compressed_size_min: layer.compressed_size_min.unwrap_or(live.compressed_size_min),
                slow_query: layer.slow_query.unwrap_or(live.slow_query),
                metrics_enabled: layer.metrics_enabled.unwrap_or(live.metrics_enabled),
                metrics_token: layer.metrics_token.unwrap_or(live.metrics_token),
                pinned: layer.pinned.unwrap_or(live.pinned),
            },
        }
    }
}

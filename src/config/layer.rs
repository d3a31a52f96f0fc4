//! One layer of options, and the one list of keys that the file and the environment share.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::pinned::Pinned;
use super::setting::{
    Address, Domains, Durability, Given, LogFormat, LogLevel, Names, Secret, Setting,
};
use super::units::ByteSize;

/// Makes [`Layer`] with its keys: each line is `doc, "key in the file", field: type`.
macro_rules! layer {
    ($($(#[$doc:meta])* $key:literal $field:ident: $type:ty,)*) => {
        /// The options that one layer sets; `None` leaves the choice to the layers below.
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct Layer {
            $($(#[$doc])* pub $field: Option<$type>,)*
            /// See [`Live::pinned`](super::Live::pinned).
            pub pinned: Option<Pinned>,
        }

        /// Every key, as the file spells it with its table: `log.level`.
        pub(super) const KEYS: &[&str] = &[$($key),*];

        impl Layer {
            /// This layer on top of `below`.
            #[must_use]
            pub fn over(self, below: Self) -> Self {
                Self {
                    $($field: self.$field.or(below.$field),)*
                    pinned: self.pinned.or(below.pinned),
                }
            }

            /// Sets the option called `key`. An error says what was expected instead.
            pub(super) fn set(&mut self, key: &str, given: &Given<'_>) -> Result<(), SetError> {
                match key {
                    $($key => {
                        let value = <$type>::read(given)
                            .ok_or(SetError::Expected(<$type>::EXPECTED))?;
                        self.$field = Some(value);
                    })*
                    _ => return Err(SetError::UnknownKey),
                }
                Ok(())
            }

            /// The keys that this layer sets.
            #[cfg(test)]
            pub(super) fn keys_set(&self) -> Vec<&'static str> {
                let mut keys = Vec::new();
                $(if self.$field.is_some() { keys.push($key); })*
                keys
            }
        }
    };
}

/// Why an option was not set.
#[derive(Debug, PartialEq)]
pub(super) enum SetError {
    /// No option has this name.
    UnknownKey,
    /// The value does not fit; this would.
    Expected(&'static str),
}

layer! {
    /// See [`Boot::http`](super::Boot::http).
    "http" http: Address,
    /// See [`Boot::data`](super::Boot::data).
    "data" data: PathBuf,
    /// See [`Boot::log_format`](super::Boot::log_format).
    "log.format" log_format: LogFormat,
    /// See [`Live::log_level`](super::Live::log_level).
    "log.level" log_level: LogLevel,
    /// See [`Live::slow_query`](super::Live::slow_query).
    "log.slow_query" slow_query: Option<Duration>,
    /// See [`Live::metrics_enabled`](super::Live::metrics_enabled).
    "metrics.enabled" metrics_enabled: bool,
    /// See [`Live::metrics_token`](super::Live::metrics_token).
    "metrics.token" metrics_token: Secret,
    /// See [`Boot::cache_size`](super::Boot::cache_size).
    "store.cache_size" cache_size: ByteSize,
    /// See [`Boot::column_cache`](super::Boot::column_cache).
    "store.column_cache" column_cache: ByteSize,
    /// See [`Boot::durability`](super::Boot::durability).
    "store.durability" durability: Durability,
    /// See [`Encryption::key_env`](super::Encryption::key_env).
    "encryption.key_env" encryption_key_env: String,
    /// See [`Encryption::old_key_env`](super::Encryption::old_key_env).
    "encryption.old_key_env" encryption_old_key_env: String,
    /// See [`Boot::worker_threads`](super::Boot::worker_threads).
    "threads.workers" worker_threads: usize,
    /// See [`Boot::hashing_threads`](super::Boot::hashing_threads).
    "threads.hashing" hashing_threads: usize,
    /// See [`Boot::outbound_allow_private`](super::Boot::outbound_allow_private).
    "outbound.allow_private" outbound_allow_private: bool,
    /// See [`Boot::mail_ca_file`](super::Boot::mail_ca_file).
    "mail.ca_file" mail_ca_file: Option<PathBuf>,
    /// See [`Boot::common_passwords`](super::Boot::common_passwords).
    "auth.common_passwords" common_passwords: Option<PathBuf>,
    /// See [`Tls::address`](super::Tls::address).
    "tls.address" tls_address: Option<Address>,
    /// See [`Tls::certificate`](super::Tls::certificate).
    "tls.certificate" tls_certificate: Option<PathBuf>,
    /// See [`Tls::key`](super::Tls::key).
    "tls.key" tls_key: Option<PathBuf>,
    /// See [`Tls::domains`](super::Tls::domains).
    "tls.domains" tls_domains: Domains,
    /// See [`Tls::email`](super::Tls::email).
    "tls.email" tls_email: String,
    /// See [`Tls::directory`](super::Tls::directory).
    "tls.directory" tls_directory: String,
    /// See [`Tls::directory_ca`](super::Tls::directory_ca).
    "tls.directory_ca" tls_directory_ca: Option<PathBuf>,
    /// See [`Boot::public_folder`](super::Boot::public_folder).
    "public.folder" public_folder: PathBuf,
    /// See [`Boot::index_fallback`](super::Boot::index_fallback).
    "public.index_fallback" index_fallback: bool,
    /// See [`Boot::extensions_folder`](super::Boot::extensions_folder).
    "extensions.folder" extensions_folder: PathBuf,
    /// See [`Scripting::folder`](super::Scripting::folder).
    "hooks.folder" hooks_folder: PathBuf,
    /// See [`Scripting::time_limit`](super::Scripting::time_limit).
    "hooks.time_limit" hooks_time_limit: Duration,
    /// See [`Scripting::memory_limit`](super::Scripting::memory_limit).
    "hooks.memory_limit" hooks_memory_limit: ByteSize,
    /// See [`Scripting::watch`](super::Scripting::watch).
    "hooks.watch" hooks_watch: bool,
    /// See [`Migrations::folder`](super::Migrations::folder).
    "migrations.folder" migrations_folder: PathBuf,
    /// See [`Migrations::automigrate`](super::Migrations::automigrate).
    "migrations.automigrate" automigrate: bool,
    /// See [`Live::compression`](super::Live::compression).
    "compression.enabled" compression: bool,
    /// See [`Live::compressed_size_min`](super::Live::compressed_size_min).
    "compression.min_size" compressed_size_min: ByteSize,
    /// See [`Live::cors_origins`](super::Live::cors_origins).
    "cors.origins" cors_origins: Vec<String>,
    /// See [`Live::presence_collections`](super::Live::presence_collections).
    "realtime.presence" presence_collections: Names,
    /// See [`Live::body_size_max`](super::Live::body_size_max).
    "limits.body_size" body_size_max: ByteSize,
    /// See [`Live::header_timeout`](super::Live::header_timeout).
    "limits.header_timeout" header_timeout: Duration,
    /// See [`Live::body_timeout`](super::Live::body_timeout).
    "limits.body_timeout" body_timeout: Duration,
    /// See [`Live::idle_timeout`](super::Live::idle_timeout).
    "limits.idle_timeout" idle_timeout: Duration,
    /// See [`Live::stream_idle_timeout`](super::Live::stream_idle_timeout).
    "limits.stream_idle_timeout" stream_idle_timeout: Duration,
    /// See [`Live::connections_max`](super::Live::connections_max).
    "limits.connections" connections_max: NonZeroUsize,
    /// See [`Live::scan_rows_max`](super::Live::scan_rows_max).
    "limits.scan_rows" scan_rows_max: u64,
}

/// The known name that is fewest edits away from `unknown`.
pub(super) fn nearest<'n>(unknown: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    names.min_by_key(|name| edits(unknown, name))
}

/// The Levenshtein distance: insertions, deletions and replacements of characters.
pub(super) fn edits(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, a) in from.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_upper_layer_wins_and_gaps_show_the_lower_one() {
        let upper = Layer { worker_threads: Some(2), ..Layer::default() };
        let lower = Layer { worker_threads: Some(1), scan_rows_max: Some(5), ..Layer::default() };
        let merged = upper.over(lower);
        assert_eq!(merged.worker_threads, Some(2));
        assert_eq!(merged.scan_rows_max, Some(5));
    }

    #[test]
    fn distance_counts_single_character_edits() {
        for (from, to, expected) in
            [("", "", 0), ("data", "data", 0), ("dat", "data", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(edits(from, to), expected, "{from} -> {to}");
        }
    }
}

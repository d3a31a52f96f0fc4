//! The groups of settings, with what they are until somebody changes them.

use serde::{Deserialize, Serialize};

/// All settings. The order of the members is the order on the wire.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Addresses and subnets that superusers may come from; empty = any.
    #[serde(rename = "superuserIPs")]
    pub superuser_ips: Vec<String>,
    /// The mail server.
    pub smtp: Smtp,
    /// Automatic backups.
    pub backups: Backups,
    /// Where uploads are kept, if not on disk.
    pub s3: Bucket,
    /// The app as mails and the dashboard present it.
    pub meta: Meta,
    /// How many requests are too many.
    #[serde(rename = "rateLimits")]
    pub rate_limits: RateLimits,
    /// Which headers tell the address of a client behind a proxy.
    #[serde(rename = "trustedProxy")]
    pub trusted_proxy: TrustedProxy,
    /// Several writes in one request.
    pub batch: Batch,
    /// The request log.
    pub logs: Logs,
}

/// The mail server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Smtp {
    /// Whether mails go through it.
    pub enabled: bool,
    /// Its port.
    pub port: i64,
    /// Its name or address.
    pub host: String,
    /// The account to send from.
    pub username: String,
    /// The account's password; a secret.
    pub password: String,
    /// `PLAIN`, `LOGIN`, or empty for the default, which is `PLAIN`.
    pub auth_method: String,
    /// Whether the connection is encrypted from its first byte.
    pub tls: bool,
    /// The name to greet with; empty = `localhost`.
    pub local_name: String,
}

impl Default for Smtp {
    fn default() -> Self {
        Self {
            enabled: false,
            port: 587,
            host: "smtp.example.com".to_owned(),
            username: String::new(),
            password: String::new(),
            auth_method: String::new(),
            tls: false,
            local_name: String::new(),
        }
    }
}

/// Automatic backups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Backups {
    /// When to make one, as a [`Schedule`](super::Schedule); empty = never.
    pub cron: String,
    /// How many of them to keep.
    pub cron_max_keep: i64,
    /// How many of them make a chain: a full one, and increments that follow it; 0 = they are all full,
    /// and nothing is noted for increments. Clients see it once it is set.
    pub full_every: i64,
    /// Whether files of records that are in a bucket are part of them. Clients see it once it is set.
    pub include_files: bool,
    /// Where to keep them, if not on disk.
    pub s3: Bucket,
}

impl Default for Backups {
    fn default() -> Self {
        Self {
            cron: String::new(),
            cron_max_keep: 3,
            full_every: 0,
            include_files: false,
            s3: Bucket::default(),
        }
    }
}

/// A bucket of an S3 storage.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Bucket {
    /// Whether it is used.
    pub enabled: bool,
    /// Its name.
    pub bucket: String,
    /// Its region.
    pub region: String,
    /// The URL or host of the storage.
    pub endpoint: String,
    /// The name of the key.
    pub access_key: String,
    /// The key; a secret.
    pub secret: String,
    /// Whether the bucket is named in the path rather than in the host.
    pub force_path_style: bool,
}

/// The app as mails and the dashboard present it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Meta {
    /// The dashboard's colour, `#rrggbb` or empty.
    pub accent_color: String,
    /// The app's name.
    pub app_name: String,
    /// Where the app is reached.
    #[serde(rename = "appURL")]
    pub app_url: String,
    /// Who mails are from.
    pub sender_name: String,
    /// The address that mails are from.
    pub sender_address: String,
    /// Whether the dashboard hides what changes collections.
    pub hide_controls: bool,
}

impl Default for Meta {
    fn default() -> Self {
        Self {
            accent_color: "#1055c9".to_owned(),
            app_name: "Acme".to_owned(),
            app_url: "http://localhost:8090".to_owned(),
            sender_name: "Support".to_owned(),
            sender_address: "support@example.com".to_owned(),
            hide_controls: false,
        }
    }
}

/// How many requests are too many.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RateLimits {
    /// The rules, of which the first that fits a request applies.
    pub rules: Vec<RateLimitRule>,
    /// Addresses and subnets without limits.
    #[serde(rename = "excludedIPs")]
    pub excluded_ips: Vec<String>,
    /// Whether there are limits at all.
    pub enabled: bool,
}

impl Default for RateLimits {
    fn default() -> Self {
        let rule = |label: &str, max_requests, duration| RateLimitRule {
            label: label.to_owned(),
            audience: String::new(),
            duration,
            max_requests,
        };
        Self {
            rules: vec![
                rule("*:auth", 2, 3),
                rule("*:create", 20, 5),
                rule("/api/batch", 3, 1),
                rule("/api/", 300, 10),
            ],
            excluded_ips: Vec::new(),
            enabled: false,
        }
    }
}

/// So many requests in so many seconds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RateLimitRule {
    /// What it applies to: an action such as `posts:create` or `*:auth`, a path, or with a slash at
    /// its end the start of one; paths may have a method before them.
    pub label: String,
    /// Whom it applies to: empty = everybody, `@guest`, `@auth`.
    pub audience: String,
    /// Seconds.
    pub duration: i64,
    /// Requests within that time.
    pub max_requests: i64,
}

/// Which headers tell the address of a client behind a proxy.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TrustedProxy {
    /// The names of the headers, the first that has an address wins.
    pub headers: Vec<String>,
    /// Whether the first address in a header counts rather than the last.
    #[serde(rename = "useLeftmostIP")]
    pub use_leftmost_ip: bool,
}

/// Several writes in one request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Batch {
    /// Whether it is allowed.
    pub enabled: bool,
    /// How many writes at most.
    pub max_requests: i64,
    /// Seconds that it may take; 0 = 3.
    pub timeout: i64,
    /// Bytes of the body at most; 0 = 128 MiB.
    pub max_body_size: i64,
}

impl Default for Batch {
    fn default() -> Self {
        Self { enabled: false, max_requests: 50, timeout: 3, max_body_size: 0 }
    }
}

/// The request log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Logs {
    /// Days after which entries go; 0 = no log.
    pub max_days: i64,
    /// The least level that is kept: -4 debug, 0 info, 4 warnings, 8 errors.
    pub min_level: i64,
    /// Whether addresses are kept.
    #[serde(rename = "logIP")]
    pub log_ip: bool,
    /// Whether the ids of accounts are kept.
    pub log_auth_id: bool,
}

impl Default for Logs {
    fn default() -> Self {
        Self { max_days: 5, min_level: 0, log_ip: true, log_auth_id: false }
    }
}

//! Settings: what superusers change over the API while the server runs.
//!
//! Owns: [`Settings`] with its groups and defaults, their one JSON form, merging, checks, and what
//! they mean: which rate limit applies to a request, which address a request comes from. Does no IO:
//! where settings are kept is the business of the use cases.
//! Invariant: [`Settings::merged`] never changes what a body does not name, and settings that pass
//! [`Settings::check`] can be used without further doubt.
//! Start reading at [`Settings`].

mod address;
mod check;
mod cron;
mod groups;
mod json;
mod rate_limits;

pub use address::{is_address_or_subnet, is_in_list, network_of, normalised_ip};
pub use cron::Schedule;
pub use groups::{
    Backups, Batch, Bucket, Logs, Meta, RateLimitRule, RateLimits, Settings, Smtp, TrustedProxy,
};
pub use json::Malformed;

/// The key in the store under which settings are kept.
pub const KEY: &str = "settings";
/// The key in the store under which the settings of an imported `PocketBase` are kept: its JSON,
/// byte for byte. They count until there are settings under [`KEY`].
pub const IMPORTED_KEY: &str = "pocketbase.settings";

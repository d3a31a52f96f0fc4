//! Hooks: what an embedding program or a script has to say about what happens.
//!
//! Owns: [`Hooks`], the registry of all hooks of one app; [`Chain`] and [`Signal`], the two kinds of
//! places where hooks hang; the payloads that they get; [`Data`], the door to collections and records
//! that is open to them; and [`Rejection`], what they say no with. Knows nothing of HTTP, of
//! transactions or of threads: who fires a hook decides where it runs.
//! Invariant: a hook that panics counts as one that failed, and where no hook hangs nothing is made
//! for it: whoever fires asks [`Chain::wants`] first, which is a load and a comparison.
//! Start reading at [`Chain`], then [`Hooks`].

mod account;
mod call;
mod chain;
mod data;
mod event;
mod failure;
mod find;
mod places;
mod registry;
mod rejection;
mod signal;
#[cfg(test)]
mod tests;
mod when;

pub use account::{AccountMail, AccountToken};
pub use call::{BatchCall, CollectionAction, CollectionCall, SettingsRead, SettingsReload};
pub use chain::{Chain, HookId, Next};
pub use data::{Data, Mail};
pub use event::{
    Action, AuthAction, AuthCall, BackupCall, CollectionChange, CollectionWrite, Enrichment, Event,
    FileDownload, FileToken, MailAbout, MailKind, MailSend, Payload, RealtimeConnect,
    RealtimeMessage, RealtimeSubscribe, RecordChange, RecordWrite, RequestAction, RequestCall,
    ServerCall, SettingsWrite,
};
pub use failure::{CollectionFailure, RecordFailure};
pub use find::{BindError, Find};
pub use places::{CollectionHooks, FileHooks, RealtimeHooks, RecordHooks};
pub use registry::Hooks;
pub use rejection::Rejection;
pub use signal::Signal;
pub use when::When;

//! Collections: what they are made of, what they accept, and how they may change.
//!
//! Owns: [`Collection`], [`Field`], [`FieldKind`], [`Index`], [`Catalog`], the checks of all of
//! them, and the checks of record values. Knows nothing of storage, HTTP or who is asking.
//! Invariant: a field keeps its slot and an index its number for life; neither is used again.
//! Start reading at [`Collection`].

mod catalog;
mod collection;
mod definition;
mod field;
mod index;
mod index_condition;
mod index_text;
mod index_token;
mod json;
mod record;
mod renumber;
pub mod values;
mod violation;

pub use catalog::Catalog;
pub use collection::{
    AnonymousOptions, ApiKeyOptions, AuthOptions, Collection, CollectionKind, EmailTemplate,
    MfaOptions, OAuth2Options, OAuth2Provider, OtpOptions, PasskeyOptions, PasswordAuth,
    PasswordPolicy, Rules, SessionOptions, TokenOptions, TotpOptions,
};
pub use definition::{
    DefinitionError, Draft, OAUTH2_PROVIDERS, Renames, create_from_body, renames, scaffold,
    scaffolds_json, set_view_fields, system, update_from_body,
};
pub use field::{
    AutodateOptions, DateOptions, DomainOptions, EditorOptions, Field, FieldKind, FileOptions,
    JsonOptions, NumberOptions, PasswordOptions, RelationOptions, SelectOptions, TextOptions,
};
pub use index::{Collate, Comparison, Condition, Constant, Index, IndexColumn, IndexNumber};
pub use index_text::{IndexError, Statement, StatementColumn, index_from_text};
pub use json::{FormatError, Secrets};
pub use record::Record;
pub use violation::{Violation, Violations};

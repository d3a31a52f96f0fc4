//! What hooks get to see, and may change.
//!
//! Every payload owns what it holds, and its members are records, JSON and texts, so that a script
//! engine can show and change all of it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::access::Caller;
use crate::schema::{Collection, Record};

use super::Data;

/// What a hook gets: a payload, whose members are members of the event too, and the data.
pub struct Event<'a, P> {
    /// What happens.
    pub payload: P,
    data: &'a dyn Data,
}

impl<'a, P> Event<'a, P> {
    /// An event over `data`.
    pub fn new(payload: P, data: &'a dyn Data) -> Self {
        Self { payload, data }
    }

    /// Collections and records: inside the transaction, where there is one.
    pub fn data(&self) -> &'a dyn Data {
        self.data
    }
}

impl<P> Deref for Event<'_, P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.payload
    }
}

impl<P> DerefMut for Event<'_, P> {
    fn deref_mut(&mut self) -> &mut P {
        &mut self.payload
    }
}

impl<P: fmt::Debug> fmt::Debug for Event<'_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event").field("payload", &self.payload).finish_non_exhaustive()
    }
}

/// Something that hooks get.
pub trait Payload: Send + Sync + 'static {
    /// The collection that it is about, for hooks that are only for some.
    fn collection(&self) -> Option<&Collection>;
}

/// What is done to a record or a collection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// It is made.
    Create,
    /// It is changed.
    Update,
    /// It is removed.
    Delete,
}

/// A record about to be made, changed or removed.
#[derive(Debug)]
pub struct RecordWrite {
    /// What is done.
    pub action: Action,
    /// The record as it shall be; when it is removed, as it is. Changes to it count until it is
    /// checked, and a field of the wrong kind fails that check. A password reads as its hash or as
    /// a placeholder; a text that is set there is taken for a new password in the clear.
    pub record: Record,
    /// The record as it is stored, when it is changed.
    pub old: Option<Arc<Record>>,
    /// Whose request it is; the process itself for what follows from others' requests.
    pub caller: Arc<Caller>,
    /// Files that hooks bring for file fields, each in place of what the field holds: as in the body
    /// of [`Data::create`](super::Data::create), with the names that stay beside them.
    pub brought: Map<String, Json>,
}

/// A record that was made, changed or removed.
#[derive(Debug, Clone)]
pub struct RecordChange {
    /// What was done.
    pub action: Action,
    /// The record as it was committed; as it was last, when it was removed.
    pub record: Record,
    /// The record as it was before, when it was changed.
    pub old: Option<Arc<Record>>,
    /// Whose request it was.
    pub caller: Arc<Caller>,
}

/// A collection about to be made, changed or removed.
#[derive(Debug)]
pub struct CollectionWrite {
    /// What is done.
    pub action: Action,
    /// What was sent, which hooks may change; empty when it is removed.
    pub definition: Map<String, Json>,
    /// The collection as it is; `None` when it is made.
    pub collection: Option<Arc<Collection>>,
}

/// A collection that was made, changed or removed.
#[derive(Debug, Clone)]
pub struct CollectionChange {
    /// What was done.
    pub action: Action,
    /// The collection as it was committed; as it was last, when it was removed.
    pub collection: Arc<Collection>,
}

/// What a request asks of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RequestAction {
    /// A page of records.
    List,
    /// One record.
    View,
    /// A new record.
    Create,
    /// A change, also one that replaces everything.
    Update,
    /// A delete.
    Delete,
}

/// A request of the records API, before anything is done about it.
#[derive(Debug)]
pub struct RequestCall {
    /// What it asks.
    pub action: RequestAction,
    /// The collection.
    pub collection: Arc<Collection>,
    /// The record; empty for lists and creates.
    pub id: String,
    /// What was sent; empty for lists, views and deletes. Changes to it count.
    pub body: Map<String, Json>,
    /// Who asks, with method, headers and query in [`Caller::request`].
    pub caller: Arc<Caller>,
}

/// What a request about an account asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthAction {
    /// A login with a password.
    Password,
    /// A login with a one-time password.
    Otp,
    /// A login with an account elsewhere.
    OAuth2,
    /// A login with a code of an authenticator app.
    Totp,
    /// A login with a passkey.
    Passkey,
    /// A new token for an old one.
    Refresh,
    /// A one-time password by mail.
    RequestOtp,
    /// A link by mail that verifies an address.
    RequestVerification,
    /// The link is followed.
    ConfirmVerification,
    /// A link by mail that sets a new password.
    RequestPasswordReset,
    /// The link is followed.
    ConfirmPasswordReset,
    /// A link by mail that changes the address.
    RequestEmailChange,
    /// The link is followed.
    ConfirmEmailChange,
    /// Somebody is about to get a token, by whatever way.
    Authenticated,
}

impl AuthAction {
    pub(super) const COUNT: usize = Self::Authenticated as usize + 1;
}

/// A request about an account, before anything is done about it.
#[derive(Debug)]
pub struct AuthCall {
    /// What it asks.
    pub action: AuthAction,
    /// The collection of accounts.
    pub collection: Arc<Collection>,
    /// What was sent, secrets included. Changes count, but for [`AuthAction::Authenticated`].
    pub body: Map<String, Json>,
    /// The account, where it is known already: for refreshes and [`AuthAction::Authenticated`].
    pub record: Option<Record>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A record about to be shown to somebody.
#[derive(Debug)]
pub struct Enrichment {
    /// The record with all of its values.
    pub record: Record,
    /// Who will see it.
    pub caller: Arc<Caller>,
    hidden: BTreeSet<String>,
    shown: BTreeSet<String>,
    added: Map<String, Json>,
}

impl Enrichment {
    /// A record as it will be shown to `caller` unless hooks say otherwise.
    pub fn new(record: Record, caller: Arc<Caller>) -> Self {
        Self { record, caller, hidden: BTreeSet::new(), shown: BTreeSet::new(), added: Map::new() }
    }

    /// Leaves a member out.
    pub fn hide(&mut self, name: &str) {
        self.shown.remove(name);
        self.added.shift_remove(name);
        self.hidden.insert(name.to_owned());
    }

    /// Shows a field that would be left out. Passwords and token keys never are shown.
    pub fn show(&mut self, name: &str) {
        self.hidden.remove(name);
        self.shown.insert(name.to_owned());
    }

    /// Adds a member, or shows another value in its place.
    pub fn add(&mut self, name: &str, value: impl Into<Json>) {
        self.hidden.remove(name);
        self.added.insert(name.to_owned(), value.into());
    }

    /// Whether anything shall be shown differently.
    pub fn is_plain(&self) -> bool {
        self.hidden.is_empty() && self.shown.is_empty() && self.added.is_empty()
    }

    /// Whether the member called `name` is left out.
    pub fn hides(&self, name: &str) -> bool {
        self.hidden.contains(name)
    }

    /// Whether a field is shown that would be left out.
    pub fn shows(&self, name: &str) -> bool {
        self.shown.contains(name)
    }

    /// The members that were added.
    pub fn added(&self) -> &Map<String, Json> {
        &self.added
    }
}

/// Which of the mails that every auth collection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum MailKind {
    /// A link that verifies an address.
    Verification,
    /// A link that sets a new password.
    PasswordReset,
    /// A link that changes the address.
    EmailChange,
    /// A one-time password.
    Otp,
    /// Somebody logged in from a new place.
    AuthAlert,
}

impl MailKind {
    pub(super) const COUNT: usize = Self::AuthAlert as usize + 1;
}

/// What a mail to the holder of an account is about.
#[derive(Debug, Clone)]
pub struct MailAbout {
    /// Which mail it is.
    pub kind: MailKind,
    /// The account as it is when the mail leaves.
    pub record: Record,
    /// What the mail carries: `token`, `newEmail`, `otpId` and `password`, or `info`.
    pub meta: Map<String, Json>,
}

/// A mail about to be sent. Changes count; nothing is sent when a hook does not let it through.
#[derive(Debug, Clone)]
pub struct MailSend {
    /// Whom it goes to.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The whole HTML document.
    pub html: String,
    /// The account it is about; `None` for mails of programs. A change of it has no effect.
    pub about: Option<MailAbout>,
}

/// A file about to be served.
#[derive(Debug)]
pub struct FileDownload {
    /// The collection of the record that names it.
    pub collection: Arc<Collection>,
    /// The id of the record.
    pub record_id: String,
    /// The name of the file. A change of it has no effect.
    pub name: String,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A token for protected files about to be made.
#[derive(Debug)]
pub struct FileToken {
    /// The account it is for; `None` for guests, who get none.
    pub record: Option<Record>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A stream about to be opened.
#[derive(Debug)]
pub struct RealtimeConnect {
    /// Where it comes from.
    pub address: IpAddr,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A stream about to get other topics.
#[derive(Debug)]
pub struct RealtimeSubscribe {
    /// The stream.
    pub client_id: String,
    /// All topics from then on. Changes count.
    pub topics: Vec<String>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A message about to be written to a stream. Changes count; it is left out when a hook does not
/// let it through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealtimeMessage {
    /// The stream.
    pub client_id: String,
    /// The topic.
    pub topic: String,
    /// What it says, JSON mostly.
    pub data: String,
}

/// Settings about to be changed.
#[derive(Debug)]
pub struct SettingsWrite {
    /// What was sent. Changes count.
    pub body: Map<String, Json>,
    /// Who asks.
    pub caller: Arc<Caller>,
}

/// A backup about to be made or put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupCall {
    /// Its name. A change of it counts when it is made.
    pub name: String,
}

/// The server begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerCall {
    /// Where it listens; `None` when another program's server does.
    pub address: Option<SocketAddr>,
}

macro_rules! payloads {
    ($($payload:ty => |$this:pat_param| $collection:expr;)*) => {$(
        impl Payload for $payload {
            fn collection(&self) -> Option<&Collection> {
                let $this = self;
                $collection
            }
        }
    )*};
}

payloads! {
    RecordWrite => |this| Some(this.record.collection());
    RecordChange => |this| Some(this.record.collection());
    CollectionWrite => |this| this.collection.as_deref();
    CollectionChange => |this| Some(&this.collection);
    RequestCall => |this| Some(&this.collection);
    AuthCall => |this| Some(&this.collection);
    Enrichment => |this| Some(this.record.collection());
    FileDownload => |this| Some(&this.collection);
    FileToken => |this| this.record.as_ref().map(|record| &**record.collection());
    MailSend => |this| this.about.as_ref().map(|about| &**about.record.collection());
    RealtimeConnect => |_| None;
    RealtimeSubscribe => |_| None;
    RealtimeMessage => |_| None;
    SettingsWrite => |_| None;
    BackupCall => |_| None;
    ServerCall => |_| None;
}

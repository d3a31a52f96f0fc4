//! All open streams, and what is sent to them.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Instant;

use rand::RngExt as _;

use crate::access::RuleCache;
use crate::model::{Cell, RecordId, RowBuf};
use crate::query::{AuthRow, Rows};
use crate::schema::{Catalog, Collection};

use super::client::{Client, Ending, Message, State};
use super::departed::{Departed, DepartedClients};
use super::event::{Event, Judge, Render};
use super::index::{Index, account};
use super::presence::is_room;
use super::{Subscription, subscription};

/// Letters and digits of a client id.
const ID_LENGTH: usize = 40;
/// Topics of one client.
const TOPICS_MAX: usize = 1000;

/// All open streams. Nothing here waits for a client.
#[derive(Default)]
pub struct Hub {
    index: RwLock<Index>,
    /// Clients in rooms, or on the way there, of which something changed.
    unsettled: Mutex<BTreeMap<u64, Arc<Client>>>,
    on_unsettled: OnceLock<Box<dyn Fn() + Send + Sync>>,
    departed: Mutex<DepartedClients>,
    next_number: AtomicU64,
    /// The last change whose event the hub has begun to send.
    begun: AtomicU64,
    /// The last change whose event the hub has sent to everybody.
    completed: AtomicU64,
    closed: AtomicBool,
}

/// How a stream begins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Connect<'a> {
    /// The client id of an earlier stream of the same client.
    pub last_id: Option<&'a str>,
    /// The last change that the client got through an earlier stream.
    pub resume: Option<u64>,
}

/// Why a client cannot subscribe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SubscribeError {
    /// There is no such open stream.
    #[error("no such client")]
    NoClient,
    /// The stream was opened from another address.
    #[error("the stream belongs to another address")]
    OtherAddress,
    /// The stream belongs to somebody else.
    #[error("the stream belongs to another record")]
    OtherAuth,
}

impl Hub {
    /// Opens a stream for a client at `ip`, and says after which change it goes on, if it is one
    /// that came back. `None` once the hub is closed.
    pub fn connect(&self, ip: IpAddr, connect: Connect<'_>) -> Option<(Arc<Client>, Option<u64>)> {
        let departed = connect.last_id.and_then(|id| self.departed().take(id, ip, Instant::now()));
        let known = departed.as_ref().map(|departed| departed.position);
        let resumes_after = connect.resume.or(known);
        let topics = departed.map(|departed| departed.topics).unwrap_or_default();
        let state = State::resuming(resumes_after);
        let number = self.next_number.fetch_add(1, Ordering::Relaxed);
        let client = Arc::new(Client::new(number, new_id(ID_LENGTH), ip, state));
        let mut index = self.index_mut();
        // Checked under the lock under which `close` ends what is in the index.
        if self.closed.load(Ordering::SeqCst) {
            return None;
        }
        index.insert(client.clone());
        drop(index);
        if !topics.is_empty() {
            self.set_topics(&client, &topics, None, u64::MAX);
        }
        Some((client, resumes_after))
    }

    /// Forgets a client whose stream has ended; for a while it may come back.
    pub fn disconnect(&self, client: &Client) {
        let departed = {
            let state = client.state();
            let topics = match &state.auth {
                None => state.subscriptions.values().flatten().map(|s| (*s.topic).into()).collect(),
                Some(_) => Vec::new(),
            };
            let position = state.position(self.completed.load(Ordering::SeqCst));
            Departed { ip: client.ip(), position, topics }
        };
        let in_room = !client.room_subscriptions().is_empty();
        let known = self.client(client.id());
        self.index_mut().remove(client);
        if let Some(client) = known.filter(|_| in_room) {
            self.unsettle(client);
        }
        self.departed().add(client.id(), departed, Instant::now());
    }

    /// Puts `topics` in the place of those that the client had; empty ones are left out. Topics
    /// that are new get events after the change `now`. Returns the client.
    pub fn subscribe(
        &self,
        client_id: &str,
        ip: IpAddr,
        auth: Option<&AuthRow>,
        topics: &[Box<str>],
        now: u64,
    ) -> Result<Arc<Client>, SubscribeError> {
        let client = self.client(client_id).ok_or(SubscribeError::NoClient)?;
        if client.ip() != ip {
            return Err(SubscribeError::OtherAddress);
        }
        let before = client.auth();
        if before.is_some_and(|before| auth.map(account) != Some(account(&before))) {
            return Err(SubscribeError::OtherAuth);
        }
        self.set_topics(&client, topics, auth, now);
        Ok(client)
    }

    fn set_topics(
        &self,
        client: &Arc<Client>,
        topics: &[Box<str>],
        auth: Option<&AuthRow>,
        now: u64,
    ) {
        let mut index = self.index_mut();
        // It may have gone since it was looked up.
        if index.by_id(client.id()).is_none() {
            return;
        }
        let was_in_room = !client.room_subscriptions().is_empty();
        index.replace_auth(client, auth.cloned());
        let (resumes_after, mut known) = {
            let mut state = client.state();
            let known: HashMap<Arc<str>, Arc<Subscription>> = state
                .subscriptions
                .values()
                .flatten()
                .map(|known| (known.topic.clone(), known.clone()))
                .collect();
            (state.resumes_after.take(), known)
        };
        // What a client says may be beyond the end of the log.
        let after = resumes_after.unwrap_or(now).min(now);
        let mut chosen: Vec<Arc<Subscription>> = Vec::new();
        let mut seen = std::collections::HashSet::new();
        for topic in topics.iter().filter(|topic| !topic.is_empty()).take(TOPICS_MAX) {
            if seen.insert(topic) {
                let known = known.remove(&**topic);
                chosen
                    .push(known.unwrap_or_else(|| Arc::new(Subscription::new(topic, auth, after))));
            }
        }
        index.replace_subscriptions(client, chosen);
        if let Some(after) = resumes_after {
            let mut state = client.state();
            state.catching_up = Some(after);
            state.wake();
        }
        drop(index);
        if was_in_room || topics.iter().any(|topic| is_room(subscription::base_of(topic))) {
            self.unsettle(Arc::clone(client));
        }
    }

    /// Has somebody look at the rooms of `client`.
    fn unsettle(&self, client: Arc<Client>) {
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        unsettled.insert(client.number, client);
        drop(unsettled);
        if let Some(wake) = self.on_unsettled.get() {
            wake();
        }
    }

    /// Runs `wake` whenever there is something to be had from [`Self::take_unsettled`]; it must be
    /// quick. Only the first one counts.
    pub fn on_unsettled(&self, wake: impl Fn() + Send + Sync + 'static) {
        let _ = self.on_unsettled.set(Box::new(wake));
    }

    /// The clients whose rooms have to be looked at, in the order in which they connected.
    pub fn take_unsettled(&self) -> Vec<Arc<Client>> {
        let mut unsettled = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *unsettled).into_values().collect()
    }

    /// The open stream with this client id.
    pub fn client(&self, id: &str) -> Option<Arc<Client>> {
        self.index().by_id(id).cloned()
    }

    /// All open streams.
    pub fn clients(&self) -> Vec<Arc<Client>> {
        self.index().all().cloned().collect()
    }

    /// Sends `data` to one open stream under the name `topic`, whatever it is subscribed to. False
    /// when there is no such stream. It cannot be resumed.
    pub fn send_to(&self, client_id: &str, topic: &str, data: &str) -> bool {
        let Some(client) = self.client(client_id) else { return false };
        let data = one_line(data).into_bytes().into();
        client.state().push(Message { topic: topic.into(), data, sequence: None });
        true
    }

    /// How many streams are open.
    pub fn len(&self) -> usize {
        self.index().all().count()
    }

    /// Whether no stream is open.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether no client has a topic or an account, so that nothing needs to be published.
    pub fn is_idle(&self) -> bool {
        self.index().is_idle()
    }

    /// Says that events up to the change `sequence` are about to be published.
    pub fn begin(&self, sequence: u64) {
        self.begun.store(sequence, Ordering::SeqCst);
    }

    /// Says that events up to the change `sequence` were published.
    pub fn complete(&self, sequence: u64) {
        self.completed.store(sequence, Ordering::SeqCst);
    }

    /// Notes that `client` has everything up to `sequence` from the log.
    pub fn caught_up(&self, client: &Client, sequence: u64) {
        client.caught_up_to(sequence, &self.begun);
    }

    /// Queues `event` for everybody who is subscribed to its record and may see it. `rows` is the
    /// state that rules are asked about.
    pub fn publish(&self, event: &Event, rows: &dyn Rows, rules: &RuleCache, render: &dyn Render) {
        let topics = topics_of(&event.collection, &event.row);
        let clients: Vec<Arc<Client>> = {
            let index = self.index();
            let mut clients: Vec<_> =
                topics.iter().flat_map(|topic| index.subscribed_to(topic)).cloned().collect();
            clients.sort_unstable_by_key(|client| client.number);
            clients.dedup_by_key(|client| client.number);
            clients
        };
        let subscribed: Vec<(Arc<Client>, Vec<Arc<Subscription>>)> = clients
            .into_iter()
            .map(|client| {
                let subscriptions = client.subscriptions_to(&topics);
                (client, subscriptions)
            })
            .collect();
        let mut judge = Judge::new(event, rows, rules, render);
        for (client, subscriptions) in &subscribed {
            for subscription in subscriptions.iter().filter(|s| s.after < event.sequence) {
                if let Some(data) = judge.outcome(subscription) {
                    client.push_live(message(event, subscription, data));
                }
            }
        }
    }

    /// Queues `event`, which was read from the log, for one client that catches up.
    pub fn replay(
        &self,
        client: &Client,
        event: &Event,
        rows: &dyn Rows,
        rules: &RuleCache,
        render: &dyn Render,
    ) {
        let subscriptions = client.subscriptions_to(&topics_of(&event.collection, &event.row));
        let mut judge = Judge::new(event, rows, rules, render);
        for subscription in subscriptions.iter().filter(|s| s.after < event.sequence) {
            if let Some(data) = judge.outcome(subscription) {
                client.push_missed(message(event, subscription, data));
            }
        }
    }

    /// Sends `data`, JSON in one line, to everybody who is subscribed to `topic`, and returns how
    /// many they are. It reaches open streams only and cannot be resumed.
    pub fn send(&self, topic: &str, data: &str) -> usize {
        let data: Arc<[u8]> = one_line(data).into_bytes().into();
        let base = subscription::base_of(topic).to_owned();
        let clients: Vec<_> = self.index().subscribed_to(&base).cloned().collect();
        for client in &clients {
            for subscription in client.subscriptions_to(std::slice::from_ref(&base)) {
                let topic = subscription.topic.clone();
                client.state().push(Message { topic, data: data.clone(), sequence: None });
            }
        }
        clients.len()
    }

    /// Sends `data`, JSON in one line, to one client at `ip` if it is subscribed to `topic`, and ends
    /// that subscription. False when there is no such client or subscription; one of a client
    /// elsewhere ends all the same, because somebody knows its id.
    pub fn send_once(&self, client_id: &str, ip: IpAddr, topic: &str, data: &str) -> bool {
        let Some(client) = self.client(client_id) else { return false };
        let mut index = self.index_mut();
        let mut rest: Vec<_> =
            client.state().subscriptions.values().flatten().cloned().collect::<Vec<_>>();
        let before = rest.len();
        rest.retain(|subscription| &*subscription.topic != topic);
        if rest.len() == before {
            return false;
        }
        index.replace_subscriptions(&client, rest);
        if client.ip() != ip {
            return false;
        }
        let data = one_line(data).into_bytes().into();
        client.state().push(Message { topic: topic.into(), data, sequence: None });
        true
    }

    /// Follows a change of an auth record: `row` is what it is now, `None` when it is gone. Clients
    /// whose tokens stopped working become guests.
    pub fn account_changed(
        &self,
        collection: &Arc<Collection>,
        id: &RecordId,
        row: Option<&RowBuf>,
    ) {
        let clients = self.index().of_account(&collection.id, id);
        for client in clients {
            self.refresh_auth(&client, |auth| {
                let row = row
                    .filter(|row| token_key(collection, row) == token_key(collection, &auth.row))?;
                Some(AuthRow { row: row.clone(), ..in_collection(auth, collection) })
            });
        }
    }

    /// Follows a change of the collections: clients of those that are gone or have another secret
    /// become guests.
    pub fn collections_changed(&self, catalog: &Catalog) {
        let clients = self.index().of_accounts();
        for client in clients {
            self.refresh_auth(&client, |auth| {
                let collection = catalog.by_id(auth.collection.id.as_str())?;
                is_accepted(auth, collection).then(|| in_collection(auth, collection))
            });
        }
    }

    /// Checks a client's record against `rows`, for when it was authenticated by an earlier state
    /// than the hub has seen.
    pub fn check_auth(&self, client: &Arc<Client>, rows: &dyn Rows) {
        self.refresh_auth(client, |auth| {
            let collection = rows.catalog().by_id(auth.collection.id.as_str())?;
            let rowid = rows.find(collection, auth.row.as_row().id()).ok()??;
            let row = rows.row(collection, rowid).ok()??;
            let holds = is_accepted(auth, collection)
                && token_key(collection, &row) == token_key(collection, &auth.row);
            holds.then(|| AuthRow { row, ..in_collection(auth, collection) })
        });
    }

    /// Makes guests of the clients whose sessions or API keys `stands` says no to.
    pub fn credentials_ended(&self, stands: impl Fn(&AuthRow) -> bool) {
        let clients = self.index().of_accounts();
        for client in clients {
            self.refresh_auth(&client, |auth| stands(auth).then(|| auth.clone()));
        }
    }

    /// Makes a guest of a client whose session or API key ended while it subscribed.
    pub fn check_credential(&self, client: &Arc<Client>, stands: impl FnOnce(&AuthRow) -> bool) {
        self.refresh_auth(client, |auth| stands(auth).then(|| auth.clone()));
    }

    fn refresh_auth(&self, client: &Arc<Client>, now: impl FnOnce(&AuthRow) -> Option<AuthRow>) {
        let mut index = self.index_mut();
        let Some(auth) = client.auth() else { return };
        let auth = now(&auth);
        index.replace_auth(client, auth);
        drop(index);
        if !client.room_subscriptions().is_empty() {
            self.unsettle(Arc::clone(client));
        }
    }

    /// Ends all streams; no more can be opened.
    pub fn close(&self) {
        let index = self.index_mut();
        self.closed.store(true, Ordering::SeqCst);
        for client in index.all() {
            client.end(Ending::Closing);
        }
    }

    fn index(&self) -> std::sync::RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn index_mut(&self) -> std::sync::RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn departed(&self) -> MutexGuard<'_, DepartedClients> {
        self.departed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hub").field("begun", &self.begun).finish_non_exhaustive()
    }
}

/// The topics that an event of this record belongs to.
fn topics_of(collection: &Collection, row: &RowBuf) -> [String; 6] {
    let (name, id) = (collection.name.as_str(), collection.id.as_str());
    let record = row.as_row().id();
    [
        format!("{name}/{record}"),
        format!("{id}/{record}"),
        format!("{name}/*"),
        format!("{id}/*"),
        name.to_owned(),
        id.to_owned(),
    ]
}

fn message(event: &Event, subscription: &Subscription, data: Arc<[u8]>) -> Message {
    Message { topic: subscription.topic.clone(), data, sequence: Some(event.sequence) }
}

/// Line breaks end a line of the stream; in JSON they can only stand between values.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// Whether `collection`, a later state of that of `auth`, still accepts its credential.
fn is_accepted(auth: &AuthRow, collection: &Collection) -> bool {
    let (Some(before), Some(now)) = (auth.collection.auth(), collection.auth()) else {
        return false;
    };
    before.auth_token.secret == now.auth_token.secret && auth.credential.suits(now)
}

fn in_collection(auth: &AuthRow, collection: &Arc<Collection>) -> AuthRow {
    AuthRow { collection: Arc::clone(collection), ..auth.clone() }
}

fn token_key<'a>(collection: &Collection, row: &'a RowBuf) -> Option<&'a str> {
    match row.as_row().cell(collection.field("tokenKey")?.slot) {
        Cell::Text(text, _) => Some(text),
        _ => None,
    }
}

/// Letters and digits that nobody can guess.
pub(super) fn new_id(length: usize) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut rng = rand::rng();
    (0..length).map(|_| char::from(LETTERS[rng.random_range(0..LETTERS.len())])).collect()
}

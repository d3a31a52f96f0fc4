//! Open clients, found by id, by topic and by the account they belong to.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::{CollectionId, RecordId};
use crate::query::AuthRow;

use super::{Client, Subscription};

type Clients = HashMap<u64, Arc<Client>>;

/// Collection and id of an auth record.
type Account = (CollectionId, RecordId);

/// Open clients. Its lock is taken before that of a client, never after.
#[derive(Debug, Default)]
pub(super) struct Index {
    clients: HashMap<Box<str>, Arc<Client>>,
    topics: HashMap<Box<str>, Clients>,
    accounts: HashMap<Account, Clients>,
}

impl Index {
    pub(super) fn by_id(&self, id: &str) -> Option<&Arc<Client>> {
        self.clients.get(id)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Arc<Client>> {
        self.clients.values()
    }

    /// Whether no client has a topic or an account.
    pub(super) fn is_idle(&self) -> bool {
        self.topics.is_empty() && self.accounts.is_empty()
    }

    pub(super) fn subscribed_to(&self, topic: &str) -> impl Iterator<Item = &Arc<Client>> {
        self.topics.get(topic).into_iter().flat_map(HashMap::values)
    }

    pub(super) fn of_account(&self, collection: &CollectionId, id: &RecordId) -> Vec<Arc<Client>> {
        let clients = self.accounts.get(&(collection.clone(), id.clone()));
        clients.into_iter().flat_map(HashMap::values).cloned().collect()
    }

    pub(super) fn of_accounts(&self) -> Vec<Arc<Client>> {
        self.accounts.values().flat_map(HashMap::values).cloned().collect()
    }

    pub(super) fn insert(&mut self, client: Arc<Client>) {
        self.clients.insert(client.id().into(), client);
    }

    pub(super) fn remove(&mut self, client: &Client) {
        self.clients.remove(client.id());
        let mut state = client.state();
        for topic in std::mem::take(&mut state.subscriptions).into_keys() {
            drop_from(&mut self.topics, &topic, client.number);
        }
        if let Some(auth) = state.auth.take() {
            drop_from(&mut self.accounts, &account(&auth), client.number);
        }
    }

    /// Puts these subscriptions in the place of those that the client had.
    pub(super) fn replace_subscriptions(
        &mut self,
        client: &Arc<Client>,
        subscriptions: Vec<Arc<Subscription>>,
    ) {
        let mut by_topic: HashMap<Box<str>, Vec<Arc<Subscription>>> = HashMap::new();
        for subscription in subscriptions {
            by_topic.entry(subscription.base().into()).or_default().push(subscription);
        }
        for topic in by_topic.keys() {
            let clients = self.topics.entry(topic.clone()).or_default();
            clients.insert(client.number, client.clone());
        }
        let mut state = client.state();
        for topic in state.subscriptions.keys().filter(|topic| !by_topic.contains_key(*topic)) {
            drop_from(&mut self.topics, topic, client.number);
        }
        state.subscriptions = by_topic;
    }

    /// Says who the client is from now on.
    pub(super) fn replace_auth(&mut self, client: &Arc<Client>, auth: Option<AuthRow>) {
        let mut state = client.state();
        if let Some(before) = &state.auth {
            drop_from(&mut self.accounts, &account(before), client.number);
        }
        if let Some(auth) = &auth {
            let clients = self.accounts.entry(account(auth)).or_default();
            clients.insert(client.number, client.clone());
        }
        for subscription in state.subscriptions.values_mut().flatten() {
            *subscription = Arc::new(subscription.with_auth(auth.as_ref()));
        }
        state.auth = auth;
    }
}

pub(super) fn account(auth: &AuthRow) -> Account {
    (auth.collection.id.clone(), auth.row.as_row().id().into())
}

fn drop_from<K: std::hash::Hash + Eq + Clone>(map: &mut HashMap<K, Clients>, key: &K, number: u64) {
    if let Some(clients) = map.get_mut(key) {
        clients.remove(&number);
        if clients.is_empty() {
            map.remove(key);
        }
    }
}

//! Presence: who is subscribed to a room, told to everybody in it.
//!
//! A room is a record of a collection; its topic is `presence/<collection>/<record>`. Whether a
//! subscription may be in a room is asked anew before it is told anything.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use crate::model::{CollectionId, RecordId};

use super::Subscription;
use super::client::{Client, Message};
use super::hub::new_id;

/// What topics of rooms begin with.
const PREFIX: &str = "presence/";
/// Rooms that one client may be in.
const ROOMS_MAX: usize = 20;
/// Clients in one room.
const MEMBERS_MAX: usize = 500;
/// Letters of what tells the members of a room apart.
const KEY_LENGTH: usize = 15;

/// The record that a room is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Room {
    /// Its collection.
    pub collection: CollectionId,
    /// Its id.
    pub record: RecordId,
}

impl Room {
    /// The collection, by name or id, and the record of a topic without options; `None` when it is no
    /// topic of a room.
    pub fn parse(topic: &str) -> Option<(&str, &str)> {
        topic.strip_prefix(PREFIX)?.split_once('/')
    }
}

/// Says which room a subscription may be in now, if any.
pub type Admit<'a> = &'a dyn Fn(&Subscription) -> Option<Room>;

/// All rooms that somebody is in.
#[derive(Debug, Default)]
pub struct Rooms {
    rooms: HashMap<Room, BTreeMap<u64, Member>>,
    by_client: HashMap<u64, Vec<Room>>,
}

#[derive(Debug)]
struct Member {
    client: Arc<Client>,
    /// What it came in by; another one with the same topic may have taken its place since.
    subscription: Arc<Subscription>,
    account: Option<(CollectionId, RecordId)>,
    /// The member as the others see it.
    shown: Json,
}

impl Rooms {
    /// Follows what became of `client`: its topics, its account, or its end. Everybody in the rooms
    /// that it left or entered is told, and those that `admit` keeps out by now leave as well.
    pub fn settle(&mut self, client: &Arc<Client>, admit: Admit<'_>) {
        let mut changed = vec![Arc::clone(client)];
        while let Some(client) = changed.pop() {
            // Each turn that adds to the list takes somebody out of a room, so it ends.
            self.settle_one(&client, admit, &mut changed);
        }
    }

    fn settle_one(
        &mut self,
        client: &Arc<Client>,
        admit: Admit<'_>,
        changed: &mut Vec<Arc<Client>>,
    ) {
        let mut wanted: Vec<(Room, Arc<Subscription>)> = Vec::new();
        for subscription in client.room_subscriptions() {
            let room = admit(&subscription).filter(|room| wanted.iter().all(|(r, _)| r != room));
            if let Some(room) = room.filter(|_| wanted.len() < ROOMS_MAX) {
                wanted.push((room, subscription));
            }
        }
        for room in self.by_client.get(&client.number).cloned().unwrap_or_default() {
            let member = self.rooms.get(&room).and_then(|members| members.get(&client.number));
            let stays = wanted.iter().any(|(wanted, subscription)| {
                *wanted == room
                    && member.is_some_and(|member| {
                        member.subscription.topic == subscription.topic
                            && member.account == account_of(subscription)
                    })
            });
            if !stays {
                self.leave(&room, client.number, admit, changed);
            }
        }
        for (room, subscription) in wanted {
            self.enter(&room, client, subscription, admit, changed);
        }
    }

    fn enter(
        &mut self,
        room: &Room,
        client: &Arc<Client>,
        subscription: Arc<Subscription>,
        admit: Admit<'_>,
        changed: &mut Vec<Arc<Client>>,
    ) {
        let members = self.rooms.entry(room.clone()).or_default();
        if members.contains_key(&client.number) {
            return;
        }
        if members.len() >= MEMBERS_MAX {
            tell(client, &subscription, &json!({ "action": "full", "max": MEMBERS_MAX }));
            return;
        }
        let key = new_id(KEY_LENGTH);
        let shown = shown(&key, &subscription);
        let present: Vec<&Json> = members.values().map(|member| &member.shown).collect();
        tell(
            client,
            &subscription,
            &json!({ "action": "present", "self": shown, "members": present }),
        );
        let event = json!({ "action": "join", "member": shown });
        broadcast(room, members, &event, admit, changed);
        let account = account_of(&subscription);
        let member = Member { client: Arc::clone(client), subscription, account, shown };
        members.insert(client.number, member);
        self.by_client.entry(client.number).or_default().push(room.clone());
    }

    fn leave(
        &mut self,
        room: &Room,
        number: u64,
        admit: Admit<'_>,
        changed: &mut Vec<Arc<Client>>,
    ) {
        if let Some(rooms) = self.by_client.get_mut(&number) {
            rooms.retain(|other| other != room);
            if rooms.is_empty() {
                self.by_client.remove(&number);
            }
        }
        let Some(members) = self.rooms.get_mut(room) else { return };
        if let Some(gone) = members.remove(&number) {
            let event = json!({ "action": "leave", "member": gone.shown });
            broadcast(room, members, &event, admit, changed);
        }
        if members.is_empty() {
            self.rooms.remove(room);
        }
    }
}

/// Tells everybody in a room who may still be there; the others are noted in `changed`.
fn broadcast(
    room: &Room,
    members: &BTreeMap<u64, Member>,
    event: &Json,
    admit: Admit<'_>,
    changed: &mut Vec<Arc<Client>>,
) {
    let data: Arc<[u8]> = event.to_string().into_bytes().into();
    for member in members.values() {
        let now = member.client.room_subscriptions();
        let now = now.iter().find(|now| now.topic == member.subscription.topic);
        match now.filter(|now| admit(now).as_ref() == Some(room)) {
            Some(subscription) => push(&member.client, subscription, data.clone()),
            None => changed.push(Arc::clone(&member.client)),
        }
    }
}

fn tell(client: &Client, subscription: &Subscription, event: &Json) {
    push(client, subscription, event.to_string().into_bytes().into());
}

fn push(client: &Client, subscription: &Subscription, data: Arc<[u8]>) {
    let topic = subscription.topic.clone();
    client.state().push(Message { topic, data, sequence: None });
}

fn account_of(subscription: &Subscription) -> Option<(CollectionId, RecordId)> {
    let auth = subscription.caller.auth()?;
    Some((auth.collection.id.clone(), auth.row.as_row().id().into()))
}

/// A member as the others see it: nothing of it can be used to act in its name.
fn shown(key: &str, subscription: &Subscription) -> Json {
    let account = subscription.caller.auth().map(|auth| {
        json!({
            "collectionId": auth.collection.id.as_str(),
            "collectionName": auth.collection.name,
            "id": auth.row.as_row().id(),
        })
    });
    let state = subscription.presence.as_deref().map_or_else(Map::new, Clone::clone);
    json!({ "key": key, "account": account, "state": state })
}

/// Whether a topic without options is one of a room.
pub(super) fn is_room(topic: &str) -> bool {
    Room::parse(topic).is_some()
}

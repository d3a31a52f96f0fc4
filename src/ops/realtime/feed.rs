//! Events for open streams, read from the log of changes.

use std::fmt;
use std::sync::Arc;

use crate::access::Gate;
use crate::config::SharedLive;
use crate::model::Timestamp;
use crate::ops::views::Reading;
use crate::ops::{Backend, Error, auth};
use crate::query::{AuthRow, ReadError, Rows};
use crate::realtime::{Client, Event, Hub, Message, Render, Room, Rooms, Subscription};
use crate::store::{Change, ChangeAction, Snapshot};

use super::window::Window;

/// Changes that a client which comes back may have missed; with more it has a gap.
const MISSED_MAX: u64 = 100_000;

/// The event that tells a client about changes it missed for good.
const GAP_TOPIC: &str = "REALTIME_GAP";

/// Makes events of changes, for everybody or for one client that was away.
pub struct Feed {
    backend: Arc<Backend>,
    hub: Hub,
    render: Box<dyn Render>,
    live: SharedLive,
}

/// How far the feed has come.
pub(super) struct Progress {
    seen: Reading,
    /// How many credentials had ended by then.
    endings: u64,
    rooms: Rooms,
}

impl Feed {
    /// A feed of the changes in `backend`, written by `render`.
    pub fn new(backend: Arc<Backend>, live: SharedLive, render: impl Render + 'static) -> Self {
        let hub = Hub::default();
        let last = backend.snapshot().last_change();
        hub.begin(last);
        hub.complete(last);
        Self { backend, hub, render: Box::new(render), live }
    }

    /// The open streams.
    pub fn hub(&self) -> &Hub {
        &self.hub
    }

    pub(super) fn backend(&self) -> &Arc<Backend> {
        &self.backend
    }

    pub(super) fn start(&self) -> Progress {
        let seen = self.reading();
        let endings = auth::endings(seen.snapshot()).unwrap_or_default();
        Progress { seen, endings, rooms: Rooms::default() }
    }

    /// The state of now. Rules may ask views, and nobody waits for the answer but this.
    fn reading(&self) -> Reading {
        self.backend.reading().at_leisure()
    }

    /// Sends what was committed since `progress`, in order.
    pub(super) fn advance(&self, progress: &mut Progress) -> Result<(), ReadError> {
        let now = self.reading();
        let before = std::mem::replace(&mut progress.seen, now.clone());
        let last_change = now.snapshot().last_change();
        if before.catalog().version() != now.catalog().version() {
            self.hub.collections_changed(now.catalog());
        }
        let endings = auth::endings(now.snapshot())?;
        if endings != std::mem::replace(&mut progress.endings, endings) {
            self.hub.credentials_ended(|auth| stands(auth, now.snapshot()));
        }
        let mut after = before.snapshot().last_change();
        while after < last_change {
            if self.hub.is_idle() {
                break;
            }
            let window = Window::read(&before, &now, after)?;
            let Some(last) = window.last() else { break };
            self.hub.begin(last);
            for change in &window.changes {
                self.publish(&window, change)?;
            }
            self.hub.complete(last);
            after = last;
        }
        self.hub.begin(last_change);
        self.hub.complete(last_change);
        Ok(())
    }

    /// Makes a guest of a client that subscribed with what has ended since it was looked at.
    pub fn check_credential(&self, client: &Arc<Client>) {
        let snapshot = self.backend.snapshot();
        self.hub.check_credential(client, |auth| stands(auth, &snapshot));
    }

    /// Follows clients into rooms and out of them.
    pub(super) fn settle_rooms(&self, progress: &mut Progress) {
        let unsettled = self.hub.take_unsettled();
        if unsettled.is_empty() {
            return;
        }
        let now = self.reading();
        for client in unsettled {
            progress.rooms.settle(&client, &|subscription| self.room(&now, subscription));
        }
    }

    /// The room of a subscription, if its collection has rooms and whoever asks may view the record.
    fn room(&self, now: &Reading, subscription: &Subscription) -> Option<Room> {
        let (collection, record) = Room::parse(subscription.base())?;
        let collection = now.catalog().find(collection)?;
        self.live.load().presence_collections.contains(&collection.name).then_some(())?;
        let rowid = now.find(collection, record).ok()??;
        let row = now.row(collection, rowid).ok()??;
        let gate = Gate::new(now, self.backend.rules(), subscription.caller());
        gate.view(collection, row.as_row()).ok()?;
        Some(Room { collection: collection.id.clone(), record: record.into() })
    }

    fn publish(&self, window: &Window<'_>, change: &Change) -> Result<(), ReadError> {
        let Some((event, is_gone)) = window.event(change)? else { return Ok(()) };
        let Event { collection, row, .. } = &event;
        // Whoever an update takes something away from must not see even this event; an account that
        // goes sees its own end.
        if collection.is_auth() && change.action == ChangeAction::Update {
            self.hub.account_changed(collection, &change.record_id, Some(row));
        }
        window.with_rows(is_gone, |rows| {
            self.hub.publish(&event, rows, self.backend.rules(), &*self.render);
        });
        if collection.is_auth() && change.action == ChangeAction::Delete {
            self.hub.account_changed(collection, &change.record_id, None);
        }
        Ok(())
    }

    /// Queues the next part of what `client` missed after the change `after`, or says that it cannot
    /// be had any more.
    pub fn catch_up(&self, client: &Client, after: u64) -> Result<(), Error> {
        let now = self.reading();
        let last = now.snapshot().last_change();
        let window = Window::read(&now, &now, after)?;
        let first = window.changes.first().map(|change| change.sequence);
        let is_complete = after <= last
            && last - after <= MISSED_MAX
            && first.is_none_or(|first| first == after + 1);
        if !is_complete {
            client.push_missed(gap(after, last));
            self.hub.caught_up(client, last);
            return Ok(());
        }
        for change in &window.changes {
            if let Some((event, is_gone)) = window.event(change)? {
                window.with_rows(is_gone, |rows| {
                    self.hub.replay(client, &event, rows, self.backend.rules(), &*self.render);
                });
            }
        }
        self.hub.caught_up(client, window.last().unwrap_or(last));
        Ok(())
    }
}

/// Whether what `auth` is authenticated by is still there. What cannot be read is not.
fn stands(auth: &AuthRow, snapshot: &Snapshot) -> bool {
    auth::stands(snapshot, auth, Timestamp::now()).unwrap_or_else(|error| {
        tracing::error!(%error, "cannot look up a session");
        false
    })
}

/// Says that changes after `after`, up to `last`, are missing.
fn gap(after: u64, last: u64) -> Message {
    let data = format!("{{\"after\":{after},\"until\":{last}}}");
    Message { topic: GAP_TOPIC.into(), data: data.into_bytes().into(), sequence: Some(last) }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("hub", &self.hub).finish_non_exhaustive()
    }
}

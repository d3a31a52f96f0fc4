//! One open stream: who it belongs to, what it wants, and what waits to be written to it.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use crate::query::AuthRow;

use super::{Subscription, presence};

/// Messages that may wait for a client.
const QUEUE_MAX: usize = 1024;
/// Bytes that may wait for a client, unless a single message has more.
const QUEUE_BYTES_MAX: usize = 4 << 20;
/// Bytes that are handed to the writer at once, unless a single message has more: they are copied for
/// each client, while what waits in queues is shared.
const HANDED_BYTES_MAX: usize = 64 << 10;

/// Something to be written to a client.
#[derive(Debug, Clone)]
pub struct Message {
    /// The name of the event.
    pub topic: Arc<str>,
    /// The data: JSON in one line. Shared by all who get the same.
    pub data: Arc<[u8]>,
    /// The change that it tells of; `None` when it is no change of a record.
    pub sequence: Option<u64>,
}

/// What a client's writer should do next.
#[derive(Debug)]
pub enum Delivery {
    /// Write these, in order.
    Messages(Vec<Message>),
    /// Read what was missed from the log of changes, after this one.
    CatchUp(u64),
    /// End the stream.
    End(Ending),
}

/// Why a stream ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The client does not read as fast as things happen.
    TooSlow,
    /// The server goes down.
    Closing,
}

/// One open stream.
#[derive(Debug)]
pub struct Client {
    pub(super) number: u64,
    id: Box<str>,
    ip: IpAddr,
    pub(super) state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) auth: Option<AuthRow>,
    /// By topic without options.
    pub(super) subscriptions: HashMap<Box<str>, Vec<Arc<Subscription>>>,
    /// Where a resumed stream goes on, until its first subscriptions come.
    pub(super) resumes_after: Option<u64>,
    /// While it is set, events come from the log of changes, the next one after this; not from the
    /// hub.
    pub(super) catching_up: Option<u64>,
    /// The last change that was read from the log, which may be ahead of the hub.
    from_log: u64,
    /// The last change that was handed to the writer.
    pub(super) delivered: u64,
    queue: VecDeque<Message>,
    queue_bytes: usize,
    waker: Option<Waker>,
    ending: Option<Ending>,
}

impl Client {
    pub(super) fn new(number: u64, id: String, ip: IpAddr, state: State) -> Self {
        Self { number, id: id.into(), ip, state: Mutex::new(state) }
    }

    /// The public id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The address that the stream was opened from.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }

    /// The record that the client is authenticated as; `None` for guests.
    pub fn auth(&self) -> Option<AuthRow> {
        self.state().auth.clone()
    }

    /// The topics that the client is subscribed to, with their options, in order.
    pub fn topics(&self) -> Vec<String> {
        let state = self.state();
        let all = state.subscriptions.values().flatten();
        let mut topics: Vec<String> = all.map(|known| known.topic.to_string()).collect();
        topics.sort();
        topics
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The subscriptions to any of these topics, in their order.
    pub fn subscriptions_to(&self, topics: &[String]) -> Vec<Arc<Subscription>> {
        let state = self.state();
        let found = topics.iter().filter_map(|topic| state.subscriptions.get(topic.as_str()));
        found.flatten().cloned().collect()
    }

    /// The subscriptions to rooms, by topic, so that their order does not depend on chance.
    pub(super) fn room_subscriptions(&self) -> Vec<Arc<Subscription>> {
        let state = self.state();
        let rooms = state.subscriptions.iter().filter(|(topic, _)| presence::is_room(topic));
        let mut found: Vec<_> = rooms.flat_map(|(_, found)| found).cloned().collect();
        found.sort_by(|a, b| a.topic.cmp(&b.topic));
        found
    }

    /// Queues an event that just happened. A client that reads from the log will find it there.
    pub(super) fn push_live(&self, message: Message) {
        let mut state = self.state();
        if state.catching_up.is_none() && message.sequence > Some(state.from_log) {
            state.push(message);
        }
    }

    /// Queues something from the log of changes, or about it.
    pub fn push_missed(&self, message: Message) {
        self.state().push_unbounded(message);
    }

    /// Notes that everything up to `sequence` was read from the log. When that is all that the hub
    /// has begun to send, as `begun` says, the client goes on with the hub.
    pub fn caught_up_to(&self, sequence: u64, begun: &AtomicU64) {
        let mut state = self.state();
        // The hub raises `begun` before it looks at clients, so that no event falls between.
        state.from_log = sequence;
        state.catching_up = (sequence < begun.load(Ordering::SeqCst)).then_some(sequence);
        state.wake();
    }

    /// What to do next. Wakes the task of `context` when there is something new.
    pub fn poll(&self, context: &mut Context<'_>) -> Poll<Delivery> {
        let mut state = self.state();
        if !state.queue.is_empty() {
            let messages = state.take_some();
            let last = messages.iter().filter_map(|message| message.sequence).max();
            state.delivered = state.delivered.max(last.unwrap_or(0));
            return Poll::Ready(Delivery::Messages(messages));
        }
        if let Some(ending) = state.ending {
            return Poll::Ready(Delivery::End(ending));
        }
        if let Some(after) = state.catching_up {
            return Poll::Ready(Delivery::CatchUp(after));
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    /// Ends the stream once what is queued was written.
    pub fn end(&self, ending: Ending) {
        let mut state = self.state();
        state.ending.get_or_insert(ending);
        state.wake();
    }
}

impl State {
    pub(super) fn resuming(resumes_after: Option<u64>) -> Self {
        Self { resumes_after, ..Self::default() }
    }

    pub(super) fn push(&mut self, message: Message) {
        if self.ending.is_some() {
            return;
        }
        let is_full = self.queue.len() >= QUEUE_MAX
            || !self.queue.is_empty() && self.queue_bytes + message.data.len() > QUEUE_BYTES_MAX;
        if is_full {
            self.ending = Some(Ending::TooSlow);
            self.wake();
        } else {
            self.push_unbounded(message);
        }
    }

    fn take_some(&mut self) -> Vec<Message> {
        let (mut messages, mut bytes) = (Vec::new(), 0);
        while let Some(message) = self.queue.pop_front() {
            bytes += message.data.len();
            messages.push(message);
            let next = self.queue.front().map_or(0, |next| next.data.len());
            if bytes + next > HANDED_BYTES_MAX {
                break;
            }
        }
        self.queue_bytes -= bytes;
        if self.queue.is_empty() {
            // Most streams are quiet most of the time, and there may be thousands.
            self.queue = VecDeque::new();
        }
        messages
    }

    fn push_unbounded(&mut self, message: Message) {
        self.queue_bytes += message.data.len();
        self.queue.push_back(message);
        self.wake();
    }

    pub(super) fn wake(&mut self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Everything up to this change needs no sending again, given that the hub has sent everything
    /// up to `completed`.
    pub(super) fn position(&self, completed: u64) -> u64 {
        let waiting = self.queue.iter().find_map(|message| message.sequence);
        match (waiting, self.catching_up, self.resumes_after) {
            (Some(first), ..) => first.saturating_sub(1),
            (None, Some(after), _) | (None, None, Some(after)) => after,
            // What did not fit after the last message is not known to have been sent.
            (None, None, None) if self.ending == Some(Ending::TooSlow) => self.delivered,
            (None, None, None) => self.delivered.max(self.from_log).max(completed),
        }
    }
}
